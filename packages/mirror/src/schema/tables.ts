/**
 * The ledger's tables as PostgreSQL has them: the same names, columns and values (INTEGER is bigint, REAL double precision, BLOB
 * bytea), so that a row here is a row there. Beside them, made of them by the server: `*_at` for each `*_ms`, `*_usdt` for
 * each money in 1e-8 USDT, exact. Columns of our own stand behind the ledger's.
 */
export const TABLES = `
CREATE TABLE runs (
  run_key bigint NOT NULL,
  run_id text NOT NULL,
  mode text NOT NULL,
  started_at_ms bigint NOT NULL,
  ended_at_ms bigint,
  outcome text NOT NULL,
  engine_version text NOT NULL,
  config_hash text NOT NULL,
  config_json text NOT NULL,
  scorer_id text NOT NULL,
  feature_schema_hash text NOT NULL,
  smc_parameters_json text NOT NULL,
  seed bigint NOT NULL,
  summary_json text,
  last_batch bigint NOT NULL,
  model_json text NOT NULL,
  journal_seq bigint,
  journal_hash text,
  journal_resent bigint NOT NULL,
  started_at timestamptz GENERATED ALWAYS AS (to_timestamp(started_at_ms::double precision / 1000)) STORED,
  ended_at timestamptz GENERATED ALWAYS AS (to_timestamp(ended_at_ms::double precision / 1000)) STORED,
  PRIMARY KEY (run_key)
);

CREATE TABLE symbols (
  symbol_key bigint NOT NULL,
  symbol text NOT NULL,
  PRIMARY KEY (symbol_key)
);

CREATE TABLE scorers (
  scorer_key bigint NOT NULL,
  scorer_id text NOT NULL,
  PRIMARY KEY (scorer_key)
);

CREATE TABLE signals (
  signal_key bigint NOT NULL,
  run_key bigint NOT NULL,
  batch bigint NOT NULL,
  symbol_key bigint NOT NULL,
  symbol_id bigint NOT NULL,
  scorer_key bigint NOT NULL,
  side bigint NOT NULL,
  setup bigint NOT NULL,
  open_time_ms bigint NOT NULL,
  exchange_ms bigint NOT NULL,
  is_rest_confirmed bigint NOT NULL,
  score double precision NOT NULL,
  features bytea NOT NULL,
  f1 double precision,
  f2 double precision,
  f3 double precision,
  f4 double precision,
  f5 double precision,
  f6 double precision,
  f7 double precision,
  f8 double precision,
  f9 double precision,
  f10 double precision,
  f11 double precision,
  f12 double precision,
  write_us double precision,
  queue_us double precision,
  features_us double precision,
  score_us double precision,
  emit_us double precision,
  total_us double precision,
  invalidation_price double precision,
  atr double precision,
  challenger_key bigint,
  challenger_score double precision,
  median_turnover double precision,
  open_time_at timestamptz GENERATED ALWAYS AS (to_timestamp(open_time_ms::double precision / 1000)) STORED,
  exchange_at timestamptz GENERATED ALWAYS AS (to_timestamp(exchange_ms::double precision / 1000)) STORED,
  PRIMARY KEY (signal_key)
);

CREATE TABLE model_events (
  model_event_key bigint NOT NULL,
  run_key bigint NOT NULL,
  at_ms bigint NOT NULL,
  kind text NOT NULL,
  model_id text NOT NULL,
  detail_json text NOT NULL,
  happened_at timestamptz GENERATED ALWAYS AS (to_timestamp(at_ms::double precision / 1000)) STORED,
  PRIMARY KEY (model_event_key)
);

CREATE TABLE journal (
  journal_key bigint NOT NULL,
  run_key bigint NOT NULL,
  seq bigint NOT NULL,
  kind text NOT NULL,
  now_ms double precision NOT NULL,
  now_ns double precision NOT NULL,
  event text NOT NULL,
  commands text NOT NULL,
  commands_hash text NOT NULL,
  hash text NOT NULL,
  now_at timestamptz GENERATED ALWAYS AS (to_timestamp(now_ms / 1000)) STORED,
  PRIMARY KEY (journal_key)
);

CREATE TABLE instruments (
  run_key bigint NOT NULL,
  symbol_id bigint NOT NULL,
  symbol text NOT NULL,
  tick_e8 bigint NOT NULL,
  step_e8 bigint NOT NULL,
  rules text NOT NULL,
  tick numeric GENERATED ALWAYS AS (tick_e8 * 0.00000001) STORED,
  step numeric GENERATED ALWAYS AS (step_e8 * 0.00000001) STORED,
  PRIMARY KEY (run_key, symbol_id)
);

CREATE TABLE orders (
  run_key bigint NOT NULL,
  client_order_id text NOT NULL,
  symbol_id bigint NOT NULL,
  symbol text NOT NULL,
  role text NOT NULL,
  side bigint NOT NULL,
  type text NOT NULL,
  time_in_force text,
  qty_steps bigint NOT NULL,
  price_ticks bigint,
  is_reduce_only bigint NOT NULL,
  sent_seq bigint NOT NULL,
  sent_ms double precision NOT NULL,
  cancel_ms double precision,
  outcome text NOT NULL,
  refusal text,
  venue_order_id text,
  status text,
  filled_steps bigint NOT NULL,
  updated_ms double precision NOT NULL,
  sent_at timestamptz GENERATED ALWAYS AS (to_timestamp(sent_ms / 1000)) STORED,
  cancel_at timestamptz GENERATED ALWAYS AS (to_timestamp(cancel_ms / 1000)) STORED,
  updated_at timestamptz GENERATED ALWAYS AS (to_timestamp(updated_ms / 1000)) STORED,
  PRIMARY KEY (run_key, client_order_id)
);

CREATE TABLE algo_orders (
  run_key bigint NOT NULL,
  client_order_id text NOT NULL,
  symbol_id bigint NOT NULL,
  symbol text NOT NULL,
  role text NOT NULL,
  side bigint NOT NULL,
  qty_steps bigint NOT NULL,
  trigger_ticks bigint NOT NULL,
  working_type text NOT NULL,
  is_reduce_only bigint NOT NULL,
  sent_seq bigint NOT NULL,
  sent_ms double precision NOT NULL,
  cancel_ms double precision,
  outcome text NOT NULL,
  refusal text,
  venue_order_id text,
  status text,
  filled_steps bigint NOT NULL,
  updated_ms double precision NOT NULL,
  sent_at timestamptz GENERATED ALWAYS AS (to_timestamp(sent_ms / 1000)) STORED,
  cancel_at timestamptz GENERATED ALWAYS AS (to_timestamp(cancel_ms / 1000)) STORED,
  updated_at timestamptz GENERATED ALWAYS AS (to_timestamp(updated_ms / 1000)) STORED,
  PRIMARY KEY (run_key, client_order_id)
);

CREATE TABLE fills (
  run_key bigint NOT NULL,
  symbol_id bigint NOT NULL,
  trade_id text NOT NULL,
  client_order_id text NOT NULL,
  side bigint NOT NULL,
  price_ticks bigint NOT NULL,
  qty_steps bigint NOT NULL,
  fee_e8 bigint NOT NULL,
  realised_e8 bigint NOT NULL,
  is_maker bigint NOT NULL,
  time_ms double precision NOT NULL,
  seq bigint NOT NULL,
  fee_asset text,
  fee_asset_e8 bigint,
  fee_usdt numeric GENERATED ALWAYS AS (fee_e8 * 0.00000001) STORED,
  realised_usdt numeric GENERATED ALWAYS AS (realised_e8 * 0.00000001) STORED,
  time_at timestamptz GENERATED ALWAYS AS (to_timestamp(time_ms / 1000)) STORED,
  fee_asset_amount numeric GENERATED ALWAYS AS (fee_asset_e8 * 0.00000001) STORED,
  PRIMARY KEY (run_key, symbol_id, trade_id)
);

CREATE TABLE positions (
  run_key bigint NOT NULL,
  symbol_id bigint NOT NULL,
  qty_steps bigint NOT NULL,
  entry_notional_e8 bigint NOT NULL,
  opened_ms double precision,
  realised_e8 bigint NOT NULL,
  fees_e8 bigint NOT NULL,
  funding_e8 bigint NOT NULL,
  entry_notional_usdt numeric GENERATED ALWAYS AS (entry_notional_e8 * 0.00000001) STORED,
  opened_at timestamptz GENERATED ALWAYS AS (to_timestamp(opened_ms / 1000)) STORED,
  realised_usdt numeric GENERATED ALWAYS AS (realised_e8 * 0.00000001) STORED,
  fees_usdt numeric GENERATED ALWAYS AS (fees_e8 * 0.00000001) STORED,
  funding_usdt numeric GENERATED ALWAYS AS (funding_e8 * 0.00000001) STORED,
  PRIMARY KEY (run_key, symbol_id)
);

CREATE TABLE income (
  run_key bigint NOT NULL,
  income_id text NOT NULL,
  type text NOT NULL,
  symbol_id bigint,
  amount_e8 bigint NOT NULL,
  time_ms double precision NOT NULL,
  seq bigint NOT NULL,
  amount_usdt numeric GENERATED ALWAYS AS (amount_e8 * 0.00000001) STORED,
  time_at timestamptz GENERATED ALWAYS AS (to_timestamp(time_ms / 1000)) STORED,
  PRIMARY KEY (run_key, income_id)
);

CREATE TABLE trades (
  run_key bigint NOT NULL,
  seq bigint NOT NULL,
  nth bigint NOT NULL,
  trade_id bigint NOT NULL,
  symbol_id bigint NOT NULL,
  symbol text NOT NULL,
  side bigint NOT NULL,
  setup bigint NOT NULL,
  score double precision,
  signal_ms double precision NOT NULL,
  entry_ms double precision NOT NULL,
  entry_price double precision,
  qty_steps bigint NOT NULL,
  stop_ticks bigint NOT NULL,
  target_ticks bigint NOT NULL,
  exit_ms double precision NOT NULL,
  exit_price double precision,
  reason text NOT NULL,
  fees_e8 bigint NOT NULL,
  funding_e8 bigint NOT NULL,
  pnl_e8 bigint NOT NULL,
  r double precision,
  risk_ratio double precision,
  bound_by text NOT NULL,
  entry_slippage double precision,
  stop_slippage double precision,
  signal_at timestamptz GENERATED ALWAYS AS (to_timestamp(signal_ms / 1000)) STORED,
  entry_at timestamptz GENERATED ALWAYS AS (to_timestamp(entry_ms / 1000)) STORED,
  exit_at timestamptz GENERATED ALWAYS AS (to_timestamp(exit_ms / 1000)) STORED,
  fees_usdt numeric GENERATED ALWAYS AS (fees_e8 * 0.00000001) STORED,
  funding_usdt numeric GENERATED ALWAYS AS (funding_e8 * 0.00000001) STORED,
  pnl_usdt numeric GENERATED ALWAYS AS (pnl_e8 * 0.00000001) STORED,
  PRIMARY KEY (run_key, seq, nth)
);

CREATE TABLE decisions (
  run_key bigint NOT NULL,
  seq bigint NOT NULL,
  nth bigint NOT NULL,
  time_ms double precision NOT NULL,
  symbol_id bigint NOT NULL,
  symbol text NOT NULL,
  side bigint NOT NULL,
  setup bigint NOT NULL,
  score double precision,
  outcome text NOT NULL,
  bound_by text,
  steps bigint,
  receipt text NOT NULL,
  time_at timestamptz GENERATED ALWAYS AS (to_timestamp(time_ms / 1000)) STORED,
  PRIMARY KEY (run_key, seq, nth)
);

CREATE TABLE refusals (
  run_key bigint NOT NULL,
  minute_ms double precision NOT NULL,
  code text NOT NULL,
  count bigint NOT NULL,
  minute_at timestamptz GENERATED ALWAYS AS (to_timestamp(minute_ms / 1000)) STORED,
  PRIMARY KEY (run_key, minute_ms, code)
);

CREATE TABLE equity (
  run_key bigint NOT NULL,
  close_ms double precision NOT NULL,
  wallet_e8 bigint NOT NULL,
  equity_e8 bigint NOT NULL,
  close_at timestamptz GENERATED ALWAYS AS (to_timestamp(close_ms / 1000)) STORED,
  wallet_usdt numeric GENERATED ALWAYS AS (wallet_e8 * 0.00000001) STORED,
  equity_usdt numeric GENERATED ALWAYS AS (equity_e8 * 0.00000001) STORED,
  PRIMARY KEY (run_key, close_ms)
);

CREATE TABLE incidents (
  run_key bigint NOT NULL,
  seq bigint NOT NULL,
  nth bigint NOT NULL,
  at_ms double precision NOT NULL,
  kind text NOT NULL,
  symbol_id bigint,
  detail text NOT NULL,
  happened_at timestamptz GENERATED ALWAYS AS (to_timestamp(at_ms / 1000)) STORED,
  PRIMARY KEY (run_key, seq, nth)
);

CREATE TABLE run_resumes (
  run_key bigint NOT NULL,
  started_at_ms bigint NOT NULL,
  engine_version text NOT NULL,
  config_hash text NOT NULL,
  config_json text NOT NULL,
  scorer_id text NOT NULL,
  feature_schema_hash text NOT NULL,
  smc_parameters_json text NOT NULL,
  model_json text,
  started_at timestamptz GENERATED ALWAYS AS (to_timestamp(started_at_ms::double precision / 1000)) STORED,
  PRIMARY KEY (run_key, started_at_ms)
);

CREATE UNIQUE INDEX journal_by_seq ON journal (run_key, seq);
CREATE INDEX signals_by_time ON signals (run_key, open_time_ms);
CREATE INDEX fills_by_order ON fills (run_key, client_order_id);
CREATE INDEX trades_by_exit ON trades (exit_at);
CREATE INDEX decisions_by_time ON decisions (time_at);

-- How far the ledger is copied: the last row of each log that only grows. One row a log.
CREATE TABLE mirror_place (
  log text PRIMARY KEY,
  key bigint NOT NULL,
  mark text NOT NULL
);

-- Which ledger this is a copy of (the id of its first run), and how far behind it was at the last commit.
CREATE TABLE mirror_state (
  is_here boolean PRIMARY KEY DEFAULT true CHECK (is_here),
  ledger_id text,
  rows_behind bigint NOT NULL,
  written_at timestamptz NOT NULL
);
INSERT INTO mirror_state (ledger_id, rows_behind, written_at) VALUES (NULL, 0, now());
INSERT INTO mirror_place (log, key, mark) VALUES ('journal', 0, ''), ('signals', 0, ''), ('model_events', 0, '');
`;
