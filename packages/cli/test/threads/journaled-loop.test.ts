import { DatabaseSync } from "node:sqlite";
import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import { Engine, type EngineInput, type TradingCommand } from "@smcq/engine";
import type { OrderRequest } from "@smcq/exchange";
import { ManualClock, parseE8, priceTicks, Rng, symbolId, SystemClock } from "@smcq/kernel";
import { ledgerFile, openLedger, verifyJournal } from "@smcq/ledger";
import { expect, it } from "vitest";
import { candidate, FEES, MINUTE_MS, optionsOf, rulesOf, T0 } from "../../../engine/test/support/fixtures.ts";
import { replayRun } from "../../src/offline/ledger/replay-run.ts";
import { runRecord, temporaryDataDir } from "../support/recorded-ledger.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const SYMBOLS = [0, 1, 2].map(symbolId);
const MINUTES = 120;

/** A venue that fills at once whatever takes, and sometimes what rests. */
class WillingVenue {
  readonly #put: (input: EngineInput) => void;
  readonly #rng = new Rng(SEED);
  readonly #resting = new Map<string, OrderRequest>();
  #ids = 0;
  nowMs = T0;

  constructor(put: (input: EngineInput) => void) {
    this.#put = put;
  }

  carryOut(command: TradingCommand): void {
    if (command.type === "submit") {
      const order = command.order.value;
      const { clientOrderId } = order;
      this.#put({ type: "order-outcome", clientOrderId, outcome: { type: "acked", orderId: "1" } });
      if (order.type === "market") this.#fill(order);
      else this.#resting.set(clientOrderId, order);
    } else if (command.type === "cancel") this.#end(command.clientOrderId);
  }

  /** One of what rests is reached. */
  trade(): void {
    const [order] = this.#resting.values();
    if (order === undefined || this.#rng.chance(0.5)) return;
    this.#resting.delete(order.clientOrderId);
    this.#fill(order);
  }

  #fill(order: OrderRequest): void {
    const { clientOrderId, symbolId: id, side, qtySteps } = order;
    const word = { clientOrderId, symbolId: id, timeMs: this.nowMs };
    const price = { priceTicks: priceTicks(9_900 + this.#rng.int(200)), feeE8: 5_000n, isMaker: false };
    const fill = { ...word, ...price, tradeId: String(++this.#ids), side, qtySteps };
    this.#put({ type: "order-update", update: { ...word, status: "filled", cumQtySteps: qtySteps, fill } });
  }

  #end(clientOrderId: string): void {
    const order = this.#resting.get(clientOrderId);
    if (order === undefined || !this.#resting.delete(clientOrderId)) return;
    const { symbolId: id, qtySteps: _steps } = order;
    const word = { clientOrderId, symbolId: id, timeMs: this.nowMs, fill: null };
    const none = 0 as OrderRequest["qtySteps"];
    this.#put({ type: "order-update", update: { ...word, status: "canceled", cumQtySteps: none } });
  }
}

it(`a loop with the ledger's journal sends no entry that is not in the file, and replays (seed ${SEED})`, async () => {
  const dataDir = temporaryDataDir();
  const file = ledgerFile(dataDir);
  const wall = new SystemClock();
  const ledger = await openLedger({ file, queueMax: 1_000, clock: wall, onEvent() {} });
  await ledger.beginRun(runRecord("r1"));
  const inbox = new Inbox();
  const put = (input: EngineInput): void => void inbox.put(input);
  const options = optionsOf({ symbolLockMs: 0, streakMs: 0 });
  const journal = ledger.openJournal({
    engine: options,
    onHealth: (isSound) => put({ type: "ledger-health", isSound }),
  });
  const venue = new WillingVenue(put);
  const clock = new ManualClock(T0);
  const counts = { entries: 0, early: 0, others: 0 };
  const reader = new DatabaseSync(file, { readOnly: true });
  const stored = reader.prepare("SELECT count(*) AS n FROM orders WHERE client_order_id = ?");
  const router = new CommandRouter(
    {
      onSignals() {},
      onDecision() {},
      onInvalidScores() {},
      onTrading: (command) => {
        if (command.type === "submit" && command.order.value.role === "entry") {
          counts.entries++;
          if (stored.get(command.order.value.clientOrderId)?.["n"] !== 1) counts.early++;
        } else if (command.type === "submit") counts.others++;
        venue.carryOut(command);
      },
    },
    { inbox, wallClock: clock },
  );
  const loop = new EngineLoop({
    engine: new Engine(options),
    inbox,
    journal,
    router,
    venueClock: clock,
    // Entries wait by this clock: only the file's word lets them go.
    wallClock: clock,
    deferral: { soon() {}, later() {} },
  });
  const drain = (): void => {
    while (inbox.size > 0) loop.drain();
  };
  for (const id of SYMBOLS)
    put({ type: "instrument", symbolId: id, symbol: `S${id}`, rules: rulesOf(), fees: FEES });
  put({ type: "quotes", quotes: SYMBOLS.map((id) => ({ symbolId: id, bid: 100, ask: 100 })) });
  for (let minute = 0; minute < MINUTES; minute++) {
    clock.advance(MINUTE_MS);
    venue.nowMs = clock.nowMs();
    const marks = SYMBOLS.map((id) => ({ symbolId: id, priceE8: parseE8("100") }));
    put({ type: "minute", closeMs: clock.nowMs(), marks });
    const openTimeMs = clock.nowMs() - MINUTE_MS;
    put({ type: "candidates", shardId: 0, candidates: SYMBOLS.map((id) => candidate(id, { openTimeMs })) });
    put({ type: "time" });
    venue.trade();
    drain();
    while (journal.stats.waiting > 0) await new Promise<void>((resolve) => void wall.after(1, resolve));
    drain();
  }
  loop.stop();
  reader.close();
  await ledger.endRun("r1", 2, {});
  await ledger.close();
  expect(counts.early).toBe(0);
  expect(counts.entries).toBeGreaterThan(20);
  expect(counts.others).toBeGreaterThan(counts.entries);
  expect(loop.entryCounts).toMatchObject({ held: 0, released: counts.entries });
  expect(verifyJournal(file)).toMatchObject({ rows: loop.seq + 1, broken: null });
  expect(replayRun(file, "r1")).toEqual({ runId: "r1", events: loop.seq, difference: null, hole: null });
});
