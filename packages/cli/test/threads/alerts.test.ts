import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type AlertsConfig, loadConfig } from "@smcq/config";
import { ManualClock, silentLogger, symbolId, SystemClock } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import { outboxFile } from "@smcq/alerts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import {
  DISCORD_PATH,
  FakeApis,
  SLACK_PATH,
  TELEGRAM_TOKEN,
  WEBHOOK_SECRET,
} from "../../../alerts/test/support/fake-apis.ts";
import { CoreDriver } from "../../../engine/test/support/core-driver.ts";
import { optionsOf } from "../../../engine/test/support/fixtures.ts";
import { AlertService } from "../../src/alerts/alert-service.ts";
import { takeAlertsEnvironment } from "../../src/alerts/alert-secrets.ts";
import type { ControlAnswers, ControlRequest } from "../../src/control/protocol.ts";
import { controlSocketPath } from "../../src/control/socket-path.ts";
import { ControlServer } from "../../src/run/control/control-server.ts";
import { recorded, recordedLedger, type RecordedRun } from "../support/recorded-ledger.ts";
import { runCommand } from "../support/run-command.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);

let apis: FakeApis;
let origin: string;
let dataDir: string;
let clock: ManualClock;
let services: AlertService[];
let control: ControlServer | null;
let heard: ControlRequest[];
let positions: ControlAnswers["positions"]["positions"];

beforeEach(async () => {
  apis = new FakeApis();
  origin = await apis.listen();
  dataDir = mkdtempSync(join(tmpdir(), "smcq-alerts-"));
  clock = new ManualClock(1_700_000_000_000);
  services = [];
  control = null;
  heard = [];
  positions = [];
});

afterEach(async () => {
  for (const service of services) await service.close(1_000);
  await control?.close();
  await apis.close();
  rmSync(dataDir, { recursive: true, force: true });
});

function configOf(flags: Record<string, unknown> = {}): AlertsConfig {
  return loadConfig({ env: {}, flags: { "alerts.channels": ["slack"], "alerts.diskFreeMbMin": 0, ...flags } })
    .config.alerts;
}

function open(flags: Record<string, unknown> = {}): AlertService {
  const service = new AlertService({
    dataDir,
    alerts: configOf(flags),
    protectMs: 1_500,
    env: { ALERTS_SLACK_URL: origin + SLACK_PATH, ALERTS_TELEGRAM_TOKEN: TELEGRAM_TOKEN },
    clock,
    logger: silentLogger,
  });
  services.push(service);
  return service;
}

/** Everything that a run brings, on top of what the folder has. */
async function ledger(...runs: readonly RecordedRun[]): Promise<void> {
  await recordedLedger(runs, dataDir);
}

/** A core driven by hand, as a run. */
function run(runId: string, drive: (driver: CoreDriver) => void): RecordedRun {
  const turns: RecordedRun["turns"][number][] = [];
  drive(new CoreDriver(3, {}, { onTurn: (event, commands) => turns.push({ event, commands }) }));
  return { runId, options: optionsOf(), turns };
}

