import type { DecisionRecord, EngineInput, TradeRecord, TradingCommand } from "@smcq/engine";
import { MINUTE_MS } from "@smcq/kernel";
import type { Database, Statement } from "better-sqlite3";
import { canonicalText } from "../journal/canonical.ts";
import { money } from "./money.ts";
import type { Place } from "./order-tables.ts";

type Income = Extract<EngineInput, { type: "income" }>["income"];
type Answer = Extract<EngineInput, { type: "answer" }>["answer"];
type Equity = Extract<TradingCommand, { type: "equity" }>;

/** Something that a person may want to know of. */
export interface Incident {
  readonly kind: string;
  readonly symbolId?: number | null;
  /** Plain data. */
  readonly detail: object;
}

const INSERT_TRADE = `
INSERT INTO trades (run_key, seq, nth, trade_id, symbol_id, symbol, side, setup, score, signal_ms, entry_ms, entry_price,
  qty_steps, stop_ticks, target_ticks, exit_ms, exit_price, reason, fees_e8, funding_e8, pnl_e8, r, risk_ratio, bound_by,
  entry_slippage, stop_slippage)
VALUES (@runKey, @seq, @nth, @tradeId, @symbolId, @symbol, @side, @setup, @score, @signalMs, @entryMs, @entryPrice,
  @qtySteps, @stopTicks, @targetTicks, @exitMs, @exitPrice, @reason, @feesE8, @fundingE8, @pnlE8, @r, @riskRatio, @boundBy,
  @entrySlippage, @stopSlippage)`;

const INSERT_DECISION = `
INSERT INTO decisions (run_key, seq, nth, time_ms, symbol_id, symbol, side, setup, score, outcome, bound_by, steps, receipt)
VALUES (@runKey, @seq, @nth, @timeMs, @symbolId, @symbol, @side, @setup, @score, @outcome, @boundBy, @steps, @receipt)`;

/** `trades`, `decisions`, `refusals`, `equity`, `income` and `incidents`. */
export class RecordTables {
  readonly #insertTrade: Statement<[object]>;
  readonly #correctTrade: Statement<[object]>;
  readonly #insertDecision: Statement<[object]>;
  readonly #countRefusal: Statement<[object]>;
  readonly #insertEquity: Statement<[object]>;
  readonly #insertIncome: Statement<[object]>;
  readonly #addFunding: Statement<[object]>;
  readonly #firstMs: Statement<[number], number>;
  readonly #insertIncident: Statement<[object]>;

