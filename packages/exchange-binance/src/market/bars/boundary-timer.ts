import { nextMinuteMs } from "@smcq/kernel";
import type { Clock } from "@smcq/kernel";

export interface BoundaryOptions {
  /** The venue's clock. */
  readonly clock: Clock;
  /** How long after a minute's end, ms. */
  readonly graceMs: number;
  /** Runs `fn` after the I/O that is already there: finals that wait to be read come first. */
  readonly defer: (fn: () => void) => void;
  readonly onBoundary: () => void;
}

/** Runs `onBoundary` a grace time after each end of a minute until the returned function is called. */
export function eachBoundary({ clock, graceMs, defer, onBoundary }: BoundaryOptions): () => void {
  let isStopped = false;
  let cancel = (): void => {};
  const run = (): void => {
    if (isStopped) return;
    onBoundary();
    arm();
  };
  const arm = (): void => {
    const nowMs = clock.nowMs();
    cancel = clock.after(nextMinuteMs(nowMs, graceMs) - nowMs, () => defer(run), { unref: true });
  };
  arm();
  return () => {
    isStopped = true;
    cancel();
  };
}
