import { readdirSync, readFileSync } from "node:fs";
import { errorCode } from "@smcq/kernel";

/** CPU time of a process's threads by their name (`MainThread`, `WorkerThread`, `V8Worker`), ns. */
export type ThreadCpu = ReadonlyMap<string, number>;

/** Reads a file of a thread; empty when the thread has ended between the listing and the look. */
function readOfThread(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ESRCH") return "";
    throw error;
  }
}

/** CPU time that the threads of a process have used, from the scheduler's own account (Linux). */
export function cpuNsByThread(pid: number): ThreadCpu {
  const usedNs = new Map<string, number>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${task}`;
    const name = readOfThread(`${folder}/comm`).trim();
    const ns = Number(readOfThread(`${folder}/schedstat`).split(" ", 1)[0]);
    usedNs.set(name, (usedNs.get(name) ?? 0) + ns);
  }
  return usedNs;
}

/** The same for all threads together, ns. */
export function cpuNs(pid: number): number {
  return [...cpuNsByThread(pid).values()].reduce((sum, ns) => sum + ns, 0);
}

/** Resident memory of a process, MB, and its highest so far. */
export function residentMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`, "u").exec(status)?.[1]) / 1_024;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** Resident memory of a process, pages that others use too by their share, MB. */
export function proportionalMb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+)/mu.exec(rollup)?.[1]) / 1_024;
}

/** Bytes that each thread of a process has sent to storage, and its name, by thread id. */
export function storageBytes(
  pid: number,
): ReadonlyMap<string, { readonly name: string; readonly bytes: number }> {
  const found = new Map<string, { readonly name: string; readonly bytes: number }>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${task}/io`, "utf8");
    const name = readFileSync(`/proc/${pid}/task/${task}/comm`, "utf8").trim();
    found.set(task, { name, bytes: Number(/^write_bytes:\s+(\d+)/mu.exec(text)?.[1]) });
  }
  return found;
}
