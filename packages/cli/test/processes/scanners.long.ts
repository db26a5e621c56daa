import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forkBinanceSim, type SimChild } from "@smcq/binance-sim";
import { MINUTE_MS, minuteOf, SystemClock } from "@smcq/kernel";
import { ledgerFile, LedgerReader } from "@smcq/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { TcpProxy } from "../../../bus-nats/test/support/tcp-proxy.ts";
import { newSimulatedKey } from "../../src/modes/engine-payload.ts";
import { signalKey } from "../../src/bus/executor/seen-signals.ts";
import { BusAuditor } from "../support/bus-auditor.ts";
import { engineOf, SmcqRun, until } from "./engine-run.ts";

/** `SMCQ_S3_SYMBOLS=3000` is the issue's own size; the machine must be able to. */
const SYMBOLS = Number(process.env["SMCQ_S3_SYMBOLS"] ?? "240");
const PARTS = 32;
/** Before anything happens; many of them bring many signals. */
const CALM_MINUTES = Number(process.env["SMCQ_S3_MINUTES"] ?? "1");
/** Much of it is REST: each host brings the minutes of all that it scans. */
const WAIT_MS_MAX = 300_000 + SYMBOLS * 300;
const TEST_MS_MAX = 1_800_000 + SYMBOLS * 600;
/** All hosts have one address here: the venue's own limit for each of the five. */
const WEIGHT_LIMIT = 5 * 2_400;
const clock = new SystemClock();

