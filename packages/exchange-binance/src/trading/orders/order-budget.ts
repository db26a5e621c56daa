import { ENTRY_ORDER_SHARE, ORDERS_10S_AT_START, ORDERS_MINUTE_AT_START } from "../limits.ts";

interface Window {
  readonly lengthMs: number;
  limit: number;
  /** When our own orders of the window left, ascending. */
  sentMs: number[];
  /** What the venue said last, and in which of its own windows. */
  reported: number;
  reportedIn: number;
}

/**
 * Orders by account: 300 in ten seconds and 1,200 in a minute, or what the venue says. The venue counts in fixed windows;
 * ours slide, so that none of its windows holds too many, and others on the account are in its number. Entries use 80 %.
 */
export class OrderBudget {
  readonly #windows: readonly Window[] = [
    { lengthMs: 10_000, limit: ORDERS_10S_AT_START, sentMs: [], reported: 0, reportedIn: -1 },
    { lengthMs: 60_000, limit: ORDERS_MINUTE_AT_START, sentMs: [], reported: 0, reportedIn: -1 },
  ];

  /** The venue's own limit of a window of `lengthMs`. */
  setLimit(lengthMs: number, limit: number): void {
    for (const window of this.#windows) if (window.lengthMs === lengthMs && limit > 0) window.limit = limit;
  }

  /** Ms until an order may leave; 0: now. */
  waitMs(nowMs: number, isEntry: boolean): number {
    let waitMs = 0;
    for (const window of this.#windows) {
      const { lengthMs, sentMs, reported, reportedIn } = window;
      while ((sentMs[0] ?? nowMs) <= nowMs - lengthMs) sentMs.shift();
      const most = Math.max(1, Math.floor(window.limit * (isEntry ? ENTRY_ORDER_SHARE : 1)));
      const oldestMs = sentMs[sentMs.length - most];
      if (oldestMs !== undefined) waitMs = Math.max(waitMs, oldestMs + lengthMs - nowMs);
      const current = Math.floor(nowMs / lengthMs);
      if (reportedIn === current && reported >= most)
        waitMs = Math.max(waitMs, (current + 1) * lengthMs - nowMs);
    }
    return waitMs;
  }

  /** An order leaves now. */
  spend(nowMs: number): void {
    for (const { sentMs } of this.#windows) sentMs.push(nowMs);
  }

  /** The venue's own count of a window; NaN: it said none. Replies overtake each other: the larger one of a window holds. */
  report(lengthMs: number, count: number, nowMs: number): void {
    if (!Number.isFinite(count)) return;
    for (const window of this.#windows) {
      if (window.lengthMs !== lengthMs) continue;
      const current = Math.floor(nowMs / lengthMs);
      window.reported = window.reportedIn === current ? Math.max(window.reported, count) : count;
      window.reportedIn = current;
    }
  }
}
