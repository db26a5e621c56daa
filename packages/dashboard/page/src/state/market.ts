import { batch, computed, type Signal, signal } from "@preact/signals";
import { nextFrame } from "./time.ts";

/** A scored candidate, whatever became of it; venue ms. */
export interface Candidate {
  readonly closeMs: number;
  readonly side: "long" | "short";
  readonly setup: string;
  readonly score: number;
}

/** How a symbol stands: a row of `smcq market --json`. */
export interface SymbolState {
  readonly symbol: string;
  readonly stage: "warming" | "ready" | "short";
  readonly lastCloseMs: number | null;
  readonly ageMs: number | null;
  readonly isStale: boolean;
  readonly isBusy: boolean;
  readonly m1Trend: number | null;
  readonly m5Trend: number | null;
  readonly candidate: Candidate | null;
  readonly held: "long" | "short" | null;
}

export interface MarketAnswer {
  readonly nowMs: number;
  readonly symbols: readonly SymbolState[];
}

/** What a tile shows: nothing of it changes unless it looks different. */
export interface TileShown {
  readonly symbol: string;
  readonly stage: SymbolState["stage"];
  readonly m1Trend: number | null;
  readonly m5Trend: number | null;
  readonly held: SymbolState["held"];
  /** Of the last minutes that were asked for; null: none. */
  readonly candidate: Candidate | null;
  /** Whole minutes since the last bar of a symbol whose bar is missing; null: it is fresh. */
  readonly staleMinutes: number | null;
}

export const SHOWN = ["all", "held", "candidate", "up", "down", "stale", "not ready"] as const;
export type Shown = (typeof SHOWN)[number];
export const SORTS = ["name", "trend", "candidate", "score", "oldest bar"] as const;
export type Sort = (typeof SORTS)[number];

export interface MarketChoice {
  readonly find: string;
  readonly shown: Shown;
  readonly minutes: number;
  readonly sort: Sort;
  readonly view: "tiles" | "table";
}

const MINUTE_MS = 60_000;
/** Tiles that are drawn anew in one frame: a market that moves as a whole takes several, and no frame is late for it. */
const TILES_A_FRAME = 40;

export const choice = signal<MarketChoice>({
  find: "",
  shown: "all",
  minutes: 15,
  sort: "name",
  view: "tiles",
});

/** Last told; null: nothing yet. */
const told = signal<MarketAnswer | null>(null);
const tiles = new Map<string, Signal<TileShown>>();
/** What is still to be drawn anew, a tile once. */
const waiting = new Map<string, TileShown>();
let isFrameWanted = false;

/** Symbols that are shown, in their order; the same array as long as both are the same. */
export const order = signal<readonly string[]>([]);

export interface MarketCounts {
  readonly all: number;
  readonly shown: number;
  readonly held: number;
  readonly stale: number;
  readonly up: number;
  readonly down: number;
}

export const counts = computed<MarketCounts>(() => {
  const symbols = told.value?.symbols ?? [];
  const count = (is: (one: SymbolState) => boolean): number => symbols.filter(is).length;
  return {
    all: symbols.length,
    shown: order.value.length,
    held: count(({ held }) => held !== null),
    stale: count(({ isStale }) => isStale),
    up: count((one) => trendOf(one) > 0),
    down: count((one) => trendOf(one) < 0),
  };
});

/** Takes a new answer or choice: what looks as before is left alone. */
export function showMarket(answer: MarketAnswer, own: MarketChoice): void {
  told.value = answer;
  const names = new Set<string>();
  for (const state of answer.symbols) {
    names.add(state.symbol);
    const next = tileOf(state, answer.nowMs, own.minutes);
    const before = tiles.get(state.symbol);
    if (before === undefined) tiles.set(state.symbol, signal(next));
    else if (looksAlike(before.peek(), next)) waiting.delete(state.symbol);
    else waiting.set(state.symbol, next);
  }
  for (const symbol of tiles.keys()) if (!names.has(symbol)) tiles.delete(symbol);
  wantFrame();
  const next = ordered(answer, own);
  const before = order.peek();
  if (next.length !== before.length || next.some((symbol, at) => symbol !== before[at])) order.value = next;
}

