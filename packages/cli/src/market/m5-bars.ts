import { MINUTE_MS } from "@smcq/kernel";
import type { BarRow } from "../control/market-protocol.ts";

const M5_MINUTES = 5;
const M5_MS = M5_MINUTES * MINUTE_MS;

export interface M5Bars {
  /** Whole bars, five minutes each, aligned to UTC. */
  readonly closed: readonly BarRow[];
  /** What is known of the one that goes on; null: nothing, or not from its first minute on. */
  readonly forming: BarRow | null;
}

/** M5 bars of M1 bars as the engine makes them: one that lacks a minute is none. `forming`: the minute that goes on. */
export function m5Bars(bars: readonly BarRow[], forming: BarRow | null): M5Bars {
  const closed: BarRow[] = [];
  let minutes: BarRow[] = [];
  for (const bar of bars) {
    const openMs = bar[0] ?? 0;
    if (openMs % M5_MS === 0) minutes = [];
    else if (minutes.length === 0) continue;
    minutes.push(bar);
    if (minutes.length < M5_MINUTES) continue;
    closed.push(merged(minutes));
    minutes = [];
  }
  const begun = minutes.length > 0 || (forming !== null && (forming[0] ?? 0) % M5_MS === 0);
  const rest = forming === null ? minutes : [...minutes, forming];
  return { closed, forming: begun && rest.length > 0 ? merged(rest) : null };
}

function merged(bars: readonly BarRow[]): BarRow {
  const column = (field: number): readonly number[] => bars.map((bar) => bar[field] ?? Number.NaN);
  return [
    bars[0]?.[0] ?? Number.NaN,
    bars[0]?.[1] ?? Number.NaN,
    Math.max(...column(2)),
    Math.min(...column(3)),
    bars.at(-1)?.[4] ?? Number.NaN,
    column(5).reduce((sum, volume) => sum + volume, 0),
  ];
}
