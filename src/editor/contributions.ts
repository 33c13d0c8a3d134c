/**
 * Every command, setting, view and context key of the extension, written once with its type. `package.json`
 * (`contributes` and what belongs to it) and `docs/settings.md` are generated from this file by `npm run generate`, and
 * a test fails where they are stale. A forgotten entry, or a command registered with other arguments, is a compile error.
 */
import type { Uri } from "vscode";

/** What each command is called with. Everything that a menu, a link or a key passes may be missing. */
export interface CommandArguments {
  profileFile: [file?: Uri];
  profileFileWithArguments: [file?: Uri];
  profileLoop: [loop?: LoopPlace];
  openLastRun: [];
  stopRun: [path?: string];
  showMeters: [];
  refreshMeters: [];
  showPower: [];
  openRun: [run?: RunReference | string];
  openGap: [run?: (RunReference & { readonly layer?: LoopPlace }) | string];
  revealRun: [run?: RunReference];
  labelRun: [run?: RunReference];
  deleteRun: [run?: RunReference];
  copyRemedy: [item?: { readonly remedy: string }];
  openExample: [];
  openBloat: [subject?: Uri | RunReference | string];
  calibrate: [];
  showLog: [];
  quantize: [target?: Uri | QuantTarget];
}

/** A model to show in the quantization panel. */
export interface QuantTarget {
  /** Absolute, of the checkpoint. */
  readonly path: string;
  /** The line that loads it. */
  readonly source?: LoadPlace;
}

export interface LoadPlace {
  /** Absolute, of the Python file. */
  readonly path: string;
  /** From 1, inclusive: of the whole call. */
  readonly line: number;
  readonly endLine: number;
  /** What the code calls the model. */
  readonly model: string;
}

export interface LoopPlace {
  /** Absolute. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** A call that loops inside (`trainer.train()`): the tracer finds that loop by itself. */
  readonly isCall?: boolean;
}

/** An entry of the Runs view, as its menus pass it. */
export interface RunReference {
  /** Absolute path of the run folder. */
  readonly path: string;
}

export type CommandName = keyof CommandArguments;

interface CommandContribution {
  readonly title: string;
  /** A codicon, for title bars and inline buttons. */
  readonly icon?: string;
  /** When the command can be run at all. */
  readonly enablement?: string;
  /** When the palette offers it; `never` for those that only a menu or a link calls. Default: always. */
  readonly palette?: "never" | string;
}

/** VS Code's own key: what starts a program needs the user's trust in the folder. */
const trusted = "isWorkspaceTrusted";
const python = "editorLangId == python";
/** In editors and in the explorer alike. */
const pipelineFile = "resourceFilename =~ /\\.pipeline\\.json$/";

export const commands: { readonly [Name in CommandName]: CommandContribution } = {
  profileFile: { title: "Profile the Current File", icon: "$(zap)", enablement: trusted, palette: python },
  profileFileWithArguments: {
    title: "Profile the Current File with Arguments…",
    enablement: trusted,
    palette: python,
  },
  profileLoop: { title: "Profile This Loop", icon: "$(zap)", enablement: trusted, palette: python },
  openLastRun: { title: "Open the Last Run", icon: "$(graph-line)" },
  stopRun: { title: "Stop the Run", icon: "$(debug-stop)", enablement: `${trusted} && wattline.running` },
  showMeters: { title: "Show Meters", icon: "$(dashboard)", enablement: trusted },
  refreshMeters: { title: "Look for Meters Again", icon: "$(refresh)", enablement: trusted, palette: "never" },
  showPower: { title: "Show the Live Run or the Meters", palette: "never" },
  openRun: { title: "Open Run", icon: "$(graph-line)", palette: "never" },
  openGap: { title: "Show the Efficiency Gap", icon: "$(graph)" },
  revealRun: { title: "Reveal Run Folder", icon: "$(folder-opened)", palette: "never" },
  labelRun: { title: "Label Run…", icon: "$(tag)", enablement: trusted, palette: "never" },
  deleteRun: { title: "Delete Run", icon: "$(trash)", enablement: trusted, palette: "never" },
  copyRemedy: { title: "Copy What to Do", icon: "$(copy)", palette: "never" },
  openExample: { title: "Open the Example", enablement: `${trusted} && workspaceFolderCount > 0` },
  openBloat: { title: "Show Energy Bloat", icon: "$(flame)", palette: pipelineFile },
  calibrate: { title: "Calibrate This Machine", enablement: trusted },
  showLog: { title: "Show Log" },
  quantize: { title: "Show Quantization Advice…", icon: "$(symbol-ruler)", enablement: trusted },
};

