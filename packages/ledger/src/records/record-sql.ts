// Money leaves SQL as text: a number of JavaScript does not hold 64 bits.

export const RUNS: string = `
SELECT r.run_key AS runKey, r.run_id AS runId, r.mode AS modeName, r.scorer_id AS scorerId, r.outcome,
  (SELECT event FROM journal j WHERE j.run_key = r.run_key AND j.seq = 0) AS begun,
  (SELECT now_ms FROM journal j WHERE j.run_key = r.run_key AND j.seq >= 1 AND j.kind <> 'events-lost' ORDER BY j.seq LIMIT 1) AS firstMs,
  (SELECT now_ms FROM journal j WHERE j.run_key = r.run_key AND j.seq >= 1 AND j.kind <> 'events-lost' ORDER BY j.seq DESC LIMIT 1) AS lastMs,
  (SELECT count(*) FROM incidents i WHERE i.run_key = r.run_key AND i.kind = 'events-lost') AS holes
FROM runs r WHERE r.journal_seq IS NOT NULL ORDER BY r.run_key`;

/** What scored, of every process of a run, as its record says it. */
export const MODELS: string = `
SELECT model_json AS model FROM runs WHERE run_key = @runKey
UNION ALL SELECT model_json FROM run_resumes WHERE run_key = @runKey`;

const UNITS = `CAST(i.tick_e8 AS TEXT) AS tickE8, CAST(i.step_e8 AS TEXT) AS stepE8,
  json_extract(i.rules, '$.priceDecimals') AS priceDecimals, json_extract(i.rules, '$.qtyDecimals') AS qtyDecimals`;

/** A filter on a table `t`, by its columns of time and kind. */
function where(time: string, kind: string, symbol = "(@symbol IS NULL OR t.symbol = @symbol)"): string {
  return `WHERE (@runKey IS NULL OR t.run_key = @runKey) AND ${symbol}
  AND (@sinceMs IS NULL OR t.${time} >= @sinceMs) AND (@untilMs IS NULL OR t.${time} < @untilMs)
  AND (@kind IS NULL OR t.${kind} = @kind)`;
}

/** The last rows of a filter, and how many there are. */
interface PagedSql {
  readonly rows: string;
  readonly count: string;
}

export const TRADES: PagedSql = {
  rows: `
SELECT r.run_id AS runId, t.trade_id AS tradeId, t.symbol_id AS symbolId, t.symbol, t.side, t.setup, t.score,
  t.signal_ms AS signalMs, t.entry_ms AS entryMs, t.entry_price AS entryPrice, t.qty_steps AS qtySteps,
  t.stop_ticks AS stopTicks, t.target_ticks AS targetTicks, t.exit_ms AS exitMs, t.exit_price AS exitPrice, t.reason,
  CAST(t.fees_e8 AS TEXT) AS feesE8, CAST(t.funding_e8 AS TEXT) AS fundingE8, CAST(t.pnl_e8 AS TEXT) AS pnlE8, t.r,
  t.risk_ratio AS riskRatio, t.bound_by AS boundBy, t.entry_slippage AS entrySlippage, t.stop_slippage AS stopSlippage, ${UNITS}, coalesce((SELECT max(f.seq) FROM fills f
    WHERE f.run_key = t.run_key AND f.symbol_id = t.symbol_id AND f.time_ms = t.exit_ms), t.seq) AS endSeq
FROM trades t JOIN runs r USING (run_key) JOIN instruments i USING (run_key, symbol_id)
${where("exit_ms", "reason")} ORDER BY t.run_key DESC, t.seq DESC, t.nth DESC LIMIT @limit`,
  count: `SELECT count(*) FROM trades t ${where("exit_ms", "reason")}`,
};

export const DECISIONS: PagedSql = {
  rows: `
SELECT r.run_id AS runId, t.seq, t.nth, t.time_ms AS timeMs, t.symbol_id AS symbolId, t.symbol, t.side, t.setup, t.score,
  t.receipt
FROM decisions t JOIN runs r USING (run_key)
${where("time_ms", "outcome")} ORDER BY t.run_key DESC, t.seq DESC, t.nth DESC LIMIT @limit`,
  count: `SELECT count(*) FROM decisions t ${where("time_ms", "outcome")}`,
};

