import {
  type ClusterMemory,
  MarketView,
  type SlotEntry,
  type SlotTable,
  type Stage,
  type SymbolGlance,
  type SymbolLook,
} from "@smcq/cluster";
import type { Signal, TradingCore } from "@smcq/engine";
import { afterTurn, BAR_FIELDS, type Clock, didYouMean, MINUTE_MS } from "@smcq/kernel";
import {
  type BarRow,
  type CandidateView,
  type MarketAnswer,
  STALE_MS,
  type SymbolState,
  type SymbolView,
} from "../../control/market-protocol.ts";
import { ControlRefusal } from "../../control/protocol.ts";
import type { LastCandidates } from "../last-candidates.ts";
import { positionViews } from "./make-views.ts";

/** Symbols that are looked at in one turn of the event loop: an order never waits behind a whole market. */
const TURN_SYMBOLS = 100;
/** Looks at what was being written, and wall ms between two of them. */
const LOOKS_MAX = 5;
const AGAIN_MS = 5;

export interface MarketAnswersOptions {
  readonly memory: ClusterMemory;
  /** How far a symbol is; null: nobody watches it. */
  readonly stageOf: (symbol: string) => Stage | null;
  readonly lastCandidates: LastCandidates;
  /** Null: nobody trades. */
  readonly trading: () => TradingCore | null;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
}

/**
 * Answers questions about the market from the memory that shards and scans write, without waking them: a look that met a
 * writer is repeated a little later.
 */
export class MarketAnswers {
  readonly #options: MarketAnswersOptions;
  readonly #view: MarketView;

  constructor(options: MarketAnswersOptions) {
    this.#options = options;
    this.#view = new MarketView(options.memory);
  }

  /** All symbols, in the order in which they are watched. */
  async market(): Promise<MarketAnswer> {
    const entries = this.#slots.all();
    const glances = new Map<string, SymbolGlance>();
    let open = entries;
    for (let looks = 0; looks < LOOKS_MAX && open.length > 0; looks++) {
      if (looks > 0) await this.#pause();
      open = await this.#glanceAll(open, glances);
    }
    const nowMs = this.#options.venueClock.nowMs();
    const held = this.#held();
    const symbols = entries
      .filter((entry) => this.#isWatched(entry))
      .map(({ symbol }) => this.#state(symbol, glances.get(symbol) ?? null, { nowMs, held }));
    return { nowMs, symbols };
  }

  /** One symbol with its bars. Refuses with CONTROL_SYMBOL, and with CONTROL_AGAIN where it was being written at every look. */
  async symbol(symbol: string): Promise<SymbolView> {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      if (looks > 0) await this.#pause();
      const entry = this.#slots.of(symbol);
      if (entry === null) throw unknownSymbol(symbol, this.#slots);
      const look = this.#view.look(entry);
      if (look !== null) return this.#symbolView(symbol, look);
    }
    throw new ControlRefusal("CONTROL_AGAIN", `${symbol} was being written at every look: ask again`);
  }

  /** Glances at symbols; returns those that were being written. */
  async #glanceAll(
    entries: readonly SlotEntry[],
    glances: Map<string, SymbolGlance>,
  ): Promise<readonly SlotEntry[]> {
    const busy: SlotEntry[] = [];
    for (const [at, entry] of entries.entries()) {
      if (at > 0 && at % TURN_SYMBOLS === 0) await new Promise<void>((resolve) => afterTurn(resolve));
      if (!this.#isWatched(entry)) continue;
      const glance = this.#view.glance(entry);
      if (glance === null) busy.push(entry);
      else glances.set(entry.symbol, glance);
    }
    return busy;
  }

  #symbolView(symbol: string, look: SymbolLook): SymbolView {
    const nowMs = this.#options.venueClock.nowMs();
    const { detector, objects, forming, liveFromMs } = look;
    const trading = this.#options.trading();
    const positions = trading === null ? [] : positionViews(trading, nowMs);
    return {
      ...this.#state(symbol, look, { nowMs, held: this.#held() }),
      nowMs,
      bars: rowsOf(look.bars),
      forming: forming === null ? null : [...forming],
      liveFromMs,
      detector:
        detector === null || objects === null
          ? null
          : { lastOpenMs: detector.openTimeMs, bars: detector.bars, m5Bars: detector.m5Bars, objects },
      position: positions.find((one) => one.symbol === symbol) ?? null,
    };
  }

  #state(
    symbol: string,
    glance: SymbolGlance | null,
    { nowMs, held }: { readonly nowMs: number; readonly held: ReadonlyMap<string, "long" | "short"> },
  ): SymbolState {
    const { stageOf, lastCandidates } = this.#options;
    const lastOpenMs = glance?.lastOpenMs ?? null;
    const lastCloseMs = lastOpenMs === null ? null : lastOpenMs + MINUTE_MS;
    const ageMs = lastCloseMs === null ? null : Math.max(0, nowMs - lastCloseMs);
    const last = lastCandidates.of(symbol);
    return {
      symbol,
      stage: stageOf(symbol) ?? "warming",
      lastCloseMs,
      ageMs,
      isStale: glance !== null && (ageMs === null || ageMs >= STALE_MS),
      isBusy: glance === null,
      m1Trend: glance?.detector?.m1Trend ?? null,
      m5Trend: glance?.detector?.m5Trend ?? null,
      candidate: last === null ? null : candidateView(last),
      held: held.get(symbol) ?? null,
    };
  }

  #held(): ReadonlyMap<string, "long" | "short"> {
    const trades = this.#options.trading()?.holdings.openTrades() ?? [];
    return new Map(
      trades
        .filter(({ qtySteps }) => qtySteps > 0)
        .map(({ symbol, side }) => [symbol, side > 0 ? "long" : "short"]),
    );
  }

  /** A symbol may leave between two turns; its slot then is another's. */
  #isWatched(entry: SlotEntry): boolean {
    return this.#slots.of(entry.symbol) === entry;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.wallClock.after(AGAIN_MS, resolve);
    });
  }

  get #slots(): SlotTable {
    return this.#options.memory.slots;
  }
}

/** What is said to whoever names a symbol that is not watched. */
export function unknownSymbol(symbol: string, slots: SlotTable): ControlRefusal {
  const guess = didYouMean(symbol, (one) => slots.of(one) !== null);
  return new ControlRefusal(
    "CONTROL_SYMBOL",
    `${JSON.stringify(symbol)} is no symbol of this run${guess}; symbols are written as the venue does: BTCUSDT`,
    "symbol",
  );
}

function candidateView({ openTimeMs, side, setup, score }: Signal): CandidateView {
  return {
    closeMs: openTimeMs + MINUTE_MS,
    side: side > 0 ? "long" : "short",
    setup: `S${setup}`,
    score,
  };
}

function rowsOf(bars: Float64Array): readonly BarRow[] {
  return Array.from({ length: bars.length / BAR_FIELDS }, (_, at) => [
    ...bars.subarray(at * BAR_FIELDS, (at + 1) * BAR_FIELDS),
  ]);
}