  constructor(db: Database) {
    this.#insertTrade = db.prepare(INSERT_TRADE);
    this.#correctTrade = db.prepare(
      `UPDATE trades SET fees_e8 = @feesE8, funding_e8 = @fundingE8, pnl_e8 = @pnlE8, r = @r, exit_ms = @exitMs,
       exit_price = @exitPrice, reason = @reason, stop_slippage = @stopSlippage
       WHERE run_key = @runKey AND trade_id = @tradeId`,
    );
    this.#insertDecision = db.prepare(INSERT_DECISION);
    this.#countRefusal = db.prepare(
      `INSERT INTO refusals (run_key, minute_ms, code, count) VALUES (@runKey, @minuteMs, @code, 1)
       ON CONFLICT DO UPDATE SET count = count + 1`,
    );
    this.#insertEquity = db.prepare(
      `INSERT INTO equity (run_key, close_ms, wallet_e8, equity_e8) VALUES (@runKey, @closeMs, @walletE8, @equityE8)
       ON CONFLICT DO UPDATE SET wallet_e8 = excluded.wallet_e8, equity_e8 = excluded.equity_e8`,
    );
    this.#insertIncome = db.prepare(
      `INSERT INTO income (run_key, income_id, type, symbol_id, amount_e8, time_ms, seq)
       VALUES (@runKey, @incomeId, @type, @symbolId, @amountE8, @timeMs, @seq) ON CONFLICT DO NOTHING`,
    );
    this.#addFunding = db.prepare(
      `INSERT INTO positions (run_key, symbol_id, qty_steps, entry_notional_e8, opened_ms, realised_e8, fees_e8, funding_e8)
       VALUES (@runKey, @symbolId, 0, 0, NULL, 0, 0, @amountE8)
       ON CONFLICT DO UPDATE SET funding_e8 = funding_e8 + excluded.funding_e8`,
    );
    this.#firstMs = db
      .prepare<[number], number>(
        "SELECT now_ms FROM journal WHERE run_key = ? AND seq >= 1 ORDER BY seq LIMIT 1",
      )
      .pluck();
    this.#insertIncident = db.prepare(
      `INSERT INTO incidents (run_key, seq, nth, at_ms, kind, symbol_id, detail)
       VALUES (@runKey, @seq, (SELECT count(*) FROM incidents WHERE run_key = @runKey AND seq = @seq), @nowMs, @kind,
         @symbolId, @detail)`,
    );
  }

  /** `nth` of the row's commands. */
  trade({ runKey, seq }: Place, nth: number, trade: TradeRecord): void {
    const { feesE8, fundingE8, pnlE8, r, riskRatio, score, entryPrice, exitPrice } = trade;
    const { entrySlippage, stopSlippage } = trade;
    this.#insertTrade.run({
      ...trade,
      runKey,
      seq,
      nth,
      feesE8: money(feesE8),
      fundingE8: money(fundingE8),
      pnlE8: money(pnlE8),
      score: finite(score),
      entryPrice: finite(entryPrice),
      exitPrice: finite(exitPrice),
      r: finite(r),
      riskRatio: finite(riskRatio),
      entrySlippage: entrySlippage === null ? null : finite(entrySlippage),
      stopSlippage: stopSlippage === null ? null : finite(stopSlippage),
    });
  }

  /** A payment or a fill of it was told late. */
  corrected({ runKey }: Place, trade: TradeRecord): void {
    const { tradeId, feesE8, fundingE8, pnlE8, r, exitMs, exitPrice, reason, stopSlippage } = trade;
    this.#correctTrade.run({
      runKey,
      tradeId,
      feesE8: money(feesE8),
      fundingE8: money(fundingE8),
      pnlE8: money(pnlE8),
      r: finite(r),
      exitMs,
      exitPrice: finite(exitPrice),
      reason,
      stopSlippage: stopSlippage === null ? null : finite(stopSlippage),
    });
  }

  decision(place: Place, nth: number, { receipt, ...said }: DecisionRecord): void {
    const { runKey, seq } = place;
    const { outcome, size } = receipt;
    const bound = { boundBy: size?.boundBy ?? null, steps: finite(size?.steps ?? Number.NaN) };
    this.#insertDecision.run({
      ...said,
      ...bound,
      score: finite(said.score),
      runKey,
      seq,
      nth,
      outcome,
      receipt: canonicalText(receipt),
    });
    if (outcome === "APPROVED") return;
    const minuteMs = Math.floor(said.timeMs / MINUTE_MS) * MINUTE_MS;
    this.#countRefusal.run({ runKey, minuteMs, code: outcome });
  }

  equity({ runKey }: Place, { closeMs, walletE8, equityE8 }: Equity): void {
    this.#insertEquity.run({ runKey, closeMs, walletE8: money(walletE8), equityE8: money(equityE8) });
  }

  /** Takes a payment once, by its id as the core does. */
  income({ runKey, seq }: Place, { incomeId, type, symbolId, amountE8, timeMs }: Income): void {
    const values = { runKey, seq, incomeId, type, symbolId, amountE8: money(amountE8), timeMs };
    const isNew = this.#insertIncome.run(values).changes > 0;
    if (isNew && type === "funding" && symbolId !== null)
      this.#addFunding.run({ runKey, symbolId, amountE8 });
  }

  /** Payments that the account book tells; lines of trades are none, and what was before the run is not the run's. */
  incomeRows(place: Place, answer: Extract<Answer, { type: "income" }>): void {
    const sinceMs = this.#firstMs.get(place.runKey) ?? 0;
    for (const { type, tradeId: _tradeId, ...row } of answer.rows)
      if (type !== "realised" && type !== "commission" && row.timeMs >= sinceMs)
        this.income(place, { ...row, type });
  }

  incident({ runKey, seq, nowMs }: Place, { kind, symbolId = null, detail }: Incident): void {
    this.#insertIncident.run({ runKey, seq, nowMs, kind, symbolId, detail: canonicalText(detail) });
  }
}

/** SQL has no NaN and no infinity; the row of the journal keeps it. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
