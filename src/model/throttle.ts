/**
 * Why a GPU runs slower than it could, in words: the bits of NVML's clocks event reasons (nvml.h,
 * nvmlClocksEventReason*), as `Sample.throttle` keeps them.
 */
const reasons: readonly (readonly [bit: number, words: string, slowing: boolean])[] = [
  [0x001, "idle", false],
  [0x002, "application clocks set by a user", false],
  [0x004, "power limit reached", true],
  [0x008, "hardware slowdown", true],
  [0x010, "kept in step with other GPUs (sync boost)", true],
  [0x020, "temperature limit reached (software)", true],
  [0x040, "temperature limit reached (hardware)", true],
  [0x080, "power brake by the power supply", true],
  [0x100, "clocks set for the display", false],
];

/** Every reason in `bits`; bits that have no name yet are given as a number. */
export function throttleWords(bits: number): readonly string[] {
  const known = reasons.filter(([bit]) => hasBit(bits, bit)).map(([, words]) => words);
  const rest = bits - reasons.reduce((sum, [bit]) => sum + (hasBit(bits, bit) ? bit : 0), 0);
  return rest > 0 ? [...known, `reason 0x${rest.toString(16)}`] : known;
}

/** Whether something holds the GPU back: neither idle nor a clock that somebody chose. */
export function isThrottled(bits: number): boolean {
  return reasons.some(([bit, , slowing]) => slowing && hasBit(bits, bit));
}

/** The mask is 64 bits wide and kept as a number, so `&`, which cuts at 32, is not for it. */
function hasBit(bits: number, bit: number): boolean {
  return Math.floor(bits / bit) % 2 === 1;
}
