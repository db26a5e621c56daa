import { BusConnection, NatsSignalBus, PartKeeper } from "@smcq/bus-nats";
import { ClusterMemory, RowDrain, ScanCore } from "@smcq/cluster";
import { partOf, type ScoredCandidate, toShared } from "@smcq/engine";
import { BarSource } from "@smcq/exchange";
import type { MarketData } from "@smcq/exchange-sim";
import { HeuristicScorer, singleScorer } from "@smcq/features";
import {
  BAR_FIELDS,
  type CancelTimer,
  type Clock,
  MINUTE_MS,
  minuteOf,
  present,
  repeat,
  silentLogger,
  SystemClock,
} from "@smcq/kernel";
import { KlineRingWriter } from "@smcq/wire";
import { BarsTeller } from "../../src/bus/scanner/bars-teller.ts";
import { PartSymbols } from "../../src/bus/scanner/part-symbols.ts";
import { RingMinutes } from "../../src/bus/scanner/ring-minutes.ts";

const wallClock = new SystemClock();
const LOOK_MS = 20;
/** Closed bars that a symbol warms up with. */
const HISTORY_BARS = 320;

export interface HostDeps {
  readonly url: string;
  readonly name: string;
  readonly member: string;
  readonly parts: number;
  readonly ttlMs: number;
  readonly bars: LabBars;
  readonly venueClock: Clock;
}

export async function labConnection(url: string, name: string, client: string): Promise<BusConnection> {
  const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
  return BusConnection.open({ ...files, url, name, connectTimeoutMs: 5_000, client, logger: silentLogger });
}

/** Bars of the simulated market, reckoned once for all hosts. */
export class LabBars {
  readonly symbols: readonly string[];
  readonly startMs: number;
  readonly #bySymbol: ReadonlyMap<string, Float64Array>;

  constructor(market: MarketData, symbols: readonly string[], bars: number) {
    this.symbols = symbols;
    this.startMs = market.startMs;
    this.#bySymbol = new Map(symbols.map((symbol) => [symbol, flatOf(market, symbol, bars)]));
  }

  /** The bar that opens at `minuteMs`. */
  at(symbol: string, minuteMs: number): Float64Array {
    const index = (minuteMs - this.startMs) / MINUTE_MS;
    const bars = present(this.#bySymbol.get(symbol), "Invariant: the lab has bars of its symbols");
    return bars.subarray(index * BAR_FIELDS, (index + 1) * BAR_FIELDS);
  }
}

/** The first `count` bars of a symbol, flat. */
function flatOf(market: MarketData, symbol: string, count: number): Float64Array {
  const found = present(market.find(symbol), "Invariant: the market has the lab's symbols");
  return market.flatBars(found, 0, count);
}

/**
 * A host that scans, in this thread: rings, scan, parts, teller and bus are the engine's own; the threads and the venue between
 * them are left out, bars come when their minute has closed.
 */
export class ScanHost {
  readonly keeper: PartKeeper;
  readonly connection: BusConnection;
  readonly bus: NatsSignalBus;
  readonly #deps: HostDeps;
  readonly #memory: ClusterMemory;
  readonly #writer: KlineRingWriter;
  readonly #scan: ScanCore;
  readonly #rows: RowDrain;
  readonly #symbols: PartSymbols;
  readonly #teller: BarsTeller;
  readonly #cancel: CancelTimer;

