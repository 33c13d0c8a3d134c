/**
 * `npm run package [-- TARGET …]`: one VSIX a platform, each with the one native library that it needs, in out/.
 * Without a target: this machine's. `all` makes them all. `--no-build` takes dist/ as it is.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { bin, root, run, say } from "./lib/run.mjs";
import { explain, nodeModules } from "./lib/setup.mjs";

/** Platforms of VS Code with koffi's name for each; Alpine has musl in the same package as glibc. */
const natives = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "linux-armhf": "linux-arm",
  "alpine-x64": "linux-x64",
  "alpine-arm64": "linux-arm64",
  "darwin-x64": "darwin-x64",
  "darwin-arm64": "darwin-arm64",
  "win32-x64": "win32-x64",
  "win32-arm64": "win32-arm64",
};

/** What a user gets: the programs, what they read, and what people read. */
const shipped = ["dist", "examples", "media", "syntaxes", "schemas", "README.md", "CHANGELOG.md", "LICENSE"];

/** Of koffi itself: the loader. Its C++ sources and documentation stay out. */
const koffiFiles = [
  "package.json",
  "index.cjs",
  "LICENSE.txt",
  "src/koffi/index.cjs",
  "src/koffi/src/static.cjs",
  "src/koffi/src/trampolines.cjs",
];

async function packageFor(target, version) {
  say(`Packaging for ${target}`);
  const stage = join(root, "out/package", target);
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  for (const name of shipped)
    if (existsSync(join(root, name))) cpSync(join(root, name), join(stage, name), { recursive: true });
  const koffi = join(stage, "dist/node_modules/koffi");
  for (const file of koffiFiles) cpSync(join(root, "node_modules/koffi", file), join(koffi, file), { recursive: true });
  await native(target, version, join(stage, "dist/node_modules/@koromix", `koffi-${natives[target]}`));
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const key of ["scripts", "devDependencies", "dependencies", "overrides", "private", "bin"]) delete manifest[key];
  writeFileSync(join(stage, "package.json"), JSON.stringify(manifest, undefined, 2));
  const out = join(root, "out", `wattline-${manifest.version}-${target}.vsix`);
  const flags = [
    "package",
    "--target",
    target,
    "--no-dependencies",
    "--skip-license",
    "--allow-missing-repository",
    "--no-rewrite-relative-links",
  ];
  const { code } = await bin("@vscode/vsce", "vsce", [...flags, "--out", out], { cwd: stage });
  return code === 0;
}

/** koffi's library for a platform: the one that npm installed here, or its package from the registry. */
async function native(target, version, to) {
  await nativePackage(natives[target], version, to);
  // One package has the library for both kinds of Linux: only the platform's own is needed.
  const other = target.startsWith("alpine-") ? /^linux_/ : /^musl_/;
  for (const folder of readdirSync(to)) if (other.test(folder)) rmSync(join(to, folder), { recursive: true });
}

async function nativePackage(name, version, to) {
  const installed = join(root, "node_modules/@koromix", `koffi-${name}`);
  if (existsSync(installed)) {
    cpSync(installed, to, { recursive: true });
    return;
  }
  const folder = join(root, "out/natives", `${name}-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    const packed = await run("npm", ["pack", `@koromix/koffi-${name}@${version}`, "--pack-destination", folder], {
      quiet: true,
    });
    if (packed.code !== 0) throw new Error(`npm pack @koromix/koffi-${name}@${version} failed:\n${packed.output}`);
    const archive = readdirSync(folder).find((file) => file.endsWith(".tgz"));
    await run("tar", ["xzf", join(folder, archive), "-C", folder]);
  }
  cpSync(join(folder, "package"), to, { recursive: true });
}

async function main(words) {
  const args = words.filter((word) => word !== "--no-build");
  await nodeModules();
  const wanted = args.includes("all")
    ? Object.keys(natives)
    : args.length > 0
      ? args
      : [`${process.platform}-${process.arch}`];
  const unknown = wanted.filter((target) => !Object.hasOwn(natives, target));
  if (unknown.length > 0) {
    console.error(`No such platform: ${unknown.join(", ")}. Platforms: ${Object.keys(natives).join(", ")}, all`);
    return 2;
  }
  if (args.length === words.length) {
    rmSync(join(root, "dist"), { recursive: true, force: true });
    if (!(await build("--production"))) return 1;
  }
  const { version } = JSON.parse(readFileSync(join(root, "node_modules/koffi/package.json"), "utf8"));
  for (const target of wanted) if (!(await packageFor(target, version))) return 1;
  return 0;
}

main(process.argv.slice(2)).then((code) => process.exit(code), explain);
