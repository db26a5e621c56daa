/**
 * Looks through the data folder of a run in mode sim, running or ended, for what a day of trading has to show:
 *
 *   node --conditions=@smcq/source bench/day-proof.ts DATA_DIR [--explain 100]
 *
 * Trades by reason and the longest hold; times without a confirmed stop; reconciliations a venue day; the journal replayed to
 * the same commands; signals against a fresh scan of the bars that the venue served; `smcq pnl`, `ledger verify` and
 * `ledger rebuild`; `smcq explain` of minutes of symbols by lot. Prints JSON; exit code 1 where anything does not hold. Build
 * first.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  DecisionLog,
  readInstruments,
  readVenueRules,
  replayCore,
  type ScannedSeries,
  scanSeries,
  TradePass,
} from "@smcq/cli";
import { loadConfig } from "@smcq/config";
import { DURATION_BOUNDS_MS, type DurationHistogram } from "@smcq/engine";
import { MarketData, passesUniverseFilter } from "@smcq/exchange-sim";
import { HeuristicScorer, M1_SCALP } from "@smcq/features";
import { MINUTE_MS } from "@smcq/kernel";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { explain: { type: "string", default: "100" } },
});
const [dataDir = "var"] = positionals;
const MAIN = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url));
/** Signals of these first minutes are left out: symbols become ready one after another. */
const SETTLING_MINUTES = 3;
const HOLD_MS_MAX = 2 * 3_600_000;
/** A position is left by the minute that follows, and its exit takes its time. */
const HOLD_SLACK_MS = 5 * MINUTE_MS;
const DAY_MS = 86_400_000;

const file = join(dataDir, "ledger.db");
const db = new DatabaseSync(file, { readOnly: true });
const rows = (sql: string): readonly Record<string, unknown>[] => db.prepare(sql).all();
const smcq = (...args: readonly string[]): number | null =>
  spawnSync(process.execPath, [MAIN, ...args, "--data-dir", dataDir], { stdio: "ignore" }).status;

/** The least bound of the buckets that holds the quantile, ms; null: it lies above all of them. */
function quantileMs(histogram: DurationHistogram, quantile: number): number | null {
  let left = quantile * histogram.count;
  for (const [at, count] of histogram.counts.entries()) {
    left -= count;
    if (left <= 0) return DURATION_BOUNDS_MS[at] ?? null;
  }
  return null;
}

function naked(histogram: DurationHistogram): object {
  return { count: histogram.count, p99MsMost: quantileMs(histogram, 0.99), maxMs: histogram.msMax };
}

interface Found {
  readonly symbol: string;
  readonly openMs: number;
  readonly code: number;
}

interface Compared {
  readonly count: number;
  readonly differing: readonly string[];
}

const nameOf = ({ symbol, openMs, code }: Found): string => `${symbol} ${openMs} ${code}`;

/** The market that the venue of this folder served. */
function marketOf(): MarketData {
  const head = readFileSync(join(dataDir, "venue", "account.jsonl"), "utf8").split("\n", 1)[0] ?? "";
  const { market, marketStartMs } = JSON.parse(head) as { market: string; marketStartMs: number };
  const { seed, symbols } = JSON.parse(market) as { seed: number; symbols: number };
  return new MarketData({ seed, symbols, startMs: marketStartMs });
}

/** The watched symbols' bars until then, scanned anew. */
function scanAnew(data: MarketData, toMs: number): readonly ScannedSeries[] {
  const watched = new Set(data.universe.symbols.filter(passesUniverseFilter).map(({ symbol }) => symbol));
  const scorer = new HeuristicScorer();
  const minutes = Math.min(data.minuteCount, Math.round((toMs - data.startMs) / MINUTE_MS));
  return data.symbols
    .filter(({ symbol, firstMinute }) => watched.has(symbol) && firstMinute < minutes)
    .map((one) =>
      scanSeries(one.symbol, data.flatBars(one, one.firstMinute, minutes - 1), {
        scorer,
        timeframe: "M1",
        market: null,
      }),
    );
}

/** Signals of the ledger against those that the same bars give to a scan of their own. */
function compareSignals(series: readonly ScannedSeries[], fromMs: number, toMs: number): Compared {
  const fresh = new Map<string, number>();
  for (const { symbol, candidates } of series)
    for (let at = 0; at < candidates.count; at++) {
      const openMs = candidates.openMs[at] ?? 0;
      if (openMs < fromMs || openMs >= toMs) continue;
      fresh.set(nameOf({ symbol, openMs, code: candidates.code[at] ?? 0 }), candidates.score[at] ?? 0);
    }
  const ours = rows(
    `SELECT y.symbol, s.open_time_ms AS openMs, s.side * s.setup AS code, s.score FROM signals s JOIN symbols y USING (symbol_key)
     WHERE s.open_time_ms >= ${fromMs} AND s.open_time_ms < ${toMs}`,
  ) as unknown as readonly (Found & { readonly score: number })[];
  const differing = ours
    .filter((one) => fresh.get(nameOf(one)) !== one.score)
    .map((one) => `other ${nameOf(one)}`);
  const known = new Set(ours.map(nameOf));
  for (const name of fresh.keys()) if (!known.has(name)) differing.push(`missing ${name}`);
  return { count: ours.length, differing };
}

/**
 * Entries of the run against those of a backtest that goes its own way over the same bars (fidelity `path`): how many are the
 * same, and the pairs of outcomes, run's and backtest's, where they are not.
 */