export interface Settings {
  python: string;
  rateHz: number;
  trace: boolean;
  codeLens: boolean;
  layerLens: boolean;
  modelCodeLens: boolean;
  toolkitHints: boolean;
  idlePower: boolean;
  notebookCells: boolean;
  notifyAtEnd: boolean;
  "runs.keepMegabytes": number;
  powercapRoot: string;
  nvmlLibrary: string;
}

export type SettingName = keyof Settings;

interface SettingContribution<T> {
  /** Markdown, for the settings editor and docs/settings.md. */
  readonly description: string;
  readonly default: T;
  /**
   * `machine`: only the user can set it, never a workspace; for whatever names a program or a system folder.
   * `resource`: may differ by folder. `window`: by workspace.
   */
  readonly scope: "machine" | "window" | "resource";
  readonly minimum?: number;
  readonly maximum?: number;
}

export const settings: { readonly [Name in SettingName]: SettingContribution<Settings[Name]> } = {
  python: {
    description:
      "Python interpreter that profiled files run with: a path. Empty: the interpreter chosen in the Python extension, " +
      "else `#python.defaultInterpreterPath#`, else `python3` on PATH.",
    default: "",
    scope: "machine",
  },
  rateHz: {
    description:
      "Samples a second that a run keeps of each device. The meters are polled faster than that, so energy does not " +
      "depend on it.",
    default: 10,
    minimum: 0.1,
    maximum: 100,
    scope: "resource",
  },
  trace: {
    description:
      "Follow the training loop inside the program (iterations, data, forward, backward, optimizer). Without it a run " +
      "has energy and power, but no phases.",
    default: true,
    scope: "resource",
  },
  codeLens: {
    description: "Show a line above training loops that starts a profile, and what the last run of the loop used.",
    default: true,
    scope: "resource",
  },
  layerLens: {
    description:
      "Show a line above the layers of a model after a run: their share of the time, how near they are to the machine's " +
      "peak, and whether memory bounds them.",
    default: true,
    scope: "resource",
  },
  modelCodeLens: {
    description:
      "Show a line above calls that load a model: its type and size, and what the proposed format would take. Models that " +
      "are not on this disk have none; nothing is downloaded.",
    default: true,
    scope: "resource",
  },
  toolkitHints: {
    description:
      "Mark quantization toolkits in Python files that are no longer maintained, with what takes their place.",
    default: true,
    scope: "resource",
  },
  idlePower: {
    description:
      "Show in the status bar what the devices draw while no run goes on. A small process reads the meters once a second.",
    default: true,
    scope: "window",
  },
  notebookCells: {
    description:
      "Show below each cell of a Jupyter notebook what it used above idle, measured from outside of the kernel. While a " +
      "notebook is open, a small process reads the meters ten times a second.",
    default: true,
    scope: "window",
  },
  notifyAtEnd: {
    description: "Say when a run has ended and what it used, if no Wattline panel is in sight.",
    default: true,
    scope: "window",
  },
  "runs.keepMegabytes": {
    description:
      "Disk space in MB that the runs of a workspace folder may take. When they take more, the oldest are deleted; runs " +
      "with a label stay. 0: never delete any.",
    default: 2000,
    minimum: 0,
    scope: "resource",
  },
  powercapRoot: {
    description:
      "Folder that stands in for `/sys/class/powercap`, for containers that have it elsewhere. Empty: the system's own.",
    default: "",
    scope: "machine",
  },
  nvmlLibrary: {
    description:
      "Path of NVIDIA's management library (`libnvidia-ml.so.1`, `nvml.dll`). Empty: where the driver puts it.",
    default: "",
    scope: "machine",
  },
};

/** Context keys that `when` clauses ask for. */
export interface ContextKeys {
  /** A run of this workspace goes on. */
  "wattline.running": boolean;
  /** Folders of the workspace that hold a model, as paths. */
  "wattline.modelFolders": readonly string[];
}

export const viewIds = { container: "wattline", runs: "wattline.runs", meters: "wattline.meters" } as const;

/** The task that a run is. Its definition is all that VS Code keeps of it over a reload of the window. */
export const taskType = "wattline";

const item = (pattern: string) => `view == ${viewIds.runs} && viewItem =~ ${pattern}`;
const command = (name: CommandName) => `wattline.${name}`;

/** A checkpoint, or a folder that holds one. */
const modelFile =
  "resourceExtname == .safetensors || resourceExtname == .gguf || resourcePath in wattline.modelFolders || " +
  "resourceFilename == config.json && resourceDirname in wattline.modelFolders";

