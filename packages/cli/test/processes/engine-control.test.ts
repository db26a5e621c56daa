import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { ledgerFile, RecordReader } from "@smcq/ledger";
import { afterEach, describe, expect, it } from "vitest";
import { metricRows } from "../../scripts/guide-metrics.ts";
import { askEngine } from "../../src/control/control-client.ts";
import type { LogView } from "../../src/control/log-views.ts";
import type { SystemView } from "../../src/control/system-views.ts";
import type { StatusView } from "../../src/control/protocol.ts";
import { controlSocketPath } from "../../src/control/socket-path.ts";
import { RunSource } from "../../src/dashboard/run-source.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { askSymbol } from "../../src/market/ask-symbol.ts";
import { checkReplay } from "../../src/offline/ledger/check-ledger.ts";
import { runCommand } from "../support/run-command.ts";
import { EngineRuns, partsOf, type SmcqRun } from "./engine-run.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

const engines = new EngineRuns();
afterEach(() => engines.clean());
const clock = new SystemClock();
/** No condition takes so long. */
const DEADLINE_MS = 60_000;
/** A symbol that is ready has at least as many bars (docs/smc.md section 0). */
const READY_BARS = 320;

async function started(args: readonly string[] = []): Promise<{ run: SmcqRun; folder: string }> {
  const folder = engines.fresh();
  const run = engines.start(["--symbols", "24", ...args], folder);
  await run.sees("READY");
  return { run, folder };
}

/** Asks again and again until the answer will do; returns it with the wall ms that it took. */
async function awaited<T>(
  ask: () => Promise<T>,
  isGood: (answer: T) => boolean,
): Promise<{ readonly answer: T; readonly tookMs: number }> {
  const startNs = clock.monoNs();
  for (;;) {
    const answer = await ask();
    const tookMs = (clock.monoNs() - startNs) / 1e6;
    if (isGood(answer)) return { answer, tookMs };
    if (tookMs > DEADLINE_MS) throw new Error(`waited too long: ${JSON.stringify(answer)}`);
    await new Promise<void>((resolve) => clock.after(2, resolve));
  }
}

const statusOf = (folder: string) => (): Promise<StatusView> => askEngine(folder, { request: "status" });
const isHalted = ({ account }: StatusView): boolean => account?.state === "HALTED";

/** Waits until something is held. */
async function held(folder: string): Promise<readonly string[]> {
  const ask = () => askEngine(folder, { request: "positions" });
  const { answer } = await awaited(ask, ({ positions }) =>
    positions.some(({ guard }) => guard === "guarded"),
  );
  return answer.positions.filter(({ guard }) => guard === "guarded").map(({ symbol }) => symbol);
}

/** The words that the ledger has of a run, each with the way by which it came. */
function words(folder: string): readonly string[] {
  const reader = new RecordReader(ledgerFile(folder));
  try {
    const run = reader.run(null);
    return reader.incidents(run.runKey, "operator").map(({ detail }) => {
      const { word, by } = detail as { readonly word: string; readonly by?: string };
      return `${word} ${by ?? "itself"}`;
    });
  } finally {
    reader.close();
  }
}