  private constructor(
    deps: HostDeps,
    {
      connection,
      bus,
      join,
    }: { connection: BusConnection; bus: NatsSignalBus; join: (host: PartSymbols) => PartKeeper },
  ) {
    const { venueClock, bars, parts, member } = deps;
    this.#deps = deps;
    this.connection = connection;
    this.bus = bus;
    this.#memory = new ClusterMemory({ symbols: [], shards: 1, symbolsMax: bars.symbols.length });
    const { memory } = this.#memory.shard(0);
    this.#writer = new KlineRingWriter(memory.rings);
    const scorer = new HeuristicScorer();
    this.#scan = new ScanCore(memory, singleScorer(scorer), wallClock, { isEveryBarScored: false });
    this.#rows = new RowDrain(memory, this.#memory.slots, () => scorer.id);
    const minutes = new RingMinutes(this.#memory);
    this.#teller = new BarsTeller({
      scanner: member,
      symbolsOf: (part) => this.#symbols.symbolsOf(part),
      isWarm: (part) => this.#symbols.isWarm(part),
      isAwaited: () => true,
      bar: (symbol, minuteMs) => minutes.bar(symbol, minuteMs),
      isSettled: () => true,
      isTold: (part) => this.keeper.isTold(part),
      bus,
      venueClock,
      wallClock,
    });
    this.#symbols = new PartSymbols({
      coordinator: {
        addSymbol: (symbol, fromMs = null) => this.#add(symbol, fromMs),
        removeSymbol: (symbol) => this.#remove(symbol),
        isWarm: (symbol) => this.#memory.slots.of(symbol) !== null,
        stageOf: (symbol) => (this.#memory.slots.of(symbol) === null ? null : "ready"),
        health: () => ({ symbols: this.#memory.slots.size, ready: this.#memory.slots.size }) as never,
      },
      parts,
      symbols: bars.symbols,
      teller: this.#teller,
      wallClock,
      logger: silentLogger,
    });
    this.keeper = join(this.#symbols);
    this.#cancel = repeat(wallClock, LOOK_MS, () => this.#look());
  }

  static async start(deps: HostDeps): Promise<ScanHost> {
    const { url, name, member, parts, ttlMs, venueClock } = deps;
    const connection = await labConnection(url, name, member);
    const bus = await NatsSignalBus.open({ connection, clock: wallClock, logger: silentLogger });
    let symbols: PartSymbols | null = null;
    const keeper = await PartKeeper.open({
      connection,
      member,
      parts,
      ttlMs,
      host: {
        warm: (part, fromMs) => symbols?.warm(part, fromMs),
        isWarm: (part) => symbols?.isWarm(part) ?? false,
        release: (part) => symbols?.release(part),
        toldMs: (part) => symbols?.toldMs(part) ?? 0,
        counts: () => symbols?.counts() ?? { symbols: 0, ready: 0 },
      },
      clock: wallClock,
      venueClock,
      logger: silentLogger,
    });
    const host = new ScanHost(deps, {
      connection,
      bus,
      join: (own) => {
        symbols = own;
        return keeper;
      },
    });
    await keeper.start();
    return host;
  }

  /** As a power cut would: nothing is said to anybody. */
  async die(): Promise<void> {
    this.#cancel();
    this.#teller.stop();
    await this.connection.nats.close();
    await this.keeper.stop();
  }

  async stop(): Promise<void> {
    await this.keeper.stop();
    this.#cancel();
    this.#teller.stop();
    await this.bus.close();
    await this.connection.close();
  }

  #add(symbol: string, fromMs: number | null): boolean {
    if (this.#memory.slots.of(symbol) !== null) return true;
    const entry = this.#memory.slots.add(symbol);
    if (entry === null) return false;
    const nowMs = minuteOf(this.#deps.venueClock.nowMs());
    this.#writer.setOwner(entry.slot, entry.symbolId + 1);
    this.#writer.reset(entry.slot, Math.min(fromMs ?? nowMs, nowMs));
    for (let minuteMs = nowMs - HISTORY_BARS * MINUTE_MS; minuteMs < nowMs; minuteMs += MINUTE_MS)
      this.#append(symbol, entry.slot, minuteMs);
    return true;
  }

  #remove(symbol: string): boolean {
    const entry = this.#memory.slots.remove(symbol);
    if (entry === null) return false;
    this.#writer.setOwner(entry.slot, 0);
    this.#writer.reset(entry.slot, 0);
    this.#memory.slots.settle(0);
    return true;
  }

  #append(symbol: string, slot: number, minuteMs: number): void {
    const [openMs, open, high, low, close, volume] = this.#deps.bars.at(
      symbol,
      minuteMs,
    ) as unknown as readonly [number, number, number, number, number, number];
    const nowNs = wallClock.monoNs();
    this.#writer.append(
      slot,
      openMs,
      open,
      high,
      low,
      close,
      volume,
      BarSource.Stream,
      openMs + MINUTE_MS,
      nowNs,
      nowNs,
    );
  }

  /** Bars that have closed come, are scanned, and what is found is told. */
  #look(): void {
    const nowMs = minuteOf(this.#deps.venueClock.nowMs());
    for (const { symbol, slot } of this.#memory.slots.all())
      for (let minuteMs = this.#writer.lastOpenMs(slot) + MINUTE_MS; minuteMs < nowMs; minuteMs += MINUTE_MS)
        this.#append(symbol, slot, minuteMs);
    for (;;) {
      const reply = this.#scan.scan({ shardId: 0, seeds: [] });
      this.#tell(this.#rows.take(reply.rows).candidates);
      if (!reply.isUnfinished) return;
    }
  }

  #tell(candidates: readonly ScoredCandidate[]): void {
    const now = { nowMs: wallClock.nowMs(), nowNs: wallClock.monoNs() };
    for (const candidate of candidates) {
      const part = partOf(candidate.symbol, this.#deps.parts);
      if (this.keeper.isScanned(part))
        this.bus.publish({ type: "signal", part, run: "lab", signal: toShared(candidate, now) });
    }
  }
}
