import { randomBytes } from "node:crypto";
import { Uri, type Webview } from "vscode";

/**
 * The page around a panel's bundle: no remote content, no inline script or style, one script with a nonce. The data
 * comes by messages after the page has said that it is ready.
 * @param webviews the folder of the bundles, `dist/webview`
 * @param name of the bundle: `run` for run.js and run.css
 */
export function panelHtml(webview: Webview, webviews: Uri, name: string, title: string): string {
  const nonce = randomBytes(16).toString("base64");
  const file = (extension: string) => webview.asWebviewUri(Uri.joinPath(webviews, `${name}.${extension}`)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    // The controls' library makes style elements and gives them the nonce.
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `font-src ${webview.cspSource}`,
    // A picture is drawn from an SVG of the page's own before it is saved as PNG.
    `img-src ${webview.cspSource} data: blob:`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file("css")}">
<title>${title}</title>
</head>
<body>
<div id="root"></div>
<script type="module" nonce="${nonce}" src="${file("js")}"></script>
</body>
</html>`;
}