describe("a person and the running engine", () => {
  it("sees how it does, halts, closes one symbol, resumes and flattens; every word is in the journal, which replays", async () => {
    const { run, folder } = await started(["--metrics-port", "0"]);
    const { url } = await run.sees("metrics are served");
    const at = ["--data-dir", folder];
    expect(statSync(controlSocketPath(folder)).mode & 0o777).toBe(0o600);
    const [symbol = ""] = await held(folder);
    const told = await Promise.all([
      askEngine(folder, { request: "positions" }),
      askEngine(folder, { request: "orders" }),
    ]);
    const position = told[0].positions.find((one) => one.symbol === symbol);
    expect(position).toMatchObject({ isStopConfirmed: true, stop: expect.any(String) });
    const stop = told[1].orders.find((one) => one.symbol === symbol && one.role === "stop");
    expect(stop).toMatchObject({ kind: "stop-market", price: position?.stop, state: "working" });
    for (const [command, ...names] of [
      ["status"],
      ["positions"],
      ["orders"],
      ["market"],
      ["symbol", symbol],
      ["system"],
      ["latency"],
    ]) {
      const { code, text, said } = await runCommand(String(command), ...names, ...at);
      expect([command, code, said]).toEqual([command, ExitCode.Ok, ""]);
      expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    }
    const status = JSON.parse((await runCommand("status", "--json", ...at)).text) as StatusView;
    expect(status).toMatchObject({
      modeName: "sim",
      isStopping: false,
      feed: { pairs: 24, ready: 24, shardsRunning: 2, shardsOff: 0 },
      account: { state: "ACTIVE", reasons: [], heatRatioMax: 0.03, orders: "binance-sim" },
    });
    expect(status.rest.requests).toBeGreaterThan(0);

    const system = JSON.parse((await runCommand("system", "--json", ...at)).text) as SystemView;
    expect(
      system.shards.map(({ shardId, state, symbols, restarts }) => [shardId, state, symbols, restarts]),
    ).toEqual([
      [0, "running", 12, 0],
      [1, "running", 12, 0],
    ]);
    for (const { beatAgeMs, rings } of system.shards) {
      expect(beatAgeMs).toBeLessThan(60_000);
      expect([rings.bars > 0, rings.bars <= rings.barsMax, rings.slots]).toEqual([true, true, 12]);
    }
    expect(system.connections.map(({ kind, open, wanted }) => [kind, open === wanted])).toEqual([
      ["klines, shard 0", true],
      ["klines, shard 1", true],
      ["account", true],
      ["best prices", true],
      ["contracts' news", true],
    ]);
    expect(system.connections.every(({ sinceMs }) => sinceMs !== null && sinceMs <= system.nowMs)).toBe(true);
    expect(system.queues.map(({ name, lost }) => [name, lost])).toEqual([
      ["inbox of the core", 0],
      ["journal", 0],
      ["signals for the ledger", 0],
      ["log", 0],
    ]);
    const log = JSON.parse((await runCommand("log", "--lines", "5", "--json", ...at)).text) as LogView;
    expect([log.lines.length, log.lines.at(-1)?.seq]).toEqual([5, log.lastSeq]);
    const market = await askEngine(folder, { request: "market" });
    expect(market.symbols.length).toBe(24);
    for (const { stage, isStale, isBusy, m1Trend, m5Trend } of market.symbols)
      expect([stage, isStale, isBusy, typeof m1Trend, typeof m5Trend]).toEqual([
        "ready",
        false,
        false,
        "number",
        "number",
      ]);
    const own = await askSymbol(folder, symbol);
    expect([own.bars.length >= READY_BARS, own.structures.source, own.fills.length > 0]).toEqual([
      true,
      "engine",
      true,
    ]);

    const metrics = await (await fetch(String(url))).text();
    const families = metricRows(metrics);
    expect(families.length).toBeGreaterThan(30);
    const page = readFileSync(join(ROOT, "docs/guide/metrics.md"), "utf8");
    expect(families.filter(({ name }) => !page.includes(`| \`${name}\``)).map(({ name }) => name)).toEqual(
      [],
    );
    expect((await fetch(new URL("/readyz", String(url)))).status).toBe(200);
    for (const line of [
      /^smcq_position_naked_ms_count\{clock="venue"\} [1-9]/mu,
      /^smcq_order_round_trip_ms_count\{kind="entry"\} [1-9]/mu,
      /^smcq_order_round_trip_ms_count\{kind="stop"\} [1-9]/mu,
      /^smcq_reconciliations_total [1-9]/mu,
      /^smcq_journal_synced_ms_count [1-9]/mu,
      /^smcq_rest_weight_limit 2400$/mu,
      /^smcq_gc_pause_ms_count\{thread="main"\} [1-9]/mu,
      /^smcq_gc_pause_ms_count\{thread="shard 1"\} [1-9]/mu,
      /^smcq_gc_pause_ms_count\{thread="scan"\} [1-9]/mu,
      /^smcq_event_loop_late_ms_count\{thread="main"\} [1-9]/mu,
      /^smcq_event_loop_late_ms_count\{thread="shard 0"\} [1-9]/mu,
      /^smcq_stage_ms_count\{stage="scored"\} [1-9]/mu,
      /^smcq_close_to_scored_ms_count [1-9]/mu,
      /^smcq_trading_state\{state="ACTIVE"\} 1$/mu,
    ])
      expect(metrics).toMatch(line);

    expect((await runCommand("halt", ...at)).text).toMatch(/^state +HALTED since/u);
    const halted = await statusOf(folder)();
    expect(halted.account?.reasons.map(({ reason }) => reason)).toEqual(["operator"]);
    const refused = await runCommand("close", "NOSUCHUSDT", ...at);
    expect([refused.code, refused.said]).toEqual([
      ExitCode.Refused,
      expect.stringContaining('"NOSUCHUSDT" is no symbol of this run'),
    ]);
    const otherwise = await runCommand("close", symbol.toLowerCase(), ...at);
    expect(otherwise.said).toContain(`is no symbol of this run (did you mean ${symbol}?)`);
    const closing = await runCommand("close", symbol, ...at);
    // Stop or target may have been faster than the word.
    const said = closing.code === ExitCode.Ok ? closing.text : closing.said;
    expect(said).toMatch(new RegExp(`^leaving +${symbol}\n|nothing of ${symbol} is held`, "u"));
    const isGone = ({ positions }: { positions: readonly { symbol: string }[] }): boolean =>
      positions.every((one) => one.symbol !== symbol);
    await awaited(() => askEngine(folder, { request: "positions" }), isGone);
    expect((await runCommand("close", symbol, ...at)).code).toBe(ExitCode.Refused);

    expect((await runCommand("flatten", ...at)).code).toBe(ExitCode.Usage);
    expect((await runCommand("flatten", "--yes", "--json", ...at)).code).toBe(ExitCode.Ok);
    await awaited(
      () => askEngine(folder, { request: "positions" }),
      ({ positions }) => positions.length === 0,
    );
    expect((await runCommand("resume", ...at)).text).not.toMatch(/HALTED/u);
    const source = new RunSource({ dataDir: folder, wallClock: clock, logger: silentLogger });
    expect(await source.say({ word: "halt" })).toMatchObject({ state: "HALTED" });
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(existsSync(controlSocketPath(folder))).toBe(false);
    const closed = closing.code === ExitCode.Ok ? ["close socket"] : [];
    expect(words(folder).slice(0, 4 + closed.length)).toEqual([
      "halt socket",
      ...closed,
      "flatten socket",
      "resume socket",
      "halt dashboard",
    ]);
    expect(checkReplay(folder, null).data).toMatchObject({ difference: null });
    const gone = await runCommand("status", ...at);
    expect([gone.code, gone.said]).toEqual([
      ExitCode.NoEngine,
      expect.stringContaining("no engine runs on the data folder"),
    ]);
  });

  it("PR14 answers again after a crash, halted as before: the next engine takes the dead one's socket", async () => {
    const { run, folder } = await started();
    await askEngine(folder, { request: "halt" });
    process.kill(partsOf(run).engine, "SIGKILL");
    await run.sees("READY", 2);
    expect(isHalted(await statusOf(folder)())).toBe(true);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
  });

  it("OP01 halts by the file HALT, made while it runs or before, and goes on only by a word when the file is gone", async () => {
    const { run, folder } = await started();
    const file = join(folder, "HALT");
    const at = ["--data-dir", folder];
    await held(folder);
    const asked = await awaited(
      () => askEngine(folder, { request: "halt" }),
      ({ state }) => state === "HALTED",
    );
    await askEngine(folder, { request: "resume" });
    writeFileSync(file, "");
    const seen = await awaited(statusOf(folder), isHalted);
    console.log(
      `HALTED ${asked.tookMs.toFixed(1)} ms by the socket, ${seen.tookMs.toFixed(1)} ms by the file`,
    );
    expect(seen.answer.account).toMatchObject({ isHaltFile: true, reasons: [{ reason: "operator" }] });
    const refused = await runCommand("resume", ...at);
    expect([refused.code, refused.said]).toEqual([
      ExitCode.Refused,
      expect.stringContaining("the file HALT stands"),
    ]);
    rmSync(file);
    await awaited(statusOf(folder), ({ account }) => account?.isHaltFile === false);
    expect(isHalted(await statusOf(folder)())).toBe(true);
    expect((await runCommand("resume", ...at)).code).toBe(ExitCode.Ok);
    expect(isHalted(await statusOf(folder)())).toBe(false);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(words(folder).slice(0, 4)).toEqual(["halt socket", "resume socket", "halt file", "resume socket"]);

    writeFileSync(file, "");
    const next = engines.start([], folder);
    await next.sees("READY");
    expect((await statusOf(folder)()).account).toMatchObject({ state: "HALTED", isHaltFile: true });
    next.child.kill("SIGTERM");
    expect(await next.ends()).toBe(ExitCode.Ok);
    expect(words(folder)[0]).toBe("halt file");
  });
});
