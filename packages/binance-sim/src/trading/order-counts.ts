import type { VenueUniverse } from "@smcq/exchange-sim";
import { VenueError } from "../http/venue-error.ts";
import type { KeptPart } from "./keeping/rows.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** A limit of the document's `rateLimits`. */
export interface OrderLimit {
  readonly rateLimitType: string;
  readonly interval: string;
  readonly intervalNum: number;
  readonly limit: number;
}

/** Orders of the account in fixed windows of the venue's clock, by the limits that its document names. */
export class OrderCounts implements KeptPart {
  readonly name = "order-counts";
  readonly limits: readonly OrderLimit[];
  readonly #windows: { start: number; used: number }[];
  #cap = Number.POSITIVE_INFINITY;

  constructor({ rateLimits }: Pick<VenueUniverse, "rateLimits">) {
    this.limits = (rateLimits as readonly OrderLimit[]).filter(
      ({ rateLimitType }) => rateLimitType === "ORDERS",
    );
    this.#windows = this.limits.map(() => ({ start: -1, used: 0 }));
  }

  /** From now on so many orders are taken in windows below a minute at most; null: as the document says. */
  cap(limit: number | null): void {
    this.#cap = limit ?? Number.POSITIVE_INFINITY;
  }

  state(): unknown {
    return this.#windows;
  }

  takeUp(state: unknown): void {
    (state as readonly object[]).forEach((kept, index) => Object.assign(this.#windows[index] ?? {}, kept));
  }

  /** Counts orders; throws -1015 when they are more than a window allows. */
  spend(count: { readonly in10s: number; readonly in1m: number }, nowMs: number): void {
    this.limits.forEach((limit, index) => {
      const window = this.#windows[index];
      if (window === undefined) return;
      const start = Math.floor(nowMs / lengthOf(limit));
      if (window.start !== start) Object.assign(window, { start, used: 0 });
      window.used += lengthOf(limit) < MINUTE_MS ? count.in10s : count.in1m;
    });
    this.limits.forEach((told, index) => {
      const { interval, intervalNum } = told;
      const limit = lengthOf(told) < MINUTE_MS ? Math.min(told.limit, this.#cap) : told.limit;
      if ((this.#windows[index]?.used ?? 0) > limit)
        throw new VenueError(
          -1015,
          `Too many new orders; current limit is ${limit} orders per ${intervalNum} ${interval}.`,
          429,
        );
    });
  }

  /** `x-mbx-order-count-10s` and `-1m`. */
  headers(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.limits.map(({ interval, intervalNum }, index) => [
        `x-mbx-order-count-${intervalNum}${interval.slice(0, 1).toLowerCase()}`,
        String(this.#windows[index]?.used ?? 0),
      ]),
    );
  }
}

function lengthOf({ interval, intervalNum }: OrderLimit): number {
  return (interval === "MINUTE" ? MINUTE_MS : SECOND_MS) * intervalNum;
}