// Counted from the decisions, which know their symbols: the table of refusals does not.
const REFUSED = `
SELECT t.run_key, CAST(t.time_ms / 60000 AS INTEGER) * 60000 AS minute_ms, t.outcome AS code, count(*) AS count
FROM decisions t ${where("time_ms", "outcome")} AND t.outcome <> 'APPROVED' GROUP BY t.run_key, minute_ms, code`;

export const REFUSALS: PagedSql = {
  rows: `
SELECT r.run_id AS runId, t.minute_ms AS minuteMs, t.code, t.count FROM (${REFUSED}) t JOIN runs r USING (run_key)
ORDER BY t.run_key DESC, t.minute_ms DESC, t.code DESC LIMIT @limit`,
  count: `SELECT count(*) FROM (${REFUSED})`,
};

export const OUTCOMES: string = `
SELECT t.outcome, count(*) AS count FROM decisions t ${where("time_ms", "outcome")}
GROUP BY t.outcome ORDER BY count DESC, t.outcome`;

export const BOOKED: string = `
SELECT
  (SELECT CAST(coalesce(sum(realised_e8), 0) AS TEXT) FROM fills WHERE run_key = @runKey AND seq <= @seq) AS realisedE8,
  (SELECT CAST(coalesce(sum(fee_e8), 0) AS TEXT) FROM fills WHERE run_key = @runKey AND seq <= @seq) AS feesE8,
  (SELECT CAST(coalesce(sum(fee_e8), 0) AS TEXT) FROM fills
    WHERE run_key = @runKey AND seq <= @seq AND fee_asset IS NOT NULL) AS feesElsewhereE8,
  CAST(coalesce(sum(CASE WHEN type = 'funding' THEN amount_e8 END), 0) AS TEXT) AS fundingE8,
  CAST(coalesce(sum(CASE WHEN type = 'transfer' THEN amount_e8 END), 0) AS TEXT) AS transfersE8,
  CAST(coalesce(sum(CASE WHEN type = 'liquidation-fee' THEN amount_e8 END), 0) AS TEXT) AS liquidationE8,
  CAST(coalesce(sum(CASE WHEN type NOT IN ('funding', 'transfer', 'liquidation-fee') THEN amount_e8 END), 0) AS TEXT) AS otherE8
FROM income WHERE run_key = @runKey AND seq <= @seq`;

export const TOLD_WALLET: string = `
SELECT seq, commands FROM journal WHERE run_key = ? AND kind = 'minute' ORDER BY seq DESC LIMIT 1`;

export const MONEY_OF_SYMBOLS: string = `
WITH filled AS (
  SELECT symbol_id, sum(realised_e8 - fee_e8) AS e8 FROM fills WHERE run_key = @runKey GROUP BY symbol_id
), paid AS (
  SELECT symbol_id, sum(amount_e8) AS e8 FROM income WHERE run_key = @runKey AND type = 'funding' GROUP BY symbol_id
), closed AS (
  SELECT symbol_id, sum(pnl_e8) AS e8 FROM trades WHERE run_key = @runKey GROUP BY symbol_id
)
SELECT i.symbol, CAST(coalesce(f.e8, 0) + coalesce(p.e8, 0) AS TEXT) AS bookedE8,
  CAST(coalesce(c.e8, 0) AS TEXT) AS tradesE8
FROM instruments i LEFT JOIN filled f USING (symbol_id) LEFT JOIN paid p USING (symbol_id)
  LEFT JOIN closed c USING (symbol_id)
WHERE i.run_key = @runKey ORDER BY i.symbol`;

export const OPEN_POSITIONS: string = `
SELECT i.symbol, p.qty_steps AS qtySteps, CAST(p.entry_notional_e8 AS TEXT) AS entryNotionalE8,
  p.opened_ms AS openedMs, ${UNITS}
FROM positions p JOIN instruments i USING (run_key, symbol_id)
WHERE p.run_key = ? AND p.qty_steps <> 0 ORDER BY i.symbol`;

