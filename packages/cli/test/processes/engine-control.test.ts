import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@smcq/kernel";
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
import { awaited, clock, held, started, statusOf, words } from "./control-run.ts";
import { EngineRuns } from "./engine-run.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

const engines = new EngineRuns();
afterEach(() => engines.clean());
/** A symbol that is ready has at least as many bars (docs/smc.md section 0). */
const READY_BARS = 320;

describe("a person and the running engine", () => {
  it("sees how it does, halts, closes one symbol, resumes and flattens; every word is in the journal, which replays", async () => {
    const { run, folder } = await started(engines, ["--metrics-port", "0"]);
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
});
