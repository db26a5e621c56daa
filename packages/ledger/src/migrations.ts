import { SmcqError } from "@smcq/kernel";
import type { Database } from "better-sqlite3";
import { LedgerErrorCode } from "./errors.ts";

/** One step of the schema; `version` is the `user_version` after it. Published steps are never edited. */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

// Stage latencies are wall-clock-free differences of monotonic stamps, in microseconds; NULL where a stage was not
// measured. `f1`..`f12` are the features in the order of the run's feature schema (the hash stands in `runs`): exact,
// for every float32 is a float64; NaN is NULL there and kept bit for bit in `features` (12 float32, little endian).
const BASE = `
CREATE TABLE runs (
  run_key INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE,
  mode TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  outcome TEXT NOT NULL DEFAULT 'running' CHECK (outcome IN ('running', 'ended', 'aborted')),
  engine_version TEXT NOT NULL,
  config_hash TEXT NOT NULL,
  config_json TEXT NOT NULL,
  scorer_id TEXT NOT NULL,
  feature_schema_hash TEXT NOT NULL,
  smc_parameters_json TEXT NOT NULL,
  seed INTEGER NOT NULL,
  summary_json TEXT,
  last_batch INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE symbols (symbol_key INTEGER PRIMARY KEY, symbol TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE scorers (scorer_key INTEGER PRIMARY KEY, scorer_id TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE signals (
  signal_key INTEGER PRIMARY KEY,
  run_key INTEGER NOT NULL REFERENCES runs (run_key),
  batch INTEGER NOT NULL,
  symbol_key INTEGER NOT NULL REFERENCES symbols (symbol_key),
  symbol_id INTEGER NOT NULL,
  scorer_key INTEGER NOT NULL REFERENCES scorers (scorer_key),
  side INTEGER NOT NULL CHECK (side IN (-1, 1)),
  setup INTEGER NOT NULL CHECK (setup IN (1, 2, 3)),
  open_time_ms INTEGER NOT NULL,
  exchange_ms INTEGER NOT NULL,
  is_rest_confirmed INTEGER NOT NULL CHECK (is_rest_confirmed IN (0, 1)),
  score REAL NOT NULL,
  features BLOB NOT NULL CHECK (length(features) = 48),
  f1 REAL, f2 REAL, f3 REAL, f4 REAL, f5 REAL, f6 REAL,
  f7 REAL, f8 REAL, f9 REAL, f10 REAL, f11 REAL, f12 REAL,
  write_us REAL,
  queue_us REAL,
  features_us REAL,
  score_us REAL,
  emit_us REAL,
  total_us REAL
) STRICT;
CREATE INDEX signals_by_time ON signals (run_key, open_time_ms);
CREATE INDEX signals_by_score ON signals (run_key, score DESC, open_time_ms);

CREATE VIEW signal_list AS
SELECT r.run_id, y.symbol, s.symbol_id, CASE s.side WHEN 1 THEN 'long' ELSE 'short' END AS side, s.setup,
  strftime('%Y-%m-%dT%H:%MZ', s.open_time_ms / 1000, 'unixepoch') AS bar_open, s.open_time_ms, s.exchange_ms,
  s.is_rest_confirmed, s.score, c.scorer_id, s.total_us,
  s.f1, s.f2, s.f3, s.f4, s.f5, s.f6, s.f7, s.f8, s.f9, s.f10, s.f11, s.f12
FROM signals s
JOIN runs r USING (run_key)
JOIN symbols y USING (symbol_key)
JOIN scorers c USING (scorer_key);
`;

