import type { ScoredCandidate, Signal } from "@smcq/engine";
import { ManualClock, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { EngineLoop } from "../src/index.ts";

function candidate(id: number, score: number): ScoredCandidate {
  return {
    symbolId: symbolId(id),
    symbol: `S${id}`,
    side: -1,
    setup: 2,
    openTimeMs: 0,
    score,
    features: new Float32Array(12),
    scorerId: "heuristic-1",
    challenger: null,
    invalidationPrice: 1,
    atr: 1,
    exchangeMs: 62_000,
    isRestConfirmed: false,
    times: { receivedNs: 1, writtenNs: 1, takenNs: 1, featuresNs: 1, scoredNs: 1 },
  };
}

describe("EngineLoop", () => {
  it("carries commands out after process has returned, in order, and closes the window by its own timer", () => {
    const clock = new ManualClock(62_000);
    const heard: string[] = [];
    const tell = (what: string, signals: readonly Signal[]): void => {
      heard.push(`${what} ${signals.map((signal) => signal.symbol).join(",")}`);
    };
    const desk = new EngineLoop(
      { scoreMin: 0.6, decisionWindowNs: 10e6, signalAgeMsMax: 60_000 },
      {
        clock,
        wallClock: clock,
        listeners: {
          onSignals: (signals) => tell("signals", signals),
          onDecision: (batch) => tell("decide", batch),
        },
      },
    );
    desk.process({
      type: "candidates",
      nowMs: 62_000,
      nowNs: clock.monoNs(),
      candidates: [candidate(2, 0.7), candidate(1, 0.8)],
    });
    desk.process({
      type: "candidates",
      nowMs: 62_000,
      nowNs: clock.monoNs(),
      candidates: [candidate(0, 0.5)],
    });
    expect(heard).toEqual(["signals S2,S1", "signals S0"]);
    clock.advance(10);
    expect(heard).toEqual(["signals S2,S1", "signals S0", "decide S1,S2"]);
  });
});
