import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, type DecisionRecord, type ScoredCandidate, wordsOf } from "@smcq/engine";
import { e8Text, MINUTE_MS, present, Rng } from "@smcq/kernel";
import { ledgerFile, RecordReader } from "@smcq/ledger";
import { utcText } from "@smcq/scoring";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { candidate, T0 } from "../../../engine/test/support/fixtures.ts";
import { HostileRun } from "../../../engine/test/support/hostile-run.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import type { Row } from "../../src/offline/ledger/answer/answer.ts";
import { gatesOf, UNASKED_GATES } from "../../src/offline/ledger/explain/gates.ts";
import { readCsv, sameCell } from "../support/read-csv.ts";
import { recordedLedger, type RecordedRun, twentyRuns } from "../support/recorded-ledger.ts";
import { runCommand as smcq } from "../support/run-command.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);

interface Explained {
  readonly status: string;
  readonly answer: readonly string[];
  readonly facts: readonly Row[];
  readonly state?: { readonly state: string; readonly reasons: readonly string[] };
  readonly held?: { readonly steps: number } | null;
  readonly otherSignals?: number;
}

/** A minute of a symbol, read from the events alone. */
interface Witnessed {
  readonly status: string;
  readonly scores: readonly number[];
  readonly outcomes: readonly string[];
  readonly state: string;
  readonly steps: number;
  readonly others: number;
}

function witnessed({ turns, options }: RecordedRun, symbol: string, closeMs: number): Witnessed {
  const isIn = (timeMs: number): boolean => timeMs >= closeMs && timeMs < closeMs + MINUTE_MS;
  const candidates: ScoredCandidate[] = [];
  const decisions: DecisionRecord[] = [];
  const seen = new Set<string>();
  let [state, steps] = ["ACTIVE", 0];
  const names = new Map<number, string>();
  for (const { event, commands } of turns) {
    if (event.type === "instrument") names.set(event.symbolId, event.symbol);
    if (event.type === "candidates")
      candidates.push(...event.candidates.filter(({ openTimeMs }) => isIn(openTimeMs + MINUTE_MS)));
    const told =
      event.type === "order-update"
        ? [event.update.fill]
        : event.type === "answer" && event.answer.type === "trades"
          ? event.answer.fills
          : [];
    for (const fill of told) {
      if (fill === null || names.get(fill.symbolId) !== symbol || fill.timeMs > closeMs) continue;
      if (seen.has(fill.tradeId)) continue;
      seen.add(fill.tradeId);
      steps += fill.side * fill.qtySteps;
    }
    for (const command of commands as readonly Command[]) {
      if (command.type === "decided" && command.decision.symbol === symbol && isIn(command.decision.timeMs))
        decisions.push(command.decision);
      if (command.type === "state" && event.nowMs <= closeMs) ({ state } = command);
    }
  }
  const own = candidates.filter((candidate) => candidate.symbol === symbol);
  const isAbove = own.some(({ score }) => score > options.scoreMin);
  return {
    status:
      decisions.length > 0
        ? "decided"
        : own.length === 0
          ? "no-signal"
          : isAbove
            ? "undecided"
            : "below-threshold",
    scores: own.map(({ score }) => score).toSorted(byText),
    outcomes: decisions.map(({ receipt }) => receipt.outcome).toSorted(byText),
    state,
    steps,
    others: candidates.length - own.length,
  };
}

/** Steps of a symbol that all trades leave. */
function heldAtEnd(turns: RecordedRun["turns"], symbol: string): number {
  const seen = new Set<string>();
  let steps = 0;
  for (const { event } of turns)
    for (const { fill } of wordsOf(event)) {
      if (fill === null || `S${fill.symbolId}` !== symbol || seen.has(fill.tradeId)) continue;
      seen.add(fill.tradeId);
      steps += fill.side * fill.qtySteps;
    }
  return steps;
}

