/** The NVIDIA GPUs of this machine by their driver's files alone: microseconds, and no library is loaded. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Names as the driver gives them; none where there is no driver or it is not Linux. */
export function localGpuNames(root = "/proc/driver/nvidia/gpus"): string[] {
  try {
    return readdirSync(root).flatMap((address) => {
      const model = /^Model:\s*(.+)$/m.exec(readFileSync(join(root, address, "information"), "utf8"));
      return model === null ? [] : [model[1]!.trim().slice(0, 200)];
    });
  } catch {
    return [];
  }
}