function rows(sql: string): readonly Record<string, unknown>[] {
  const db = new DatabaseSync(outboxFile(dataDir), { readOnly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

function kinds(): readonly unknown[] {
  return rows("SELECT kind FROM alerts ORDER BY alert_id").map(({ kind }) => kind);
}

async function pass(service: AlertService, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1_000);
    await service.turn();
  }
}

const STATE: ControlAnswers["halt"] = { state: "HALTED", stateSinceMs: 7, reasons: [], isHaltFile: false };

async function openControl(): Promise<void> {
  control = new ControlServer({
    path: controlSocketPath(dataDir),
    logger: silentLogger,
    obey: async (request) => {
      heard.push(request);
      if (request.request === "positions") return { positions };
      if (request.request !== "status") return { ...STATE, leaving: [] };
      return {
        modeName: "sim",
        runId: "run",
        nowMs: 9,
        uptimeMs: 5,
        isStopping: false,
        feed: { pairs: 2, ready: 1, warming: 1, shardsRunning: 1, shardsOff: 0 },
        rest: { requests: 3, failures: 1, weightUsed: 20, weightLimit: 2_400, bannedUntilMs: 0, silentMs: 0 },
        account: {
          ...STATE,
          orders: "binance-sim",
          wallet: "1.00000001",
          equity: "2.00000002",
          dayPnl: "-0.50000000",
          positions: 1,
          pendingEntries: 0,
          openOrders: 2,
          unknownOrders: 0,
          heatRatio: 0.01,
          heatRatioMax: 0.03,
          reconciledMs: 8,
        },
      };
    },
  });
  await control.listen();
}

const STORY = run("r1", (driver) => {
  driver.put({ type: "clock-health", isSound: false });
  driver.nowMs += 31_000;
  driver.put({ type: "clock-health", isSound: true });
  driver.guard();
  driver.foreign("autoclose-1", -326);
  driver.put({ type: "operator", word: "resume", by: "socket" });
  driver.decide(driver.candidate(1));
  driver.fill("entry");
  driver.refuse("stop", "WOULD_TRIGGER");
  driver.fill("exit");
  driver.put({ type: "operator", word: "close", symbolId: symbolId(1), by: "dashboard" });
  driver.put({ type: "ledger-health", isSound: false });
});
const STORY_KINDS = [
  "clock-doubtful",
  "liquidation",
  "halted-liquidation",
  "operator-word",
  "trading-active",
  "left-unguarded",
  "operator-word",
  "ledger-unsound",
];

describe("the alerts of a data folder", () => {
  it("tell what its journal says from the first row on, each once, with the symbols' names", async () => {
    const service = open();
    await service.turn();
    await ledger(STORY);
    await pass(service, 3);
    expect(kinds()).toEqual(STORY_KINDS);
    const texts = rows("SELECT text FROM alerts").map(({ text }) => text);
    expect(texts).toContain("S0: its margin was used up.");
    expect(texts).toContain('"close S1", by dashboard.');
    await pass(service, 70);
    expect(apis.slack.length).toBeLessThanOrEqual(STORY_KINDS.length);
    expect(kinds()).toEqual(STORY_KINDS);
  });

  it("tell nothing of what was there before they were switched on", async () => {
    await ledger(STORY);
    const service = open();
    await pass(service, 3);
    expect(kinds()).toEqual([]);
    await ledger(run("r2", (driver) => void driver.put({ type: "operator", word: "halt" })));
    await pass(service, 3);
    expect(kinds()).toEqual(["halted-operator"]);
  });

  it(`are each told once over processes that end between any two looks, whatever the venue does (seed ${SEED})`, async () => {
    const look = async (): Promise<void> => {
      await open().turn();
      for (const service of services.splice(0)) await service.close(1_000);
      clock.advance(3_600_000);
    };
    await look();
    await ledger(recorded(SEED));
    await look();
    const before = kinds().length;
    await ledger(STORY);
    await look();
    await look();
    expect(kinds().slice(before)).toEqual(STORY_KINDS);
    const told = apis.slack.map(({ body }) => /^(\d+) alerts/u.exec(String(body["text"]))?.[1] ?? 1);
    expect(told.reduce<number>((sum, count) => sum + Number(count), 0)).toBe(before + STORY_KINDS.length);
  });

  it("go on at the end of another ledger, and say so", async () => {
    const service = open();
    await service.turn();
    await ledger(STORY);
    await pass(service, 1);
    for (const part of ["", "-wal", "-shm"]) rmSync(ledgerFile(dataDir) + part, { force: true });
    await ledger(run("other", (driver) => driver.guard()));
    await pass(service, 2);
    expect(kinds().slice(STORY_KINDS.length)).toEqual(["ledger-replaced"]);
    await ledger(run("r3", (driver) => void driver.put({ type: "operator", word: "halt" })));
    await pass(service, 2);
    expect(kinds().at(-1)).toBe("halted-operator");
  });

  it("tell of a ledger that cannot be read, once, and read on when it can", async () => {
    const service = open();
    await service.turn();
    await ledger(run("r1", (driver) => driver.guard()));
    await pass(service, 1);
    renameSync(ledgerFile(dataDir), join(dataDir, "aside"));
    writeFileSync(ledgerFile(dataDir), "no database at all, but a long text ".repeat(100));
    await pass(service, 40);
    expect(kinds()).toEqual(["ledger-unreadable"]);
    renameSync(join(dataDir, "aside"), ledgerFile(dataDir));
    await ledger(run("r2", (driver) => void driver.put({ type: "operator", word: "halt" })));
    await pass(service, 1);
    expect(kinds()).toEqual(["ledger-unreadable", "halted-operator"]);
  });

  it("tell models' words from the ledger", async () => {
    const service = open();
    await service.turn();
    await ledger(STORY);
    await service.turn();
    const db = new DatabaseSync(ledgerFile(dataDir));
    db.exec(
      `INSERT INTO model_events (run_key, at_ms, kind, model_id, detail_json) VALUES
       (1, 5, 'loaded', 'm1', '{}'), (1, 6, 'refused', 'm1', '{"message":"no card"}'),
       (1, 7, 'health', 'm1', '{"sizeFactor":0.5,"reasons":["psi"]}')`,
    );
    db.close();
    await pass(service, 2);
    expect(kinds().slice(STORY_KINDS.length)).toEqual(["model-refused", "model-drifting"]);
  });

  it("tell of a disk with little room once, over processes", async () => {
    const flags = { "alerts.diskFreeMbMin": 1_048_576 };
    await open(flags).turn();
    for (const service of services.splice(0)) await service.close(1_000);
    clock.advance(3_600_000);
    await open(flags).turn();
    expect(kinds()).toEqual(["disk-low"]);
  });

  it("tell of a position that stands without a stop, once a position, and not of one that is guarded in time", async () => {
    await openControl();
    const service = open();
    const naked = {
      symbol: "BTCUSDT",
      side: "long",
      qty: "1",
      entry: "100",
      mark: null,
      stop: null,
      isStopConfirmed: false,
      target: null,
      r: null,
      ageMs: 5,
      guard: "naked",
      exitReason: null,
    } as const;
    positions = [naked];
    await pass(service, 1);
    positions = [{ ...naked, guard: "guarded", isStopConfirmed: true }];
    await pass(service, 3);
    expect(kinds()).toEqual([]);
    positions = [naked, { ...naked, symbol: "ETHUSDT", guard: "exiting", exitReason: "unguarded" }];
    await pass(service, 10);
    expect(rows("SELECT kind, text FROM alerts")).toEqual([
      { kind: "position-unguarded", text: "BTCUSDT long 1 at 100: no stop is confirmed." },
      {
        kind: "position-unguarded",
        text: "ETHUSDT long 1 at 100: it is being left (unguarded) and is still there.",
      },
    ]);
  });

  it("tell of an engine that was there and does not answer, but not of one that has never been", async () => {
    const service = open();
    await pass(service, 60);
    expect(kinds()).toEqual([]);
    await openControl();
    await pass(service, 1);
    await control?.close();
    await pass(service, 29);
    expect(kinds()).toEqual([]);
    await pass(service, 120);
    expect(kinds()).toEqual(["engine-silent"]);
    service.engineIs(false);
    service.engineIs(true);
    await pass(service, 10);
    expect(kinds()).toEqual(["engine-silent"]);
  });

  it("take what the supervisor saw once, however often it says it", async () => {
    const notice = {
      id: "1",
      alert: { kind: "engine-crashed", key: "engine-crashed", atMs: 1, text: "signal SIGKILL" },
    } as const;
    const service = open();
    service.notice(notice);
    clock.advance(86_400_000);
    service.notice(notice);
    await service.turn();
    expect(rows("SELECT kind, count FROM alerts")).toEqual([{ kind: "engine-crashed", count: 1 }]);
    expect(apis.slack).toHaveLength(1);
  });

  it("go on where their own outbox could not be written for a while, and tell each thing once", async () => {
    const service = open();
    await service.turn();
    await ledger(STORY);
    const other = new DatabaseSync(outboxFile(dataDir));
    other.exec("CREATE TRIGGER full BEFORE INSERT ON alerts BEGIN SELECT raise(ABORT, 'disk full'); END");
    await pass(service, 2);
    expect(kinds()).toEqual([]);
    other.exec("DROP TRIGGER full");
    await pass(service, 80);
    expect(kinds()).toEqual(STORY_KINDS);
    // Another copy of SQLite in this process: it has to be the last, for it would take the log away.
    for (const one of services.splice(0)) await one.close(1_000);
    other.close();
  }, 60_000);
});

describe("a person in Telegram", () => {
  const FLAGS = {
    "alerts.channels": ["telegram"],
    "alerts.telegram.chatIds": ["7"],
    "alerts.telegram.userIds": ["8"],
  };

  async function answerTo(text: string): Promise<string> {
    const wall = new SystemClock();
    const before = apis.said.length;
    const endMs = wall.nowMs() + 60_000;
    apis.write(text);
    while (apis.said.length === before) {
      if (wall.nowMs() > endMs) throw new Error("the bot has not answered in time");
      await new Promise<void>((resolve) => void wall.after(1, resolve));
    }
    return apis.said.at(-1) ?? "";
  }

  it("sees the engine and the ledger, and halts with a code: the socket hears that it was Telegram", async () => {
    await openControl();
    await ledger(STORY);
    const service = open({ ...FLAGS, "alerts.telegram.baseUrl": origin });
    service.start();
    expect(await answerTo("/status")).toContain("mode           sim, orders by binance-sim");
    expect(await answerTo("/pnl")).toContain("total");
    const code = /\/confirm (\d+)/u.exec(await answerTo("/halt"))?.[1] ?? "";
    expect(await answerTo(`/confirm ${code}`)).toContain("HALTED");
    expect(heard.filter(({ request }) => request === "halt")).toEqual([{ request: "halt", by: "telegram" }]);
  });
});

describe("smcq alert", () => {
  const SECRETS = {
    ALERTS_SLACK_URL: (): string => origin + SLACK_PATH,
    ALERTS_DISCORD_URL: (): string => origin + DISCORD_PATH,
    ALERTS_WEBHOOK_SECRET: (): string => WEBHOOK_SECRET,
    ALERTS_TELEGRAM_TOKEN: (): string => TELEGRAM_TOKEN,
  };

  function settings(): readonly string[] {
    for (const [name, value] of Object.entries(SECRETS)) process.env[name] = value();
    const file = join(dataDir, "settings.json");
    writeFileSync(
      file,
      JSON.stringify({
        alerts: {
          channels: ["telegram", "slack", "discord", "webhook"],
          telegram: { chatIds: ["7", "-100"], baseUrl: origin },
          webhook: { url: `${origin}/hook` },
        },
      }),
    );
    return ["--config", file, "--data-dir", dataDir];
  }

  afterEach(() => {
    for (const name of Object.keys(SECRETS)) delete process.env[name];
  });

  it("test sends one of each severity and says what each channel answered", async () => {
    const { code, text: stdout } = await runCommand("alert", "test", "--json", ...settings());
    const { tries } = JSON.parse(stdout) as {
      tries: { channel: string; severity: string; result: string }[];
    };
    expect(code).toBe(0);
    expect(tries.filter(({ channel }) => channel === "slack").map(({ severity }) => severity)).toEqual([
      "info",
      "warning",
      "critical",
    ]);
    expect(new Set(tries.map(({ channel }) => channel))).toEqual(
      new Set(["telegram:7", "telegram:-100", "slack", "discord", "webhook"]),
    );
    expect([apis.telegram.length, apis.slack.length, apis.discord.length, apis.webhook.length]).toEqual([
      6, 3, 3, 3,
    ]);
    expect(Object.keys(process.env).some((name) => name.startsWith("ALERTS_"))).toBe(false);
  });

  it("test of one channel says what it refused, with an exit code of its own and no secret", async () => {
    const flags = settings();
    process.env["ALERTS_DISCORD_URL"] = `${origin}/api/webhooks/1/wrong-canary`;
    const {
      code,
      text: stdout,
      said: stderr,
    } = await runCommand("alert", "test", "--channel", "discord", ...flags);
    expect(code).toBe(ExitCode.Alerts);
    expect(stdout).toContain("discord critical: not sent (404 ");
    expect(stdout + stderr).not.toContain("canary");
    expect(apis.slack).toEqual([]);
  });

  it.each([
    [
      ["alert", "test", "--channel", "pigeon"],
      2,
      /must be one of those in alerts\.channels: telegram, slack/u,
    ],
    [["alert", "list", "--limit", "0"], 2, /whole number from 1 to 10000/u],
    [["alert"], 2, /one of test or list is needed/u],
  ])("%j is refused", async (argv, wanted, text) => {
    const { code, said: stderr } = await runCommand(...argv, ...settings());
    expect([code, stderr]).toEqual([wanted, expect.stringMatching(text)]);
  });

  it.each([
    [
      "ALERTS_SLACK_URL",
      "https://evil.example/canary",
      /address of Slack's webhook is refused: wanted https:\/\/hooks\.slack\.com/u,
    ],
    ["ALERTS_DISCORD_URL", "http://discord.com/canary", /address of Discord's webhook is refused/u],
    ["ALERTS_TELEGRAM_TOKEN", "canary", /bot token is refused/u],
    ["ALERTS_WEBHOOK_SECRET", "canary", /16 characters at least/u],
    ["ALERTS_SLACK_URL", "", /address of Slack's webhook is missing: set ALERTS_SLACK_URL/u],
  ])("refuses %s as %j with exit code 3, and shows nothing of it", async (name, value, text) => {
    const flags = settings();
    process.env[name] = value;
    const { code, text: stdout, said: stderr } = await runCommand("alert", "test", ...flags);
    expect([code, stderr]).toEqual([3, expect.stringMatching(text)]);
    expect(stdout + stderr).not.toContain("canary");
  });

  it.each([
    ["ALERTS_SLACK_URL", "https://hooks.slack.com/services/T0/B0/canary"],
    ["ALERTS_TELEGRAM_TOKEN", "123456:telegram-canary"],
    ["ALERTS_WEBHOOK_SECRET", "canary-canary-canary-canary-canary"],
  ])("refuses %s_FILE that is the secret itself, and shows nothing of it", async (name, value) => {
    const flags = settings();
    delete process.env[name];
    process.env[`${name}_FILE`] = value;
    const { code, text: stdout, said: stderr } = await runCommand("alert", "test", ...flags);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/looks like the secret itself/u)]);
    expect(stdout + stderr).not.toContain("canary");
  });

  it("list tells what was sent, what waits and nothing where there is nothing", async () => {
    expect((await runCommand("alert", "list", "--data-dir", dataDir)).text).toBe("no alert so far\n");
    const service = open();
    await service.turn();
    await ledger(STORY);
    await pass(service, 1);
    const { text: stdout } = await runCommand("alert", "list", "--data-dir", dataDir);
    expect(stdout).toMatch(/^slack: \d+ sent, 0 on their way, \d+ waiting, 0 refused, 0 dropped\n/u);
    const { text: json } = await runCommand("alert", "list", "--data-dir", dataDir, "--json");
    const { messages } = JSON.parse(json) as { messages: { state: string; answer: string }[] };
    expect(messages[0]).toMatchObject({ state: "sent", answer: "200 ok" });
  });
});

describe("the secrets", () => {
  it("are taken out of the environment before anybody inherits it, with the way out left in", () => {
    const env: Record<string, string | undefined> = {
      ALERTS_SLACK_URL: "a",
      ALERTS_TELEGRAM_TOKEN_FILE: "b",
      HTTPS_PROXY: "c",
      HOME: "d",
    };
    expect(takeAlertsEnvironment(env)).toEqual({
      ALERTS_SLACK_URL: "a",
      ALERTS_TELEGRAM_TOKEN_FILE: "b",
      https_proxy: "c",
    });
    expect(env).toEqual({ HTTPS_PROXY: "c", HOME: "d" });
  });
});
