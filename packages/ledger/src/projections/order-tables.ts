import type { EngineInput, TradingCommand } from "@smcq/engine";
import { wordsOf } from "@smcq/engine";
import { applyFill, type Position } from "@smcq/portfolio";
import type { Database, Statement } from "better-sqlite3";
import { canonicalText, fromCanonical } from "../journal/canonical.ts";
import { money } from "./money.ts";

type Instrument = Extract<EngineInput, { type: "instrument" }>;
type Update = Extract<EngineInput, { type: "order-update" }>["update"];
type Fill = NonNullable<Update["fill"]>;
type Outcome = Extract<EngineInput, { type: "order-outcome" }>;
type Order = Extract<TradingCommand, { type: "submit" }>["order"]["value"];

/** Where a row of the journal stands. */
export interface Place {
  readonly runKey: number;
  readonly seq: number;
  readonly nowMs: number;
}

const INSERT_ORDER = `
INSERT INTO orders (run_key, client_order_id, symbol_id, symbol, role, side, type, time_in_force, qty_steps, price_ticks,
  is_reduce_only, sent_seq, sent_ms, updated_ms)
VALUES (@runKey, @clientOrderId, @symbolId, @symbol, @role, @side, @type, @timeInForce, @qtySteps, @priceTicks,
  @isReduceOnly, @seq, @nowMs, @nowMs)`;

const INSERT_ALGO = `
INSERT INTO algo_orders (run_key, client_order_id, symbol_id, symbol, role, side, qty_steps, trigger_ticks, working_type,
  is_reduce_only, sent_seq, sent_ms, updated_ms)
VALUES (@runKey, @clientOrderId, @symbolId, @symbol, @role, @side, @qtySteps, @triggerTicks, @workingType,
  @isReduceOnly, @seq, @nowMs, @nowMs)`;

const INSERT_FILL = `
INSERT INTO fills (run_key, symbol_id, trade_id, client_order_id, side, price_ticks, qty_steps, fee_e8, realised_e8,
  is_maker, time_ms, seq, fee_asset, fee_asset_e8)
VALUES (@runKey, @symbolId, @tradeId, @clientOrderId, @side, @priceTicks, @qtySteps, @feeE8, @realisedE8, @isMaker,
  @timeMs, @seq, @feeAsset, @feeAssetE8)`;

const UPSERT_POSITION = `
INSERT INTO positions (run_key, symbol_id, qty_steps, entry_notional_e8, opened_ms, realised_e8, fees_e8, funding_e8)
VALUES (@runKey, @symbolId, @qtySteps, @entryNotionalE8, @openedMs, @realisedE8, @feesE8, 0)
ON CONFLICT DO UPDATE SET qty_steps = excluded.qty_steps, entry_notional_e8 = excluded.entry_notional_e8,
  opened_ms = excluded.opened_ms, realised_e8 = realised_e8 + excluded.realised_e8, fees_e8 = fees_e8 + excluded.fees_e8`;

// What has ended stays so, and quantities never go back, whatever an old answer says.
const UPDATE_STATUS = `
SET status = CASE WHEN status IN ('filled', 'canceled', 'expired', 'rejected', 'finished') THEN status ELSE @status END,
  filled_steps = max(filled_steps, @cumQtySteps), updated_ms = @nowMs`;

interface PositionRow {
  readonly qtySteps: bigint;
  readonly entryNotionalE8: bigint;
  readonly openedMs: number;
}

/** One statement for each of the two tables of orders: which of them knows the id is not asked. */
class OnOrders {
  readonly #statements: readonly Statement<[object]>[];

  constructor(db: Database, set: string) {
    this.#statements = ["orders", "algo_orders"].map((table) =>
      db.prepare(`UPDATE ${table} ${set} WHERE run_key = @runKey AND client_order_id = @clientOrderId`),
    );
  }

  run(values: object): void {
    for (const statement of this.#statements) statement.run(values);
  }
}

/** `instruments`, `orders`, `algo_orders`, `fills` and `positions`. */
export class OrderTables {
  readonly #insertInstrument: Statement<[object]>;
  readonly #rules: Statement<[number, number], string>;
  readonly #insertOrder: Statement<[object]>;
  readonly #insertAlgo: Statement<[object]>;
  readonly #hasFill: Statement<[number, number, string]>;
  readonly #insertFill: Statement<[object]>;
  readonly #position: Statement<[number, number], PositionRow>;
  readonly #upsertPosition: Statement<[object]>;
  readonly #onCancel: OnOrders;
  readonly #onOutcome: OnOrders;
  readonly #onStatus: OnOrders;
  readonly #onFilled: OnOrders;

