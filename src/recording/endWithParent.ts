/**
 * No process of ours outlives the one that it works for. An open pipe tells it, but not while it hangs in a driver's
 * call: there only the kernel can end it, which on Linux it does when it was asked to (prctl(2), PR_SET_PDEATHSIG).
 */
const setParentDeathSignal = 1;
const sigkill = 9;

let asked = false;

/** Asks for that, once; where the system knows no such thing, nothing happens. Loads koffi, which a host needs anyway. */
export async function endWithParent(): Promise<void> {
  if (asked || process.platform !== "linux") return;
  asked = true;
  try {
    const { default: koffi } = await import("koffi");
    const word = "unsigned long";
    const prctl = koffi.load(null).func("prctl", "int", ["int", word, word, word, word]);
    prctl(setParentDeathSignal, sigkill, 0, 0, 0);
  } catch {
    // Without koffi no library can be called that could hang.
  }
}
