import { Rng, symbolId } from "@smcq/kernel";
import type { Receipt } from "@smcq/risk";
import { describe, expect, it } from "vitest";
import type { DecisionRecord, Quote, ScoredCandidate } from "../../src/index.ts";
import { QUOTE_AGE_MS_MAX } from "../../src/trading/holdings.ts";
import { clientOrderId } from "../../src/trading/order-ids.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS, optionsOf } from "../support/fixtures.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

function quoteOf(id: number): Quote {
  return { symbolId: symbolId(id), bid: 100, ask: 100 };
}

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

  it("refuses what has no rules or no quote with a code, and says what was not known", () => {
    const driver = new CoreDriver(2);
    const batch = [
      driver.candidate(7, { score: 0.7 }),
      driver.candidate(0, { score: 0.9 }),
      driver.candidate(1, { score: 0.7 }),
      driver.candidate(8, { score: 0.7 }),
    ];
    const quotes = [0, 8].map((id) => ({ symbolId: symbolId(id), bid: 100, ask: 100 }));
    driver.put({ type: "quotes", quotes });
    driver.put({ type: "candidates", shardId: 0, candidates: batch });
    const done = driver.put({ type: "time" });
    expect(driver.outcomes).toEqual(["S0 APPROVED", "S1 FEED_STALE", "S7 FEED_STALE", "S8 SYMBOL_BLOCKED"]);
    expect(driver.decisions.map(({ receipt }) => receipt.unknown)).toEqual([
      [],
      ["quote"],
      ["rules", "quote"],
      ["rules"],
    ]);
    expect(driver.decisions.slice(1).every(({ receipt }) => receipt.unit === null)).toBe(true);
    expect(done).toHaveLength(1);
    expect(Object.fromEntries(driver.core.outcomes)).toEqual({
      APPROVED: 1,
      FEED_STALE: 2,
      SYMBOL_BLOCKED: 1,
    });
  });

  it("prices nothing by a quote that was told for another signal", () => {
    const driver = new CoreDriver();
    driver.put({ type: "quotes", quotes: [quoteOf(0)] });
    const told = (): void => {
      driver.put({ type: "candidates", shardId: 0, candidates: [driver.candidate(0)] });
      driver.put({ type: "time" });
    };
    driver.nowMs += QUOTE_AGE_MS_MAX + 1;
    told();
    expect(driver.decisions.at(-1)?.receipt.unknown).toEqual(["quote"]);
    driver.put({ type: "quotes", quotes: [quoteOf(0)] });
    driver.nowMs += QUOTE_AGE_MS_MAX;
    told();
    driver.put({ type: "quotes", quotes: [quoteOf(0)] });
    driver.put({ type: "restarted", engine: optionsOf() });
    told();
    expect(driver.outcomes).toEqual(["S0 FEED_STALE", "S0 APPROVED", "S0 STATE_NOT_ACTIVE"]);
    expect(driver.decisions.at(-1)?.receipt.unknown).toEqual(["quote"]);
  });

  it(`gives each signal above the threshold exactly one record, whatever keeps it out (seed ${seed})`, () => {
    const rng = new Rng(seed);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 60; round++) {
      const driver = new CoreDriver(4, {}, { isVenueRemote: false });
      // Symbols 4 and 5 have no rules, and not all quotes come.
      for (let step = 0; step < 30; step++) {
        driver.nowMs += rng.int(MINUTE_MS);
        const luck = rng.next();
        if (luck < 0.1)
          driver.put({ type: "model", scorerId: "heuristic-1", sizeFactor: rng.int(2), wins: null });
        else if (luck < 0.2)
          driver.put({ type: "feed-health", shardId: rng.int(2), isLive: rng.chance(0.5) });
        else if (luck < 0.25) driver.put({ type: "quotes", quotes: [quoteOf(rng.int(6))] });
        else if (luck < 0.26) driver.put({ type: "operator", word: "stop" });
        else {
          const ageMs = rng.chance(0.1) ? 200_000 : rng.int(3) * MINUTE_MS;
          const own = Array.from({ length: 1 + rng.int(3) }, () =>
            driver.candidate(rng.int(6), {
              score: 0.5 + rng.int(10) / 20,
              openTimeMs: driver.nowMs - MINUTE_MS - ageMs,
            }),
          );
          if (rng.chance(0.8)) driver.put({ type: "quotes", quotes: [0, 1, 2, 4].map(quoteOf) });
          driver.put({ type: "candidates", shardId: rng.int(2), candidates: own });
        }
      }
      driver.put({ type: "time" });
      expect(driver.decisions).toHaveLength(driver.engine.counters.aboveScoreMin);
      for (const [outcome, count] of driver.core.outcomes)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
    }
    expect([...outcomes.keys()]).toEqual(
      expect.arrayContaining([
        "APPROVED",
        "STATE_NOT_ACTIVE",
        "MODEL_OBSERVED",
        "SIGNAL_STALE",
        "FEED_STALE",
        "SYMBOL_BLOCKED",
        "ORDER_PENDING",
      ]),
    );
  });

  it("refuses what is too old, not fed, or scored by a model that is only observed, with its numbers", () => {
    const driver = new CoreDriver();
    const told = (change: Partial<ScoredCandidate>): void => {
      driver.put({ type: "quotes", quotes: [quoteOf(0)] });
      driver.put({ type: "candidates", shardId: 0, candidates: [driver.candidate(0, change)] });
      driver.put({ type: "time" });
      driver.nowMs += MINUTE_MS;
    };
    told({ openTimeMs: driver.nowMs - 3 * MINUTE_MS });
    driver.put({ type: "feed-health", shardId: 0, isLive: false });
    told({});
    driver.put({ type: "feed-health", shardId: 0, isLive: true });
    driver.put({ type: "clock-health", isSound: false });
    told({});
    driver.put({ type: "clock-health", isSound: true });
    driver.put({ type: "model", scorerId: "heuristic-1", sizeFactor: 0, wins: null });
    told({});
    driver.put({ type: "operator", word: "stop" });
    told({});
    expect(driver.outcomes).toEqual([
      "S0 SIGNAL_STALE",
      "S0 FEED_STALE",
      "S0 CLOCK_DOUBTFUL",
      "S0 MODEL_OBSERVED",
      "S0 STATE_NOT_ACTIVE",
    ]);
    expect(driver.count("entry")).toBe(0);
    for (const { receipt } of driver.decisions) expect(receipt.unit?.e).toBe(100);
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
    const loss = first.receipt.unit?.loss ?? Number.NaN;
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
    const driver = new CoreDriver(9, {}, { isVenueRemote: false });
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

describe("a proven model", () => {
  const bins = Array.from({ length: 20 }, (_, k) => ({
    lower: k / 20,
    upper: (k + 1) / 20,
    count: 10_000,
    wins: k >= 14 ? 7_000 : 3_000,
  }));
  const wins = { baseRate: 0.35, bins };

  /** The receipt of a score by `scorerId`, after what the core has heard of its model. */
  function receiptOf(
    told: { readonly scorerId: string; readonly wins: typeof wins | null } | null,
    score: number,
    scorerId = "m-1",
    refusesUnproven = false,
  ): Receipt {
    const driver = new CoreDriver(1, {}, { refusesUnproven });
    if (told !== null) driver.put({ type: "model", sizeFactor: 1, ...told });
    driver.enter({ score, scorerId });
    const [decision] = driver.decisions;
    if (decision === undefined) throw new Error("one decision");
    return decision.receipt;
  }

  it("is sized by Kelly's fraction of its score's bin, and refused where that is none", () => {
    const told = { scorerId: "m-1", wins };
    const sized = receiptOf(told, 0.9);
    expect(sized.kelly?.winProbability).toBeCloseTo(0.6925, 3);
    // 0.69 - 0.31/0.94 is 0.36: a quarter of it is above the tier of 2 %, which is what counts then.
    expect(sized).toMatchObject({ outcome: "APPROVED", baseRiskRatio: 0.02 });
    expect(receiptOf(told, 0.65)).toMatchObject({ outcome: "KELLY", size: null });
  });

  it("counts for its own scores alone; where nothing is proven Kelly does not apply", () => {
    const own = { kelly: null, baseRiskRatio: 0.0025, outcome: "APPROVED" };
    expect(receiptOf(null, 0.9)).toMatchObject(own);
    expect(receiptOf({ scorerId: "m-1", wins: null }, 0.9)).toMatchObject(own);
    expect(receiptOf({ scorerId: "m-2", wins }, 0.9)).toMatchObject(own);
  });

  it("is the only one that opens anything where the unproven is refused", () => {
    const own = { kelly: null, size: null, outcome: "UNPROVEN_LIVE" };
    expect(receiptOf(null, 0.9, "heuristic-1", true)).toMatchObject(own);
    expect(receiptOf({ scorerId: "m-1", wins: null }, 0.9, "m-1", true)).toMatchObject(own);
    expect(receiptOf({ scorerId: "m-2", wins }, 0.9, "m-1", true)).toMatchObject(own);
    expect(receiptOf({ scorerId: "m-1", wins }, 0.9, "m-1", true)).toMatchObject({ outcome: "APPROVED" });
  });

  it("takes over with what is known when the batch is decided", () => {
    const driver = new CoreDriver();
    driver.put({ type: "quotes", quotes: [{ symbolId: symbolId(0), bid: 100, ask: 100 }] });
    driver.put({ type: "candidates", shardId: 0, candidates: [driver.candidate(0, { scorerId: "m-1" })] });
    // The window is due: what was collected is decided by what was known until now.
    driver.put({ type: "model", scorerId: "m-1", sizeFactor: 1, wins });
    expect(driver.decisions.map(({ receipt }) => receipt.kelly)).toEqual([null]);
  });
});

describe("a symbol", () => {
  it("has one trade at most: in flight, open, leaving", () => {
    const driver = new CoreDriver(1, {}, { isVenueRemote: false });
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
