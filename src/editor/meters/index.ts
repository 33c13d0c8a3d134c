import { commands, type Disposable, EventEmitter, env, MarkdownString, ThemeIcon, TreeItem, window } from "vscode";
import { sourceMarks } from "../../model/device";
import { formatPower, formatQuantity } from "../../model/format";
import { viewIds } from "../contributions";
import type { IdleWatch } from "../live";
import { registerCommand } from "../shared/commands";
import { DisposableStore } from "../shared/disposableStore";
import { plain } from "../shared/markdown";
import type { Recorder } from "../shared/recorder";
import { onSetting } from "../shared/settings";
import { type Meters, readMeters } from "./read";

type Entry =
  | { readonly kind: "device"; readonly device: Meters["devices"][number] }
  | { readonly kind: "unavailable"; readonly meter: string; readonly reason: string; readonly remedy: string }
  | { readonly kind: "failed"; readonly message: string };

/** The Meters view: every device with its power and source, and what cannot be read, with the reason and a remedy. */
export function metersView({ recorder, idle }: { readonly recorder: Recorder; readonly idle: IdleWatch }): Disposable {
  const owned = new DisposableStore();
  const changed = owned.add(new EventEmitter<undefined>());
  let reading: Promise<readonly Entry[]> | undefined;
  const again = () => {
    reading = undefined;
    changed.fire(undefined);
  };
  // The first look starts a program, so it waits until somebody looks.
  const entries = () => (reading ??= readMeters(recorder).then(entriesOf, failedEntry));
  const view = owned.add(
    window.createTreeView<Entry>(viewIds.meters, {
      treeDataProvider: {
        onDidChangeTreeData: changed.event,
        getChildren: (entry) => (entry === undefined ? entries().then((all) => [...all]) : []),
        getTreeItem: (entry) => treeItem(entry, idle),
      },
    }),
  );
  owned.add(idle.onDidChange(() => view.visible && reading !== undefined && changed.fire(undefined)));
  owned.add(onSetting("powercapRoot", again));
  owned.add(onSetting("nvmlLibrary", again));
  owned.add(registerCommand("refreshMeters", again));
  owned.add(registerCommand("showMeters", () => commands.executeCommand(`${viewIds.meters}.focus`)));
  owned.add(
    registerCommand("copyRemedy", async (entry) => {
      if (typeof entry?.remedy !== "string") return;
      await env.clipboard.writeText(entry.remedy);
      void window.setStatusBarMessage("$(check) Copied", 3000);
    }),
  );
  return owned;
}

function entriesOf({ devices, unavailable }: Meters): readonly Entry[] {
  return [
    ...devices.map((device) => ({ kind: "device" as const, device })),
    ...unavailable.map((one) => ({ kind: "unavailable" as const, ...one })),
  ];
}

function failedEntry(error: Error): readonly Entry[] {
  return [{ kind: "failed", message: error.message }];
}

function treeItem(entry: Entry, idle: IdleWatch): TreeItem {
  if (entry.kind === "failed") {
    const item = new TreeItem(entry.message);
    item.iconPath = new ThemeIcon("error");
    return item;
  }
  if (entry.kind === "unavailable") {
    const item = new TreeItem(entry.meter);
    item.description = entry.reason;
    item.iconPath = new ThemeIcon("circle-slash");
    item.tooltip = new MarkdownString(
      `**${plain(entry.meter)}** cannot be read\n\n${plain(entry.reason)}\n\n`,
    ).appendCodeblock(entry.remedy, "text");
    item.contextValue = "unavailable";
    item.accessibilityInformation = { label: `${entry.meter} cannot be read: ${entry.reason}` };
    return item;
  }
  const { device } = entry;
  const powerW = idle.totals?.devices.find((live) => live.device.id === device.id)?.powerW ?? device.powerW;
  const item = new TreeItem(device.name);
  item.id = device.id;
  item.description = `${formatPower(powerW)} · ${sourceMarks[device.source]} ${device.source}`;
  item.iconPath = new ThemeIcon(
    { gpu: "circuit-board", cpu: "chip", dram: "server", system: "device-desktop", battery: "plug" }[device.kind],
  );
  item.tooltip = new MarkdownString(deviceFacts(device).map(plain).join("  \n"));
  item.contextValue = "device";
  return item;
}

function deviceFacts(device: Meters["devices"][number]): string[] {
  return [
    device.name,
    `Read by ${device.meter}, ${device.source}${device.counted ? "" : device.partOf === undefined ? ", not counted in totals" : ", a part of another device"}`,
    ...(device.updatePeriodS === undefined ? [] : [`A new value every ${formatQuantity(device.updatePeriodS, "s")}`]),
    ...(device.averagingWindowS === undefined ? [] : [`Averaged over ${formatQuantity(device.averagingWindowS, "s")}`]),
    ...(device.powerLimitW === undefined ? [] : [`Power limit ${formatPower(device.powerLimitW)}`]),
    ...(device.scope === undefined ? [] : [`Covers ${device.scope}`]),
    ...(device.model === undefined ? [] : [device.model]),
  ];
}
