import { Engine, type EngineEvent, type EngineInput, type ScoredCandidate, type Signal } from "@smcq/engine";
import { afterTurn, ManualClock, Rng, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { DRAIN_EVENTS_MAX, Inbox } from "../src/index.ts";
import { buildLoop } from "./loop-support.ts";
import { seed } from "./support.ts";

const ENGINE = { scoreMin: 0.6, decisionWindowNs: 10e6, signalAgeMsMax: 60_000 };

function candidate(id: number, score: number, openTimeMs = 0): ScoredCandidate {
  return {
    symbolId: symbolId(id),
    symbol: `S${id}`,
    side: -1,
    setup: 2,
    openTimeMs,
    score,
    features: new Float32Array(12),
    scorerId: "heuristic-1",
    challenger: null,
    invalidationPrice: 1,
    atr: 1,
    medianTurnover: 1e6,
    exchangeMs: 62_000,
    isRestConfirmed: false,
    times: { receivedNs: 1, writtenNs: 1, takenNs: 1, featuresNs: 1, scoredNs: 1 },
  };
}

function candidates(...list: readonly ScoredCandidate[]): EngineInput {
  return { type: "candidates", shardId: 0, candidates: list };
}

const names = (signals: readonly Signal[]): string => signals.map((signal) => signal.symbol).join(",");

/** Drains are kept until the test runs them: what the event loop would do later. */
class Turns {
  readonly #waiting: (() => void)[] = [];
  readonly defer = (drain: () => void): void => void this.#waiting.push(drain);

  get waiting(): number {
    return this.#waiting.length;
  }

  next(): boolean {
    const drain = this.#waiting.shift();
    drain?.();
    return drain !== undefined;
  }

  all(): void {
    while (this.next());
  }
}

describe("EngineLoop", () => {
  it("lets everything leave before the journal does what can be done later", () => {
    const heard: string[] = [];
    const { inbox, loop } = buildLoop({
      engine: ENGINE,
      clock: new ManualClock(62_000),
      defer() {},
      handlers: { onSignals: (signals) => heard.push(`signals ${names(signals)}`) },
      journal: {
        append: (seq, { type }) => void heard.push(`append ${seq} ${type}`),
        write: () => void heard.push("write"),
      },
    });
    inbox.put(candidates(candidate(2, 0.7)));
    inbox.put(candidates(candidate(1, 0.5)));
    loop.drain();
    const told = ["append 1 candidates", "signals S2", "append 2 candidates", "signals S1"];
    expect(heard).toEqual([...told, "write"]);
  });

  it("carries commands out after process has returned, in order, and closes the window by its own timer", () => {
    const clock = new ManualClock(62_000);
    const turns = new Turns();
    const heard: string[] = [];
    const { inbox } = buildLoop({
      engine: ENGINE,
      clock,
      defer: turns.defer,
      handlers: {
        onSignals: (signals) => heard.push(`signals ${names(signals)}`),
        onDecision: ({ batch }) => heard.push(`decide ${names(batch)}`),
      },
    });
    inbox.put(candidates(candidate(2, 0.7), candidate(1, 0.8)));
    inbox.put(candidates(candidate(0, 0.5)));
    // Whoever puts an event is not the one who processes it.
    expect([heard, turns.waiting]).toEqual([[], 1]);
    turns.all();
    expect(heard).toEqual(["signals S2,S1", "signals S0"]);
    clock.advance(10);
    turns.all();
    expect(heard).toEqual(["signals S2,S1", "signals S0", "decide S1,S2"]);
  });

  it("processes what was put as soon as the caller has returned, and lets others have their turn after a full drain", async () => {
    const heard: string[] = [];
    const { inbox, loop } = buildLoop({ engine: ENGINE, clock: new ManualClock(62_000) });
    for (let event = 0; event <= DRAIN_EVENTS_MAX; event++) inbox.put({ type: "time" });
    const turn = new Promise<void>((resolve) => {
      afterTurn(() => {
        heard.push(`turn at ${loop.seq}`);
        resolve();
      });
    });
    heard.push(`put at ${loop.seq}`);
    await Promise.resolve();
    heard.push(`soon at ${loop.seq}`);
    await turn;
    afterTurn(() => heard.push(`later at ${loop.seq}`));
    await new Promise<void>((resolve) => {
      afterTurn(resolve);
    });
    expect(heard).toEqual([
      "put at 0",
      `soon at ${DRAIN_EVENTS_MAX}`,
      `turn at ${DRAIN_EVENTS_MAX}`,
      `later at ${DRAIN_EVENTS_MAX + 1}`,
    ]);
  });

  it("lets events that are raised inside commands wait their turn, in the order they were raised", () => {
    const turns = new Turns();
    const order: string[] = [];
    const journal = {
      append: (seq: number, event: EngineEvent) => void order.push(`${seq} ${event.type}`),
    };
    const inbox = new Inbox();
    const { loop } = buildLoop({
      engine: ENGINE,
      clock: new ManualClock(62_000),
      defer: turns.defer,
      journal,
      inbox,
      handlers: {
        // As a model's life does: a rolled-back model and what it is good for come out of a command.
        onInvalidScores: (epoch) => {
          order.push(`judge ${epoch}`);
          inbox.put({ type: "model", scorerId: "before", sizeFactor: 0.5, wins: null });
          inbox.put({ type: "feed-health", shardId: 0, isLive: false });
          expect(() => loop.drain()).toThrow("nothing enters the core during a drain");
        },
        onSignals: () => inbox.put({ type: "time" }),
      },
    });
    inbox.put({ type: "invalid-score", epoch: 7, rows: 1 });
    inbox.put(candidates(candidate(1, 0.9)));
    turns.all();
    expect(order).toEqual([
      "1 invalid-score",
      "judge 7",
      "2 candidates",
      "3 model",
      "4 feed-health",
      "5 time",
    ]);
  });

  it("journals each event before any of its commands leaves, so that the journal replays to the same commands", () => {
    const rng = new Rng(seed);
    const turns = new Turns();
    const clock = new ManualClock(62_000);
    const journal: { readonly event: EngineEvent; readonly commands: string }[] = [];
    let carriedOut = 0;
    const inbox = new Inbox();
    const count = (): void => {
      carriedOut++;
      expect(journal.length).toBeGreaterThan(0);
      if (rng.chance(0.3))
        inbox.put({ type: "model", scorerId: "m", sizeFactor: rng.int(3) / 2, wins: null });
      if (rng.chance(0.1)) inbox.put({ type: "feed-health", shardId: rng.int(3), isLive: rng.chance(0.5) });
    };
    buildLoop({
      engine: ENGINE,
      clock,
      defer: turns.defer,
      inbox,
      journal: {
        append: (seq, event, commands) => {
          expect(seq).toBe(journal.length + 1);
          journal.push({ event, commands: JSON.stringify(commands) });
        },
      },
      handlers: { onSignals: count, onDecision: count, onInvalidScores: count },
    });
    for (let step = 0; step < 2_000; step++) {
      if (rng.chance(0.1)) clock.advance(rng.int(20));
      const openTimeMs = Math.floor((clock.nowMs() - 62_000) / 60_000) * 60_000;
      if (rng.chance(0.05)) inbox.put({ type: "invalid-score", epoch: 1, rows: 1 });
      else inbox.put(candidates(candidate(rng.int(300), rng.int(21) / 20, openTimeMs)));
      if (rng.chance(0.5)) turns.next();
    }
    turns.all();
    expect(carriedOut).toBeGreaterThan(2_000);
    const replayed = new Engine(ENGINE);
    expect(journal.map(({ event }) => JSON.stringify(replayed.process(event)))).toEqual(
      journal.map(({ commands }) => commands),
    );
  });

  it("gives the event loop its turn in a flood, drops and counts what may be dropped, and keeps the rest", () => {
    const turns = new Turns();
    const seen: Record<string, number> = {};
    const inbox = new Inbox(5_000);
    const { loop } = buildLoop({
      engine: ENGINE,
      clock: new ManualClock(62_000),
      defer: turns.defer,
      inbox,
      journal: { append: (_seq, { type }) => void (seen[type] = (seen[type] ?? 0) + 1) },
    });
    const taken = Array.from({ length: 7_000 }, (_, id) => inbox.put(candidates(candidate(id, 0.5))));
    for (let shardId = 0; shardId < 300; shardId++)
      expect(inbox.put({ type: "feed-health", shardId, isLive: false })).toBe(true);
    expect(taken.filter(Boolean)).toHaveLength(5_000);
    expect(inbox.counts.candidates).toEqual({ put: 5_000, dropped: 2_000 });
    expect(turns.waiting).toBe(1);
    turns.next();
    expect([loop.seq, inbox.size, turns.waiting]).toEqual([DRAIN_EVENTS_MAX, 5_300 - DRAIN_EVENTS_MAX, 1]);
    turns.all();
    expect(seen).toEqual({ candidates: 5_000, "feed-health": 300 });
    expect(inbox.sizeMax).toBe(5_300);
  });

  it("decides what is collected when it stops, and nothing after it", () => {
    const decided: string[] = [];
    const { inbox, loop, core } = buildLoop({
      engine: ENGINE,
      clock: new ManualClock(62_000),
      defer() {},
      handlers: { onDecision: ({ batch }) => decided.push(names(batch)) },
    });
    inbox.put(candidates(candidate(1, 0.9)));
    loop.stop();
    inbox.put(candidates(candidate(2, 0.9)));
    loop.drain();
    expect(decided).toEqual(["S1"]);
    expect(core.counters).toMatchObject({ signals: 2, decisions: 1, suppressed: 1 });
  });

  it("refuses to stop for ever when somebody never stops putting events", () => {
    const inbox = new Inbox();
    const { loop } = buildLoop({
      engine: ENGINE,
      clock: new ManualClock(62_000),
      defer() {},
      inbox,
      handlers: { onSignals: () => inbox.put(candidates(candidate(1, 0.5))) },
    });
    inbox.put(candidates(candidate(1, 0.5)));
    expect(() => loop.stop()).toThrow("a loop that is told to stop comes to an end");
  });
});

describe("Inbox", () => {
  it("refuses, loudly, even what must not be lost when its reserve is used up", () => {
    const inbox = new Inbox(8);
    const put = (): boolean => inbox.put({ type: "feed-health", shardId: 0, isLive: true });
    for (let count = 0; count < 10; count++) expect(put()).toBe(true);
    expect(put).toThrow(expect.objectContaining({ code: "INBOX_OVERFLOW" }));
    expect(inbox.take()).toEqual({ type: "feed-health", shardId: 0, isLive: true });
    expect(put()).toBe(true);
  });

  it("keeps every word about orders and the account when it is full, and drops what comes again", () => {
    const query = { type: "positions" } as const;
    const outcome = { type: "unknown", text: "" } as const;
    const kept: readonly EngineInput[] = [
      { type: "order-outcome", clientOrderId: "smcqE1-0", outcome },
      { type: "answer", answer: { type: "failed", query, askedMs: 0, text: "" } },
      { type: "leverage", symbolId: symbolId(0), leverage: 5 },
      { type: "account-stream", isLive: false },
      { type: "operator", word: "flatten" },
    ];
    const inbox = new Inbox(20);
    for (let count = 0; count < 20; count++) inbox.put({ type: "time" });
    expect(inbox.put({ type: "time" })).toBe(false);
    expect(kept.map((input) => inbox.put(input))).toEqual(kept.map(() => true));
    for (let count = 0; count < 20; count++) inbox.take();
    expect(kept.map(() => inbox.take())).toEqual(kept);
  });

  it(`hands events out in the order of their coming, however it goes round (seed ${seed})`, () => {
    const rng = new Rng(seed);
    const inbox = new Inbox(16);
    const waiting: number[] = [];
    const taken: (number | undefined)[] = [];
    const wanted: (number | undefined)[] = [];
    let refusedBelowLimit = 0;
    for (let step = 0; step < 20_000; step++) {
      if (rng.chance(0.5)) {
        if (inbox.put({ type: "invalid-score", epoch: step, rows: 1 })) waiting.push(step);
        else refusedBelowLimit += Number(waiting.length < 16);
      } else {
        const event = inbox.take();
        taken.push(event?.type === "invalid-score" ? event.epoch : undefined);
        wanted.push(waiting.shift());
      }
    }
    expect(taken).toEqual(wanted);
    expect([inbox.size, refusedBelowLimit]).toEqual([waiting.length, 0]);
  });

  it("has one consumer", () => {
    const inbox = new Inbox();
    inbox.consume(() => {});
    expect(() => inbox.consume(() => {})).toThrow("an inbox has one consumer");
  });
});
