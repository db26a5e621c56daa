/**
 * How the engine's process is started so that its half a dozen heaps stay small (docs/performance.md section 6): V8 collects
 * old objects as they come and not when there is a lot of them, and a young generation grows to 2 MB a half instead of
 * 16. What a minute leaves behind is small, and the memory would never be given back.
 */
export const ENGINE_FLAGS: readonly string[] = ["--optimize-for-size", "--max-semi-space-size=2"];

/**
 * Of the C library (glibc): two heaps for all threads instead of eight a processor, and what is free at their ends goes back
 * to the system. It is read once, when a process starts; other libraries do not know it.
 */
const ALLOCATOR: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_TRIM_THRESHOLD_: "131072",
  MALLOC_MMAP_THRESHOLD_: "131072",
};

/** The environment of the engine's process: `own`, which wins, and the settings of the allocator. */
export function engineEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...ALLOCATOR, ...own };
}
