/** What NVML answers instead of a value: the codes of nvmlReturn_t, in sentences. */
export const success = 0;
export const notSupported = 3;
export const noPermission = 4;
export const insufficientSize = 7;
export const driverNotLoaded = 9;
export const functionNotFound = 13;
export const gpuIsLost = 15;
export const blockedBySystem = 17;
export const versionMismatch = 18;

const words: Readonly<Record<number, string>> = {
  1: "NVML was shut down",
  2: "NVML took a parameter for wrong",
  [notSupported]: "this GPU does not support it",
  [noPermission]: "this user may not read it",
  6: "NVML does not find it",
  [insufficientSize]: "NVML has more to say than there was room for",
  [driverNotLoaded]: "the NVIDIA driver is not loaded",
  10: "the driver did not answer in time",
  12: "a library that NVML needs is missing",
  [functionNotFound]: "this driver does not have that function yet",
  [gpuIsLost]: "the GPU is lost: it fell off the bus or cannot be reached any more",
  16: "the GPU must be reset before it can be read",
  [blockedBySystem]: "the operating system or a control group blocks it",
  [versionMismatch]: "the NVIDIA library and the loaded kernel driver are of different versions",
  20: "there is not enough memory",
  21: "there is no data",
  25: "the driver expects another version of a structure",
  26: "the driver does not offer it any more",
  27: "the driver is not ready",
  28: "the GPU is not found",
  999: "the driver met an internal error",
};

/** A code in words, without a full stop. */
export function nvmlWords(code: number): string {
  return `${words[code] ?? "NVML answered with a code that is not known"} (NVML code ${code})`;
}