const key = newSimulatedKey();
let folder = "";
let venue: SimChild;
let server: NatsServer;
let proxy: TcpProxy;
let auditor: BusAuditor | null = null;
const runs: SmcqRun[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "smcq-scanners-"));
  server = await NatsServer.start();
  proxy = await TcpProxy.to(server.port);
  venue = await forkBinanceSim({
    epoch: "wall",
    speed: 1,
    symbols: SYMBOLS,
    weightLimit: WEIGHT_LIMIT,
    trading: { keys: [{ ...key, type: "hmac" }], equity: "10000" },
  });
});
afterEach(async () => {
  await auditor?.close();
  auditor = null;
  for (const run of runs.splice(0)) killHard(run);
  await venue.stop();
  await proxy.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** As a power cut would: the supervisor and what it has started. */
function killHard(run: SmcqRun): void {
  if (run.child.exitCode !== null) return;
  const engine = engineOf(run);
  run.child.kill("SIGKILL");
  if (engine !== null) process.kill(engine, "SIGKILL");
}

function start(name: string, flags: readonly string[], isTrading = false): SmcqRun {
  const at = `127.0.0.1:${venue.port}`;
  const sets = [
    `feed.restBaseUrl=http://${at}`,
    `feed.wsBaseUrl=ws://${at}`,
    `universe.maxSymbols=${SYMBOLS}`,
    "risk.allowUnproven=true",
    `account.leaseDir=${join(folder, "leases")}`,
  ];
  const run = new SmcqRun(
    [
      ..."engine --model heuristic --log-format json --shards 1 --scan-threads 1 --data-dir".split(" "),
      join(folder, name),
      ...sets.flatMap((set) => ["--set", set]),
      ...flags,
    ],
    isTrading ? { env: { BINANCE_API_KEY: key.key, BINANCE_API_SECRET: key.secret } } : {},
  );
  runs.push(run);
  return run;
}

const onBus = (port: number): readonly string[] => [
  "--set",
  `bus.url=nats://127.0.0.1:${port}`,
  "--set",
  `bus.parts=${PARTS}`,
];

function scanner(name: string, port = server.port): SmcqRun {
  return start(name, ["--mode", "demo", "--role", "scanner", ...onBus(port)]);
}

/** Signals of a data folder's ledger by what makes them one and the same, with how long the way to the core took, us. */
function signalsOf(
  name: string,
): ReadonlyMap<string, { readonly openTimeMs: number; readonly totalUs: number | null }> {
  const reader = new LedgerReader(ledgerFile(join(folder, name)));
  try {
    const all = reader.runIds(10).flatMap((runId) => reader.signals(runId, 1_000_000));
    const found = new Map(all.map((signal) => [signalKey(signal), signal]));
    expect(found.size).toBe(all.length);
    return found;
  } finally {
    reader.close();
  }
}

/** Of signals that both have, of bars of these minutes. */
function ways(name: string, other: string, { fromMs, toMs }: { fromMs: number; toMs: number }): string {
  const [own, theirs] = [signalsOf(name), signalsOf(other)];
  const keys = [...own.keys()].filter((known) => {
    const openMs = own.get(known)?.openTimeMs ?? 0;
    return theirs.has(known) && openMs >= fromMs && openMs < toMs;
  });
  const at = (of: ReturnType<typeof signalsOf>, share: number): number => {
    const sorted = keys.map((known) => (of.get(known)?.totalUs ?? 0) / 1e3).toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  };
  const text = (share: number): string =>
    `p${share * 100} ${at(own, share).toFixed(1)} and ${at(theirs, share).toFixed(1)} ms, ratio ${(at(own, share) / at(theirs, share)).toFixed(2)}`;
  return `${keys.length} signals of both, ${name} and ${other}: ${text(0.5)}; ${text(0.9)}; ${text(0.99)}`;
}

const held = (): readonly number[] => (auditor?.members() ?? []).map((member) => member.held);
const heldAll = (scanners: number) => (): boolean => {
  const now = held();
  return (
    now.length === scanners && now.reduce((sum, count) => sum + count, 0) === PARTS && Math.min(...now) > 0
  );
};

/** Until whole minutes have passed, and those of the last one were told. */
async function minutes(count: number): Promise<void> {
  const endMs = minuteOf(clock.nowMs()) + count * MINUTE_MS + 20_000;
  await until(() => clock.nowMs() > endMs, `${count} minutes`, WAIT_MS_MAX);
}

const figure = (text: string): void => void process.stderr.write(`S3: ${text}\n`);

describe.runIf(hasNatsServer())("three hosts that scan, one that trades", () => {
  it(
    "scan every bar and decide each signal once while scanners die, come and are cut off",
    async () => {
      auditor = await BusAuditor.open(server.url);
      const first = scanner("a");
      scanner("b", proxy.port);
      const trade = (): SmcqRun =>
        start("executor", ["--mode", "demo", "--role", "executor", ...onBus(server.port)], true);
      const killed = trade();
      const alone = start("alone", ["--mode", "paper", "--set", "bus.url=null"]);
      for (const run of runs) await run.sees("READY", 1, WAIT_MS_MAX);
      await until(heldAll(2), "two scanners with all parts", WAIT_MS_MAX);
      await minutes(1);
      await until(() => auditor?.symbols.size === SYMBOLS, "every symbol to be told of", WAIT_MS_MAX);
      const fromMs = minuteOf(clock.nowMs());
      await minutes(CALM_MINUTES);
      const calmMinutes = { fromMs, toMs: minuteOf(clock.nowMs()) };
      const calm = auditor.missing(fromMs, minuteOf(clock.nowMs()) - MINUTE_MS);
      expect(calm).toEqual([]);

      scanner("c");
      await until(heldAll(3), "the third to have its parts", WAIT_MS_MAX);
      figure(`joined: parts ${held().join(" ")}`);
      const killedMs = clock.nowMs();
      killHard(first);
      await until(heldAll(2), "the others to have the dead one's parts", WAIT_MS_MAX);
      figure(`killed: others own its parts after ${clock.nowMs() - killedMs} ms`);
      await minutes(1);
      proxy.cut(true);
      const cutMs = clock.nowMs();
      await until(heldAll(1), "the last one to have all parts", WAIT_MS_MAX);
      figure(`cut off: another owns its parts after ${clock.nowMs() - cutMs} ms`);
      await minutes(1);
      proxy.cut(false);
      await until(heldAll(2), "the one that was cut off to have parts again", WAIT_MS_MAX);
      await minutes(1);
      const toMs = minuteOf(clock.nowMs());
      await until(() => auditor?.missing(fromMs, toMs).length === 0, "every bar", 60_000).catch(() => {});
      const missing = auditor.missing(fromMs, toMs);
      const count = (toMs - fromMs) / MINUTE_MS;
      figure(
        `${count * SYMBOLS} bars of ${SYMBOLS} symbols in ${count} minutes, ${missing.length} not scanned`,
      );
      figure(`longest from a close to its word, by minute, ms: ${auditor.delays(fromMs, toMs).join(" ")}`);
      expect(missing).toEqual([]);

      // What the dead one had taken, its ledger knows; what the bus tells again is not taken twice.
      killHard(killed);
      const executor = trade();
      await executor.sees("READY", 1, WAIT_MS_MAX);
      await minutes(1);
      const told = auditor.signals;
      executor.child.kill("SIGTERM");
      alone.child.kill("SIGTERM");
      expect(await executor.ends(WAIT_MS_MAX)).toBe(0);
      await alone.ends(WAIT_MS_MAX);
      const traded = signalsOf("executor");
      const single = signalsOf("alone");
      figure(`signals: ${told.size} told, ${traded.size} taken, ${single.size} of one process`);
      figure(`calm minutes: ${ways("executor", "alone", calmMinutes)}`);
      figure(`all minutes: ${ways("executor", "alone", { fromMs, toMs })}`);
      const inTime = [...single].filter(([, { openTimeMs }]) => openTimeMs >= fromMs && openTimeMs < toMs);
      const lacking = inTime.filter(([known]) => !told.has(known));
      figure(`of ${inTime.length} signals of one process in these minutes ${lacking.length} were not told`);
      expect([...traded.keys()].filter((known) => !told.has(known))).toEqual([]);
      expect([...told.values()].filter((times) => times !== 1)).toEqual([]);
      expect([...told.keys()].filter((known) => !traded.has(known)).length).toBeLessThan(SYMBOLS / 10);
    },
    TEST_MS_MAX,
  );
});
