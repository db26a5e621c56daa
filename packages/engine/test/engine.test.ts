import { Rng, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import {
  byScoreThenSymbol,
  type Command,
  DECISION_SIGNALS_MAX,
  Engine,
  type EngineEvent,
  type ScoredCandidate,
} from "../src/index.ts";

const MINUTE_MS = 60_000;
const T0 = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);
const seed = Number(process.env["SMCQ_SEED"] ?? 20261120);
const OPTIONS = { scoreMin: 0.6, decisionWindowNs: 5e6, signalAgeMsMax: 60_000 };

function candidate(id: number, score: number, openTimeMs = T0): ScoredCandidate {
  return {
    symbolId: symbolId(id),
    symbol: `S${id}USDT`,
    side: 1,
    setup: 1,
    openTimeMs,
    score,
    features: new Float32Array(12),
    scorerId: "heuristic-1",
    challenger: null,
    invalidationPrice: 1,
    atr: 1,
    medianTurnover: 1e6,
    exchangeMs: openTimeMs + 62_000,
    isRestConfirmed: false,
    times: { receivedNs: 1, writtenNs: 2, takenNs: 3, featuresNs: 4, scoredNs: 5 },
  };
}

function arrive(candidates: readonly ScoredCandidate[], nowNs: number, nowMs = T0 + 62_000): EngineEvent {
  return { type: "candidates", nowMs, nowNs, shardId: 0, candidates };
}

const tick = (nowNs: number): EngineEvent => ({ type: "time", nowMs: T0 + 62_000, nowNs });

const good = (sizeFactor: number, nowNs: number): EngineEvent => ({
  type: "model",
  scorerId: "m",
  sizeFactor,
  wins: null,
  nowMs: T0 + 62_000,
  nowNs,
});

function decisions(commands: readonly Command[]): Extract<Command, { type: "decide" }>[] {
  return commands.filter((command) => command.type === "decide");
}

