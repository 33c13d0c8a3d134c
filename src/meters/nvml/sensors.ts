/**
 * How the power sensors of NVIDIA's generations behave, as others measured them: Yang, Adámek, Armour, "Part-time Power
 * Measurements" (arXiv 2312.02741) and "Accurate and Convenient Energy Measurements for GPUs" (SC24), with the results
 * table of github.com/JimZeyuYang/GPU_Power_Benchmark. Figures and what they leave open: docs/meters.md.
 *
 * The energy counter's own period is not published; it is taken to be the power sensor's (Zeus finds about 100 ms), and
 * the recorder finds the true one from the readings.
 */
export interface Sensor {
  /** Seconds between two values. */
  readonly updatePeriodS?: number;
  /** Seconds that a power (the average, where there are two) is the mean of. */
  readonly averagingWindowS?: number;
  /** The largest relative error of energy against an external meter among the generation's cards that were measured. */
  readonly gainError?: number;
}

const kepler = 2;
const maxwell = 3;
const pascal = 4;
const volta = 5;
const turing = 6;
const ampere = 7;
const ada = 8;
const hopper = 9;

/**
 * @param architecture NVML's number (nvmlDeviceGetArchitecture); undefined where it is not known
 * @param compute CUDA compute capability: 8.0 is GA100 (A100, A30), whose sensor is unlike the other Amperes'
 */
export function sensorOf(architecture: number | undefined, compute: readonly [number, number] | undefined): Sensor {
  switch (architecture) {
    case kepler:
      return { updatePeriodS: 0.1 };
    case maxwell:
      // M40 -1.4 %; Quadro K620 -41 %.
      return { updatePeriodS: 0.1, gainError: 0.41 };
    case pascal:
      // GTX 1080 Ti -0.4 %, GTX 1080 +0.3 %.
      return { updatePeriodS: 0.02, averagingWindowS: 0.01, gainError: 0.004 };
    case volta:
      return { updatePeriodS: 0.02, averagingWindowS: 0.01 };
    case turing:
      // RTX 2080 Ti -7.9 %, RTX 2060 Super +12.7 %.
      return { updatePeriodS: 0.1, averagingWindowS: 0.1, gainError: 0.127 };
    case ampere:
      // A100 PCIe -5.8 %; RTX 3090 -5.6 %, RTX 3070 Ti -3.6 %.
      return isGa100(compute)
        ? { updatePeriodS: 0.1, averagingWindowS: 0.025, gainError: 0.058 }
        : { updatePeriodS: 0.1, averagingWindowS: 1, gainError: 0.056 };
    case ada:
    case hopper:
      return { updatePeriodS: 0.1, averagingWindowS: 1 };
    default:
      return {};
  }
}

function isGa100(compute: readonly [number, number] | undefined): boolean {
  return compute?.[0] === 8 && compute[1] === 0;
}
