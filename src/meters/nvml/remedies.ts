/** Why NVIDIA GPUs cannot be read, and what helps for good: every such sentence that a user can meet. */
import type { Unavailable } from "../../model/device";
import { type Files, namesIn, textOf } from "../files";
import type { Host } from "../meter";
import { blockedBySystem, driverNotLoaded, noPermission, nvmlWords, versionMismatch } from "./codes";

const installDriver =
  "Install NVIDIA's driver (https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/); its library comes with it.";

const containerHint = `Start the container with the GPUs and the driver's utility library:

  docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility IMAGE

(It needs the NVIDIA Container Toolkit on the host.)`;

/** @param failures what each path of the library answered */
export function nvmlNotLoaded(files: Files, host: Host, failures: readonly string[]): Unavailable {
  const meter = "nvml";
  if (host.env.WATTLINE_NVML_LIBRARY) {
    return {
      meter,
      reason: `WATTLINE_NVML_LIBRARY names a library that cannot be loaded (${failures.join("; ")}).`,
      remedy: "Unset WATTLINE_NVML_LIBRARY to use the driver's own library, or name the file libnvidia-ml.so.1.",
    };
  }
  if (host.platform === "win32") {
    return { meter, reason: "There is no NVIDIA driver here: nvml.dll is missing.", remedy: installDriver };
  }
  if (host.platform !== "linux") {
    return {
      meter,
      reason: "There is no NVIDIA driver for this system.",
      remedy: "Record runs that use NVIDIA GPUs where those are, on Linux or Windows.",
    };
  }
  if (files.exists("/proc/driver/nvidia/version")) {
    return {
      meter,
      reason: `The NVIDIA driver is loaded, but its library libnvidia-ml.so.1 is not here (${failures.join("; ")}).`,
      remedy: `If this is a container: ${lowerFirst(containerHint)}\n\nElse install the driver's package with its utilities (nvidia-utils, or nvidia-driver-cuda-libs).`,
    };
  }
  if (hasNvidiaHardware(files)) {
    return { meter, reason: "There is an NVIDIA GPU here, but its driver is not installed.", remedy: installDriver };
  }
  return {
    meter,
    reason: "There is no NVIDIA GPU or driver here.",
    remedy: `If this machine has an NVIDIA GPU and this is a container: ${lowerFirst(containerHint)}\n\nIf it has one and this is no container: ${lowerFirst(installDriver)}`,
  };
}

/** @param code what nvmlInit answered */
export function nvmlNotStarted(files: Files, code: number): Unavailable {
  const reason = `NVIDIA's library was found, but does not start: ${nvmlWords(code)}.`;
  return { meter: "nvml", reason: reason + loadedDriver(files, code), remedy: remedyFor(code) };
}

/** @param which the GPU, as far as it is known; @param code what NVML answered about it */
export function gpuNotReadable(which: string, code: number): Unavailable {
  return { meter: "nvml", reason: `${which} cannot be read: ${nvmlWords(code)}.`, remedy: remedyFor(code) };
}

export function gpuWithoutPower(name: string, code: number): Unavailable {
  return {
    meter: "nvml",
    reason: `${name} shows neither energy nor power: ${nvmlWords(code)}.`,
    remedy:
      "Some laptop, virtual and early GPUs have no power sensor. A newer driver may show more; otherwise only a meter at the wall can tell.",
  };
}

function loadedDriver(files: Files, code: number): string {
  if (code !== versionMismatch) return "";
  const version = /Kernel Module\s+(?:for \S+\s+)?(\d[\d.]*)/.exec(
    textOf(files, "/proc/driver/nvidia/version") ?? "",
  )?.[1];
  return version ? ` The kernel runs ${version}.` : "";
}

function remedyFor(code: number): string {
  switch (code) {
    case versionMismatch:
      return `The driver was updated and the old one is still loaded: restart the machine. Without a restart, once no program uses a GPU:

  sudo rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia && sudo modprobe nvidia`;
    case driverNotLoaded:
      return `Load the driver, now and at each start:

  sudo modprobe nvidia
  sudo systemctl enable --now nvidia-persistenced

If modprobe fails, the driver was not built for this kernel: reinstall its package (with DKMS).`;
    case noPermission:
    case blockedBySystem:
      return `The device files /dev/nvidiactl and /dev/nvidia0 must be readable and writable for this user (ls -l /dev/nvidia*), and allowed by the job's control group. In a Slurm job ask for the GPU (--gres=gpu:1). ${containerHint}`;
    default:
      return "Run `nvidia-smi`: it should say the same. `sudo dmesg | grep -i -e nvrm -e xid` names the driver's fault; a reset (`sudo nvidia-smi --gpu-reset`) or a restart of the machine may help.";
  }
}

/** NVIDIA's number on the PCI bus. */
const nvidiaVendor = "0x10de";

function hasNvidiaHardware(files: Files): boolean {
  const bus = "/sys/bus/pci/devices";
  return namesIn(files, bus).some((name) => {
    // A vendor's sound and USB functions are no GPUs: class 0x03 is a display or 3D controller.
    const isDisplay = textOf(files, `${bus}/${name}/class`)?.startsWith("0x03") === true;
    return isDisplay && textOf(files, `${bus}/${name}/vendor`) === nvidiaVendor;
  });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
