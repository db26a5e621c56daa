import { readdirSync, readFileSync } from "node:fs";

/** CPU time that all threads of a process have used, ns; from the scheduler's own account (Linux). */
export function cpuNs(pid: number): number {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ", 1)[0]);
    } catch (error) {
      // A thread may end between the listing and the look; anything else is a fault of the bench.
      if (
        (error as NodeJS.ErrnoException).code !== "ENOENT" &&
        (error as NodeJS.ErrnoException).code !== "ESRCH"
      )
        throw error;
    }
  }
  return sum;
}

/** Resident memory of a process, MB, and its highest so far. */
export function residentMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`, "u").exec(status)?.[1]) / 1_024;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** Bytes that each thread of a process has sent to storage, by thread id. */
export function storageBytes(pid: number): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${task}/io`, "utf8");
    bytes.set(task, Number(/^write_bytes:\s+(\d+)/mu.exec(text)?.[1]));
  }
  return bytes;
}
