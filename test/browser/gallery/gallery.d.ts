/** Made when the page is bundled, from the folders: see `site.ts`. */
declare module "gallery" {
  import type { GalleryCase } from "./case";
  export const gallery: Readonly<Record<string, GalleryCase>>;
}
