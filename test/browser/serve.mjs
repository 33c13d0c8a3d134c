// Panels in any browser, from fixtures: `node test/browser/serve.mjs [port]`. Bundles anew with every page that is opened.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { runnerImport } from "vite";

const port = Number(process.argv[2] ?? 8321);
let files = new Map();

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  try {
    const { module: site } = await runnerImport(new URL("./site.ts", import.meta.url).pathname);
    const panel = site.panelOf(pathname);
    if (panel !== undefined) files = await site.buildSite();
    const file =
      pathname === "/"
        ? site.indexPage()
        : panel !== undefined
          ? site.panelPage(panel, randomBytes(16).toString("hex"))
          : files.get(pathname);
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": file.type, ...file.headers }).end(file.body);
  } catch (error) {
    response.writeHead(500, { "content-type": "text/plain" }).end(String(error));
  }
});
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/`));