/** `contributes` of package.json. */
export function contributes(): Record<string, unknown> {
  return {
    commands: Object.entries(commands).map(([name, { title, icon, enablement }]) => ({
      command: command(name as CommandName),
      title,
      category: "Wattline",
      ...(icon && { icon }),
      ...(enablement && { enablement }),
    })),
    configuration: {
      title: "Wattline",
      properties: Object.fromEntries(
        Object.entries(settings).map(([name, setting], order) => [`wattline.${name}`, property(setting, order)]),
      ),
    },
    menus: {
      commandPalette: Object.entries(commands).flatMap(([name, { palette }]) =>
        palette === undefined
          ? []
          : [{ command: command(name as CommandName), when: palette === "never" ? "false" : palette }],
      ),
      "editor/title/run": [
        {
          command: command("profileFile"),
          group: "navigation@50",
          when: `resourceLangId == python && resourceScheme == file && ${trusted} && !isInDiffEditor`,
        },
      ],
      "editor/title": [
        { command: command("openBloat"), group: "navigation@50", when: `${pipelineFile} && !isInDiffEditor` },
      ],
      "explorer/context": [
        { command: command("openBloat"), group: "navigation@50", when: pipelineFile },
        {
          command: command("quantize"),
          group: "7_modification@90",
          when: `${trusted} && resourceScheme == file && (${modelFile})`,
        },
      ],
      "view/title": [
        { command: command("openLastRun"), group: "navigation@1", when: `view == ${viewIds.runs}` },
        { command: command("stopRun"), group: "navigation@2", when: `view == ${viewIds.runs} && wattline.running` },
        { command: command("refreshMeters"), group: "navigation@1", when: `view == ${viewIds.meters}` },
      ],
      "view/item/context": [
        { command: command("openRun"), group: "1_open@1", when: item("/^run\\.(?!faulty)/") },
        { command: command("openGap"), group: "1_open@2", when: item("/^run\\.(?!faulty)/") },
        { command: command("openBloat"), group: "1_open@2", when: item("/^run\\.(?!faulty)/") },
        { command: command("revealRun"), group: "1_open@3", when: item("/^run\\./") },
        { command: command("labelRun"), group: "2_change@1", when: `${item("/^run\\.(?!faulty)/")} && ${trusted}` },
        {
          command: command("deleteRun"),
          group: "2_change@2",
          when: `${item("/^run\\.(ended|interrupted)/")} && ${trusted}`,
        },
        { command: command("labelRun"), group: "inline@1", when: `${item("/^run\\.(?!faulty)/")} && ${trusted}` },
        {
          command: command("deleteRun"),
          group: "inline@2",
          when: `${item("/^run\\.(ended|interrupted)/")} && ${trusted}`,
        },
        {
          command: command("copyRemedy"),
          group: "inline@1",
          when: `view == ${viewIds.meters} && viewItem == unavailable`,
        },
      ],
    },
    viewsContainers: {
      activitybar: [{ id: viewIds.container, title: "Wattline", icon: "media/wattline.svg" }],
    },
    views: {
      [viewIds.container]: [
        { id: viewIds.runs, name: "Runs", contextualTitle: "Wattline", icon: "media/wattline.svg" },
        { id: viewIds.meters, name: "Meters", contextualTitle: "Wattline", icon: "media/wattline.svg", when: trusted },
      ],
    },
    viewsWelcome: [
      {
        view: viewIds.runs,
        contents:
          "No run has been recorded in this folder. A run shows where a training or inference program spends energy " +
          "and time.\n[Profile a Python File](command:wattline.profileFile)",
        when: `${trusted} && workspaceFolderCount > 0`,
      },
      {
        view: viewIds.runs,
        contents: "Runs are kept in the folder that is open.\n[Open Folder](command:vscode.openFolder)",
        when: "workspaceFolderCount == 0",
      },
      {
        view: viewIds.runs,
        contents:
          "There is no run in this folder. Wattline profiles programs only in folders that you trust.\n" +
          "[Manage Workspace Trust](command:workbench.trust.manage)",
        when: `!${trusted} && workspaceFolderCount > 0`,
      },
    ],
    taskDefinitions: [
      {
        type: taskType,
        required: ["command"],
        properties: {
          command: {
            type: "array",
            items: { type: "string" },
            minItems: 1,
            description: "The program to profile and its arguments, word by word; no shell reads them.",
          },
          cwd: { type: "string", description: "Folder to run in. Default: the workspace folder." },
          loop: { type: "string", description: "FILE:LINE of the loop whose iterations are counted." },
          start: { type: "string", description: "Set by Wattline for tasks that it starts itself." },
        },
      },
    ],
    grammars: [
      {
        scopeName: "wattline.comments.injection",
        path: "./syntaxes/wattline-comments.tmLanguage.json",
        injectTo: ["source.python"],
      },
    ],
    jsonValidation: [{ fileMatch: "*.pipeline.json", url: "./schemas/pipeline.schema.json" }],
    walkthroughs: [walkthrough],
  };
}