  constructor(db: Database) {
    this.#insertInstrument = db.prepare(
      `INSERT INTO instruments (run_key, symbol_id, symbol, tick_e8, step_e8, rules)
       VALUES (@runKey, @symbolId, @symbol, @tickE8, @stepE8, @rules)
       ON CONFLICT DO UPDATE SET tick_e8 = excluded.tick_e8, step_e8 = excluded.step_e8, rules = excluded.rules`,
    );
    this.#rules = db
      .prepare<[number, number], string>("SELECT rules FROM instruments WHERE run_key = ? AND symbol_id = ?")
      .pluck();
    this.#insertOrder = db.prepare(INSERT_ORDER);
    this.#insertAlgo = db.prepare(INSERT_ALGO);
    this.#hasFill = db.prepare("SELECT 1 FROM fills WHERE run_key = ? AND symbol_id = ? AND trade_id = ?");
    this.#insertFill = db.prepare(INSERT_FILL);
    this.#position = db
      .prepare<[number, number], PositionRow>(
        `SELECT qty_steps AS qtySteps, entry_notional_e8 AS entryNotionalE8, opened_ms AS openedMs FROM positions
         WHERE run_key = ? AND symbol_id = ?`,
      )
      .safeIntegers();
    this.#upsertPosition = db.prepare(UPSERT_POSITION);
    this.#onCancel = new OnOrders(db, "SET cancel_ms = coalesce(cancel_ms, @nowMs)");
    this.#onOutcome = new OnOrders(
      db,
      `SET outcome = @type, refusal = coalesce(@refusal, refusal),
       venue_order_id = coalesce(@orderId, venue_order_id), updated_ms = @nowMs`,
    );
    this.#onStatus = new OnOrders(db, UPDATE_STATUS);
    this.#onFilled = new OnOrders(
      db,
      `SET filled_steps = max(filled_steps, (SELECT coalesce(sum(f.qty_steps), 0) FROM fills f
       WHERE f.run_key = @runKey AND f.client_order_id = @clientOrderId))`,
    );
  }

  instrument({ runKey }: Place, { symbolId, symbol, rules }: Instrument): void {
    const { tickE8, stepE8 } = rules;
    const values = { runKey, symbolId, symbol, tickE8: money(tickE8), stepE8: money(stepE8) };
    this.#insertInstrument.run({ ...values, rules: canonicalText(rules) });
  }

  sent(place: Place, order: Order): void {
    const { isReduceOnly, ...said } = order;
    const values = { ...place, ...said, isReduceOnly: Number(isReduceOnly) };
    if (order.type === "stop-market") this.#insertAlgo.run(values);
    else this.#insertOrder.run({ timeInForce: null, priceTicks: null, ...values });
  }

  cancelled({ runKey, nowMs }: Place, clientOrderId: string): void {
    this.#onCancel.run({ runKey, nowMs, clientOrderId });
  }

  outcome({ runKey, nowMs }: Place, { clientOrderId, outcome }: Outcome): void {
    const refusal = outcome.type === "refused" ? outcome.code : null;
    const orderId = outcome.type === "acked" ? outcome.orderId : null;
    this.#onOutcome.run({ runKey, nowMs, clientOrderId, type: outcome.type, refusal, orderId });
  }

  /** What the venue has told of an order, by itself or asked. */
  status({ runKey, nowMs }: Place, { clientOrderId, status, cumQtySteps }: Update): void {
    this.#onStatus.run({ runKey, nowMs, clientOrderId, status, cumQtySteps });
  }

  /** Takes the trades that an event tells, each once; returns those of symbols whose rules nobody has told. */
  fills(place: Place, event: EngineInput): readonly Fill[] {
    const strange: Fill[] = [];
    for (const { fill } of wordsOf(event)) if (fill !== null && !this.#fill(place, fill)) strange.push(fill);
    return strange;
  }

  #fill(place: Place, fill: Fill): boolean {
    const { runKey, seq } = place;
    const { symbolId, tradeId, clientOrderId, side, priceTicks, qtySteps, timeMs } = fill;
    const rules = this.#rules.get(runKey, symbolId);
    if (rules === undefined) return false;
    if (this.#hasFill.get(runKey, symbolId, tradeId) !== undefined) return true;
    const { position, realisedE8 } = applyFill(
      this.#positionOf(runKey, symbolId, fill),
      fill,
      fromCanonical(rules) as Instrument["rules"],
    );
    const money_ = { feeE8: money(fill.feeE8), realisedE8: money(realisedE8) };
    const isMaker = Number(fill.isMaker);
    const said = { runKey, symbolId, tradeId, clientOrderId, side, priceTicks, qtySteps, timeMs, seq };
    const feeAsset = fill.otherFee?.asset ?? null;
    const feeAssetE8 = fill.otherFee === undefined ? null : money(fill.otherFee.amountE8);
    this.#insertFill.run({ ...said, ...money_, isMaker, feeAsset, feeAssetE8 });
    this.#upsertPosition.run({
      runKey,
      symbolId,
      qtySteps: (position?.side ?? 1) * (position?.qtySteps ?? 0),
      entryNotionalE8: money(position?.entryNotionalE8 ?? 0n),
      openedMs: position?.openedMs ?? null,
      realisedE8: money_.realisedE8,
      feesE8: money_.feeE8,
    });
    this.#onFilled.run({ runKey, clientOrderId });
    return true;
  }

  /** The position as money needs it: its average price is not kept. */
  #positionOf(runKey: number, symbolId: number, fill: Fill): Position | null {
    const row = this.#position.get(runKey, symbolId);
    if (row === undefined || row.qtySteps === 0n) return null;
    const steps = Number(row.qtySteps);
    const rules = fromCanonical(this.#rules.get(runKey, symbolId) ?? "null") as Instrument["rules"];
    return {
      symbolId: fill.symbolId,
      side: steps > 0 ? 1 : -1,
      qtySteps: Math.abs(steps),
      qtyE8: BigInt(Math.abs(steps)) * rules.stepE8,
      entryNotionalE8: row.entryNotionalE8,
      avgPrice: Number.NaN,
      avgTicks: null,
      openedMs: row.openedMs,
    };
  }
}
