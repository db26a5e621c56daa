/** The tables of a ledger and what a row of each is known by; a log's rows come once and are never changed. */
export const TABLE_KEYS: Readonly<Record<string, readonly string[]>> = {
  runs: ["run_key"],
  run_resumes: ["run_key", "started_at_ms"],
  symbols: ["symbol_key"],
  scorers: ["scorer_key"],
  journal: ["journal_key"],
  signals: ["signal_key"],
  model_events: ["model_event_key"],
  instruments: ["run_key", "symbol_id"],
  orders: ["run_key", "client_order_id"],
  algo_orders: ["run_key", "client_order_id"],
  fills: ["run_key", "symbol_id", "trade_id"],
  positions: ["run_key", "symbol_id"],
  income: ["run_key", "income_id"],
  trades: ["run_key", "seq", "nth"],
  decisions: ["run_key", "seq", "nth"],
  refusals: ["run_key", "minute_ms", "code"],
  equity: ["run_key", "close_ms"],
  incidents: ["run_key", "seq", "nth"],
};

export const LOG_NAMES = ["journal", "signals", "model_events"] as const;
