/**
 * Why RAPL cannot be read, and what makes it readable for good: every sentence about RAPL that a user can meet.
 * Nothing here is run by Wattline; the user reads it, and decides.
 */
import type { Unavailable } from "../../model/device";
import { type Files, textOf } from "../files";
import type { Host } from "../meter";
import { powercapFolder, type Zone } from "./powercap";

/**
 * The rule gives one group the right to read, at each start of the machine and whenever the driver is loaded. `%p` is
 * udev's name for the device's path below /sys. Without a shell, so that it can stand between single quotes.
 */
const udevRule =
  'SUBSYSTEM=="powercap", KERNEL=="intel-rapl*:*", ACTION=="add", ' +
  'RUN+="/bin/chgrp power /sys%p/energy_uj", RUN+="/bin/chmod g+r /sys%p/energy_uj"';

/** Commands are indented, each on a line of its own: screens that wrap text leave such lines whole, to be copied. */
const grantForGood = `Give a group the right to read the counters; it lasts over a reboot:

  sudo groupadd --force --system power
  sudo usermod --append --groups power "$USER"
  echo '${udevRule}' | sudo tee /etc/udev/rules.d/70-wattline-rapl.rules
  sudo udevadm control --reload
  sudo udevadm trigger --subsystem-match=powercap --action=add

Then log out and in again, so that your programs belong to the group. Why it is locked: on a machine that several \
people share, power readings can leak secrets of other programs (CVE-2020-8694), so give the group to people you trust.`;

const mountHint = `On the host, give the counters to the container under another path (Docker hides \
/sys/devices/virtual/powercap itself):

  docker run -v /sys/devices/virtual/powercap:/powercap:ro -e WATTLINE_POWERCAP_ROOT=/powercap IMAGE`;

/** @param locked the zones that may not be read */
export function raplNeedsPermission(
  files: Files,
  env: Host["env"],
  root: string,
  locked: readonly Zone[],
): Unavailable {
  const names = locked.map((zone) => `${zone.name} (${zone.key})`).join(", ");
  const inside = isContainer(files, env);
  return {
    meter: "rapl",
    reason: `There are energy counters, but this user may not read them: ${names}. Since Linux 5.10 only root may read energy_uj below ${root}.`,
    remedy: inside
      ? `${grantForGood}\n\nThis is a container: do the above on the host, and start the container with the group's number (docker run --group-add "$(getent group power | cut -d: -f3)").`
      : grantForGood,
  };
}

/** @param masked zones that are listed but cannot be looked into */
export function raplMissing(files: Files, env: Host["env"], root: string, masked: readonly string[]): Unavailable {
  if (root !== powercapFolder) {
    return {
      meter: "rapl",
      reason: `WATTLINE_POWERCAP_ROOT is ${root}, and there are no RAPL zones in that folder.`,
      remedy: `Unset WATTLINE_POWERCAP_ROOT to read ${powercapFolder}, or name the folder that holds intel-rapl:0.`,
    };
  }
  if (masked.length > 0 || isContainer(files, env)) {
    return {
      meter: "rapl",
      reason:
        masked.length > 0
          ? `This is a container: it sees that ${masked.join(", ")} exist, but not their counters.`
          : `This is a container, and ${powercapFolder} shows no RAPL zones in it.`,
      remedy: `${mountHint}\n\nIf the host is a virtual machine there are no counters there either: use a machine without virtualization ("bare metal").`,
    };
  }
  if (isVirtualMachine(files)) {
    return {
      meter: "rapl",
      reason: "This is a virtual machine: its host does not pass the processor's energy counters on.",
      remedy:
        'Run on a machine without virtualization (clouds call it "bare metal"). Nothing inside this machine can make the counters appear; until then the CPU is estimated from its load.',
    };
  }
  return {
    meter: "rapl",
    reason: `${powercapFolder} shows no RAPL zones: the kernel module is not loaded, or this processor has no energy counters.`,
    remedy: `Load the module, now and at each start of the machine:

  sudo modprobe intel_rapl_msr
  echo intel_rapl_msr | sudo tee /etc/modules-load.d/wattline-rapl.conf

(The module serves AMD too, from Zen on.) If modprobe says that there is no such device, the processor has no counters.`,
  };
}

/** @param files the files and what is wrong with each */
export function raplNoNumber(files: readonly string[]): Unavailable {
  return {
    meter: "rapl",
    reason: `These energy counters give no number: ${files.join(", ")}.`,
    remedy:
      "Read one with `cat`. If it fails for root too, the firmware or the driver is at fault: `sudo modprobe -r intel_rapl_msr && sudo modprobe intel_rapl_msr` reloads the driver; a firmware update may help for good.",
  };
}

export function raplNotOnThisSystem(platform: NodeJS.Platform): Unavailable {
  const name = platform === "darwin" ? "macOS" : platform === "win32" ? "Windows" : platform;
  return {
    meter: "rapl",
    reason: `${name} does not show the processor's energy counters in a form that Wattline reads; only Linux does.`,
    remedy:
      "Record the run on Linux (WSL shows no counters, being a virtual machine). Here the CPU is estimated from its load.",
  };
}

function isContainer(files: Files, env: Host["env"]): boolean {
  return files.exists("/.dockerenv") || files.exists("/run/.containerenv") || env.KUBERNETES_SERVICE_HOST !== undefined;
}

function isVirtualMachine(files: Files): boolean {
  return /^flags\s*:.*\bhypervisor\b/m.test(textOf(files, "/proc/cpuinfo") ?? "");
}
