import type { ScannerWord } from "@smcq/engine";
import { errorMessage, Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { barsWord, sharedSignal, signalWord } from "../../../engine/test/support/signal-bus-conformance.ts";
import { decodeWord, encodeWord } from "../../src/signals/word-codec.ts";

const RUNS = 400;

function randomWord(rng: Rng): ScannerWord {
  const number = (): number => (rng.next() - 0.5) * 10 ** Math.floor(rng.next() * 12);
  if (rng.next() < 0.3) return barsWord(Math.floor(rng.next() * 3e7), Math.floor(rng.next() * 1_024));
  return signalWord({
    symbol: `S${rng.nextUint32()}`,
    side: rng.next() < 0.5 ? 1 : -1,
    score: rng.next(),
    atr: number(),
    invalidationPrice: number(),
    features: Float32Array.from({ length: 12 }, number),
    challenger: rng.next() < 0.5 ? null : { scorerId: "x", score: rng.next() },
    isRestConfirmed: rng.next() < 0.5,
  });
}

function wordOrRefusal(bytes: Uint8Array): ScannerWord | string {
  try {
    return decodeWord(bytes);
  } catch (error) {
    return errorMessage(error);
  }
}

describe("encodeWord and decodeWord", () => {
  it("give back any word, bit by bit", () => {
    const rng = new Rng(16);
    for (let run = 0; run < RUNS; run++) {
      const word = randomWord(rng);
      const bytes = encodeWord(word);
      expect(decodeWord(bytes)).toStrictEqual(word);
      expect(encodeWord(decodeWord(bytes))).toEqual(bytes);
    }
  });

  it("refuse what is cut off at any byte, or goes on behind its end", () => {
    for (const word of [signalWord(), barsWord(28_000_000)]) {
      const bytes = encodeWord(word);
      for (let length = 0; length < bytes.length; length++)
        expect(() => decodeWord(bytes.subarray(0, length))).toThrow(/^no word of a scanner: /);
      expect(() => decodeWord(Uint8Array.of(...bytes, 0))).toThrow(/1 bytes too many/);
    }
  });

  it("take nothing from changed bytes that no scanner tells", () => {
    const rng = new Rng(17);
    const refusals = new Set<string>();
    for (let run = 0; run < RUNS; run++) {
      const bytes = encodeWord(randomWord(rng));
      for (let change = 0; change < 3; change++)
        bytes[Math.floor(rng.next() * bytes.length)] = Math.floor(rng.next() * 256);
      const word = wordOrRefusal(bytes);
      if (typeof word === "string") {
        refusals.add(word.slice(0, 20));
        continue;
      }
      const prices = word.type === "signal" ? [word.signal.atr] : word.bars.map(({ close }) => close);
      expect(prices.every((price) => Number.isFinite(price))).toBe(true);
    }
    expect([...refusals]).toEqual(["no word of a scanner"]);
  });

  it.each([
    [{ side: 0 as 1 }, /side 0/],
    [{ setup: 4 as 3 }, /setup 4/],
    [{ score: 1.5 }, /score 1\.5/],
    [{ score: Number.NaN }, /score NaN/],
    [{ atr: Number.POSITIVE_INFINITY }, /ATR Infinity/],
    [{ openTimeMs: 61_000 }, /minute 61000/],
    [{ symbol: "" }, /an empty name/],
  ])("refuse %j", (given, text) => {
    expect(() => decodeWord(encodeWord(signalWord(given)))).toThrow(text);
  });

  it("refuse a text that is too long, and features of another count", () => {
    expect(() => encodeWord(signalWord({ scorerId: "x".repeat(256) }))).toThrow(
      /text of 256 bytes, 255 at most/,
    );
    const signal = sharedSignal({ features: new Float32Array(11) });
    expect(() => encodeWord({ type: "signal", part: 0, run: "r", signal })).toThrow(/11 features, wanted 12/);
  });
});
