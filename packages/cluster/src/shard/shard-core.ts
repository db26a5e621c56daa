import { type FeedMeter, type KlineSink, type MarketFeed } from "@smcq/exchange";
import {
  afterTurn,
  assertNever,
  type BarRequest,
  type CancelTimer,
  type Clock,
  type FeedState,
  type Logger,
  OffsetClock,
  present,
  repeat,
} from "@smcq/kernel";
import {
  ControlBlock,
  Pauses,
  type ScanTask,
  type ShardCommand,
  type ShardEvent,
  type ShardMemory,
  type SlotAssignment,
} from "@smcq/wire";
import type { ScanCore } from "../scan/scan-core.ts";
import { RingSink } from "./ring-sink.ts";

/** How often a shard says that its event loop turns, wall ms. */
const HEARTBEAT_MS = 500;

/** What a feed gets from its shard. */
export interface FeedDeps {
  readonly shardId: number;
  /** Slots of the shard: 0..slots-1. */
  readonly slots: number;
  readonly sink: KlineSink;
  readonly meter: FeedMeter;
  readonly requestBars: (request: BarRequest) => void;
  /** Hears of each change of what is known of the feed's connections. */
  readonly onState: (state: FeedState) => void;
  /** Boundaries, watchdogs, back-off. */
  readonly venueClock: Clock;
  /** The wall: connect and HTTP timeouts, pings. */
  readonly wallClock: Clock;
  readonly logger: Logger;
}

export type CreateFeed = (deps: FeedDeps) => MarketFeed;

export interface ShardDeps {
  readonly memory: ShardMemory;
  /** Without the venue's offset, which the shard takes from its control block. */
  readonly machineClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
  readonly createFeed: CreateFeed;
  /** Given: the shard scans by itself (`--compute shard`); null: the coordinator sends scans to the pool. */
  readonly scan: ScanCore | null;
  readonly emit: (event: ShardEvent) => void;
}

/** One shard without its thread: a feed, the rings it fills, and, with `--compute shard`, the scan. */
export class ShardCore {
  readonly #deps: ShardDeps;
  readonly #control: ControlBlock;
  readonly #turns: Pauses;
  readonly #sink: RingSink;
  readonly #feed: MarketFeed;
  #isWorkAnnounced = false;
  #lastBeatNs = 0;
  #cancelBeat: CancelTimer = () => {};

  constructor(deps: ShardDeps) {
    this.#deps = deps;
    this.#control = new ControlBlock(deps.memory.control);
    this.#turns = new Pauses(deps.memory.turns);
    const venueClock = new OffsetClock(deps.machineClock, () => this.#control.clockOffsetMs);
    this.#sink = new RingSink(deps.memory.rings, venueClock, {
      onWork: () => this.#announceWork(),
      onCorrected: (slot, openTimeMs) => deps.emit({ type: "corrected", slot, openTimeMs }),
      onReset: (slot) => deps.emit({ type: "reset", slot }),
    });
    this.#feed = deps.createFeed({
      shardId: deps.memory.shardId,
      slots: this.#sink.slots,
      sink: this.#sink,
      meter: this.#control,
      requestBars: (request) => deps.emit({ type: "want-bars", wanted: request }),
      onState: (state) => deps.emit({ type: "feed-state", state }),
      venueClock,
      wallClock: deps.wallClock,
      logger: deps.logger,
    });
  }

  /** Takes the slots over, opens the feed and begins to beat. */
  async start(assignments: readonly SlotAssignment[]): Promise<void> {
    this.#lastBeatNs = this.#deps.wallClock.monoNs();
    this.#beat();
    this.#cancelBeat = repeat(this.#deps.wallClock, HEARTBEAT_MS, () => this.#beat());
    this.#sink.clearUnassigned(new Set(assignments.map(({ slot }) => slot)));
    for (const assignment of assignments) this.#add(assignment);
    await this.#feed.start();
  }

  /** Does what the coordinator says; `drain` resolves when the feed is closed. */
  async handle(command: ShardCommand): Promise<void> {
    switch (command.type) {
      case "add":
        this.#add(command.assignment);
        return;
      case "remove":
        this.#feed.remove(command.slot);
        this.#sink.vacate(command.slot);
        return;
      case "bars":
        this.#feed.supplyBars({ request: command.wanted, bars: command.bars });
        return;
      case "scan":
        this.#scan(command.task);
        return;
      case "drain":
        await this.stop();
        this.#deps.emit({ type: "drained" });
        return;
      default:
        assertNever(command);
    }
  }

  async stop(): Promise<void> {
    this.#cancelBeat();
    await this.#feed.stop();
  }

  #add(assignment: SlotAssignment): void {
    const { slot, symbol, isTakenOver, liveFromMs } = assignment;
    const owner = assignment.symbolId + 1;
    if (!isTakenOver) this.#sink.assign(slot, owner, liveFromMs);
    this.#feed.add(slot, symbol, isTakenOver ? this.#sink.takeOver(slot, owner) : -1);
  }

  /** One announcement for all the bars that the present turn of the event loop brings. */
  #announceWork(): void {
    if (this.#isWorkAnnounced) return;
    this.#isWorkAnnounced = true;
    afterTurn(() => {
      this.#isWorkAnnounced = false;
      const { scan, emit, memory } = this.#deps;
      if (scan === null) emit({ type: "closed" });
      else emit({ type: "scanned", reply: scan.scan({ shardId: memory.shardId, seeds: [] }), isTask: false });
    });
  }

  #scan(task: ScanTask): void {
    const scan = present(this.#deps.scan, "Invariant: only a shard with a scan of its own is told to scan");
    this.#deps.emit({ type: "scanned", reply: scan.scan(task), isTask: true });
  }

  #beat(): void {
    const nowNs = this.#deps.wallClock.monoNs();
    const stallMs = Math.max(0, (nowNs - this.#lastBeatNs) / 1e6 - HEARTBEAT_MS);
    this.#control.beat(nowNs, stallMs);
    this.#turns.add(stallMs);
    this.#lastBeatNs = nowNs;
  }
}
