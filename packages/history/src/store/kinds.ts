import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";

/** What is stored: closed 1-minute bars, or funding rates. */
export type Kind = "bars" | "funding";

/** Numbers of a funding rate in flat form: `timeMs` (a whole minute), `rate` (what longs pay, a share of the notional). */
export const FUNDING_FIELDS = 2;

/** How a kind lies in its rows; the first field is always the time, ms UTC, a whole minute, ascending. */
export interface KindForm {
  readonly columns: readonly string[];
  readonly fields: number;
  readonly suffix: string;
  /** The time is a multiple of it. */
  readonly stepMs: number;
}

export const KINDS: Readonly<Record<Kind, KindForm>> = {
  bars: {
    columns: ["open_time", "open", "high", "low", "close", "volume"],
    fields: BAR_FIELDS,
    suffix: ".bars",
    stepMs: MINUTE_MS,
  },
  funding: {
    columns: ["time", "rate"],
    fields: FUNDING_FIELDS,
    suffix: ".funding",
    stepMs: MINUTE_MS,
  },
};
