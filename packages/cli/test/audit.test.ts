import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import {
  Engine,
  type EngineInput,
  type Journal,
  type ScoredCandidate,
  type TradingCommand,
} from "@smcq/engine";
import { FEATURES_V2, HeuristicScorer, MarketTable, type Scorer } from "@smcq/features";
import { BAR_FIELDS, ManualClock, MINUTE_MS, numberToE8, present, priceTicks, symbolId } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { FEES, optionsOf, rulesOf } from "../../engine/test/support/fixtures.ts";
import type { AuditReport, DifferenceKind } from "../src/offline/audit/audit-types.ts";
import { auditText } from "../src/offline/audit/audit-text.ts";
import { keepAudit, lastAudit, readAudits } from "../src/offline/audit/audits-file.ts";
import { type FreshMarket, freshScan } from "../src/offline/audit/fresh-scan.ts";
import { runAudit } from "../src/offline/audit/run-audit.ts";
import { temporaryFolder } from "./support/account-bench.ts";
import { type RecordedRun, recordedLedger } from "./support/recorded-ledger.ts";
import { WillingVenue } from "./support/willing-venue.ts";

const FIXTURE = join(import.meta.dirname, "../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");
const SYMBOL = "ALGOUSDT";
const ID = symbolId(0);
const SCORER = new HeuristicScorer();
const TICK = 0.00001;

const BARS = Float64Array.from(
  gunzipSync(readFileSync(FIXTURE))
    .toString("utf8")
    .trim()
    .split("\n")
    .slice(1)
    .flatMap((line) => line.split(",").slice(0, BAR_FIELDS).map(Number)),
);
const COUNT = BARS.length / BAR_FIELDS;
const openMs = (bar: number): number => BARS[bar * BAR_FIELDS] as number;
/** The engine ran over the last day and a half of the bars. */
const FIRST = COUNT - 2_000;
const FROM_MS = openMs(FIRST);
const TO_MS = openMs(COUNT - 1) + MINUTE_MS;

type Candidates = readonly ScoredCandidate[];

/** The other symbols of the market that rows of feature set v2 look at: the same closes, moved in time. */
const OTHERS = new Map(
  ["BTCUSDT", "XRPUSDT"].map((symbol, k) => {
    const bars = BARS.slice();
    for (let at = 4; at < bars.length; at += BAR_FIELDS)
      bars[at] = BARS[(at + (k + 1) * 3_000 * BAR_FIELDS) % bars.length] as number;
    return [symbol, bars] as const;
  }),
);
const MARKET = [SYMBOL, ...OTHERS.keys()];

/** A score of every column of a row of feature set v2. */
const RICH: Scorer = {
  id: "rich",
  width: FEATURES_V2.columns.length,
  score(rows, count, scores) {
    const width = FEATURES_V2.columns.length;
    for (let row = 0; row < count; row++)
      scores[row] = rows
        .subarray(row * width, (row + 1) * width)
        .reduce((sum, value, k) => sum + (value * (k + 1)) / 1e5, 0.5);
  },
};

/** What an engine that did what the bars say had: a candidate for each setup. */
function candidatesOf(scorer: Scorer = SCORER, market: FreshMarket | null = null): ScoredCandidate[] {
  const scanned = { symbol: SYMBOL, bars: BARS, market, liveScore: () => null };
  return freshScan(scanned, { scorer, timeframe: "M1" }, { fromMs: FROM_MS, toMs: TO_MS }).map((one) => {
    const { openTimeMs } = one;
    const own = { symbol: SYMBOL, symbolId: ID, scorerId: scorer.id, challenger: null };
    const rest = { exchangeMs: openTimeMs + MINUTE_MS, isRestConfirmed: false, receivedNs: 0, takenNs: 0 };
    return Object.assign(one, own, rest) as unknown as ScoredCandidate;
  });
}

/** The close of the minute that has just ended, as the venue of these tests fills at it. */
const ticksAt = (nowMs: number): number =>
  Math.round((BARS[((nowMs - MINUTE_MS - openMs(0)) / MINUTE_MS) * BAR_FIELDS + 4] as number) / TICK);

