import { HISTORY_MS_MAX, PAGE_ROWS, PAGES_MAX } from "../limits.ts";
import type { QueryParameters } from "../../rest/query.ts";

interface Stamped {
  readonly timeMs: number;
}

export interface PagesOptions<Row extends Stamped> {
  /** Bound, inclusive, venue ms. */
  readonly sinceMs: number;
  readonly nowMs: number;
  /** The longest stretch of one answer. */
  readonly windowMs: number;
  /** Rows of a stretch, ascending in time; at most `PAGE_ROWS`, the oldest ones. */
  readonly fetch: (bounds: QueryParameters) => Promise<readonly Row[]>;
  readonly idOf: (row: Row) => string;
}

/** From when on the venue is asked: older rows it has not. */
export function historySinceMs(sinceMs: number, nowMs: number): number {
  return Math.max(0, sinceMs, nowMs - HISTORY_MS_MAX);
}

/**
 * Every row since an instant, once, in the venue's order. A full page is followed by one from its last instant on, whose
 * rows of that instant come again and count once. Throws RangeError where an instant fills a page, or rows do not ascend.
 */
export async function allPages<Row extends Stamped>(options: PagesOptions<Row>): Promise<readonly Row[]> {
  const { nowMs, windowMs, fetch, idOf } = options;
  const rows = new Map<string, Row>();
  let fromMs = historySinceMs(options.sinceMs, nowMs);
  for (let page = 0; page < PAGES_MAX; page++) {
    const untilMs = fromMs + windowMs - 1;
    // The last stretch has no end: what happens while it is asked for belongs to it.
    const isLast = untilMs >= nowMs;
    const bounds = { startTime: String(fromMs), ...(isLast ? {} : { endTime: String(untilMs) }) };
    const found = await fetch({ ...bounds, limit: String(PAGE_ROWS) });
    for (const row of found) rows.set(idOf(row), row);
    const lastMs = found.at(-1)?.timeMs ?? fromMs;
    if (found.some(({ timeMs }, index) => timeMs < (found[index - 1]?.timeMs ?? 0)))
      throw new RangeError("rows of a page do not ascend in time");
    if (found.length >= PAGE_ROWS) {
      if (lastMs <= fromMs) throw new RangeError("one instant fills a whole page");
      fromMs = lastMs;
    } else if (isLast) return [...rows.values()];
    else fromMs = untilMs + 1;
  }
  throw new RangeError(`more than ${PAGES_MAX} pages`);
}
