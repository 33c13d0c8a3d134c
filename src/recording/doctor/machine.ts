/** What kind of machine this is, as far as it decides what can be measured: virtual, a container, its clock, its share of CPUs. */
import { availableParallelism } from "node:os";
import { type Files, systemFiles, textOf } from "../../meters/files";
import type { Host } from "../../meters/meter";
import type { Check } from "../doctor";

export async function checkMachine(host: Host): Promise<Check[]> {
  if (host.platform !== "linux") return [{ id: "machine", state: "ok", message: `${host.platform}, ${process.arch}.` }];
  const files = host.files ?? systemFiles;
  return [machine(files, host), clock(files), ...driver(files), ...share(files)];
}

function machine(files: Files, host: Host): Check {
  const kinds = [container(files, host), virtual(files)].filter((kind) => kind !== undefined);
  const kernel = `Linux ${textOf(files, "/proc/sys/kernel/osrelease") ?? "of an unknown version"}, ${process.arch}`;
  if (kinds.length === 0) return { id: "machine", state: "ok", message: `${kernel}, no container and not virtual.` };
  return {
    id: "machine",
    state: "ok",
    message: `${kernel}, ${kinds.join(" in ")}: what cannot be read may be hidden from here and there on the host.`,
  };
}

function container(files: Files, { env }: Host): string | undefined {
  if (files.exists("/.dockerenv")) return "a Docker container";
  if (files.exists("/run/.containerenv")) return "a Podman container";
  if (env.KUBERNETES_SERVICE_HOST) return "a Kubernetes pod";
  if (env.SINGULARITY_NAME || env.APPTAINER_NAME) return "an Apptainer container";
  // systemd's own word for LXC, nspawn and others.
  const kind = textOf(files, "/run/systemd/container");
  return kind ? `a container (${kind})` : undefined;
}

function virtual(files: Files): string | undefined {
  const version = textOf(files, "/proc/version") ?? "";
  if (/microsoft/i.test(version)) return "WSL";
  const isGuest = /^flags\s*:.*\bhypervisor\b/m.test(textOf(files, "/proc/cpuinfo") ?? "");
  const hypervisor = textOf(files, "/sys/hypervisor/type");
  const product = textOf(files, "/sys/class/dmi/id/product_name");
  if (!isGuest && !hypervisor) return undefined;
  return `a virtual machine${product ? ` (${product})` : hypervisor ? ` (${hypervisor})` : ""}`;
}

/** Read by a few instructions; others cost a microsecond and more a look, and each poll looks twice. */
const fastClocks = /^(tsc|kvm-clock|xen|arch_sys_counter|riscv_clocksource|timebase|hyperv_clocksource_.*)$/;

function clock(files: Files): Check {
  const folder = "/sys/devices/system/clocksource/clocksource0";
  const source = textOf(files, `${folder}/current_clocksource`);
  const looks = 10_000;
  const before = process.hrtime.bigint();
  for (let look = 0; look < looks; look++) process.hrtime.bigint();
  const lookS = Number(process.hrtime.bigint() - before) / looks / 1e9;
  const message = `The clock is ${source ?? "of an unknown kind"}; a look at it takes ${Math.round(lookS * 1e9)} ns.`;
  if (source === undefined || fastClocks.test(source)) return { id: "clock", state: "ok", message };
  return {
    id: "clock",
    state: "warning",
    message,
    remedy: `The kernel found the processor's own counter unreliable (\`sudo dmesg | grep -i -e tsc -e clocksource\`). Available here: ${textOf(files, `${folder}/available_clocksource`) ?? source}.`,
  };
}

function driver(files: Files): Check[] {
  const version = /Kernel Module\s+(?:for \S+\s+)?(\d[\d.]*)/.exec(
    textOf(files, "/proc/driver/nvidia/version") ?? "",
  )?.[1];
  return version ? [{ id: "driver", state: "ok", message: `The NVIDIA driver is ${version}.` }] : [];
}

/** A group of processes that may use less than one CPU stands still now and then, and its polls with it. */
function share(files: Files): Check[] {
  const [quota, period] = (textOf(files, "/sys/fs/cgroup/cpu.max") ?? "").split(" ").map(Number);
  const cpus = quota && period ? quota / period : availableParallelism();
  if (!(cpus < 1)) return [];
  return [
    {
      id: "cpu-share",
      state: "warning",
      message: `This process may use ${cpus.toFixed(2)} of a CPU: polls will be late, and phases less certain.`,
      remedy: "Give the container or job at least one CPU (docker --cpus, Slurm --cpus-per-task).",
    },
  ];
}
