/**
 * Builds what ships into dist/: the extension and the command line as CommonJS for Node, every panel as a module for
 * the browser. `node esbuild.mjs [--watch] [--production]`; production minifies and leaves source maps out.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const production = process.argv.includes("--production");
const watch = process.argv.includes("--watch");

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: production,
  sourcemap: !production,
  legalComments: "none",
  logLevel: "warning",
};

/**
 * Where dynamic imports become `require`, web-tree-sitter's own variable of that name, which it makes by a dynamic import,
 * would stand before the real one and be undefined: it uses the bundle's.
 */
const treeSitterRequires = {
  name: "tree-sitter-requires",
  setup(build) {
    build.onLoad({ filter: /[\\/]web-tree-sitter[\\/]web-tree-sitter\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const contents = text.replace(/var require = createRequire\(import\.meta\.url\);/, "");
      if (contents === text) return { errors: [{ text: `${path} makes no \`require\` of its own any more.` }] };
      return { contents, loader: "js" };
    });
  },
};

/** Libraries written as modules ask for `import.meta.url`, which CommonJS has not: the bundle's own address stands in. */
export const nodeOptions = {
  ...common,
  platform: "node",
  format: "cjs",
  target: "node20",
  // Native: each platform's package brings its own.
  external: ["vscode", "koffi"],
  define: { "import.meta.url": "__bundleUrl" },
  // Also what is loaded late is loaded by `require`: the package has koffi's loader in that form alone, and Node's loader
  // of modules need not start.
  supported: { "dynamic-import": false },
  plugins: [treeSitterRequires],
  banner: { js: 'const __bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
};

export const webviewOptions = {
  ...common,
  platform: "browser",
  format: "esm",
  target: "es2022",
  loader: { ".css": "css" },
};

/** Packages that few processes need: each in a file of its own, read where it is asked for and not with every program. */
const apart = ["systeminformation", "node-nvidia-smi"];

const keepApart = {
  name: "keep-apart",
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, kind }) =>
      kind !== "entry-point" && apart.includes(path) ? { path: `./${path}.js`, external: true } : undefined,
    );
  },
};

const programs = {
  extension: { entry: "src/extension.ts" },
  recorder: { entry: "src/wattline.ts", executable: true },
  commands: { entry: "src/recorder.ts" },
  // Started for its quick answer; what it does not do there is not carried along.
  quant: { entry: "src/quant.ts", without: ["./quantVerify"] },
  sampler: { entry: "src/sampler.ts" },
  meterHost: { entry: "src/meterHost.ts" },
  reporter: { entry: "src/reporter.ts" },
  gapReporter: { entry: "src/gapReporter.ts" },
  quantScan: { entry: "src/quantScan.ts" },
  bloatSolver: { entry: "src/bloatSolver.ts" },
};

const builds = Object.entries(programs)
  .filter(([, { entry }]) => existsSync(join(root, entry)))
  .map(([name, { entry, executable, without = [] }]) => ({
    ...nodeOptions,
    entryPoints: { [name]: entry },
    outdir: "dist",
    external: [...nodeOptions.external, ...without],
    plugins: [treeSitterRequires, keepApart],
    banner: { js: (executable ? "#!/usr/bin/env node\n" : "") + nodeOptions.banner.js },
  }));

builds.push({ ...nodeOptions, entryPoints: Object.fromEntries(apart.map((name) => [name, name])), outdir: "dist" });

const panels = readdirSync(join(root, "webview"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(root, "webview", entry.name, "main.ts")))
  .map((entry) => entry.name);
if (panels.length > 0) {
  builds.push({
    ...webviewOptions,
    entryPoints: Object.fromEntries(panels.map((panel) => [panel, `webview/${panel}/main.ts`])),
    outdir: "dist/webview",
  });
}

/** Files that are used as they are. */
function copyFiles() {
  for (const python of ["tracer", "verify"]) {
    rmSync(join(root, "dist", python), { recursive: true, force: true });
    cpSync(join(root, "src", python), join(root, "dist", python), {
      recursive: true,
      filter: (source) => !/__pycache__|\.pyc$|\.egg-info|(^|\/)build(\/|$)/.test(source.slice(root.length)),
    });
  }
  mkdirSync(join(root, "dist/grammars"), { recursive: true });
  const wasm = ["@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm", "web-tree-sitter/web-tree-sitter.wasm"];
  for (const file of wasm) {
    cpSync(join(root, "node_modules", file), join(root, "dist/grammars", file.slice(file.lastIndexOf("/") + 1)));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(root, "dist"), { recursive: true });
  copyFiles();
  if (watch) {
    for (const build of builds) await (await esbuild.context({ ...build, logLevel: "info" })).watch();
  } else {
    await Promise.all(builds.map((build) => esbuild.build(build)));
  }
}
