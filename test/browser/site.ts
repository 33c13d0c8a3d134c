import { build } from "esbuild";
import { cases } from "./gallery/run/cases";
import { themes } from "./themes";

/** A made-up origin: tests answer its requests themselves, so nothing leaves the machine. */
export const origin = "http://panel.test";

export interface SiteFile {
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bundles a panel as `esbuild.mjs` does for the extension, and the page's own script; all in memory. */
export async function buildSite(): Promise<Map<string, SiteFile>> {
  const { outputFiles } = await build({
    entryPoints: { run: "webview/run/main.ts", page: "test/browser/page.ts" },
    outdir: "/",
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    write: false,
    logLevel: "error",
  });
  return new Map(
    outputFiles.map((file) => [
      file.path,
      { type: file.path.endsWith(".css") ? "text/css" : "text/javascript", body: file.text },
    ]),
  );
}

/** A page under the policy of a webview: no inline style, no script but those with the nonce, nothing from elsewhere. */
export function panelPage(nonce: string): SiteFile {
  const csp = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; img-src data:; font-src 'self'`;
  const body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wattline</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/run.css"></head>
<body><div id="root"></div>
<script type="module" nonce="${nonce}" src="/page.js"></script>
<script type="module" nonce="${nonce}" src="/run.js"></script></body>
</html>`;
  return { type: "text/html", body, headers: { "content-security-policy": csp } };
}

/** Links to all cases in all themes, for looking at by hand. */
export function indexPage(): SiteFile {
  const row = (name: string) =>
    `<li>${name}: ${Object.keys(themes)
      .map((theme) => `<a href="/panel?case=${name}&theme=${theme}">${theme}</a>`)
      .join(" · ")}</li>`;
  return {
    type: "text/html",
    body: `<!doctype html><title>Panels</title><h1>Run panel</h1><ul>${Object.keys(cases).map(row).join("")}</ul>`,
  };
}
