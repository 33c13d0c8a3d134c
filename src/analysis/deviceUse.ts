/** Who used a shared device while the user's command ran. */
import type { ReportedDevice } from "../model/report";
import type { Run } from "../model/run";
import { runWindow } from "./deviceEnergy";

type Users = NonNullable<ReportedDevice["usedBy"]>;

/** A GPU that hundreds of processes have used is nobody's to read. */
const mostUsers = 32;

/**
 * Shares of the compute time that all processes together used on the device, the largest first; they add up to 1.
 *
 * The driver tells each process's mean utilization since it was asked last (Kepler attributes a time-sliced GPU the same
 * way: utilization over the sum of utilizations). Each is weighted by its time. It is a share of time, not of energy: idle
 * power belongs to nobody, and two processes with the same time can draw different powers.
 * @returns undefined where no utilization is known: a divided GPU, a driver that does not tell, nobody
 */
export function usersOf(run: Run, deviceId: string): Users | undefined {
  const columns = run.processes?.get(deviceId);
  if (columns === undefined) return undefined;
  const { fromS } = runWindow(run);
  const busyS = new Map<number, number>();
  let previousS = fromS;
  let latestS = fromS;
  for (let row = 0; row < columns.timeS.length; row++) {
    const timeS = columns.timeS[row]!;
    if (timeS > latestS) [previousS, latestS] = [latestS, timeS];
    const usedS = columns.utilization[row]! * Math.max(0, latestS - previousS);
    if (usedS > 0) busyS.set(columns.pid[row]!, (busyS.get(columns.pid[row]!) ?? 0) + usedS);
  }
  const allS = [...busyS.values()].reduce((sum, value) => sum + value, 0);
  if (!(allS > 0)) return undefined;
  const own = ownPids(run);
  return [...busyS]
    .map(([pid, usedS]) => ({ pid, share: usedS / allS, ...(own.has(pid) && { ofRun: true as const }) }))
    .sort((a, b) => b.share - a.share || a.pid - b.pid)
    .slice(0, mostUsers);
}

/** The command and every process of it that was traced. */
function ownPids(run: Run): ReadonlySet<number> {
  const { child } = run.manifest;
  return new Set([...(child ? [child.pid] : []), ...run.traces.map(({ header }) => header.pid)]);
}
