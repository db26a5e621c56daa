import { setFlagsFromString } from "node:v8";

/**
 * How the engine's process is started (docs/performance.md section 6): the young generation of each of its half a dozen heaps
 * grows to 2 MB a half instead of 16. What a minute leaves behind is small, and the memory would never be given back.
 */
export const ENGINE_FLAGS: readonly string[] = ["--max-semi-space-size=2"];

/**
 * How the simulated venue's is started. It makes garbage all the time, and its young generation would grow to 128 MB within a
 * quarter of an hour.
 */
export const VENUE_FLAGS: readonly string[] = ["--max-semi-space-size=8"];

/**
 * Holds the young generation of this process at the size that it starts with (1 MB a half); its limit is read once, before any
 * of our code. For what works slowly and runs for long: `smcq venue` at the market's own speed.
 */
export function keepYoungSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/**
 * The flag by which an old heap grows by a third before it is collected instead of to four times what is alive. Null where V8
 * does not know it: on the command line an unknown flag would stop the start.
 */
export const MEMORY_SAVER_FLAG: string | null =
  Number.parseInt(process.versions.node, 10) >= 24 ? "--memory-saver-mode" : null;

const GROWING_PERCENT = 100;

/** Sets it for every heap of this process; to be called before its threads are started. A V8 that has dropped it goes on. */
export function saveMemory(): void {
  if (MEMORY_SAVER_FLAG !== null) setFlagsFromString(MEMORY_SAVER_FLAG);
}

/**
 * Lets old heaps grow to twice what is alive before they are collected instead of to four times; with `false` as they like again. For
 * what leaves little that lives.
 */
export function growSlowly(isWanted: boolean): void {
  setFlagsFromString(`--heap-growing-percent=${isWanted ? GROWING_PERCENT : 0}`);
}

/**
 * Of the C library (glibc): one heap for all threads instead of eight a processor, since what is free in one serves no other;
 * and what is free at its end goes back to the system. It is read once, when a process starts; other libraries do not know it.
 */
const ALLOCATOR: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_TRIM_THRESHOLD_: "131072",
  MALLOC_MMAP_THRESHOLD_: "131072",
};

/** The environment of the engine's process: `own`, which wins, and the settings of the allocator. */
export function engineEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...ALLOCATOR, ...own };
}