/** Where the entries of a day fill, from the first one on: so many ticks worse than the close; null: not at all. */
type EntryFills = readonly (number | null)[];

/**
 * A core over those minutes, and its journal in a ledger; every position's bar is marked. With `fills` there are quotes, and a venue
 * that fills whatever takes at the close of the minute, and the entries as it says.
 */
async function journaled(candidates: Candidates, fills: EntryFills | null = null): Promise<string> {
  const options = optionsOf({ symbolLockMs: 0, streakMs: 0 });
  const turns: RecordedRun["turns"][number][] = [];
  const journal: Journal = { append: (_seq, event, commands) => void turns.push({ event, commands }) };
  const clock = new ManualClock(FROM_MS);
  const inbox = new Inbox();
  let entries = 0;
  const venue = new WillingVenue((input) => void inbox.put(input), {
    priceOf: ({ role, side }) => {
      const worse = role === "entry" ? (fills?.[entries++] ?? 0) : 0;
      const isLost = role === "entry" && fills?.[entries - 1] === null;
      return isLost ? null : priceTicks(ticksAt(clock.nowMs()) + side * worse);
    },
    isReached: () => true,
  });
  const onTrading = (command: TradingCommand): void => (fills === null ? undefined : venue.carryOut(command));
  const nobody = { onSignals() {}, onDecision() {}, onInvalidScores() {}, onTrading };
  const loop = new EngineLoop({
    engine: new Engine(options),
    inbox,
    journal,
    router: new CommandRouter(nobody, { inbox, wallClock: clock }),
    venueClock: clock,
    wallClock: clock,
    deferral: { soon() {}, later() {} },
  });
  const put = (input: EngineInput): void => {
    inbox.put(input);
    while (inbox.size > 0) loop.drain();
  };
  put({
    type: "instrument",
    symbolId: ID,
    symbol: SYMBOL,
    rules: rulesOf(String(TICK.toFixed(5)), "1"),
    fees: FEES,
  });
  for (let bar = FIRST; bar < COUNT; bar++) {
    clock.advance(openMs(bar) + MINUTE_MS - clock.nowMs());
    const priceE8 = numberToE8(BARS[bar * BAR_FIELDS + 4] as number);
    const own = candidates.filter(({ openTimeMs }) => openTimeMs === openMs(bar));
    if (own.length > 0 || bar % 30 === 0 || bar === FIRST || bar === COUNT - 1)
      put({ type: "minute", closeMs: openMs(bar) + MINUTE_MS, marks: [{ symbolId: ID, priceE8 }] });
    if (own.length === 0) continue;
    venue.nowMs = clock.nowMs();
    if (fills !== null) {
      venue.trade();
      const price = ticksAt(clock.nowMs()) * TICK;
      put({ type: "quotes", quotes: [{ symbolId: ID, bid: price, ask: price }] });
    }
    put({ type: "candidates", shardId: 0, candidates: own });
    put({ type: "time" });
  }
  return ledgerFile(await recordedLedger([{ runId: "day", options, turns }]));
}

async function audited(
  file: string,
  bars: Float64Array = BARS,
  scorer: Scorer = SCORER,
): Promise<AuditReport> {
  return await runAudit({
    file,
    run: "day",
    fromMs: FROM_MS,
    toMs: TO_MS,
    bars: (symbol, fromMs, toMs) => {
      const first = Math.max(0, (fromMs - openMs(0)) / MINUTE_MS) * BAR_FIELDS;
      const own = symbol === SYMBOL ? bars : OTHERS.get(symbol);
      const end = first + ((toMs - fromMs) / MINUTE_MS) * BAR_FIELDS;
      return Promise.resolve(own?.subarray(first, end) ?? null);
    },
    scorer,
    timeframe: "M1",
    onSymbol() {},
  });
}

function parities({ classes }: AuditReport): Record<string, number | null> {
  return Object.fromEntries(classes.map(({ name, parity }) => [name, parity]));
}

