import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { caseNames, galleryPanels } from "./gallery/list";
import { themes } from "./themes";

/** A made-up origin: tests answer its requests themselves, so nothing leaves the machine. */
export const origin = "http://panel.test";

export interface SiteFile {
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** All cases of all panels as one module, so that the page has them at once. */
const gallery: Plugin = {
  name: "gallery",
  setup(build) {
    build.onResolve({ filter: /^gallery$/ }, () => ({ path: "gallery", namespace: "gallery" }));
    build.onLoad({ filter: /.*/, namespace: "gallery" }, () => {
      const all = galleryPanels().flatMap((panel) => caseNames(panel).map((name) => `${panel}/${name}`));
      const imports = all.map((path, i) => `import { case as c${i} } from "./gallery/${path}";`);
      const entries = all.map((path, i) => `${JSON.stringify(path)}: c${i}`);
      const contents = `${imports.join("\n")}\nexport const gallery = { ${entries.join(", ")} };`;
      return { contents, resolveDir: join(process.cwd(), "test/browser"), loader: "ts" };
    });
  },
};

/** Bundles the panels as `esbuild.mjs` does for the extension, and the page's own script; all in memory. */
export async function buildSite(): Promise<Map<string, SiteFile>> {
  const panels = galleryPanels().map((panel) => [panel, `webview/${panel}/main.ts`]);
  const { outputFiles } = await build({
    entryPoints: { ...Object.fromEntries(panels), page: "test/browser/page.ts" },
    outdir: "/",
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    write: false,
    logLevel: "error",
    plugins: [gallery],
  });
  return new Map(
    outputFiles.map((file) => [
      file.path,
      { type: file.path.endsWith(".css") ? "text/css" : "text/javascript", body: file.text },
    ]),
  );
}

/** A page under the policy of a webview: no inline style, no script but those with the nonce, nothing from elsewhere. */
export function panelPage(panel: string, nonce: string): SiteFile {
  const csp = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; img-src data:; font-src 'self'`;
  const body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wattline</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/${panel}.css"></head>
<body><div id="root"></div>
<script type="module" nonce="${nonce}" src="/page.js"></script>
<script type="module" nonce="${nonce}" src="/${panel}.js"></script></body>
</html>`;
  return { type: "text/html", body, headers: { "content-security-policy": csp } };
}

/** Links to all cases in all themes, for looking at by hand. */
export function indexPage(): SiteFile {
  const row = (panel: string, name: string) =>
    `<li>${name}: ${Object.keys(themes)
      .map((theme) => `<a href="/panel/${panel}?case=${name}&theme=${theme}">${theme}</a>`)
      .join(" · ")}</li>`;
  const list = (panel: string) =>
    `<h2>${panel}</h2><ul>${caseNames(panel)
      .map((name) => row(panel, name))
      .join("")}</ul>`;
  return { type: "text/html", body: `<!doctype html><title>Panels</title>${galleryPanels().map(list).join("")}` };
}

/** The panel that an address asks for, `/panel/NAME`; undefined where it asks for something else. */
export function panelOf(pathname: string): string | undefined {
  return /^\/panel\/(\w+)$/.exec(pathname)?.[1];
}
