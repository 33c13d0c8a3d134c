import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cholesky, solveInPlace } from "../../../../src/analysis/attribution/linear";
import { type Rows, rowsOf } from "../../../../src/analysis/attribution/rows";
import { timelineOf } from "../../../../src/analysis/attribution/timeline";
import { spanVariances, variancesOf, whiten } from "../../../../src/analysis/attribution/whiten";
import { random } from "../../../fixtures/simulation/random";

/** Readings at random over spans at random, some of which last for many intervals. */
function someRows(seed: number): { rows: Rows; powerW: Float64Array; overlapS: number[][]; phase: number[] } {
  const { between, next } = random(seed);
  const boundS = [0];
  const phase: number[] = [];
  while (boundS.at(-1)! < 10) {
    boundS.push(boundS.at(-1)! + (next() < 0.2 ? between(1, 3) : between(0.05, 0.6)));
    phase.push(Math.floor(between(0, 2)));
  }
  const segments = {
    startS: Float64Array.from(boundS.slice(0, -1)),
    endS: Float64Array.from(boundS.slice(1)),
    phase: Int32Array.from(phase),
  };
  const whole = { fromS: 0, toS: boundS.at(-1)! };
  const timeS = Float64Array.from({ length: 24 }, () => between(0.1, 9.9)).sort();
  const stretch = { timeS, spreadS: timeS.map(() => between(0, 0.002)), energyJ: timeS.map((_, k) => k) };
  const rows = rowsOf([stretch], timelineOf(segments, 2, whole, whole), 3, 0);
  const overlapS = Array.from({ length: timeS.length - 1 }, (_, k) =>
    phase.map((_, piece) =>
      Math.max(0, Math.min(timeS[k + 1]!, boundS[piece + 1]!) - Math.max(timeS[k]!, boundS[piece]!)),
    ),
  );
  return { rows, powerW: Float64Array.of(20, 80, 30), overlapS, phase };
}

describe("whiten", () => {
  it("does what a dense covariance of spans, power and readings would do, at the cost of a filter", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const { rows, powerW, overlapS, phase } = someRows(seed);
        const noise = { share: Float64Array.of(0.1, 0.07, 0.2), whiteJ: 0.3, readingJ: 0.05 };
        const variances = variancesOf(rows, powerW, noise);
        const span = spanVariances(powerW, noise);
        const count = rows.count;
        const dense = new Float64Array(count * count);
        for (let a = 0; a < count; a++) {
          for (let b = 0; b < count; b++) {
            let sum = a === b ? noise.whiteJ ** 2 * rows.lengthS[a]! + variances.start[a]! + variances.end[a]! : 0;
            if (Math.abs(a - b) === 1) sum -= variances.end[Math.min(a, b)]!;
            phase.forEach((column, piece) => {
              sum += span[column]! * overlapS[a]![piece]! * overlapS[b]![piece]!;
            });
            dense[a * count + b] = sum;
          }
        }
        const x = rows.energyJ.map((_, k) => Math.sin(k * 1.7 + seed));
        const y = rows.energyJ.map((_, k) => Math.cos(k * 0.6));
        const matrix = new Float64Array(2 * count);
        for (let k = 0; k < count; k++) matrix.set([x[k]!, y[k]!], 2 * k);
        const logDeterminant = whiten(rows, variances, matrix, 2);
        const lower = cholesky(dense, count)!;
        const solvedY = Float64Array.from(y);
        solveInPlace(lower, solvedY, count);
        let product = 0;
        let expected = 0;
        let expectedLog = 0;
        for (let k = 0; k < count; k++) {
          product += matrix[2 * k]! * matrix[2 * k + 1]!;
          expected += x[k]! * solvedY[k]!;
          expectedLog += 2 * Math.log(lower[k * count + k]!);
        }
        expect(product).toBeCloseTo(expected, 6);
        expect(logDeterminant).toBeCloseTo(expectedLog, 6);
      }),
      { numRuns: 30 },
    );
  });
});

describe("rowsOf", () => {
  it("gives each interval's length to its phases", () => {
    const { rows } = someRows(4);
    for (let row = 0; row < rows.count; row++) {
      const sum = rows.timeS.subarray(row * 3, row * 3 + 3).reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(rows.lengthS[row]!, 12);
    }
  });

  it("spreads a bound over the times that it can have, as a mean over many of them would", () => {
    const segments = { startS: Float64Array.of(0, 1), endS: Float64Array.of(1, 2), phase: Int32Array.of(0, 1) };
    const whole = { fromS: 0, toS: 2 };
    const spreadS = 0.1;
    const timeS = Float64Array.of(0.2, 0.95);
    const stretch = { timeS, spreadS: Float64Array.of(0, spreadS), energyJ: Float64Array.of(0, 1) };
    const rows = rowsOf([stretch], timelineOf(segments, 2, whole, whole), 3, 0);
    const half = Math.sqrt(3) * spreadS;
    let first = 0;
    let second = 0;
    for (let k = 0; k < 10_000; k++) {
      const endS = 0.95 - half + (2 * half * (k + 0.5)) / 10_000;
      first += (Math.min(endS, 1) - 0.2) / 10_000;
      second += Math.max(0, endS - 1) / 10_000;
    }
    // Four points of a quadrature over a kink: good to a fraction of a millisecond here.
    expect(rows.timeS[0]).toBeCloseTo(first, 2);
    expect(rows.timeS[1]).toBeCloseTo(second, 2);
    expect(rows.timeS[1]).toBeGreaterThan(0.01);
  });
});