/** The market of the run, as the records of its two processes say it. */
function recordMarket(file: string, market: readonly string[]): void {
  const db = new DatabaseSync(file);
  const [first, second] = [market.slice(0, 2), market.slice(1)].map((own) => JSON.stringify({ market: own }));
  db.prepare("UPDATE runs SET model_json = ?").run(first!);
  db.prepare(
    "INSERT OR REPLACE INTO run_resumes SELECT run_key, 2, engine_version, config_hash, config_json, scorer_id, feature_schema_hash, smc_parameters_json, ? FROM runs",
  ).run(second!);
  db.close();
}

describe("an audit", () => {
  it("of an engine that did what the bars say finds parity in everything", async () => {
    const report = await audited(await journaled(candidatesOf()));
    expect(parities(report)).toEqual({
      bars: 1,
      candidates: 1,
      features: 1,
      scores: 1,
      decisions: 1,
      fills: null,
    });
    expect(report.parity).toBe(1);
    expect(report.classes.find(({ name }) => name === "candidates")?.compared).toBeGreaterThan(20);
    expect(report.classes.find(({ name }) => name === "decisions")?.compared).toBeGreaterThan(3);
    expect([report.counts, report.notCompared.noBars]).toEqual([{}, []]);
    expect(auditText(report)).toContain("parity 100.00 %");
  });

  const CHANGES: readonly [DifferenceKind, (candidates: ScoredCandidate[]) => Candidates][] = [
    ["candidate-missed", (candidates) => candidates.toSpliced(8, 1)],
    ["candidate-unfounded", (all) => all.with(8, { ...all[8]!, side: all[8]!.side > 0 ? -1 : 1 })],
    ["candidate-setup", (all) => all.with(8, { ...all[8]!, setup: all[8]!.setup === 1 ? 2 : 1 })],
    ["plan-basis", (all) => all.with(8, { ...all[8]!, atr: all[8]!.atr * (1 + 2 ** -52) })],
    ["plan-basis", (all) => all.with(8, { ...all[8]!, medianTurnover: 1 })],
    [
      "features",
      (all) => all.with(8, { ...all[8]!, features: all[8]!.features.map((v, k) => (k === 3 ? v + 1 : v)) }),
    ],
    ["score", (all) => all.with(8, { ...all[8]!, score: 0.95 })],
  ];
  it.each(CHANGES)("names a planted difference: %s", async (kind, change) => {
    const report = await audited(await journaled(change(candidatesOf())));
    expect(report.counts[kind]).toBe(1);
    expect(report.parity).toBeLessThan(1);
    expect(report.differences.map((one) => one.kind)).toContain(kind);
    expect(auditText(report)).toContain(kind);
  });

  it("names an entry that slipped, and one that came to no trade", async () => {
    const all = candidatesOf();
    const fair = await audited(await journaled(all, []));
    expect([fair.counts, parities(fair)["fills"], fair.fills.missed]).toEqual([{}, 1, 0]);
    expect(fair.fills.trades).toBeGreaterThan(10);
    // Costs assume 2 bp: four ticks are within twice as much, five are not.
    const planted = await audited(await journaled(all, [4, 5, null]));
    expect(planted.counts).toEqual({ "fill-slipped": 1, "fill-missed": 1 });
    const { compared, equal } = planted.classes.find(({ name }) => name === "fills")!;
    expect(compared - equal).toBe(2);
    // What the venue did is told beside parity, and is no part of it.
    expect(planted.parity).toBe(1);
    for (const kind of ["fill-slipped", "fill-missed"]) expect(auditText(planted)).toContain(kind);
  });

  it("names a bar that closed elsewhere, and one that is not there", async () => {
    const file = await journaled(candidatesOf());
    const marked = Math.ceil((FIRST + 1) / 30) * 30;
    const moved = BARS.slice();
    moved[marked * BAR_FIELDS + 4] = (moved[marked * BAR_FIELDS + 3] as number) - 0.0001;
    expect((await audited(file, moved)).counts["bar-close"]).toBe(1);
    const cut = await audited(file, BARS.slice(0, (COUNT - 1) * BAR_FIELDS));
    expect(cut.counts["bar-missing"]).toBe(1);
    const none = await audited(file, new Float64Array(0));
    expect([none.notCompared.noBars, none.parity]).toEqual([[SYMBOL], null]);
  });

  it("holds a decision for another one when what it stood on is", async () => {
    const candidates = candidatesOf();
    const at = candidates.findIndex(({ score }) => score > 0.6);
    const changed = candidates.with(at, { ...candidates[at]!, score: 0.95 });
    const report = await audited(await journaled(changed));
    expect(report.counts["decision-input"]).toBe(1);
    expect(parities(report)["decisions"]).toBeLessThan(1);
  });

  it("is kept in the data folder, and the last one is found behind any number, a cut line among them", async () => {
    const folder = temporaryFolder();
    expect([lastAudit(folder), readAudits(folder)]).toEqual([null, []]);
    const report = await audited(await journaled(candidatesOf()));
    for (let day = 0; day < 60; day++) keepAudit(folder, { ...report, runId: `run-${day}` }, day);
    appendFileSync(join(folder, "audits.jsonl"), '{"atMs":61,"runId":"cut');
    expect(readAudits(folder)).toHaveLength(60);
    expect(lastAudit(folder)).toEqual(readAudits(folder).at(-1));
    expect(lastAudit(folder)).toMatchObject({ atMs: 59, runId: "run-59", parity: 1 });
  });

  it("tells that the core decides otherwise on the same events", async () => {
    const file = await journaled(candidatesOf());
    const db = new DatabaseSync(file);
    // As a core of another version would have it: its word for this event is another one.
    const { seq } = db.prepare("SELECT max(seq) AS seq FROM decisions").get() as { seq: number };
    db.prepare("UPDATE journal SET commands_hash = 'other' WHERE seq = ?").run(seq);
    db.close();
    const report = await audited(file);
    expect(report.counts["decision-outcome"]).toBe(1);
    expect(parities(report)["decisions"]).toBeLessThan(1);
  });

  it("makes scores of feature set v2 again, and knows by its own rows that a symbol came late", async () => {
    const table = MarketTable.empty(MARKET);
    for (const symbol of MARKET) table.takeBars(symbol, OTHERS.get(symbol) ?? BARS);
    const market = { table, symbols: MARKET };
    const all = candidatesOf(RICH, market);
    const scoreWithout = (symbol: string): number =>
      table.without(
        table.indexOf(symbol),
        all[8]!.openTimeMs - MINUTE_MS,
        () => candidatesOf(RICH, market)[8]!.score,
      );
    const late = scoreWithout("BTCUSDT");
    expect([all[8]!.score, scoreWithout("XRPUSDT")]).not.toContain(late);
    const planted = all.with(8, { ...all[8]!, score: late }).with(9, { ...all[9]!, score: 0.55 });
    const file = await journaled(planted);
    const unknown = await audited(file, BARS, RICH);
    expect([unknown.counts, unknown.notCompared.noMarket]).toEqual([{}, all.length]);
    expect(parities(unknown)["scores"]).toBe(null);
    recordMarket(file, MARKET);
    const report = await audited(file, BARS, RICH);
    expect([report.counts, report.notCompared]).toMatchObject([
      { score: 1 },
      { noMarket: 0, lateSymbols: 1, otherScorer: 0, noBars: [] },
    ]);
    const [compared, equal] = [all.length - 1, all.length - 2];
    expect(report.classes.find(({ name }) => name === "scores")).toMatchObject({ compared, equal });
    expect(auditText(report)).toContain("which came late");
    recordMarket(file, [...MARKET, "GONEUSDT"]);
    expect((await audited(file, BARS, RICH)).notCompared.noMarket).toBe(all.length);
  });

  it("compares no score of another scorer, and no setup of a minute in which nothing ran", async () => {
    const others = candidatesOf().map((one) => Object.assign(one, { scorerId: "other" }));
    const report = await audited(await journaled(others));
    expect([parities(report)["scores"], report.notCompared.otherScorer]).toEqual([null, others.length]);
    // A setup of the first ten minutes may stand on what only the process that had just started knew.
    const all = candidatesOf();
    const early = { ...present(all[8], "a candidate"), openTimeMs: FROM_MS + MINUTE_MS, score: 0.95 };
    const late = await audited(await journaled([early, ...all]));
    expect([late.counts, late.notCompared.notRunning, late.parity]).toEqual([{}, 1, 1]);
  });
});