export const SIGNALS_AT: string = `
SELECT y.symbol, s.side, s.setup, s.open_time_ms AS openTimeMs, s.score, c.scorer_id AS scorerId,
  s.is_rest_confirmed AS isRestConfirmed
FROM signals s JOIN symbols y USING (symbol_key) JOIN scorers c USING (scorer_key)
WHERE s.run_key = ? AND s.open_time_ms >= ? AND s.open_time_ms < ? ORDER BY s.signal_key`;

/** The minute that the core had been told of last before an event. */
export const MINUTE_BEFORE: string = `
SELECT json_extract(event, '$.closeMs') AS closeMs FROM journal
WHERE run_key = ? AND kind = 'minute' AND seq < ? ORDER BY seq DESC LIMIT 1`;

export const EQUITY_AT: string = `
SELECT close_ms AS closeMs, CAST(equity_e8 AS TEXT) AS equityE8 FROM equity
WHERE run_key = ? AND close_ms <= ? ORDER BY close_ms DESC LIMIT 1`;

export const EQUITY: string = `
SELECT close_ms AS closeMs, CAST(equity_e8 AS TEXT) AS equityE8 FROM equity WHERE run_key = ? ORDER BY close_ms`;

export const ORDERS: string = `
SELECT client_order_id AS clientOrderId, role, side, type, qty_steps AS qtySteps, price_ticks AS priceTicks,
  sent_ms AS sentMs, cancel_ms AS cancelMs, outcome, refusal, status, filled_steps AS filledSteps, sent_seq AS seq
FROM orders WHERE run_key = @runKey AND symbol = @symbol
UNION ALL
SELECT client_order_id, role, side, 'stop-market', qty_steps, trigger_ticks,
  sent_ms, cancel_ms, outcome, refusal, status, filled_steps, sent_seq
FROM algo_orders WHERE run_key = @runKey AND symbol = @symbol
ORDER BY seq`;

export const FILLS: string = `
SELECT f.trade_id AS tradeId, f.client_order_id AS clientOrderId, f.side, f.price_ticks AS priceTicks,
  f.qty_steps AS qtySteps, CAST(f.fee_e8 AS TEXT) AS feeE8, CAST(f.realised_e8 AS TEXT) AS realisedE8,
  f.is_maker AS isMaker, f.time_ms AS timeMs, f.seq, f.fee_asset AS feeAsset,
  CAST(f.fee_asset_e8 AS TEXT) AS feeAssetE8
FROM fills f JOIN instruments i USING (run_key, symbol_id)
WHERE f.run_key = ? AND i.symbol = ? ORDER BY f.seq, f.time_ms, f.rowid`;

export const INCOME: string = `
SELECT n.income_id AS incomeId, n.type, i.symbol, CAST(n.amount_e8 AS TEXT) AS amountE8, n.time_ms AS timeMs
FROM income n LEFT JOIN instruments i USING (run_key, symbol_id)
WHERE n.run_key = ? AND i.symbol = ? ORDER BY n.seq, n.income_id`;

export const INCIDENTS: string = `
SELECT n.seq, n.at_ms AS atMs, n.kind, i.symbol, n.detail
FROM incidents n LEFT JOIN instruments i USING (run_key, symbol_id)
WHERE n.run_key = ? AND n.kind = ? ORDER BY n.seq, n.nth`;

export const LAST_INCIDENTS: string = `
SELECT n.seq, n.at_ms AS atMs, n.kind, i.symbol, n.detail
FROM incidents n LEFT JOIN instruments i USING (run_key, symbol_id)
WHERE n.run_key = ? ORDER BY n.seq DESC, n.nth DESC LIMIT ?`;

export const UNITS_OF: string = `SELECT ${UNITS} FROM instruments i WHERE i.run_key = ? AND i.symbol = ?`;

export const KNOWS_SYMBOL: string = `
SELECT EXISTS (SELECT 1 FROM symbols WHERE symbol = @symbol) OR EXISTS (SELECT 1 FROM instruments WHERE symbol = @symbol)`;
