import { type ConfigurationScope, type Disposable, workspace } from "vscode";
import { type SettingName, type Settings, settings } from "../contributions";

/** A setting's value, or its default where what is set has another type or lies out of bounds. */
export function setting<Name extends SettingName>(name: Name, scope?: ConfigurationScope): Settings[Name] {
  const { default: fallback, minimum = -Infinity, maximum = Infinity } = settings[name];
  const value = workspace.getConfiguration("wattline", scope).get<unknown>(name);
  if (typeof value !== typeof fallback) return fallback;
  if (typeof value === "number" && !(value >= minimum && value <= maximum)) return fallback;
  return value as Settings[Name];
}

export function onSetting(name: SettingName, changed: () => void): Disposable {
  return workspace.onDidChangeConfiguration((event) => event.affectsConfiguration(`wattline.${name}`) && changed());
}