// `anchor` and `atr` (price units) are the trade plan's basis; a challenger's score is kept for comparison only.
const MODELS = `
ALTER TABLE runs ADD COLUMN model_json TEXT NOT NULL DEFAULT '{}';
ALTER TABLE signals ADD COLUMN anchor REAL;
ALTER TABLE signals ADD COLUMN atr REAL;
ALTER TABLE signals ADD COLUMN challenger_key INTEGER REFERENCES scorers (scorer_key);
ALTER TABLE signals ADD COLUMN challenger_score REAL;

CREATE TABLE model_events (
  model_event_key INTEGER PRIMARY KEY,
  run_key INTEGER NOT NULL REFERENCES runs (run_key),
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  model_id TEXT NOT NULL,
  detail_json TEXT NOT NULL,
  UNIQUE (run_key, at_ms, kind, model_id)
) STRICT;

DROP VIEW signal_list;
CREATE VIEW signal_list AS
SELECT r.run_id, y.symbol, s.symbol_id, CASE s.side WHEN 1 THEN 'long' ELSE 'short' END AS side, s.setup,
  strftime('%Y-%m-%dT%H:%MZ', s.open_time_ms / 1000, 'unixepoch') AS bar_open, s.open_time_ms, s.exchange_ms,
  s.is_rest_confirmed, s.score, c.scorer_id, h.scorer_id AS challenger_id, s.challenger_score, s.anchor, s.atr,
  s.total_us, s.f1, s.f2, s.f3, s.f4, s.f5, s.f6, s.f7, s.f8, s.f9, s.f10, s.f11, s.f12
FROM signals s
JOIN runs r USING (run_key)
JOIN symbols y USING (symbol_key)
JOIN scorers c USING (scorer_key)
LEFT JOIN scorers h ON h.scorer_key = s.challenger_key;
`;

// Where a setup is wrong has one word, in SQL as in the code.
const INVALIDATION_PRICE = `
DROP VIEW signal_list;
ALTER TABLE signals RENAME COLUMN anchor TO invalidation_price;
CREATE VIEW signal_list AS
SELECT r.run_id, y.symbol, s.symbol_id, CASE s.side WHEN 1 THEN 'long' ELSE 'short' END AS side, s.setup,
  strftime('%Y-%m-%dT%H:%MZ', s.open_time_ms / 1000, 'unixepoch') AS bar_open, s.open_time_ms, s.exchange_ms,
  s.is_rest_confirmed, s.score, c.scorer_id, h.scorer_id AS challenger_id, s.challenger_score, s.invalidation_price,
  s.atr, s.total_us, s.f1, s.f2, s.f3, s.f4, s.f5, s.f6, s.f7, s.f8, s.f9, s.f10, s.f11, s.f12
FROM signals s
JOIN runs r USING (run_key)
JOIN symbols y USING (symbol_key)
JOIN scorers c USING (scorer_key)
LEFT JOIN scorers h ON h.scorer_key = s.challenger_key;
`;

// How much a symbol can take is a part of every size (docs/trading.md 4).
const MEDIAN_TURNOVER = `
ALTER TABLE signals ADD COLUMN median_turnover REAL;
`;

