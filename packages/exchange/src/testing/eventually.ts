import { InvariantError, SystemClock } from "@smcq/kernel";

const POLL_MS = 2;

export interface EventuallyOptions {
  /** Wall ms after which the wait is given up. */
  readonly deadlineMs: number;
  /** Run before each look: moves a manual clock on, or drains a queue. */
  readonly pass?: (() => void | Promise<void>) | undefined;
}

/**
 * Resolves once `missing` returns null; throws with its last words when the deadline passes first. For tests: it
 * awaits a condition instead of sleeping.
 */
export async function eventually(
  what: string,
  missing: () => string | null,
  options: EventuallyOptions,
): Promise<void> {
  const clock = new SystemClock();
  const untilNs = clock.monoNs() + options.deadlineMs * 1e6;
  for (;;) {
    await options.pass?.();
    const words = missing();
    if (words === null) return;
    if (clock.monoNs() > untilNs)
      throw new InvariantError(`Invariant: ${what} within ${options.deadlineMs} ms (${words})`);
    await new Promise<void>((resolve) => {
      clock.after(POLL_MS, resolve);
    });
  }
}
