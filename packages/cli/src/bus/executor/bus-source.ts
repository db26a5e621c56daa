import {
  type ClusterHealth,
  type ClusterMemory,
  type Coordinator,
  type Inbox,
  MinuteReporter,
  type Stage,
  type WatchedList,
} from "@smcq/cluster";
import { type Following, partOf, type ScannerWord, type SignalBus } from "@smcq/engine";
import { AwakeMeter, type CancelTimer, type Clock, type Logger, repeat } from "@smcq/kernel";
import type { SignalSource } from "../run-side.ts";
import type { SignalIntake } from "./signal-intake.ts";
import type { ToldBars } from "./told-bars.ts";

/** How often it is looked whether parts are live, wall ms. */
const LOOK_MS = 250;
/** Without a connection for so long nothing is live, ms awake. */
const LOST_MS_MAX = 5_000;

export interface BusSourceDeps {
  readonly memory: ClusterMemory;
  readonly inbox: Inbox;
  readonly signals: SignalBus;
  readonly isConnected: () => boolean;
  /** By which the bus knows this engine, in each of its processes. */
  readonly reader: string;
  readonly intake: SignalIntake;
  readonly bars: ToldBars;
  readonly parts: number;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** Signals and bars that other hosts tell: a part of the universe stands where a shard does in an engine of its own threads. */
export class BusSource implements SignalSource {
  readonly #deps: BusSourceDeps;
  readonly #isLive: boolean[];
  readonly #lost: AwakeMeter;
  #lookedMs = 0;
  #lostMs = 0;
  #following: Following | null = null;
  #isDisplaced = false;
  #cancelLook: CancelTimer = () => {};

  constructor(deps: BusSourceDeps) {
    this.#deps = deps;
    this.#isLive = Array.from({ length: deps.parts }, () => false);
    this.#lost = new AwakeMeter(deps.wallClock);
  }

  get memory(): ClusterMemory {
    return this.#deps.memory;
  }

  get watched(): WatchedList {
    return this.#deps.memory.slots;
  }

  get partsLive(): number {
    return this.#isLive.filter(Boolean).length;
  }

  /** Follows what scanners tell; no part is live before it was told of. */
  async start(): Promise<void> {
    const { signals, reader, inbox, wallClock, logger } = this.#deps;
    this.#isLive.forEach((_, part) => inbox.put({ type: "feed-health", shardId: part, isLive: false }));
    this.#following = await signals.follow({
      reader,
      onWord: (word, acknowledge) => this.#hear(word, acknowledge),
      onDisplaced: () => {
        this.#isDisplaced = true;
        logger.error(
          { reader },
          "another process hears the signals of this account now: nothing is entered here",
        );
      },
    });
    this.#cancelLook = repeat(wallClock, LOOK_MS, () => this.#look());
  }

  /** Resolves when every part is live, or `dataMsMax` wall ms awake are over: who scans later is heard then. */
  async whenReady(dataMsMax: number): Promise<ClusterHealth> {
    const { wallClock, logger, parts } = this.#deps;
    const waited = new AwakeMeter(wallClock);
    while (this.partsLive < parts && waited.look() < dataMsMax && this.#following !== null)
      await new Promise<void>((resolve) => void wallClock.after(LOOK_MS, resolve));
    const silent = parts - this.partsLive;
    if (silent > 0)
      logger.info({ silent, parts }, "parts that no scanner tells of yet: nothing of them is entered");
    return this.health();
  }

  addSymbol(symbol: string): boolean {
    const { memory, bars, parts } = this.#deps;
    if (memory.slots.of(symbol) !== null) return true;
    const part = partOf(symbol, parts);
    if (memory.slots.add(symbol, { isOpen: (shardId) => shardId === part }) === null) return false;
    bars.begin(symbol);
    return true;
  }

  removeSymbol(symbol: string): boolean {
    const entry = this.#deps.memory.slots.remove(symbol);
    if (entry === null) return false;
    this.#deps.bars.end(entry.shardId, entry.slot);
    return true;
  }

  health(): ClusterHealth {
    const { memory, bars } = this.#deps;
    const ready = memory.slots.all().filter(({ symbol }) => bars.isKnown(symbol)).length;
    return {
      symbols: memory.slots.size,
      ready,
      m5Ready: ready,
      short: 0,
      warming: memory.slots.size - ready,
      shardsRunning: this.partsLive,
      shardsOff: 0,
      shardRestarts: 0,
      scanRestarts: 0,
      scansInFlight: 0,
    };
  }

  report(): ReturnType<Coordinator["report"]> {
    return { shards: [], scanThreads: 0 };
  }

  stageOf(symbol: string): Stage | null {
    const { memory, bars } = this.#deps;
    if (memory.slots.of(symbol) === null) return null;
    return bars.isKnown(symbol) ? "ready" : "warming";
  }

  createReporter(minuteMs: number): MinuteReporter {
    return new MinuteReporter({ memory: this.#deps.memory, barsReadyMin: 1 }, minuteMs);
  }

  async stop(): Promise<void> {
    this.#cancelLook();
    const following = this.#following;
    this.#following = null;
    await following?.stop();
  }

  #hear(word: ScannerWord, acknowledge: () => void): void {
    if (word.type === "signal") {
      this.#deps.intake.hear(word, acknowledge);
      return;
    }
    this.#deps.bars.hear(word);
    acknowledge();
    this.#look();
  }

  /** Tells the core which parts are live, and which no more. */
  #look(): void {
    const { inbox, bars, isConnected } = this.#deps;
    const nowMs = this.#lost.look();
    this.#lostMs = isConnected() ? 0 : this.#lostMs + nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    const isHeard = this.#lostMs <= LOST_MS_MAX && !this.#isDisplaced;
    this.#isLive.forEach((wasLive, part) => {
      const isLive = isHeard && bars.isLive(part);
      if (isLive === wasLive) return;
      this.#isLive[part] = isLive;
      inbox.put({ type: "feed-health", shardId: part, isLive });
    });
  }
}
