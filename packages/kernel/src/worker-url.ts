/**
 * URL of the entry file `name` (no extension), relative to `base`, the caller's `import.meta.url`. It has the caller's
 * own extension, as `tsc` does not rewrite URLs: `.ts` from sources, `.js` from `dist`.
 */
export function workerUrl(base: string, name: string): URL {
  return new URL(name + (base.endsWith(".ts") ? ".ts" : ".js"), base);
}

/**
 * Node's arguments for a process forked with an entry of `workerUrl(base, …)`: from sources it imports the other
 * packages' sources. A thread has its parent's.
 */
export function workerExecArgv(base: string): string[] {
  return base.endsWith(".ts") ? ["--conditions=@smcq/source"] : [];
}