function drawSome(): void {
  isFrameWanted = false;
  batch(() => {
    let room = TILES_A_FRAME;
    for (const [symbol, next] of waiting) {
      if (room-- === 0) break;
      waiting.delete(symbol);
      const tile = tiles.get(symbol);
      if (tile !== undefined) tile.value = next;
    }
  });
  wantFrame();
}

function wantFrame(): void {
  if (isFrameWanted || waiting.size === 0) return;
  isFrameWanted = true;
  nextFrame(drawSome);
}

export function tileSignal(symbol: string): Signal<TileShown> | null {
  return tiles.get(symbol) ?? null;
}

function tileOf(state: SymbolState, nowMs: number, minutes: number): TileShown {
  const { symbol, stage, m1Trend, m5Trend, held, candidate, ageMs, isStale } = state;
  return {
    symbol,
    stage,
    m1Trend,
    m5Trend,
    held,
    candidate: candidate !== null && nowMs - candidate.closeMs <= minutes * MINUTE_MS ? candidate : null,
    staleMinutes: isStale ? Math.floor((ageMs ?? 0) / MINUTE_MS) : null,
  };
}

function looksAlike(a: TileShown, b: TileShown): boolean {
  return (
    a.m1Trend === b.m1Trend &&
    a.m5Trend === b.m5Trend &&
    a.held === b.held &&
    a.stage === b.stage &&
    a.staleMinutes === b.staleMinutes &&
    a.candidate?.closeMs === b.candidate?.closeMs &&
    a.candidate?.score === b.candidate?.score &&
    a.candidate?.side === b.candidate?.side
  );
}

/** -2 (both down) … +2 (both up). */
export function trendOf({ m1Trend, m5Trend }: Pick<TileShown, "m1Trend" | "m5Trend">): number {
  return (m1Trend ?? 0) + (m5Trend ?? 0);
}

/** Symbols of an answer that are chosen, sorted as chosen, then by name. */
export function chosen({ nowMs, symbols }: MarketAnswer, own: MarketChoice): readonly SymbolState[] {
  const find = own.find.toUpperCase();
  const is: Readonly<Record<Shown, (one: SymbolState) => boolean>> = {
    all: () => true,
    held: ({ held }) => held !== null,
    candidate: (one) => tileOf(one, nowMs, own.minutes).candidate !== null,
    up: (one) => trendOf(one) > 0,
    down: (one) => trendOf(one) < 0,
    stale: ({ isStale }) => isStale,
    "not ready": ({ stage }) => stage !== "ready",
  };
  const by: Readonly<Record<Sort, (one: SymbolState) => number>> = {
    name: () => 0,
    trend: (one) => -trendOf(one),
    candidate: ({ candidate }) => -(candidate?.closeMs ?? 0),
    score: ({ candidate }) => -(candidate?.score ?? 0),
    "oldest bar": ({ lastCloseMs }) => lastCloseMs ?? 0,
  };
  return symbols
    .filter((one) => one.symbol.toUpperCase().includes(find) && is[own.shown](one))
    .toSorted((a, b) => by[own.sort](a) - by[own.sort](b) || (a.symbol < b.symbol ? -1 : 1));
}

function ordered(answer: MarketAnswer, own: MarketChoice): readonly string[] {
  return chosen(answer, own).map(({ symbol }) => symbol);
}

export function trendText(trend: number | null): string {
  if (trend === null) return "unknown";
  return trend > 0 ? "up" : trend < 0 ? "down" : "flat";
}

export function trendMark(trend: number | null): string {
  if (trend === null) return "·";
  return trend > 0 ? "▲" : trend < 0 ? "▼" : "–";
}
