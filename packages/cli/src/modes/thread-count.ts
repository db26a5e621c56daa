import { availableParallelism } from "node:os";

/** `auto`: one thread a core, at least one. */
export function threadCount(setting: number | "auto"): number {
  return setting === "auto" ? Math.max(1, availableParallelism()) : setting;
}
