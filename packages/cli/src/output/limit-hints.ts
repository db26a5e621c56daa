import { readFileSync } from "node:fs";

/** An engine of 8 shards has some 120 files open, sockets included; with fewer than this something of it fails sooner or later. */
export const OPEN_FILES_MIN = 256;

/**
 * What the system lets this process have so little of that a failure may come from it: a line each, with the command that
 * shows it. `limits`: the text of `/proc/self/limits`; none where the system has no such file.
 */
export function limitHints(limits: string): readonly string[] {
  const files = softLimit(limits, "Max open files");
  const space = softLimit(limits, "Max address space");
  return [
    ...(files < OPEN_FILES_MIN
      ? [
          `only ${files} files and sockets may be open at once (ulimit -n): at least ${OPEN_FILES_MIN} are needed`,
        ]
      : []),
    ...(space < Number.POSITIVE_INFINITY
      ? [
          `the address space is limited to ${Math.round(space / 1_048_576)} MiB (ulimit -v): V8 reserves far more than it uses, and ` +
            "ends in a trap; limit the memory itself instead (systemd MemoryMax, docker --memory)",
        ]
      : []),
  ];
}

/** The limits of this process as the system tells them; empty where it does not. */
export function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}

/** Infinity: there is none, or it is not told. */
function softLimit(limits: string, name: string): number {
  const line = limits.split("\n").find((one) => one.startsWith(name));
  const soft = line?.slice(name.length).trim().split(/\s+/)[0];
  return soft === undefined || soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}