describe("Engine", () => {
  it("emits every scored candidate at once, with the time of its arrival", () => {
    const engine = new Engine(OPTIONS);
    const [emit] = engine.process(arrive([candidate(1, 0.3), candidate(2, 0.9)], 77));
    expect(emit?.type).toBe("emit");
    if (emit?.type !== "emit") return;
    expect(emit.signals.map((signal) => [signal.symbol, signal.times.emittedNs])).toEqual([
      ["S1USDT", 77],
      ["S2USDT", 77],
    ]);
  });

  it("decides a minute in one batch, ranked by score and then symbolId, when the window closes", () => {
    const engine = new Engine(OPTIONS);
    engine.process(arrive([candidate(7, 0.7)], 0));
    engine.process(arrive([candidate(3, 0.9), candidate(2, 0.7)], 1e6));
    expect(decisions(engine.process(tick(4.9e6)))).toEqual([]);
    const [decision] = decisions(engine.process(tick(5e6)));
    expect(decision?.batch.map((signal) => signal.symbolId)).toEqual([3, 2, 7]);
    expect(decision?.isLate).toBe(false);
  });

  it("asks to be woken when it opens a window, and only then", () => {
    const engine = new Engine(OPTIONS);
    const first = engine.process(arrive([candidate(1, 0.7)], 100));
    const second = engine.process(arrive([candidate(2, 0.7)], 200));
    expect(first.filter((command) => command.type === "wake")).toEqual([{ type: "wake", atNs: 100 + 5e6 }]);
    expect(second.filter((command) => command.type === "wake")).toEqual([]);
  });

  it("does not decide on a score that only reaches the threshold", () => {
    const engine = new Engine(OPTIONS);
    engine.process(arrive([candidate(1, 0.6)], 0));
    expect(decisions(engine.process(tick(1e9)))).toEqual([]);
    expect(engine.counters.aboveScoreMin).toBe(0);
  });

  it("decides a signal that missed its batch alone, when its prices could come, and counts it", () => {
    const engine = new Engine(OPTIONS);
    engine.process(arrive([candidate(1, 0.7)], 0));
    engine.process(tick(6e6));
    const arrived = engine.process(arrive([candidate(2, 0.9), candidate(3, 0.95)], 7e6));
    expect(decisions(arrived)).toEqual([]);
    expect(arrived).toContainEqual({ type: "wake", atNs: 12e6 });
    expect(decisions(engine.process(tick(11.9e6)))).toEqual([]);
    const late = decisions(engine.process(tick(12e6)));
    expect(late.map(({ batch, isLate }) => [batch.map(({ symbolId }) => symbolId), isLate])).toEqual([
      [[2], true],
      [[3], true],
    ]);
    expect(engine.counters.late).toBe(2);
  });

  it("decides late signals at the word to stop", () => {
    const engine = new Engine(OPTIONS);
    engine.process(arrive([candidate(1, 0.7)], 0));
    engine.process(tick(6e6));
    engine.process(arrive([candidate(2, 0.9)], 7e6));
    const stopped = engine.process({ type: "operator", word: "stop", nowMs: T0 + 62_000, nowNs: 8e6 });
    expect(decisions(stopped)[0]).toMatchObject({ isLate: true });
  });

  it("decides with the size the model is good for, and on nothing while it is only observed", () => {
    const engine = new Engine(OPTIONS);
    engine.process(good(0.5, 0));
    engine.process(arrive([candidate(1, 0.7)], 0));
    expect(decisions(engine.process(tick(6e6)))[0]?.sizeFactor).toBe(0.5);
    engine.process(good(0, 6e6));
    const emitted = engine.process(arrive([candidate(2, 0.9)], 7e6));
    engine.process(arrive([candidate(3, 0.9, T0 + MINUTE_MS)], 8e6, T0 + 122_000));
    expect(emitted.map((command) => command.type)).toEqual(["emit", "wake"]);
    expect(decisions(engine.process(tick(20e6)))).toEqual([]);
    expect(engine.counters).toMatchObject({ decisions: 1, suppressed: 2, aboveScoreMin: 3 });
    expect(() => engine.process(good(1.5, 20e6))).toThrow(/Invariant/);
  });

  it("opens nothing on symbols whose feed has ended by then, and goes on when it is back", () => {
    const engine = new Engine(OPTIONS);
    const feed = (shardId: number, isLive: boolean, nowNs: number): EngineEvent => ({
      type: "feed-health",
      shardId,
      isLive,
      nowMs: T0 + 62_000,
      nowNs,
    });
    engine.process({ ...arrive([candidate(1, 0.7)], 0), shardId: 3 } as EngineEvent);
    engine.process({ ...arrive([candidate(2, 0.8)], 1), shardId: 4 } as EngineEvent);
    engine.process(feed(3, false, 2));
    const [decision] = decisions(engine.process(tick(6e6)));
    expect(decision?.batch.map((signal) => signal.symbolId)).toEqual([2]);
    expect(engine.counters).toMatchObject({ decisions: 1, feedStale: 1, suppressed: 0 });
    engine.process(feed(3, true, 7e6));
    engine.process({ ...arrive([candidate(1, 0.9)], 8e6), shardId: 3 } as EngineEvent);
    expect(decisions(engine.process(tick(13e6)))[0]?.batch).toHaveLength(1);
  });

  it("decides what is collected at the word to stop, and nothing after it", () => {
    const engine = new Engine(OPTIONS);
    engine.process(arrive([candidate(1, 0.7)], 0));
    const stopped = engine.process({ type: "operator", word: "stop", nowMs: T0 + 62_000, nowNs: 1 });
    expect(decisions(stopped)[0]?.batch).toHaveLength(1);
    expect(decisions(engine.process(arrive([candidate(2, 0.9)], 2)))).toEqual([]);
    expect(engine.counters.suppressed).toBe(1);
  });

  it("asks for a judgement of a model that gives no probability", () => {
    const engine = new Engine(OPTIONS);
    const event = { type: "invalid-score", epoch: 7, rows: 3, nowMs: T0, nowNs: 0 } as const;
    expect(engine.process(event)).toEqual([{ type: "judge-model", epoch: 7, rows: 3 }]);
  });

  it("does not mix minutes in one batch", () => {
    const engine = new Engine(OPTIONS);
    engine.process(arrive([candidate(1, 0.7)], 0));
    const commands = [
      ...engine.process(arrive([candidate(2, 0.8, T0 + MINUTE_MS), candidate(3, 0.9)], 1e6, T0 + 120_000)),
      ...engine.process(tick(5.9e6)),
      ...engine.process(tick(6e6)),
    ];
    expect(
      decisions(commands).map((decision) => [decision.openTimeMs, decision.batch.length, decision.isLate]),
    ).toEqual([
      [T0, 1, false],
      [T0, 1, true],
      [T0 + MINUTE_MS, 1, false],
    ]);
  });

  it("records but never decides on a bar that is too old", () => {
    const engine = new Engine(OPTIONS);
    const commands = engine.process(arrive([candidate(1, 0.95)], 0, T0 + MINUTE_MS + 60_001));
    expect(commands.map((command) => command.type)).toEqual(["emit"]);
    expect(engine.counters.stale).toBe(1);
  });

  it("closes a full window early instead of growing", () => {
    const engine = new Engine(OPTIONS);
    const many = Array.from({ length: DECISION_SIGNALS_MAX + 1 }, (_, id) => candidate(id, 0.7));
    const [decision] = decisions(engine.process(arrive(many, 0)));
    expect(decision?.batch.length).toBe(DECISION_SIGNALS_MAX);
    expect(engine.counters.overflows).toBe(1);
  });
});

