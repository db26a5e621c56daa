import type { Command, Durability, EngineInput, Journal, TradingCommand } from "@smcq/engine";
import { ManualClock, priceTicks, qtySteps, Rng, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { candidate, FEES, MINUTE_MS, optionsOf, rulesOf, T0 } from "../../engine/test/support/fixtures.ts";
import { ENTRY_HOLD_MS_MAX, type EngineLoop, Inbox } from "../src/index.ts";
import { buildLoop } from "./loop-support.ts";
import { seed } from "./support.ts";

const SYMBOLS = 3;

/** A journal whose rows become durable when the test says so. */
class SlowJournal implements Journal, Durability {
  readonly durability: Durability = this;
  readonly rows: (readonly Command[])[] = [];
  durableSeq = 0;
  #listener = (): void => {};

  append(_seq: number, _event: unknown, commands: readonly Command[]): void {
    this.rows.push(commands);
  }

  onDurable(listener: () => void): void {
    this.#listener = listener;
  }

  sync(seq = this.rows.length): void {
    this.durableSeq = seq;
    this.#listener();
  }
}

/** A loop that trades, whose orders end in a list. */
class Trading {
  readonly clock = new ManualClock(T0);
  readonly journal = new SlowJournal();
  readonly inbox = new Inbox();
  readonly sent: string[] = [];
  readonly ids: string[] = [];
  readonly loop: EngineLoop;

  constructor() {
    const { loop } = buildLoop({
      engine: optionsOf(),
      clock: this.clock,
      defer() {},
      inbox: this.inbox,
      journal: this.journal,
      handlers: { onTrading: (command) => this.#carryOut(command) },
    });
    this.loop = loop;
    for (let id = 0; id < SYMBOLS; id++)
      this.put({
        type: "instrument",
        symbolId: symbolId(id),
        symbol: `S${id}`,
        rules: rulesOf(),
        fees: FEES,
      });
  }

  #carryOut(command: TradingCommand): void {
    if (command.type === "submit") {
      const { role, clientOrderId, symbol } = command.order.value;
      this.ids.push(clientOrderId);
      this.sent.push(`${role} ${symbol}`);
    } else if (command.type === "set-leverage") {
      const { symbolId: id, leverage } = command;
      const outcome = { type: "acked", orderId: "" } as const;
      this.inbox.put({ type: "leverage-outcome", symbolId: id, leverage, outcome });
    } else if (command.type === "cancel") this.sent.push(`cancel S${command.symbolId}`);
  }

  put(input: EngineInput): void {
    this.inbox.put(input);
    this.loop.drain();
  }

  /** Setups of the bar that has just closed, decided at once. */
  enter(...ids: readonly number[]): void {
    const openTimeMs = this.clock.nowMs() - MINUTE_MS;
    const candidates = ids.map((id) => candidate(id, { openTimeMs }));
    const quotes = ids.map((id) => ({ symbolId: symbolId(id), bid: 100, ask: 100 }));
    this.put({ type: "quotes", quotes });
    this.put({ type: "candidates", shardId: 0, candidates });
    this.put({ type: "time" });
  }

  /** A part of an entry of symbol 0 fills. */
  fill(id: string): void {
    const word = { clientOrderId: id, symbolId: symbolId(0), timeMs: this.clock.nowMs() };
    const price = { priceTicks: priceTicks(10_000), feeE8: 0n, isMaker: false };
    const steps = qtySteps(10);
    const fill = { ...word, ...price, tradeId: id, side: 1, qtySteps: steps } as const;
    const update = { ...word, status: "partially-filled", cumQtySteps: steps, fill } as const;
    this.put({ type: "order-update", update });
  }

  take(): readonly string[] {
    return this.sent.splice(0);
  }
}

describe("an entry", () => {
  it("leaves when its row is durable, with its leverage before it, in the order of approval", () => {
    const run = new Trading();
    run.enter(1, 0);
    expect([run.take(), run.loop.entryCounts]).toEqual([[], { held: 2, released: 0, dropped: 0 }]);
    run.journal.sync(run.journal.rows.length - 2);
    expect(run.take()).toEqual([]);
    run.journal.sync(run.journal.rows.length - 1);
    expect(run.take()).toEqual(["entry S0"]);
    run.journal.sync();
    expect(run.take()).toEqual(["entry S1"]);
    run.clock.advance(ENTRY_HOLD_MS_MAX);
    expect(run.loop.entryCounts).toEqual({ held: 0, released: 2, dropped: 0 });
  });

  it("holds no stop and no exit back, of however many events", () => {
    const run = new Trading();
    run.enter(0);
    run.journal.sync();
    run.take();
    run.enter(1);
    run.fill(run.ids[0] ?? "");
    expect(run.take()).toEqual(["stop S0"]);
    run.put({ type: "operator", word: "flatten" });
    expect(run.take()).toEqual(["exit S0"]);
    expect(run.loop.entryCounts).toMatchObject({ held: 1 });
  });

  it("is not sent when its row comes too late, and the symbol is free again", () => {
    const run = new Trading();
    run.enter(0);
    run.clock.advance(ENTRY_HOLD_MS_MAX - 1);
    expect(run.loop.entryCounts).toMatchObject({ held: 1 });
    run.clock.advance(1);
    run.loop.drain();
    run.journal.sync();
    expect([run.take(), run.loop.entryCounts]).toEqual([[], { held: 0, released: 0, dropped: 1 }]);
    run.clock.advance(MINUTE_MS);
    run.enter(0);
    run.journal.sync();
    expect(run.take()).toEqual(["entry S0"]);
  });

  it.each<[string, EngineInput]>([
    ["REDUCING", { type: "ledger-health", isSound: false }],
    ["HALTED", { type: "operator", word: "halt" }],
  ])("is not sent once the state is %s", (_, input) => {
    const run = new Trading();
    run.enter(0, 1);
    run.put(input);
    run.journal.sync();
    expect([run.take(), run.loop.entryCounts?.dropped]).toEqual([[], 2]);
  });

  it("is not sent when the run ends before its row is durable", () => {
    const run = new Trading();
    run.enter(0);
    run.loop.stop();
    run.journal.sync();
    expect([run.take(), run.loop.entryCounts?.dropped, run.inbox.size]).toEqual([[], 1, 0]);
  });

  it("that rests is not sent when it is taken back first, and neither is the cancel", () => {
    const entry = { kind: "limit", offsetAtr: 0.1, expiryBars: 1, feeRatio: 0.0002 } as const;
    const engine = optionsOf({}, { entry });
    const journal = new SlowJournal();
    const inbox = new Inbox();
    const sent: string[] = [];
    const { loop } = buildLoop({
      engine,
      clock: new ManualClock(T0),
      defer() {},
      inbox,
      journal,
      handlers: {
        onTrading: (command) => {
          sent.push(command.type);
          if (command.type !== "set-leverage") return;
          const { symbolId: of, leverage } = command;
          const outcome = { type: "acked", orderId: "" } as const;
          inbox.put({ type: "leverage-outcome", symbolId: of, leverage, outcome });
        },
      },
    });
    const put = (...inputs: readonly EngineInput[]): void => {
      for (const input of inputs) inbox.put(input);
      loop.drain();
    };
    const id = symbolId(0);
    put(
      { type: "instrument", symbolId: id, symbol: "S0", rules: rulesOf(), fees: FEES },
      { type: "quotes", quotes: [{ symbolId: id, bid: 100, ask: 100 }] },
      { type: "candidates", shardId: 0, candidates: [candidate(0, { openTimeMs: T0 - MINUTE_MS })] },
      { type: "time" },
    );
    expect(loop.entryCounts).toMatchObject({ held: 1 });
    put({ type: "operator", word: "flatten" });
    journal.sync();
    expect(sent.filter((type) => type === "submit" || type === "cancel")).toEqual([]);
    expect(loop.entryCounts).toEqual({ held: 0, released: 0, dropped: 1 });
  });

  it(`never leaves before its row, and never after it was given up (seed ${seed})`, () => {
    const rng = new Rng(seed);
    const run = new Trading();
    const early: string[] = [];
    for (let step = 0; step < 3_000; step++) {
      const luck = rng.next();
      if (luck < 0.1) run.clock.advance(MINUTE_MS);
      else if (luck < 0.4) run.enter(rng.int(SYMBOLS));
      else if (luck < 0.6)
        run.journal.sync(Math.max(run.journal.durableSeq, run.journal.rows.length - rng.int(3)));
      else if (luck < 0.8) run.clock.advance(rng.int(2 * ENTRY_HOLD_MS_MAX));
      else run.put({ type: "ledger-health", isSound: rng.chance(0.7) });
      run.loop.drain();
      for (const id of run.ids.splice(0)) {
        const seq =
          1 +
          run.journal.rows.findIndex((commands) =>
            commands.some((one) => one.type === "submit" && one.order.value.clientOrderId === id),
          );
        if (seq > run.journal.durableSeq) early.push(id);
        run.put({
          type: "order-outcome",
          clientOrderId: id,
          outcome: { type: "refused", code: "POST_ONLY_REJECT", text: "" },
        });
      }
    }
    const counts = run.loop.entryCounts;
    expect(early).toEqual([]);
    expect(counts?.released).toBeGreaterThan(50);
    expect(counts?.dropped).toBeGreaterThan(50);
  });
});
