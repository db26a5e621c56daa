import type { RunRecord, SetupCode, Signal } from "@smcq/engine";
import { symbolId } from "@smcq/kernel";
import type { Rng } from "@smcq/kernel";

export function runRecord(runId: string, overrides: Partial<RunRecord> = {}): RunRecord {
  return {
    runId,
    mode: "sim",
    startedAtMs: 1_760_000_000_000,
    engineVersion: "0.0.0",
    configHash: "c".repeat(64),
    configJson: "{}",
    scorerId: "heuristic-1",
    modelJson: "{}",
    featureSchemaHash: "f".repeat(64),
    smcParametersJson: "{}",
    seed: 1,
    ...overrides,
  };
}

const SYMBOLS = ["BTCUSDT", "ETHUSDT", "1000PEPEUSDT", "币安人生USDT"];

/** Seeded signals with scores in 0..1 and features of every kind, NaN and infinities included. */
export function signals(count: number, rng: Rng, overrides: Partial<Signal> = {}): Signal[] {
  return Array.from({ length: count }, (_, index) => {
    const id = rng.int(SYMBOLS.length);
    const features = Float32Array.from({ length: 12 }, () => rng.normal());
    if (rng.chance(0.1)) features[rng.int(12)] = Number.NaN;
    if (rng.chance(0.1)) features[rng.int(12)] = -Infinity;
    const receivedNs = 1e15 + rng.int(1e9);
    return {
      symbol: SYMBOLS[id] ?? "",
      symbolId: symbolId(id),
      side: rng.chance(0.5) ? 1 : -1,
      setup: (1 + rng.int(3)) as SetupCode,
      openTimeMs: 1_760_000_040_000 + 60_000 * index,
      score: rng.next(),
      features,
      scorerId: rng.chance(0.9) ? "heuristic-1" : "challenger-2",
      challenger: rng.chance(0.3) ? { scorerId: "lgbm-2", score: rng.next() } : null,
      invalidationPrice: 1 + rng.next(),
      atr: rng.next(),
      medianTurnover: rng.next() * 1e6,
      exchangeMs: 1_760_000_102_000 + 60_000 * index,
      isRestConfirmed: rng.chance(0.2),
      times: {
        receivedNs,
        writtenNs: receivedNs + 250,
        takenNs: receivedNs + 90_250,
        featuresNs: receivedNs + 100_250,
        scoredNs: receivedNs + 101_500,
        emittedNs: receivedNs + 150_000,
      },
      ...overrides,
    };
  });
}
