import type { SampleColumns } from "../../../src/model/sample";

/** Readings of a counter: times, and the mean power before each. */
export function columnsOf(timeS: readonly number[], powerW: readonly number[]): SampleColumns {
  let joules = 0;
  const energyJ = timeS.map((time, row) => {
    joules += row === 0 ? 0 : powerW[row]! * (time - timeS[row - 1]!);
    return joules;
  });
  const absent = () => new Float64Array(timeS.length).fill(Number.NaN);
  return {
    timeS: Float64Array.from(timeS),
    timeErrorS: new Float64Array(timeS.length),
    energyJ: Float64Array.from(energyJ),
    energyIntegratedJ: absent(),
    powerW: absent(),
    powerInstantW: absent(),
    utilization: absent(),
    memoryBytes: absent(),
    smClockMhz: absent(),
    memoryClockMhz: absent(),
    temperatureC: absent(),
    throttle: absent(),
  };
}