const walkthrough = {
  id: "start",
  title: "See where a training run spends its energy",
  description: "From the meters of this machine to the lines of your program, in four steps.",
  steps: [
    {
      id: "meters",
      title: "See what can be measured here",
      description:
        "Every device with its meter, and for each that cannot be read the reason and what to do.\n" +
        "[Show Meters](command:wattline.showMeters)",
      media: {
        svg: "media/walkthrough/meters.svg",
        altText: "The Meters view: devices with their power and its source.",
      },
      completionEvents: ["onCommand:wattline.showMeters"],
    },
    {
      id: "example",
      title: "Profile the example",
      description:
        "A small language model in PyTorch that trains for half a minute on two CPU cores. It is copied into your folder.\n" +
        "[Open the Example](command:wattline.openExample)\n" +
        "Then choose Profile this loop above its training loop.",
      media: {
        svg: "media/walkthrough/codelens.svg",
        altText: "Profile this loop, above the line of a training loop.",
      },
      completionEvents: ["onCommand:wattline.openExample", "onCommand:wattline.profileLoop"],
    },
    {
      id: "panel",
      title: "Read the panel",
      description:
        "A sentence says what happened, four numbers say how much, and the chart shows when. A click on a phase opens " +
        "its line.\n[Open the Last Run](command:wattline.openLastRun)",
      media: {
        svg: "media/walkthrough/panel.svg",
        altText: "The run panel: a sentence, four numbers and the power curve.",
      },
      completionEvents: ["onCommand:wattline.openLastRun", "onCommand:wattline.openRun"],
    },
    {
      id: "own",
      title: "Profile your own file",
      description:
        "Open a Python file that trains or runs a model. Nothing in it has to change.\n" +
        "[Profile the Current File](command:wattline.profileFile)",
      media: {
        svg: "media/walkthrough/codelens.svg",
        altText: "Profile this loop, above the line of a training loop.",
      },
      completionEvents: ["onCommand:wattline.profileFile"],
    },
  ],
};

function property(setting: SettingContribution<string | number | boolean>, order: number) {
  const { description, default: value, scope, minimum, maximum } = setting;
  return {
    type: typeof value,
    default: value,
    scope,
    order,
    markdownDescription: description,
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
  };
}

/** The parts of package.json beside `contributes` that follow from this file. */
export function packageParts(): Record<string, unknown> {
  return {
    categories: ["Machine Learning", "Visualization", "Other"],
    icon: "media/icon.png",
    activationEvents: [
      "onLanguage:python",
      "workspaceContains:.wattline/runs",
      `onTaskType:${taskType}`,
      "onStartupFinished",
    ],
    capabilities: {
      untrustedWorkspaces: {
        supported: "limited",
        description:
          "In a folder that you do not trust, Wattline shows the runs that are there and nothing else: it starts no " +
          "program, reads no interpreter setting and changes no file.",
      },
      virtualWorkspaces: {
        supported: false,
        description: "Runs are folders on disk and programs run on this machine, which a virtual folder has not.",
      },
    },
    contributes: contributes(),
  };
}

const scopeWords = { machine: "user", window: "workspace", resource: "folder" } as const;

/** docs/settings.md. */
export function settingsPage(): string {
  const rows = Object.entries(settings).map(([name, { description, default: value, scope, minimum, maximum }]) => {
    const bounds =
      maximum !== undefined ? ` (${minimum} to ${maximum})` : minimum !== undefined ? ` (from ${minimum})` : "";
    const text = description.replace(/`#([^#]+)#`/g, "`$1`");
    return `| \`wattline.${name}\` | ${value === "" ? "empty" : `\`${value}\``}${bounds} | ${scopeWords[scope]} | ${text} |`;
  });
  const palette = Object.entries(commands)
    .filter(([, { palette }]) => palette !== "never")
    .map(([name, { title }]) => `| Wattline: ${title} | \`wattline.${name}\` |`);
  return [
    "# Settings and commands",
    "",
    "<!-- Generated by `npm run generate` from src/editor/contributions.ts. -->",
    "",
    "Settings that can be set for the user alone name programs or system folders: a workspace cannot change them.",
    "",
    "| setting | default | set for | meaning |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    "| command | id |",
    "| --- | --- |",
    ...palette,
    "",
    "A run can also be a task, in `tasks.json`:",
    "",
    "```json",
    `{ "type": "${taskType}", "label": "profile", "command": ["python3", "train.py", "--epochs", "1"] }`,
    "```",
    "",
  ].join("\n");
}
