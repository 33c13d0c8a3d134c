import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eigen, inverse, multiply, transpose } from "../../../../src/analysis/attribution/linear";
import { minimize, minimizeOnLine } from "../../../../src/analysis/attribution/minimize";
import { nonNegative } from "../../../../src/analysis/attribution/truncated";
import { random } from "../../../fixtures/simulation/random";

/** A Aᵀ + I of a random A: symmetric and positive definite. */
function covariance(seed: number, size: number): Float64Array {
  const { normal } = random(seed);
  const a = Float64Array.from({ length: size * size }, () => normal());
  const product = multiply(a, transpose(a, size, size), size, size, size);
  for (let k = 0; k < size; k++) product[k * size + k]! += 0.3;
  return product;
}

const seeds = fc.integer({ min: 1, max: 1e6 });
const sizes = fc.integer({ min: 1, max: 8 });

describe("small matrices", () => {
  it("invert", () => {
    fc.assert(
      fc.property(seeds, sizes, (seed, size) => {
        const matrix = covariance(seed, size);
        const product = multiply(matrix, inverse(matrix, size)!, size, size, size);
        product.forEach((value, k) => {
          expect(value).toBeCloseTo(Math.floor(k / size) === k % size ? 1 : 0, 8);
        });
      }),
    );
    expect(inverse(Float64Array.of(1, 1, 1, 1), 2)).toBeUndefined();
  });

  it("have eigenvectors that make them up again", () => {
    fc.assert(
      fc.property(seeds, sizes, (seed, size) => {
        const matrix = covariance(seed, size);
        const { values, vectors } = eigen(matrix, size);
        const scaled = vectors.map((value, k) => value * values[k % size]!);
        const again = multiply(scaled, transpose(vectors, size, size), size, size, size);
        again.forEach((value, k) => {
          expect(value).toBeCloseTo(matrix[k]!, 8);
        });
      }),
    );
  });
});

describe("minima", () => {
  it("are found on a line among several, and in a curved valley", () => {
    const wavy = (x: number) => (x - 1.234) ** 2 + 0.3 * Math.sin(20 * x) ** 2;
    const { at } = minimizeOnLine(wavy, -5, 5, 0.02, 1e-9);
    expect(at).toBeCloseTo(1.2566, 2);
    const valley = ([x, y]: Float64Array) => (1 - x!) ** 2 + 20 * (y! - x! * x!) ** 2;
    expect([...minimize(valley, Float64Array.of(-1, 1), 0.5, 500).at].map((x) => Math.round(x * 10) / 10)).toEqual([
      1, 1,
    ]);
  });
});

describe("a Gaussian that cannot be negative", () => {
  it("is the mean of the samples that are not, to a percent of a deviation", () => {
    const size = 3;
    const matrix = Float64Array.of(1, 0.4, -0.3, 0.4, 1, 0.2, -0.3, 0.2, 1);
    const mean = Float64Array.of(0.3, 1, -0.5);
    const { normal } = random(9);
    const root = Float64Array.of(1, 0, 0, 0.4, Math.sqrt(1 - 0.16), 0, -0.3, 0.32 / Math.sqrt(0.84), 0);
    root[8] = Math.sqrt(1 - root[6]! ** 2 - root[7]! ** 2);
    const sums = new Float64Array(size);
    const squares = new Float64Array(size);
    let kept = 0;
    for (let k = 0; k < 400_000; k++) {
      const z = Float64Array.of(normal(), normal(), normal());
      const x = multiply(root, z, size, size, 1).map((value, row) => value + mean[row]!);
      if (x.some((value) => value < 0)) continue;
      kept++;
      x.forEach((value, row) => {
        sums[row]! += value;
        squares[row]! += value * value;
      });
    }
    const found = nonNegative(mean, matrix);
    for (let row = 0; row < size; row++) {
      expect(found.mean[row]).toBeCloseTo(sums[row]! / kept, 1);
      const variance = squares[row]! / kept - (sums[row]! / kept) ** 2;
      expect(Math.sqrt(found.covariance[row * size + row]!) / Math.sqrt(variance)).toBeCloseTo(1, 1);
    }
  });

  it("is left alone far from zero, and never has a negative mean", () => {
    const far = { mean: Float64Array.of(60, 70), covariance: Float64Array.of(1, 0, 0, 2) };
    expect(nonNegative(far.mean, far.covariance)).toEqual(far);
    fc.assert(
      fc.property(seeds, sizes, (seed, size) => {
        const { normal } = random(seed + 1);
        const mean = Float64Array.from({ length: size }, () => 4 * normal());
        const cut = nonNegative(mean, covariance(seed, size));
        expect(Math.min(...cut.mean)).toBeGreaterThan(-0.02);
      }),
    );
  });
});
