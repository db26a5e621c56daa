import { PerformanceObserver } from "node:perf_hooks";

/**
 * Tells how long each collection of garbage of the present thread took, ms; returns what stops it. It is told in a turn of
 * its own afterwards: it costs an object a collection, and nothing between them.
 */
export function watchGc(onPause: (ms: number) => void): () => void {
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) onPause(duration);
  });
  observer.observe({ entryTypes: ["gc"] });
  return () => observer.disconnect();
}
