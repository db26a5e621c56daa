import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineConfig, loadConfig } from "@smcq/config";
import { parseFaults } from "@smcq/exchange-sim";
import { SystemClock } from "@smcq/kernel";
import { afterAll, describe, expect, it } from "vitest";
import { AlertSink } from "../src/drill/alert-sink.ts";
import { drillEnvironment, drillSettings } from "../src/drill/drill-settings.ts";
import { type DrillReport, isPassed, reportText } from "../src/drill/report.ts";
import { ownScenario, SCENARIOS, scenarioOf } from "../src/drill/scenarios.ts";

describe("the drills that there are", () => {
  it.each(SCENARIOS)(
    "$name: its plan is one that the venue takes, and something happens in it",
    (scenario) => {
      expect(parseFaults(scenario.plan)).toBeDefined();
      expect(scenario.plan !== "" || scenario.kill !== undefined).toBe(true);
      expect(scenarioOf(scenario.name)).toBe(scenario);
    },
  );

  it("have a name each", () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  });

  it.each(["", "exchange-outag", "__proto__", "a".repeat(500)])(
    "refuse %j, and name what there is",
    (name) => {
      expect(() => scenarioOf(name)).toThrow(/there is no drill .*exchange-outage, silent-feed/);
    },
  );
});

const REPORT: DrillReport = {
  scenario: ownScenario("EX01=0.5", 300_000),
  speed: 10,
  recoveredMs: 1_234,
  halts: [],
  naked: { wallMsMax: 81.4, venueMsMax: 814 },
  faultsStruck: { EX01: 3 },
  verdicts: [
    { what: "a | b", isHeld: true, detail: "1\n2" },
    { what: "c", isHeld: null, detail: "" },
  ],
  alerts: [
    {
      atMs: 3_100,
      severity: "critical",
      kind: "halted-protection",
      title: "CRITICAL: Trading halted",
      alertCount: 1,
      alerts: [{ kind: "halted-protection", severity: "critical", text: "A |\nB", count: 1 }],
    },
    {
      atMs: 61_000,
      severity: "warning",
      kind: "digest",
      title: "12 alerts: 12 warning",
      alertCount: 12,
      alerts: [{ kind: "shard-off", severity: "warning", text: "Shard 1", count: 3 }],
    },
  ],
  isTold: true,
  severityMin: "warning",
  story: [
    {
      atMs: 1_500,
      venueMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      by: "state",
      text: "ACTIVE",
      again: 0,
      lastMs: 1_500,
    },
    { atMs: 2_000, venueMs: null, by: "log", text: "warn: | x", again: 4, lastMs: 9_000 },
  ],
  left: 2,
};

describe("a drill's report", () => {
  it("says what was held, what an operator would have seen and when, and what was left out", () => {
    const text = reportText(REPORT);
    expect(text).toContain("Result: **passed**");
    expect(text).toContain("| held | a \\| b | 1 2 |");
    expect(text).toContain("| told | c |");
    expect(text).toContain("| 1.5 s | 03:04:05 | `smcq status` | ACTIVE |");
    expect(text).toContain("| 2.0 s |  | the log | warn: \\| x (4 times more, until 9.0 s) |");
    expect(text).toContain("2 more are left out.");
    expect(text).toContain("A person had to: do nothing.");
    expect(text).toContain("EX01 3 times");
  });

  it("names each alert that would have come: second, severity, kind and text, those of a digest too", () => {
    const text = reportText(REPORT);
    expect(text).toContain("| 3.1 s | critical | halted-protection | A \\| B |");
    expect(text).toContain("| 61.0 s | warning | shard-off | Shard 1 (3 times) (in a digest) |");
    expect(text).toContain("| 61.0 s | | digest | 11 more in it |");
    expect(text).not.toContain("reached nobody");
    const untold = reportText({ ...REPORT, alerts: [], isTold: false });
    expect(untold).toMatch(/`alerts.channels`\): it would have reached nobody\.\n\nNothing was told/);
  });

  it("has failed when one thing that has to hold was broken, and says who had to resume", () => {
    const broken: DrillReport = {
      ...REPORT,
      recoveredMs: null,
      halts: ["protection"],
      verdicts: [...REPORT.verdicts, { what: "d", isHeld: false, detail: "" }],
    };
    expect([isPassed(REPORT), isPassed(broken)]).toEqual([true, false]);
    expect(reportText(broken)).toContain("Result: **FAILED**");
    expect(reportText(broken)).toContain("| BROKEN | d |");
    expect(reportText(broken)).toContain("Sound again: never");
    expect(reportText(broken)).toContain("`smcq resume` (protection)");
  });
});