// One chain a file: `hash` covers the row and the hash before it. Times are what the event was stamped with, exact. `event`
// and `commands` are canonical JSON; `commands_hash` is over all commands. The run's row says where its rows end,
// and how often all rows of a batch were there already.
const JOURNAL = `
CREATE TABLE journal (
  journal_key INTEGER PRIMARY KEY,
  run_key INTEGER NOT NULL REFERENCES runs (run_key),
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  now_ms REAL NOT NULL,
  now_ns REAL NOT NULL,
  event TEXT NOT NULL,
  commands TEXT NOT NULL,
  commands_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  UNIQUE (run_key, seq)
) STRICT;
-- Made from journal rows alone, in their transaction (law 10): no reference to any other table, so that they can be made
-- again beside themselves.
CREATE TABLE instruments (
  run_key INTEGER NOT NULL,
  symbol_id INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  tick_e8 INTEGER NOT NULL,
  step_e8 INTEGER NOT NULL,
  rules TEXT NOT NULL,
  PRIMARY KEY (run_key, symbol_id)
) STRICT;

CREATE TABLE orders (
  run_key INTEGER NOT NULL,
  client_order_id TEXT NOT NULL,
  symbol_id INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  role TEXT NOT NULL,
  side INTEGER NOT NULL,
  type TEXT NOT NULL,
  time_in_force TEXT,
  qty_steps INTEGER NOT NULL,
  price_ticks INTEGER,
  is_reduce_only INTEGER NOT NULL,
  sent_seq INTEGER NOT NULL,
  sent_ms REAL NOT NULL,
  cancel_ms REAL,
  outcome TEXT NOT NULL DEFAULT 'sent',
  refusal TEXT,
  venue_order_id TEXT,
  status TEXT,
  filled_steps INTEGER NOT NULL DEFAULT 0,
  updated_ms REAL NOT NULL,
  PRIMARY KEY (run_key, client_order_id)
) STRICT;

CREATE TABLE algo_orders (
  run_key INTEGER NOT NULL,
  client_order_id TEXT NOT NULL,
  symbol_id INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  role TEXT NOT NULL,
  side INTEGER NOT NULL,
  qty_steps INTEGER NOT NULL,
  trigger_ticks INTEGER NOT NULL,
  working_type TEXT NOT NULL,
  is_reduce_only INTEGER NOT NULL,
  sent_seq INTEGER NOT NULL,
  sent_ms REAL NOT NULL,
  cancel_ms REAL,
  outcome TEXT NOT NULL DEFAULT 'sent',
  refusal TEXT,
  venue_order_id TEXT,
  status TEXT,
  filled_steps INTEGER NOT NULL DEFAULT 0,
  updated_ms REAL NOT NULL,
  PRIMARY KEY (run_key, client_order_id)
) STRICT;

CREATE TABLE fills (
  run_key INTEGER NOT NULL,
  symbol_id INTEGER NOT NULL,
  trade_id TEXT NOT NULL,
  client_order_id TEXT NOT NULL,
  side INTEGER NOT NULL,
  price_ticks INTEGER NOT NULL,
  qty_steps INTEGER NOT NULL,
  fee_e8 INTEGER NOT NULL,
  realised_e8 INTEGER NOT NULL,
  is_maker INTEGER NOT NULL,
  time_ms REAL NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (run_key, symbol_id, trade_id)
) STRICT;
CREATE INDEX fills_by_order ON fills (run_key, client_order_id);

CREATE TABLE positions (
  run_key INTEGER NOT NULL,
  symbol_id INTEGER NOT NULL,
  qty_steps INTEGER NOT NULL,
  entry_notional_e8 INTEGER NOT NULL,
  opened_ms REAL,
  realised_e8 INTEGER NOT NULL,
  fees_e8 INTEGER NOT NULL,
  funding_e8 INTEGER NOT NULL,
  PRIMARY KEY (run_key, symbol_id)
) STRICT;

CREATE TABLE income (
  run_key INTEGER NOT NULL,
  income_id TEXT NOT NULL,
  type TEXT NOT NULL,
  symbol_id INTEGER,
  amount_e8 INTEGER NOT NULL,
  time_ms REAL NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (run_key, income_id)
) STRICT;
CREATE VIEW funding AS
SELECT run_key, income_id, symbol_id, amount_e8, time_ms, seq FROM income WHERE type = 'funding';

CREATE TABLE trades (
  run_key INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  nth INTEGER NOT NULL,
  trade_id INTEGER NOT NULL,
  symbol_id INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  side INTEGER NOT NULL,
  setup INTEGER NOT NULL,
  score REAL,
  signal_ms REAL NOT NULL,
  entry_ms REAL NOT NULL,
  entry_price REAL,
  qty_steps INTEGER NOT NULL,
  stop_ticks INTEGER NOT NULL,
  target_ticks INTEGER NOT NULL,
  exit_ms REAL NOT NULL,
  exit_price REAL,
  reason TEXT NOT NULL,
  fees_e8 INTEGER NOT NULL,
  funding_e8 INTEGER NOT NULL,
  pnl_e8 INTEGER NOT NULL,
  r REAL,
  risk_ratio REAL,
  bound_by TEXT NOT NULL,
  PRIMARY KEY (run_key, seq, nth)
) STRICT;
CREATE INDEX trades_by_id ON trades (run_key, trade_id);

CREATE TABLE decisions (
  run_key INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  nth INTEGER NOT NULL,
  time_ms REAL NOT NULL,
  symbol_id INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  side INTEGER NOT NULL,
  setup INTEGER NOT NULL,
  score REAL,
  outcome TEXT NOT NULL,
  bound_by TEXT,
  steps INTEGER,
  receipt TEXT NOT NULL,
  PRIMARY KEY (run_key, seq, nth)
) STRICT;

CREATE TABLE refusals (
  run_key INTEGER NOT NULL,
  minute_ms REAL NOT NULL,
  code TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (run_key, minute_ms, code)
) STRICT;

CREATE TABLE equity (
  run_key INTEGER NOT NULL,
  close_ms REAL NOT NULL,
  wallet_e8 INTEGER NOT NULL,
  equity_e8 INTEGER NOT NULL,
  PRIMARY KEY (run_key, close_ms)
) STRICT;

CREATE TABLE incidents (
  run_key INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  nth INTEGER NOT NULL,
  at_ms REAL NOT NULL,
  kind TEXT NOT NULL,
  symbol_id INTEGER,
  detail TEXT NOT NULL,
  PRIMARY KEY (run_key, seq, nth)
) STRICT;

ALTER TABLE runs ADD COLUMN journal_seq INTEGER;
ALTER TABLE runs ADD COLUMN journal_hash TEXT;
ALTER TABLE runs ADD COLUMN journal_resent INTEGER NOT NULL DEFAULT 0;
`;