function compareEntries(
  data: MarketData,
  series: readonly ScannedSeries[],
  fromMs: number,
  toMs: number,
): object {
  const [run] = rows(
    `SELECT r.config_json AS config, j.event AS begun FROM runs r JOIN journal j ON j.run_key = r.run_key AND j.seq = 0
     ORDER BY r.run_key DESC LIMIT 1`,
  );
  const { risk, protocol, fees, seed } = loadConfig({ env: {}, flags: {} }).config;
  const { trading } = JSON.parse(String(run?.["begun"])) as {
    readonly trading: { readonly startWalletE8: { readonly $bigint: string } };
  };
  const names = series.map(({ symbol }) => symbol);
  const document = { name: "the simulated venue", text: JSON.stringify(data.universe) };
  const rules = readVenueRules(document, readInstruments(document, names));
  const result = new TradePass(
    {
      series,
      rules: rules.map((one) => one.trading),
      fees,
      funding: [],
      risk,
      protocol,
      walletE8: BigInt(trading.startWalletE8.$bigint),
      plan: M1_SCALP,
      scoreMin: 0.6,
      scorerId: "heuristic-1",
      wins: null,
      fromMs,
      onDay: () => {},
      fidelity: { type: "path", seed, rules },
    },
    new DecisionLog(),
  ).run();
  const minuteOf = (timeMs: number): number => Math.floor(timeMs / MINUTE_MS);
  const theirs = new Map(
    [...result.decisions].map(({ timeMs, symbolId, side, outcome }) => [
      `${names[symbolId] ?? ""} ${minuteOf(timeMs)} ${side}`,
      outcome,
    ]),
  );
  const ours = rows(
    `SELECT symbol, time_ms AS timeMs, side, outcome FROM decisions WHERE time_ms >= ${fromMs + MINUTE_MS} AND time_ms < ${toMs}`,
  );
  const pairs = new Map<string, number>();
  let [entries, equal] = [0, 0];
  for (const { symbol, timeMs, side, outcome } of ours) {
    const other = theirs.get(`${String(symbol)} ${minuteOf(Number(timeMs))} ${String(side)}`) ?? "nothing";
    if (outcome === "APPROVED") entries++;
    if (outcome === "APPROVED" && other === "APPROVED") equal++;
    if (outcome === other || (outcome !== "APPROVED" && other !== "APPROVED")) continue;
    const pair = `${String(outcome)} here, ${other} there`;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  const most = [...pairs].sort(([, a], [, b]) => b - a).slice(0, 12);
  return { entries, equal, share: equal / entries, causes: Object.fromEntries(most) };
}

/** Minutes of symbols by lot for which `smcq explain` has no answer. */
function unexplained(count: number, fromMs: number, toMs: number): number {
  const symbols = rows("SELECT symbol FROM instruments").map(({ symbol }) => String(symbol));
  let failed = 0;
  for (let nth = 0; nth < count; nth++) {
    const symbol = symbols[Math.floor(Math.random() * symbols.length)] ?? "";
    const at = new Date(fromMs + Math.random() * (toMs - fromMs)).toISOString().slice(0, 16);
    if (smcq("explain", symbol, at) !== 0) failed++;
  }
  return failed;
}

const [span] = rows("SELECT min(now_ms) AS fromMs, max(now_ms) AS toMs FROM journal WHERE kind = 'minute'");
const fromMs = Math.ceil(Number(span?.["fromMs"]) / MINUTE_MS + SETTLING_MINUTES) * MINUTE_MS;
const toMs = Math.floor(Number(span?.["toMs"]) / MINUTE_MS - SETTLING_MINUTES) * MINUTE_MS;
const reasons = rows("SELECT reason, count(*) AS trades FROM trades GROUP BY reason ORDER BY 2 DESC");
const [hold] = rows("SELECT max(exit_ms - entry_ms) AS ms FROM trades");
const { engine, events, difference, hole } = replayCore(file, null);
const tally = engine?.trading?.tally ?? null;
const days = (toMs - fromMs) / DAY_MS;
const market = marketOf();
const series = scanAnew(market, toMs);
const { count: signals, differing } = compareSignals(series, fromMs, toMs);
const proofs = {
  pnl: smcq("pnl"),
  verify: smcq("ledger", "verify"),
  rebuild: smcq("ledger", "rebuild"),
};
const notExplained = unexplained(Number(values.explain), fromMs, toMs);
const holds: readonly boolean[] = [
  difference === null && hole === null,
  differing.length === 0,
  notExplained === 0,
  Object.values(proofs).every((status) => status === 0),
  Number(hold?.["ms"]) <= HOLD_MS_MAX + HOLD_SLACK_MS,
];
console.log(
  JSON.stringify(
    {
      venueDays: days,
      reasons: Object.fromEntries(reasons.map(({ reason, trades }) => [reason, trades])),
      longestHoldMinutes: Number(hold?.["ms"]) / MINUTE_MS,
      nakedVenueMs: tally === null ? null : naked(tally.nakedVenueMs),
      nakedWallMs: tally === null ? null : naked(tally.nakedWallMs),
      reconciliationsPerDay: tally === null ? null : tally.reconciliations / days,
      unknownOutcomes: tally?.unknownOutcomes ?? null,
      resolutions: tally?.resolutions ?? null,
      differences: tally?.differences ?? null,
      replayedEvents: events,
      replay: difference ?? hole ?? "equal",
      signals,
      signalsDiffering: differing.length,
      samples: differing.slice(0, 5),
      backtest: compareEntries(market, series, fromMs, toMs),
      explained: Number(values.explain) - notExplained,
      ...proofs,
    },
    null,
    2,
  ),
);
process.exitCode = holds.every(Boolean) ? 0 : 1;
