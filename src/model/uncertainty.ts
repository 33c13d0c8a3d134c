/**
 * The error that people are shown beside an energy: that of this measurement together with the sensor's own.
 *
 * They are kept apart in a report because they behave differently. The standard error falls with longer runs; the
 * sensor's gain is the same error in every run on the device, so comparisons on one device leave it out. Phases and
 * shares of one run are such comparisons.
 */
import type { Report, ReportedDevice } from "./report";

/** Of one device, joules; undefined where neither error is known. */
export function shownDeviceErrorJ(device: ReportedDevice): number | undefined {
  const { energyJ, standardErrorJ, gainError } = device;
  if (energyJ === undefined || (standardErrorJ === undefined && gainError === undefined)) return undefined;
  return Math.hypot(standardErrorJ ?? 0, (gainError ?? 0) * energyJ);
}

/** The sensors' own error of a run's total, relative: sensors of different devices err independently. */
export function totalGainError(report: Report): number {
  if (report.energyJ === undefined || !(report.energyJ > 0)) return 0;
  const counted = report.devices.filter((device) => device.counted);
  return Math.hypot(...counted.map(({ energyJ = 0, gainError = 0 }) => energyJ * gainError)) / report.energyJ;
}

/** Of a run's total, joules. */
export function shownTotalErrorJ(report: Report): number | undefined {
  return report.energyJ === undefined ? undefined : shownErrorJ(report, report.energyJ, report.standardErrorJ);
}

/** Of a part or a multiple of a run's total, such as the energy of an iteration. */
export function shownErrorJ(report: Report, energyJ: number, standardErrorJ: number | undefined): number {
  return Math.hypot(standardErrorJ ?? 0, totalGainError(report) * energyJ);
}
