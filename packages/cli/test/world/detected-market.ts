import { ClusterMemory, type EngineLoop, type Inbox, InlineCluster } from "@smcq/cluster";
import { createUniverse, MarketData, ReplayFeed, type VenueRules } from "@smcq/exchange-sim";
import { HeuristicScorer, singleScorer } from "@smcq/features";
import { BAR_FIELDS, type Clock, MINUTE_MS, present, silentLogger } from "@smcq/kernel";
import { readInstruments, readVenueRules } from "../../src/index.ts";

/** Minutes before the world's first one: the detector knows them. */
const WARM_UP_MINUTES = 400;

interface Parts {
  readonly inbox: Inbox;
  /** Drained by the cluster too. */
  readonly loop: EngineLoop;
  readonly clock: Clock;
}

/**
 * A market of real bars, in which an inline cluster finds the setups: feed, rings, detection, features and score as in the
 * engine, without threads. Inside a minute the price walks from the open over both ends to the close.
 */
export class DetectedMarket {
  readonly symbols: readonly { readonly symbol: string; readonly rules: VenueRules }[];
  readonly startMs: number;
  readonly #market: MarketData;
  readonly #bars: readonly Float64Array[];
  readonly #feeds: ReplayFeed[] = [];
  #cluster: InlineCluster | null = null;

  constructor(seed: number, symbols: number) {
    this.#market = new MarketData({ seed, symbols });
    const listed = this.#market.symbols.filter(({ firstMinute }) => firstMinute === 0).slice(0, symbols);
    const names = listed.map(({ symbol }) => symbol);
    const document = { name: "the simulated venue", text: JSON.stringify(createUniverse({ symbols })) };
    const rules = readVenueRules(document, readInstruments(document, names));
    this.symbols = names.map((symbol, index) => ({
      symbol,
      rules: present(rules[index], "Invariant: what is listed has rules"),
    }));
    this.startMs = this.#market.openTimeMs(WARM_UP_MINUTES);
    this.#bars = listed.map((one) => this.#market.flatBars(one, 0, this.#market.minuteCount - 1));
  }

  /** Gives the cluster its symbols and the bars before the start. */
  async attach({ inbox, loop, clock }: Parts): Promise<void> {
    const names = this.symbols.map(({ symbol }) => symbol);
    this.#cluster = new InlineCluster({
      memory: new ClusterMemory({ symbols: names, shards: 2, hasSpareSlots: false }),
      inbox,
      loop,
      clock,
      scan: { isEveryBarScored: false },
      scorers: singleScorer(new HeuristicScorer()),
      modelId: () => "heuristic-1",
      createFeed: ({ sink }) => {
        const feed = new ReplayFeed({ market: this.#market, sink });
        this.#feeds.push(feed);
        return feed;
      },
      history: { request() {}, forget() {} },
      logger: silentLogger,
    });
    await this.#cluster.start();
    for (let minute = 0; minute < WARM_UP_MINUTES; minute++) this.closeMinute();
  }

  /** The bars of the next minute are final: what they raise is decided on. */
  closeMinute(): void {
    for (const feed of this.#feeds) feed.step();
    this.#cluster?.scanAll();
  }

  /** The price of a symbol by its place in the list. */
  priceAt(index: number, nowMs: number): number {
    const minute = Math.floor((nowMs - this.#market.openTimeMs(0)) / MINUTE_MS);
    const [, open, high, low, close] = (this.#bars[index] ?? new Float64Array()).subarray(
      minute * BAR_FIELDS,
      (minute + 1) * BAR_FIELDS,
    ) as unknown as readonly [number, number, number, number, number];
    const stations = close >= open ? [open, low, high, close] : [open, high, low, close];
    const at = ((nowMs % MINUTE_MS) / MINUTE_MS) * 3;
    const from = stations[Math.floor(at)] as number;
    const to = stations[Math.floor(at) + 1] as number;
    return from + (to - from) * (at - Math.floor(at));
  }
}
