import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import type { DecisionRecord } from "../../src/index.ts";
import { clientOrderId } from "../../src/order-ids.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS } from "../support/fixtures.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

function capOf({ receipt }: DecisionRecord, name: string): number {
  return receipt.size?.caps.find((cap) => cap.name === name)?.q ?? Number.NaN;
}

describe("a batch", () => {
  it("is walked by score, then cost, then symbol number", () => {
    const driver = new CoreDriver(4);
    const wide = { atr: 0.8, invalidationPrice: 99.2 };
    driver.decide(
      driver.candidate(3, { score: 0.9 }),
      driver.candidate(0, { score: 0.7 }),
      driver.candidate(1, { score: 0.9 }),
      driver.candidate(2, { score: 0.9, ...wide }),
    );
    expect(driver.decisions.map(({ symbol }) => symbol)).toEqual(["S2", "S1", "S3", "S0"]);
    expect(driver.ids()).toHaveLength(4);
  });

  it("gives each signal above the threshold one decision, and none to the others", () => {
    const driver = new CoreDriver(12);
    driver.decide(...Array.from({ length: 12 }, (_, id) => driver.candidate(id, { score: 0.5 + id / 50 })));
    expect(driver.decisions).toHaveLength(6);
    expect(new Set(driver.decisions.map(({ symbol }) => symbol)).size).toBe(6);
  });

  it("lets each entry see those approved before it: count of its side and heat", () => {
    const driver = new CoreDriver(4);
    driver.decide(
      driver.candidate(0, { score: 0.7 }),
      driver.candidate(1, { score: 0.69 }),
      driver.candidate(2, { score: 0.68, side: -1 }),
      driver.candidate(3, { score: 0.67 }),
    );
    expect(driver.decisions.map(({ receipt }) => receipt.directionFactor)).toEqual([
      1,
      1 / Math.sqrt(1.3),
      1,
      1 / Math.sqrt(1.6),
    ]);
    const [first, second] = driver.decisions;
    if (first === undefined || second === undefined) throw new Error("two decisions");
    const { loss } = first.receipt.unit;
    const heat = (326 * 0.1 * loss) / 10_000;
    expect(capOf(second, "heat")).toBeCloseTo(((0.03 - heat) * 10_000) / loss, 9);
    expect(capOf(second, "direction")).toBeCloseTo(((0.02 - heat) * 10_000) / loss, 9);
    expect(capOf(second, "gross")).toBeCloseTo(300 - 32.6, 9);
  });

  it("stops where the heat of one side is used up, and names the cap", () => {
    const driver = new CoreDriver(5, { unprovenRiskRatioMax: 0.02 });
    driver.decide(...[0, 1, 2, 3].map((id) => driver.candidate(id, { score: 0.9 - id / 100 })));
    const bounds = driver.decisions.map(({ receipt }) => `${receipt.outcome} ${receipt.size?.boundBy}`);
    expect(bounds).toEqual([
      "APPROVED margin",
      "APPROVED margin",
      "APPROVED direction",
      "TOO_SMALL direction",
    ]);
  });

  it("opens at most six positions in a minute, and again when it has passed", () => {
    const driver = new CoreDriver(9, {}, false);
    driver.decide(...Array.from({ length: 8 }, (_, id) => driver.candidate(id, { score: 0.9 - id / 100 })));
    expect(driver.outcomes.filter((text) => text.endsWith("APPROVED"))).toHaveLength(6);
    expect(driver.outcomes.slice(6)).toEqual(["S6 ENTRY_THROTTLE", "S7 ENTRY_THROTTLE"]);
    driver.nowMs += MINUTE_MS;
    expect(driver.decide(driver.candidate(8))).toHaveLength(1);
  });

  it("counts what was refused by the venue no longer", () => {
    const driver = new CoreDriver(2);
    driver.enter();
    driver.refuse("entry");
    driver.decide(driver.candidate(1));
    expect(driver.decisions.at(-1)?.receipt.directionFactor).toBe(1);
  });
});

describe("a symbol", () => {
  it("has one trade at most: in flight, open, leaving", () => {
    const driver = new CoreDriver(1, {}, false);
    driver.decide(driver.candidate(0), driver.candidate(0, { side: -1 }));
    expect(driver.outcomes).toEqual(["S0 APPROVED", "S0 ORDER_PENDING"]);
    driver.fill("entry");
    driver.nowMs += MINUTE_MS;
    driver.enter();
    expect(driver.outcomes.at(-1)).toBe("S0 POSITION_OPEN");
    expect(driver.count("entry")).toBe(1);
  });

  /** A trade that is left by its stop at once. */
  function stopOut(driver: CoreDriver): void {
    driver.enterFilled();
    driver.ack("stop");
    driver.fill("stop", { ticks: 9_937, status: "finished" });
    driver.end("target");
  }

  it("is left alone after two stops close together, until exactly the end of the lock", () => {
    const driver = new CoreDriver();
    stopOut(driver);
    driver.nowMs += 7_200_000;
    stopOut(driver);
    driver.nowMs += 7_200_000 - 1;
    driver.enter();
    expect(driver.outcomes.at(-1)).toBe("S0 SYMBOL_LOCKED");
    driver.nowMs += 1;
    expect(driver.enter()).toHaveLength(1);
  });

  it("waits with all others after a streak of stops", () => {
    const driver = new CoreDriver(1, { symbolLockMs: 0 });
    for (let stop = 0; stop < 4; stop++) {
      driver.nowMs += MINUTE_MS;
      stopOut(driver);
    }
    driver.nowMs += 1_800_000 - 1;
    driver.enter();
    expect(driver.outcomes.at(-1)).toBe("S0 STREAK_PAUSE");
    driver.nowMs += 1;
    expect(driver.enter()).toHaveLength(1);
  });
});

it(`gives ids of at most 36 characters that differ in role, intent and attempt (seed ${seed})`, () => {
  const rng = new Rng(seed);
  const roles = ["entry", "stop", "target", "exit", "adopted"] as const;
  const wanted = new Set<string>();
  const ids = new Set<string>();
  for (let round = 0; round < 20_000; round++) {
    const role = roles[rng.int(roles.length)] ?? "entry";
    const intent = rng.chance(0.5) ? rng.int(2_000) : Number.MAX_SAFE_INTEGER - rng.int(2_000);
    const attempt = rng.chance(0.9) ? rng.int(50) : rng.int(1e9);
    const id = clientOrderId("ab0Z", role, intent, attempt);
    expect(id.length).toBeLessThanOrEqual(36);
    expect(id).toMatch(/^[\w-]+$/);
    wanted.add(`${role} ${intent} ${attempt}`);
    ids.add(id);
  }
  expect(ids.size).toBe(wanted.size);
});
