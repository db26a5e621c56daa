/**
 * What an analyst asks first. Days are UTC. Money is USDT, exact: `pnl_usdt` of a trade is net of fees and funding, and a
 * day's wallet differs from the day's before by `realised_usdt - fees_usdt + income_usdt` (funding and transfers are income).
 */
export const VIEWS = `
CREATE VIEW trade_list AS
SELECT r.run_id, r.mode, t.symbol, CASE t.side WHEN 1 THEN 'long' ELSE 'short' END AS side, t.setup, t.score,
  t.signal_at, t.entry_at, t.exit_at, t.entry_price, t.exit_price, t.reason, t.qty_steps * i.step AS qty,
  t.stop_ticks * i.tick AS stop_price, t.target_ticks * i.tick AS target_price,
  t.pnl_usdt + t.fees_usdt - t.funding_usdt AS gross_usdt, t.fees_usdt, t.funding_usdt, t.pnl_usdt, t.r, t.risk_ratio,
  t.bound_by, t.trade_id
FROM trades t JOIN runs r USING (run_key) LEFT JOIN instruments i USING (run_key, symbol_id);

CREATE VIEW pnl_daily AS
SELECT r.run_id, r.mode, (t.exit_at AT TIME ZONE 'UTC')::date AS day, count(*) AS trades,
  count(*) FILTER (WHERE t.pnl_e8 > 0) AS won, sum(t.pnl_usdt) AS pnl_usdt, sum(t.fees_usdt) AS fees_usdt,
  sum(t.funding_usdt) AS funding_usdt, avg(t.r) AS r_mean
FROM trades t JOIN runs r USING (run_key)
GROUP BY r.run_id, r.mode, day;

CREATE VIEW refusals_daily AS
SELECT r.run_id, r.mode, (f.minute_at AT TIME ZONE 'UTC')::date AS day, f.code, sum(f.count) AS count
FROM refusals f JOIN runs r USING (run_key)
GROUP BY r.run_id, r.mode, day, f.code;

CREATE VIEW positions_open AS
SELECT r.run_id, r.mode, i.symbol, CASE WHEN p.qty_steps > 0 THEN 'long' ELSE 'short' END AS side, p.opened_at,
  abs(p.qty_steps) * i.step AS qty, p.entry_notional_usdt,
  p.entry_notional_usdt / nullif(abs(p.qty_steps) * i.step, 0) AS entry_price, p.realised_usdt, p.fees_usdt, p.funding_usdt
FROM positions p JOIN runs r USING (run_key) JOIN instruments i USING (run_key, symbol_id)
WHERE p.qty_steps <> 0;

CREATE VIEW equity_daily AS
SELECT DISTINCT ON (r.run_id, day) r.run_id, r.mode, (e.close_at AT TIME ZONE 'UTC')::date AS day, e.wallet_usdt,
  e.equity_usdt, min(e.equity_usdt) OVER a_day AS equity_usdt_min, max(e.equity_usdt) OVER a_day AS equity_usdt_max, e.close_at
FROM equity e JOIN runs r USING (run_key)
WINDOW a_day AS (PARTITION BY e.run_key, (e.close_at AT TIME ZONE 'UTC')::date)
ORDER BY r.run_id, day, e.close_at DESC;

CREATE VIEW mirror_lag AS
SELECT ledger_id, rows_behind, written_at, now() - written_at AS silent_for FROM mirror_state;
`;
