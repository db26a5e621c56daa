import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { NumberField, codesOf, decodeBatch, encodeBatch, numberOf } from "../src/batch.ts";
import { signals } from "./helpers.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

describe("the batch that crosses to the thread", () => {
  it(`gives every field of every signal back, bit for bit (seed ${SEED})`, () => {
    const rng = new Rng(SEED);
    for (const count of [1, 2, 3, 50, 333]) {
      const given = signals(count, rng);
      const batch = decodeBatch(encodeBatch(given));
      expect(batch.count).toBe(count);
      for (const [index, signal] of given.entries()) {
        expect(codesOf(batch, index)).toEqual({
          symbol: signal.symbol,
          symbolId: signal.symbolId,
          scorerId: signal.scorerId,
          challengerId: signal.challenger?.scorerId ?? null,
          side: signal.side,
          setup: signal.setup,
          isRestConfirmed: signal.isRestConfirmed,
        });
        expect(numberOf(batch, index, NumberField.OpenTimeMs)).toBe(signal.openTimeMs);
        expect(numberOf(batch, index, NumberField.Score)).toBe(signal.score);
        expect(numberOf(batch, index, NumberField.ExchangeMs)).toBe(signal.exchangeMs);
        expect(numberOf(batch, index, NumberField.ReceivedNs)).toBe(signal.times.receivedNs);
        expect(numberOf(batch, index, NumberField.WrittenNs)).toBe(signal.times.writtenNs);
        expect(numberOf(batch, index, NumberField.TakenNs)).toBe(signal.times.takenNs);
        expect(numberOf(batch, index, NumberField.FeaturesNs)).toBe(signal.times.featuresNs);
        expect(numberOf(batch, index, NumberField.ScoredNs)).toBe(signal.times.scoredNs);
        expect(numberOf(batch, index, NumberField.EmittedNs)).toBe(signal.times.emittedNs);
        expect(numberOf(batch, index, NumberField.InvalidationPrice)).toBe(signal.invalidationPrice);
        expect(numberOf(batch, index, NumberField.Atr)).toBe(signal.atr);
        expect(numberOf(batch, index, NumberField.ChallengerScore)).toBe(
          signal.challenger?.score ?? Number.NaN,
        );
        expect(batch.features.slice(index * 12, index * 12 + 12)).toEqual(signal.features);
      }
    }
  });

  it("stores a text once however many signals name it", () => {
    const rng = new Rng(SEED);
    const same = { symbol: "BTCUSDT", scorerId: "heuristic-1", challenger: null };
    const one = encodeBatch(signals(1, rng, same)).byteLength;
    const hundred = encodeBatch(signals(100, rng, same)).byteLength;
    expect(hundred - one).toBe(99 * 172);
  });

  it.each([
    ["a score above 1", { score: 1.01 }],
    ["a score that is no number", { score: Number.NaN }],
    ["eleven features", { features: new Float32Array(11) }],
    ["an unknown setup", { setup: 4 as 3 }],
    ["no side", { side: 0 as 1 }],
    ["a fractional open time", { openTimeMs: 0.5 }],
  ])("refuses %s as broken code", (_name, overrides) => {
    expect(() => encodeBatch(signals(1, new Rng(SEED), overrides))).toThrow(/Invariant/);
  });

  it("refuses foreign and cut buffers", () => {
    const bytes = encodeBatch(signals(3, new Rng(SEED)));
    expect(() => decodeBatch(bytes.slice(0, -1))).toThrow(/as long as its header/);
    expect(() => decodeBatch(new ArrayBuffer(64))).toThrow(/magic number/);
  });
});