// A commission in another asset than USDT: `fee_e8` is its worth, and the wallet did not pay it; NULL: USDT.
const OTHER_FEES = `
ALTER TABLE fills ADD COLUMN fee_asset TEXT;
ALTER TABLE fills ADD COLUMN fee_asset_e8 INTEGER`;

// A run that another process goes on with: with what that one was started.
const RESUMES = `
CREATE TABLE run_resumes (
  run_key INTEGER NOT NULL REFERENCES runs (run_key),
  started_at_ms INTEGER NOT NULL,
  engine_version TEXT NOT NULL,
  config_hash TEXT NOT NULL,
  config_json TEXT NOT NULL,
  scorer_id TEXT NOT NULL,
  feature_schema_hash TEXT NOT NULL,
  smc_parameters_json TEXT NOT NULL,
  model_json TEXT,
  PRIMARY KEY (run_key, started_at_ms)
) STRICT;
`;

// How much worse than their prices entries and stops were filled.
const SLIPPAGE = `
ALTER TABLE trades ADD COLUMN entry_slippage REAL;
ALTER TABLE trades ADD COLUMN stop_slippage REAL;
`;

// The last row of a run that its tables hold; NULL: they hold all. What an entry waits for is stored first, and told later.
const TABLES_BEHIND = "ALTER TABLE runs ADD COLUMN tables_seq INTEGER;";

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: BASE },
  { version: 2, sql: MODELS },
  { version: 3, sql: INVALIDATION_PRICE },
  { version: 4, sql: MEDIAN_TURNOVER },
  { version: 5, sql: JOURNAL },
  { version: 6, sql: OTHER_FEES },
  { version: 7, sql: RESUMES },
  { version: 8, sql: SLIPPAGE },
  { version: 9, sql: TABLES_BEHIND },
];

/** Returns the schema version of a database file. */
export function schemaVersion(db: Database): number {
  return db.pragma("user_version", { simple: true }) as number;
}

/** Returns the version after the last of these steps. */
export function newestVersion(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

/** Refuses a file that a newer engine has written (LEDGER_SCHEMA_NEWER): it is never written to, nor guessed at. */
export function refuseNewer(db: Database, migrations: readonly Migration[]): void {
  const found = schemaVersion(db);
  const known = newestVersion(migrations);
  if (found > known)
    throw new SmcqError(
      LedgerErrorCode.SchemaNewer,
      `${db.name} has schema ${found}, this engine knows up to ${known}: use the newer engine or another data folder`,
      { context: { file: db.name, found, known } },
    );
}

/** Brings the schema up to date: every step in one transaction, `user_version` included, so all of it or none. */
export function migrate(db: Database, migrations: readonly Migration[]): void {
  const run = db.transaction(() => {
    // Inside the write lock: another process may have migrated since the file was opened.
    refuseNewer(db, migrations);
    for (const { version, sql } of migrations) {
      if (version <= schemaVersion(db)) continue;
      db.exec(sql);
      db.pragma(`user_version = ${version}`);
    }
  });
  run.immediate();
}
