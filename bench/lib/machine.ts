import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

/** Where a run took place. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly kernel: string;
  readonly node: string;
  readonly v8: string;
  /** Load average of the last minute, before the run. */
  readonly load: number;
  /** A virtual machine shares its cores with others: absolute times are worth less. */
  readonly isVirtual: boolean;
}

function isVirtual(): boolean {
  try {
    return readFileSync("/proc/cpuinfo", "utf8").includes("hypervisor");
  } catch {
    // Not Linux: nothing is known, which the word "virtual" would hide.
    return false;
  }
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 2 ** 20),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    v8: process.versions.v8,
    load: loadavg()[0] ?? 0,
    isVirtual: isVirtual(),
  };
}
