import { parseFaults } from "@smcq/exchange-sim";
import { describe, expect, it } from "vitest";
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
