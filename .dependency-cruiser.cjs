/**
 * Who may import whom, an arrow a rule, each with its reason. Checked by test/unit/arrows.test.ts, which also makes sure
 * that the cruiser saw the modules at all.
 */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: `^src/${from}/` },
  to: { path: "^(src|webview)/", pathNot: `^src/(${[from, ...allowed].join("|")})/` },
});

const node = ["fs", "child_process", "worker_threads", "process", "timers", "crypto", "os", "net", "http", "https"];

module.exports = {
  forbidden: [
    only("model-stands-alone", "model", [], "The vocabulary depends on nothing, so that everything may depend on it."),
    only("meters-know-the-model", "meters", ["model"], "A meter is one file with no idea of runs, panels or files."),
    only("store-knows-the-model", "store", ["model"], "Reading a run must not need the mathematics or the meters."),
    only("analysis-is-pure", "analysis", ["model"], "Mathematics over typed arrays, the same in every program."),
    only("source-is-pure", "source", ["model"], "Python source in, findings out."),
    only("messages-are-words", "messages", ["model"], "The contract between two sides must not lean on either."),
    only(
      "recording-is-below-the-cli",
      "recording",
      ["model", "meters", "store", "analysis", "source"],
      "A run is recorded the same way from every program.",
    ),
    only(
      "cli-is-thin",
      "cli",
      ["model", "meters", "store", "analysis", "source", "recording"],
      "Parse arguments, call, print.",
    ),
    only(
      "editor-holds-no-measurement",
      "editor",
      ["model", "store", "analysis", "source", "messages"],
      "The extension reads run folders and starts recorders; it never samples.",
    ),
    {
      name: "webviews-draw-what-they-are-told",
      comment: "A page gets data by messages; model and messages are shared words.",
      severity: "error",
      from: { path: "^webview/" },
      to: { path: "^src/", pathNot: "^src/(model|messages)/" },
    },
    {
      name: "panels-stand-side-by-side",
      comment: "What two panels need lies in webview/shared.",
      severity: "error",
      from: { path: "^webview/([^/]+)/" },
      to: { path: "^webview/", pathNot: "^webview/(shared|$1)/" },
    },
    {
      name: "vscode-only-in-the-editor",
      comment: "The command line runs without VS Code.",
      severity: "error",
      from: { path: "^(src|webview)/", pathNot: "^src/(editor/|extension\\.ts)" },
      to: { path: "^vscode$" },
    },
    {
      name: "analysis-and-source-touch-nothing",
      comment: "No file, clock or process: a result depends on its arguments alone.",
      severity: "error",
      from: { path: "^src/(analysis|source|model)/" },
      to: { path: `^(node:)?(${node.join("|")})(/|$)` },
    },
    {
      name: "no-cycles",
      comment: "Two modules that need each other are one, or are cut at the wrong place.",
      severity: "error",
      from: { path: "^(src|webview)/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