describe("what a drill lets out", () => {
  const told = {
    channels: ["telegram", "webhook"],
    telegram: { chatIds: ["1"], userIds: ["2"] },
    webhook: { url: "https://example.org/hook", secretFile: "/secret" },
    quietHours: "00:00-23:59",
    severityMin: "info",
    messagesPerMinuteMax: 7,
  };
  const settings = { mode: "paper", alerts: told, ledger: { mirrorUrl: "postgres://me@db/book" } };
  const folder = mkdtempSync(join(tmpdir(), "smcq-drill-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function load(value: unknown): EngineConfig {
    const file = join(folder, "settings.json");
    writeFileSync(file, JSON.stringify(value));
    return loadConfig({ file, env: {}, flags: {} }).config;
  }

  it("is nothing: no channel and no bot of the user's, no mirror, whatever his settings name", () => {
    const own = drillSettings(load(settings), { dataDir: "/d", alertsUrl: "http://127.0.0.1:1/x" });
    expect([own.mode, own.dataDir, own.ledger.mirrorUrl, own.metrics.port]).toEqual([
      "sim",
      "/d",
      null,
      null,
    ]);
    const { channels, webhook, quietHours, severityMin, messagesPerMinuteMax } = own.alerts;
    expect([channels, webhook.url, webhook.secretFile]).toEqual([["webhook"], "http://127.0.0.1:1/x", null]);
    expect([quietHours, severityMin, messagesPerMinuteMax]).toEqual([null, "info", 7]);
    // It is a file that the engine takes.
    expect(load(own)).toEqual(own);
  });

  it("takes neither a setting nor a secret of the environment along", () => {
    const env = {
      PATH: "/bin",
      SMCQ_ALERTS__CHANNELS: "telegram",
      SMCQ_LEDGER__MIRROR_URL: "postgres://me@db/book",
      ALERTS_TELEGRAM_TOKEN: "1:x",
      ALERTS_WEBHOOK_SECRET_FILE: "/secret",
    };
    const own = drillEnvironment(env, { secret: "s".repeat(16) });
    expect(own).toEqual({ PATH: "/bin", ALERTS_WEBHOOK_SECRET: "s".repeat(16) });
    expect(env.ALERTS_TELEGRAM_TOKEN).toBe("1:x");
  });
});

describe("where a drill's alerts go", () => {
  it("takes each message once, at its own address alone, and nothing that is none", async () => {
    const sink = new AlertSink(new SystemClock());
    const url = await sink.listen();
    const post = async (to: string, body: string): Promise<number> =>
      (await fetch(to, { method: "POST", body })).status;
    const alert = { kind: "disk-low", severity: "critical", text: "t", count: 1 };
    const body = (id: string): string =>
      JSON.stringify({
        id,
        severity: "critical",
        kind: "disk-low",
        title: "T",
        alertCount: 1,
        alerts: [alert],
      });
    try {
      expect([await post(url, body("a")), await post(url, body("a")), await post(url, body("b"))]).toEqual([
        204, 204, 204,
      ]);
      expect([await post(new URL("/", url).href, body("c")), await post(url, "{")]).toEqual([404, 404]);
      expect((await fetch(url)).status).toBe(404);
      expect(sink.told.map(({ kind, alerts }) => [kind, alerts])).toEqual([
        ["disk-low", [alert]],
        ["disk-low", [alert]],
      ]);
    } finally {
      sink.close();
    }
  });
});
