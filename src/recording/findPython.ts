import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Host } from "../meters/meter";

/** The Python that a shell with this PATH would start. */
export async function findPython(host: Host): Promise<string | undefined> {
  const names = host.platform === "win32" ? ["python.exe", "python3.exe"] : ["python3", "python"];
  for (const folder of (host.env.PATH ?? "").split(delimiter).filter((each) => each !== "")) {
    for (const name of names) {
      const path = join(folder, name);
      if (
        await stat(path)
          .then((found) => found.isFile() && access(path, constants.X_OK).then(() => true))
          .catch(() => false)
      ) {
        return path;
      }
    }
  }
  return undefined;
}
