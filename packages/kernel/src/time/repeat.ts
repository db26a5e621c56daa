import type { CancelTimer, Clock } from "./clock.ts";

/**
 * Calls `fn` every `everyMs`, counted from the end of the call before, the first time after `everyMs`. It does not
 * keep the process alive unless `unref` is false. `fn` may cancel it; one that throws ends it, as its error goes to
 * whoever turns the clock.
 */
export function repeat(
  clock: Clock,
  everyMs: number,
  fn: () => void,
  options: { readonly unref?: boolean } = {},
): CancelTimer {
  const timer = { unref: options.unref ?? true };
  let isCancelled = false;
  const turn = (): void => {
    fn();
    if (!isCancelled) cancel = clock.after(everyMs, turn, timer);
  };
  let cancel = clock.after(everyMs, turn, timer);
  return () => {
    isCancelled = true;
    cancel();
  };
}