interface Minute {
  readonly symbol: string;
  readonly closeMs: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

type Facts = Omit<Witnessed, "status"> & { readonly status: string };

const NOTHING: Omit<Facts, "status"> = { scores: [], outcomes: [], state: "", steps: 0, others: 0 };

/** What has to be told of a minute, and words that have to be among the sentences. */
function wantedOf(
  run: RecordedRun,
  { symbol, closeMs, firstMs, lastMs }: Minute,
): { readonly facts: Facts; readonly words: readonly string[] } {
  if (lastMs < closeMs || firstMs >= closeMs + MINUTE_MS)
    return { facts: { ...NOTHING, status: "not-running" }, words: ["No engine was running at that minute"] };
  if (symbol === "NOPE")
    return { facts: { ...NOTHING, status: "unknown-symbol" }, words: ["NOPE is not known to this ledger"] };
  const facts = witnessed(run, symbol, closeMs);
  const words = facts.outcomes.map((outcome) => `: ${outcome}, decided `);
  if (facts.status === "no-signal") words.push(`No signal: none of ${symbol} was stored`);
  words.push(`The engine was ${facts.state}`);
  words.push(facts.steps === 0 ? `Nothing of ${symbol} was held` : "Held at the close: ");
  return { facts, words };
}

function toldOf({ status, facts, state, held, otherSignals }: Explained): Facts {
  const valuesOf = (part: string, name?: string) =>
    facts
      .filter((fact) => fact.part === part && (name === undefined || fact["name"] === name))
      .map(({ value }) => value)
      .toSorted(byText);
  return {
    status,
    scores: valuesOf("signal") as readonly number[],
    outcomes: valuesOf("decision", "outcome") as readonly string[],
    state: state?.state ?? "",
    steps: held?.steps ?? 0,
    others: otherSignals ?? 0,
  };
}

function byText(a: unknown, b: unknown): number {
  return String(a) < String(b) ? -1 : Number(String(a) > String(b));
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("smcq explain", () => {
  let runs: readonly RecordedRun[];
  let dataDir: string;

  beforeAll(async () => {
    runs = twentyRuns(SEED);
    dataDir = await recordedLedger(runs, mkdtempSync(join(tmpdir(), "smcq-ask-")));
    return () => rmSync(dataDir, { recursive: true, force: true });
  });

  const explain = (symbol: string, closeMs: number, ...more: readonly string[]) =>
    smcq("explain", symbol, utcText(closeMs).slice(0, 16), "--data-dir", dataDir, ...more);

  it(`answers for 100 random minutes what the events themselves say (seed ${SEED})`, async () => {
    const rng = new Rng(SEED);
    const statuses = new Map<string, number>();
    for (let round = 0; round < 100; round++) {
      const run = runs[rng.int(runs.length)] as RecordedRun;
      const firstMs = run.turns[0]?.event.nowMs ?? 0;
      const lastMs = run.turns.at(-1)?.event.nowMs ?? 0;
      const minutes = Math.ceil((lastMs - firstMs) / MINUTE_MS);
      const closeMs = Math.floor(firstMs / MINUTE_MS) * MINUTE_MS + (rng.int(minutes + 3) - 1) * MINUTE_MS;
      const symbol = round % 10 === 9 ? "NOPE" : `S${rng.int(3)}`;
      const { code, text } = await explain(symbol, closeMs, "--run", run.runId, "--json");
      expect(code).toBe(ExitCode.Ok);
      const found = JSON.parse(text) as Explained;
      const name = `${run.runId} ${symbol} ${closeMs}`;
      statuses.set(found.status, (statuses.get(found.status) ?? 0) + 1);
      const wanted = wantedOf(run, { symbol, closeMs, firstMs, lastMs });
      expect({ name, ...toldOf(found) }).toEqual({ name, ...wanted.facts });
      const said = found.answer.join(" ");
      for (const words of wanted.words) expect([name, said]).toEqual([name, expect.stringContaining(words)]);
    }
    for (const status of ["decided", "no-signal", "not-running", "unknown-symbol"])
      expect([status, statuses.get(status) ?? 0]).toEqual([
        status,
        expect.toSatisfy((count: number) => count > 0),
      ]);
  });

  it("tells of every decision gate by gate, up to the one that refused, and follows approvals to their trade", async () => {
    let trades = 0;
    for (const { runId, turns } of runs.slice(0, 6)) {
      const closed = turns.flatMap(({ commands }) =>
        commands.flatMap((command) => (command.type === "trade-closed" ? [command.trade] : [])),
      );
      const decisions = turns.flatMap(({ commands }) =>
        commands.flatMap((command) => (command.type === "decided" ? [command.decision] : [])),
      );
      for (const { symbol, timeMs, receipt, setup, side } of decisions.slice(0, 12)) {
        const { text } = await explain(
          symbol,
          Math.floor(timeMs / MINUTE_MS) * MINUTE_MS,
          "--run",
          runId,
          "--json",
        );
        const { facts } = JSON.parse(text) as Explained;
        const own = closed.find(
          (trade) =>
            trade.symbol === symbol &&
            trade.signalMs === timeMs &&
            trade.setup === setup &&
            trade.side === side,
        );
        trades += Number(own !== undefined);
        const wanted: readonly (readonly [string, unknown])[] =
          receipt.outcome !== "APPROVED"
            ? [["gate", "REFUSED"]]
            : own === undefined
              ? [["gate", "passed"]]
              : [
                  ["trade", own.tradeId],
                  ["entry", "closed"],
                  ["trade", e8Text(own.pnlE8)],
                ];
        for (const [part, value] of wanted)
          expect(facts).toContainEqual(expect.objectContaining({ part, value }));
        const refusedBy = facts.filter(({ part, value }) => part === "gate" && value === "REFUSED");
        const names = receipt.outcome === "APPROVED" ? [] : [receipt.outcome];
        expect(refusedBy.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
      }
    }
    expect(trades).toBeGreaterThan(5);
  });

  it("shows no fills of others beside an entry that failed, and names no decision for what a person opened", async () => {
    let [failures, adopted] = [0, 0];
    const untrue: string[] = [];
    for (const { runId, turns } of runs) {
      const all = turns.flatMap(({ event, commands }) => commands.map((command) => ({ event, command })));
      const ours = new Set(
        all.flatMap(({ event }) =>
          wordsOf(event).flatMap(({ fill }) =>
            fill?.clientOrderId.startsWith("test") === true ? [`${fill.symbolId} ${fill.timeMs}`] : [],
          ),
        ),
      );
      // What an entry of ours has opened may be adopted too.
      const adoptedTrades = all.flatMap(({ command }) =>
        command.type === "trade-closed" &&
        command.trade.setup === 0 &&
        !ours.has(`${command.trade.symbolId} ${command.trade.entryMs}`)
          ? [command.trade]
          : [],
      );
      for (const { command } of all) {
        if (command.type !== "decided" || command.decision.receipt.outcome !== "APPROVED") continue;
        const { symbol, timeMs } = command.decision;
        const closeMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
        const { text } = await explain(symbol, closeMs, "--run", runId, "--json");
        const { facts } = JSON.parse(text) as Explained;
        const became = facts.filter(({ part, name }) => part === "entry" && name === "became");
        // What is said to be open is what the trades leave at the end.
        const isOpen = became.length === 1 && became[0]?.["value"] === "open";
        if (isOpen && heldAtEnd(turns, symbol) === 0) untrue.push(`${runId} ${symbol} ${timeMs}`);
        if (became.length !== 1 || became[0]?.["value"] !== "failed") continue;
        failures++;
        expect([runId, symbol, timeMs, facts.filter(({ part }) => part === "fill")]).toEqual([
          runId,
          symbol,
          timeMs,
          [],
        ]);
      }
      for (const { symbol, entryMs, exitMs } of adoptedTrades) {
        const closeMs = Math.ceil(entryMs / MINUTE_MS) * MINUTE_MS;
        if (closeMs >= exitMs) continue;
        adopted++;
        const { text } = await explain(symbol, closeMs, "--run", runId);
        expect(text.replaceAll(/\s+/g, " ")).toContain("No entry of ours opened it.");
      }
    }
    expect([failures > 0, adopted > 0, untrue]).toEqual([true, true, []]);
  });

  /** By its numbers; undefined where they do not say: nearly at the limit, or a day that was over it before. */
  const isLost = (numbers: string): boolean | undefined => {
    const [loss = Number.NaN, most = Number.NaN] = [...numbers.matchAll(/(-?[\d.]+) %/g)].map(([, one]) =>
      Number(one),
    );
    return loss > most + 0.002 ? true : undefined;
  };

  it("judges every decision by numbers that agree with the verdict", () => {
    const reader = new RecordReader(ledgerFile(dataDir));
    const filter = { symbol: null, kind: null, sinceMs: null, untilMs: null, limit: 1_000_000 };
    const contradictions: string[] = [];
    let verdicts = 0;
    for (const run of reader.runs()) {
      const risk = present(run.options.trading, "Invariant: this engine trades").risk;
      for (const decision of reader.decisions({ ...filter, runKey: run.runKey }).rows)
        for (const { gate, verdict, numbers } of gatesOf(reader, run, { decision, signal: null })) {
          const count = Number(/^\d+/.exec(numbers)?.[0] ?? Number.NaN);
          const isRefused: boolean | undefined = {
            STATE_NOT_ACTIVE: numbers.startsWith("the run was ending") || !numbers.startsWith("ACTIVE"),
            POSITION_OPEN: numbers !== "none",
            SYMBOL_LOCKED: /until|left alone/.test(numbers),
            STREAK_PAUSE: risk.streakMs === 0 ? undefined : count >= risk.streakStops,
            ENTRY_THROTTLE: count >= risk.entriesPerMinuteMax,
            FEED_STALE: numbers !== "",
            DAILY_LOSS: isLost(numbers),
          }[gate as string];
          if (isRefused === undefined || !["passed", "REFUSED"].includes(verdict)) continue;
          verdicts++;
          if (isRefused !== (verdict === "REFUSED"))
            contradictions.push(
              `${run.runId} ${decision.symbol} ${decision.timeMs} ${gate} ${verdict}: ${numbers}`,
            );
        }
    }
    reader.close();
    expect([contradictions, verdicts > 500]).toEqual([[], true]);
  });

  it("says the same in CSV, and fits 80 columns", async () => {
    for (const { runId, turns } of runs.slice(0, 8))
      for (const { commands } of turns) {
        const decided = commands.find((command) => command.type === "decided");
        if (decided === undefined) continue;
        const { symbol, timeMs } = decided.decision;
        const closeMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
        const json = await explain(symbol, closeMs, "--run", runId, "--json");
        const csv = await explain(symbol, closeMs, "--run", runId, "--csv");
        const { facts } = JSON.parse(json.text) as Explained;
        const rows = readCsv(csv.text);
        expect(rows.length).toBe(facts.length);
        for (const [index, row] of facts.entries())
          for (const [column, cell] of Object.entries(row))
            expect([column, sameCell(rows[index]?.[column], cell)]).toEqual([column, true]);
        const { text } = await explain(symbol, closeMs, "--run", runId);
        expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
        break;
      }
  });

  it("tells of a signal that is not above the threshold, and of one that nobody has decided on any more", async () => {
    const turns: RecordedRun["turns"][number][] = [];
    const run = new HostileRun(SEED, (event, commands) => turns.push({ event, commands }));
    run.seconds(60);
    const low = candidate(0, { openTimeMs: T0, score: 0.6 });
    const high = candidate(1, { openTimeMs: T0, score: 0.61 });
    run.put({ type: "candidates", shardId: 0, candidates: [low, high] });
    const own = await recordedLedger([{ runId: "short", options: run.options, turns }]);
    const ask = (symbol: string) =>
      smcq("explain", symbol, utcText(T0 + MINUTE_MS).slice(0, 16), "--data-dir", own, "--json");
    const [below, undecided, none] = [await ask("S0"), await ask("S1"), await ask("S2")].map(
      ({ text }) => JSON.parse(text) as Explained,
    );
    expect([below?.status, below?.answer[0]]).toEqual([
      "below-threshold",
      "Setup S1 long, score 0.600: not above the threshold of 0.6, so nothing was decided.",
    ]);
    expect([undecided?.status, undecided?.answer[0]]).toEqual([
      "undecided",
      expect.stringContaining("score 0.610, above the threshold of 0.6: no decision was kept"),
    ]);
    expect([none?.status, none?.answer[0]]).toEqual([
      "no-signal",
      expect.stringContaining("though 2 signals of other symbols were"),
    ]);
  });

  it("takes a minute with a T or a blank, quoted or not, and a symbol in small letters", async () => {
    const closeMs = Math.floor((runs[0]?.turns.at(-1)?.event.nowMs ?? 0) / MINUTE_MS) * MINUTE_MS;
    const minute = utcText(closeMs).slice(0, 16);
    const run = ["--run", String(runs[0]?.runId), "--data-dir", dataDir];
    const wanted = await smcq("explain", "S1", `${minute}Z`, ...run);
    expect(wanted.code).toBe(ExitCode.Ok);
    const [day = "", clock = ""] = minute.split("T");
    for (const time of [[minute], [`${day} ${clock}`], [day, clock], [`${minute}:30.123Z`]])
      expect((await smcq("explain", "s1", ...time, ...run)).text).toBe(wanted.text);
  });

  it.each([
    [["S1"], "Not enough non-option arguments"],
    [["S1", "2026-01-02"], "a minute is missing; must be UTC, 2026-01-02T03:04Z or 2026-01-02 03:04"],
    [["S1", "03:04"], "must be UTC, 2026-01-02T03:04Z or 2026-01-02 03:04"],
    [["S1", "2026-02-30T03:04"], "must be UTC"],
    [["S1", "2026-01-02T24:00"], "must be UTC"],
    [["S1", "2026-01-02T03:04+01:00"], "must be UTC"],
    [["S1", "1767322980000"], "must be UTC"],
    [["S1", "tomorrow"], "must be UTC"],
  ])("refuses %j", async (argv, text) => {
    const { code, said } = await smcq("explain", ...argv, "--data-dir", dataDir);
    expect([code, said]).toEqual([ExitCode.Usage, expect.stringContaining(text)]);
  });

  it("names as not built only gates that no core asks", () => {
    const sources = readdirSync(join(import.meta.dirname, "../../../engine/src"), {
      recursive: true,
      withFileTypes: true,
    })
      .filter((file) => file.isFile())
      .map((file) => readFileSync(join(file.parentPath, file.name), "utf8"))
      .join("\n");
    for (const gate of UNASKED_GATES) expect([gate, sources.includes(gate)]).toEqual([gate, false]);
  });
});

describe("smcq decisions", () => {
  it("lists every decision once, and counts refusals as the decisions have them", async () => {
    const runs = twentyRuns(SEED).slice(0, 6);
    const dataDir = await recordedLedger(runs);
    const wanted = runs.flatMap(({ runId, turns }) =>
      turns.flatMap(({ commands }) =>
        commands.flatMap((command) => (command.type === "decided" ? [{ runId, ...command.decision }] : [])),
      ),
    );
    const flags = ["--data-dir", dataDir, "--run", "all", "--limit", "100000"];
    const json = await smcq("decisions", ...flags, "--json");
    const found = (JSON.parse(json.text) as { readonly decisions: readonly Row[] }).decisions;
    expect(found.map(({ run, symbol, outcome, costs }) => [run, symbol, outcome, costs])).toEqual(
      wanted.map(({ runId, symbol, receipt: { outcome, unit } }) => [
        runId,
        symbol,
        outcome,
        unit?.c ?? null,
      ]),
    );
    const rows = readCsv((await smcq("decisions", ...flags, "--csv")).text);
    for (const [index, row] of found.entries())
      for (const [column, cell] of Object.entries(row))
        expect([column, sameCell(rows[index]?.[column], cell)]).toEqual([column, true]);
    const refused = wanted.filter(({ receipt }) => receipt.outcome !== "APPROVED");
    const table = await smcq("decisions", ...flags, "--refusals", "--json");
    const { refusals } = JSON.parse(table.text) as { readonly refusals: readonly Row[] };
    expect(refusals.reduce((sum, { count }) => sum + Number(count), 0)).toBe(refused.length);
    for (const { run, minute, code, count } of refusals)
      expect(
        refused.filter(
          ({ runId, timeMs, receipt }) =>
            runId === run &&
            receipt.outcome === code &&
            utcText(timeMs).slice(0, 16) === String(minute).slice(0, 16),
        ).length,
      ).toBe(count);
    const own = await smcq("decisions", ...flags, "--refusals", "--json", "--symbol", "S1");
    const ofOne = JSON.parse(own.text) as { readonly refusals: readonly Row[] };
    expect(ofOne.refusals.reduce((sum, { count }) => sum + Number(count), 0)).toBe(
      refused.filter(({ symbol }) => symbol === "S1").length,
    );
    for (const more of [[], ["--refusals"], ["--outcome", "approved"]])
      for (const line of (await smcq("decisions", ...flags, ...more)).text.split("\n"))
        expect(line.length).toBeLessThanOrEqual(80);
  });

  it("refuses an outcome that there is not", async () => {
    const dataDir = await recordedLedger([]);
    const { code } = await smcq("decisions", "--outcome", "MAYBE", "--data-dir", dataDir);
    expect(code).toBe(ExitCode.Ledger);
    const runs = twentyRuns(SEED).slice(0, 1);
    const other = await smcq("decisions", "--outcome", "MAYBE", "--data-dir", await recordedLedger(runs));
    expect([other.code, other.said]).toEqual([
      ExitCode.Usage,
      expect.stringContaining("must be one of APPROVED, STATE_NOT_ACTIVE"),
    ]);
  });
});
