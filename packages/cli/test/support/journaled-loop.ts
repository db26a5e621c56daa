import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import { Engine, type EngineInput, type TradingCommand } from "@smcq/engine";
import type { OrderRequest } from "@smcq/exchange";
import { ManualClock, parseE8, priceTicks, Rng, symbolId, SystemClock } from "@smcq/kernel";
import {
  type LedgerClient,
  ledgerFile,
  type LedgerJournal,
  type LedgerOptions,
  openLedger,
} from "@smcq/ledger";
import { candidate, FEES, MINUTE_MS, optionsOf, rulesOf, T0 } from "../../../engine/test/support/fixtures.ts";
import type { JournalCopy } from "../../src/run/duty/journal-copy.ts";
import { runRecord, temporaryDataDir } from "./recorded-ledger.ts";
import { WillingVenue } from "./willing-venue.ts";

const SYMBOLS = [0, 1, 2].map(symbolId);

export interface JournaledLoopOptions {
  readonly seed: number;
  readonly ledger?: Partial<LedgerOptions>;
  /** Hears of each order just before it leaves. */
  readonly onSubmit?: (order: OrderRequest) => void;
  /** Who copies the journal to other hosts; absent: nobody. */
  readonly copyOf?: (file: string) => JournalCopy;
}

/** A core that trades behind its loop, whose journal is kept by a real ledger's thread. */
export class JournaledLoop {
  readonly file: string;
  readonly loop: EngineLoop;
  readonly journal: LedgerJournal;
  readonly venue: WillingVenue;
  /** Roles of the orders that left, with their symbols. */
  readonly sent: string[] = [];
  readonly states: string[] = [];
  readonly #ledger: LedgerClient;
  readonly #inbox = new Inbox();
  readonly #clock = new ManualClock(T0);
  readonly #onSubmit: (order: OrderRequest) => void;

  static async open(options: JournaledLoopOptions): Promise<JournaledLoop> {
    const file = ledgerFile(temporaryDataDir());
    const ledger = await openLedger({
      file,
      queueMax: 1_000,
      clock: new SystemClock(),
      onEvent() {},
      retryMsMin: 1,
      ...options.ledger,
    });
    const copy = options.copyOf?.(file) ?? null;
    await copy?.begin(runRecord("r1"), false);
    await ledger.beginRun(runRecord("r1"));
    return new JournaledLoop({ file, ledger, copy }, options);
  }

  private constructor(
    {
      file,
      ledger,
      copy,
    }: { readonly file: string; readonly ledger: LedgerClient; readonly copy: JournalCopy | null },
    options: JournaledLoopOptions,
  ) {
    this.file = file;
    this.#ledger = ledger;
    this.#onSubmit = options.onSubmit ?? (() => {});
    const engine = optionsOf({ symbolLockMs: 0, streakMs: 0 });
    const inbox = this.#inbox;
    this.journal = ledger.openJournal({
      engine,
      onStored: (rows) => copy?.stored(rows),
      onHealth: (isSound) => inbox.put({ type: "ledger-health", isSound }),
    });
    const rng = new Rng(options.seed);
    this.venue = new WillingVenue((input) => inbox.put(input), {
      priceOf: () => priceTicks(9_900 + rng.int(200)),
      isReached: () => !rng.chance(0.5),
    });
    const onTrading = (command: TradingCommand): void => this.#carryOut(command);
    this.loop = new EngineLoop({
      engine: new Engine(engine),
      inbox,
      journal: copy?.guard(this.journal) ?? this.journal,
      router: new CommandRouter(
        { onSignals() {}, onDecision() {}, onInvalidScores() {}, onTrading },
        { inbox, wallClock: this.#clock },
      ),
      venueClock: this.#clock,
      // Entries wait by this clock: only the file's word lets them go.
      wallClock: this.#clock,
      deferral: { soon() {}, later() {} },
    });
    for (const id of SYMBOLS)
      inbox.put({ type: "instrument", symbolId: id, symbol: `S${id}`, rules: rulesOf(), fees: FEES });
  }

  put(input: EngineInput): void {
    this.#inbox.put(input);
    this.drain();
  }

  drain(): void {
    while (this.#inbox.size > 0) this.loop.drain();
  }

  /** The next minute, with setups of these symbols. */
  minute(...ids: readonly number[]): void {
    this.#clock.advance(MINUTE_MS);
    this.venue.nowMs = this.#clock.nowMs();
    const marks = SYMBOLS.map((id) => ({ symbolId: id, priceE8: parseE8("100") }));
    this.put({ type: "minute", closeMs: this.#clock.nowMs(), marks });
    const openTimeMs = this.#clock.nowMs() - MINUTE_MS;
    const candidates = ids.map((id) => candidate(id, { openTimeMs }));
    this.put({ type: "quotes", quotes: SYMBOLS.map((id) => ({ symbolId: id, bid: 100, ask: 100 })) });
    this.put({ type: "candidates", shardId: 0, candidates });
    this.put({ type: "time" });
  }

  /** Waits for the disk and lets its words have their turn, until it is so. */
  async until(isTrue: () => boolean): Promise<void> {
    const wall = new SystemClock();
    const endMs = wall.nowMs() + 60_000;
    for (this.drain(); !isTrue(); this.drain()) {
      if (wall.nowMs() > endMs) throw new Error("the condition did not come true in time");
      await new Promise<void>((resolve) => void wall.after(1, resolve));
    }
  }

  async end(): Promise<void> {
    this.loop.stop();
    await this.#ledger.endRun("r1", 2, {});
    await this.#ledger.close();
  }

  #carryOut(command: TradingCommand): void {
    if (command.type === "submit") {
      this.#onSubmit(command.order.value);
      this.sent.push(`${command.order.value.role} ${command.order.value.symbol}`);
    } else if (command.type === "state") this.states.push([command.state, ...command.reasons].join(" "));
    this.venue.carryOut(command);
  }
}