describe("Engine over random streams of events", () => {
  function randomEvents(rng: Rng): EngineEvent[] {
    let nowNs = 0;
    let minute = 0;
    return Array.from({ length: 400 }, () => {
      nowNs += rng.int(4e6);
      if (rng.chance(0.1)) minute++;
      if (rng.chance(0.3)) return tick(nowNs);
      const batch = Array.from({ length: rng.int(4) }, () =>
        candidate(rng.int(300), rng.int(21) / 20, T0 + (minute - (rng.chance(0.1) ? 1 : 0)) * MINUTE_MS),
      );
      return arrive(batch, nowNs, T0 + minute * MINUTE_MS + 62_000);
    });
  }

  it(`gives the same commands for the same events (seed ${seed})`, () => {
    const rng = new Rng(seed);
    for (let round = 0; round < 20; round++) {
      const events = randomEvents(rng);
      const run = (): string => {
        const engine = new Engine(OPTIONS);
        return JSON.stringify(events.map((event) => engine.process(event)));
      };
      expect(run()).toBe(run());
    }
  });

  it(`decides every fresh signal above the threshold exactly once, each batch in order (seed ${seed})`, () => {
    const rng = new Rng(seed + 1);
    for (let round = 0; round < 20; round++) {
      const engine = new Engine(OPTIONS);
      const commands = [...randomEvents(rng), tick(Infinity)].flatMap((event) => engine.process(event));
      const emitted = commands.flatMap((command) => (command.type === "emit" ? command.signals : []));
      const decided = decisions(commands).flatMap((decision) => decision.batch);
      const wanted = emitted.filter((signal) => signal.score > OPTIONS.scoreMin);
      expect(new Set(decided).size).toBe(decided.length);
      expect(decided.length + engine.counters.stale).toBe(wanted.length);
      expect(decided.every((signal) => wanted.includes(signal))).toBe(true);
      for (const decision of decisions(commands)) {
        expect(decision.batch).toEqual(decision.batch.toSorted(byScoreThenSymbol));
        expect(decision.batch.every((signal) => signal.openTimeMs === decision.openTimeMs)).toBe(true);
      }
    }
  });
});
