import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { GalleryCase } from "./case";

/** By the repository and not by this file: the benchmarks bundle it elsewhere. */
const folder = join(process.cwd(), "test/browser/gallery");

/** The panels that have a gallery. */
export function galleryPanels(): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

export function caseNames(panel: string): string[] {
  return readdirSync(join(folder, panel))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length))
    .sort();
}

/** The cases of a panel under their names. */
export async function galleryCases(panel: string): Promise<[string, GalleryCase][]> {
  const load = async (name: string): Promise<[string, GalleryCase]> => {
    const module = (await import(join(folder, panel, `${name}.ts`))) as { readonly case: GalleryCase };
    return [name, module.case];
  };
  return Promise.all(caseNames(panel).map(load));
}
