import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import {
  Engine,
  type EngineInput,
  type EngineOptions,
  type TradingCommand,
  type TradingCore,
} from "@smcq/engine";
import { type ManualClock, present } from "@smcq/kernel";
import { fromCanonical, type JournalRow, OWN_KINDS } from "../../../ledger/test/support/inside.ts";
import { Disk, type DiskFaults } from "./disk.ts";
import type { Strikes } from "./strikes.ts";

export interface CoreProcessParts {
  readonly clock: ManualClock;
  readonly strikes: Strikes;
  readonly engine: EngineOptions;
  readonly disk: DiskFaults;
  readonly carryOut: (command: TradingCommand) => void;
}

/** What a kill takes with it: inbox, loop and core; what the disk has of the journal outlives it. */
export class CoreProcess {
  readonly inbox = new Inbox();
  readonly loop: EngineLoop;
  readonly core: TradingCore;
  readonly disk: Disk;
  readonly #before: readonly JournalRow[];

  /** `before`: rows of the processes that were there before; the core becomes what it was at the last one. */
  constructor(
    { clock, strikes, engine: options, disk, carryOut }: CoreProcessParts,
    before: readonly JournalRow[],
  ) {
    this.#before = before;
    const engine = new Engine(options);
    const { inbox } = this;
    for (const { event, nowMs, nowNs } of before)
      engine.process({ ...(fromCanonical(event) as EngineInput), nowMs, nowNs });
    this.core = present(engine.trading, "Invariant: this engine trades");
    this.disk = new Disk(
      { strikes, clock, faults: disk, onHealth: (isSound) => inbox.put({ type: "ledger-health", isSound }) },
      options,
    );
    this.loop = new EngineLoop({
      engine,
      inbox,
      journal: this.disk.journal,
      router: new CommandRouter(
        { onSignals() {}, onDecision() {}, onInvalidScores() {}, onTrading: carryOut },
        { inbox, wallClock: clock },
      ),
      venueClock: clock,
      wallClock: clock,
      deferral: { soon() {}, later() {} },
    });
  }

  drain(): void {
    while (this.inbox.size > 0) this.loop.drain();
  }

  /** Ends at once; returns what the disk has of it and of those before. */
  kill(): readonly JournalRow[] {
    this.disk.kill();
    return [...this.#before, ...this.disk.rows.filter(({ kind }) => kind !== OWN_KINDS.begun)];
  }
}
