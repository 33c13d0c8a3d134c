/**
 * The one place that knows the package `systeminformation`. Its `graphics()` starts nvidia-smi and blocks: it is not
 * for here (measured in docs/meters.md).
 */
/** How busy the CPUs were between two questions. */
export interface LoadProbe {
  /**
   * Mean load (0..1) of all logical CPUs since the question before, and how many they are; undefined until there were
   * two questions, 0.2 s apart. After that a question within `periodS` of the last gets the last answer.
   */
  load(): Promise<{ readonly share: number; readonly logicalCpus: number } | undefined>;
}

/** The package answers anew after 200 ms at the earliest, and takes its time from the wall clock. */
const shortestPeriodS = 0.2;

/**
 * @param periodS between two looks at the system. One costs 1.6 ms of CPU here and a shell that the package starts
 * (measured), so twice a second is 0.5 % of a core.
 */
export function loadProbe(periodS: number): LoadProbe {
  let answer: { share: number; logicalCpus: number } | undefined;
  let askedS = Number.NEGATIVE_INFINITY;
  let questions = 0;
  let pending: Promise<void> | undefined;
  const ask = async () => {
    // Only here: a process with real meters does without the package.
    const { currentLoad } = await import("systeminformation");
    const seen = await currentLoad();
    // The first answer is the mean since the machine started: that is nobody's question.
    if (questions++ > 0 && seen.cpus.length > 0 && Number.isFinite(seen.currentLoad)) {
      answer = { share: Math.min(1, Math.max(0, seen.currentLoad / 100)), logicalCpus: seen.cpus.length };
    }
  };
  return {
    async load() {
      const nowS = performance.now() / 1000;
      const dueS = askedS + (answer ? Math.max(periodS, shortestPeriodS) : shortestPeriodS);
      if (pending === undefined && nowS >= dueS) {
        askedS = nowS;
        pending = ask().finally(() => {
          pending = undefined;
        });
      }
      await pending;
      return answer;
    },
  };
}
