import { signal } from "@preact/signals";
import type { PositionShown } from "../../../src/contract.ts";
import type { SymbolState } from "./market.ts";

export const MINUTE_MS = 60_000;

/** Open time (venue ms), open, high, low, close, volume. */
export type BarRow = readonly [number, number, number, number, number, number];

export interface Zone {
  readonly kind: "gap" | "block" | "breaker";
  readonly dir: 1 | -1;
  readonly top: number;
  readonly bottom: number;
  readonly fromMs: number;
  readonly state: "fresh" | "touched" | "halved";
}

export interface Pool {
  readonly side: 1 | -1;
  readonly level: number;
  readonly count: number;
  readonly fromMs: number;
}

export interface Break {
  readonly kind: "bos" | "choch";
  readonly dir: 1 | -1;
  readonly level: number;
  readonly fromMs: number;
  readonly atMs: number;
}

export interface Fill {
  readonly timeMs: number;
  readonly side: "buy" | "sell";
  readonly price: string;
  readonly qty: string;
  readonly trade: string;
}

/** `smcq symbol --json`; times are the venue's, ms. */
export interface SymbolAnswer extends SymbolState {
  readonly nowMs: number;
  readonly bars: readonly BarRow[];
  readonly forming: BarRow | null;
  readonly m5Bars: readonly BarRow[];
  readonly m5Forming: BarRow | null;
  readonly liveFromMs: number;
  readonly detector: { readonly lastOpenMs: number; readonly bars: number; readonly m5Bars: number } | null;
  readonly position: PositionShown | null;
  readonly structures: {
    readonly source: "engine" | "bars";
    readonly afterMs: number | null;
    readonly zones: readonly Zone[];
    readonly pools: readonly Pool[];
    readonly breaks: readonly Break[];
    readonly breaksSinceMs: number | null;
  };
  readonly fills: readonly Fill[];
  readonly fillsProblem: string | null;
}

/** A signal above the threshold and what became of it. */
export interface Decision {
  /** ISO: the close of its bar. */
  readonly time: string;
  readonly side: number;
  readonly setup: string;
  readonly score: number | null;
  readonly outcome: string;
  /** What was not known; null: nothing. */
  readonly unknown: string | null;
}

export const LAYERS = ["gaps", "blocks", "pools", "breaks", "signals", "fills"] as const;
export type Layer = (typeof LAYERS)[number];

/** What is drawn over the candles, and of which bars these are. */
export const layers = signal<ReadonlySet<Layer>>(new Set(LAYERS));
export const minutesPerBar = signal<1 | 5>(1);

/** Decimals that the prices of these bars need. */
export function decimalsOf(bars: readonly BarRow[]): number {
  let decimals = 0;
  for (const [, open, high, low, close] of bars)
    for (const price of [open, high, low, close]) {
      const [, behind = ""] = (price < 1e-6 ? price.toFixed(12).replace(/0+$/, "") : String(price)).split(
        ".",
      );
      decimals = Math.max(decimals, behind.length);
    }
  return decimals;
}
