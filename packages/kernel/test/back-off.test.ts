import { describe, expect, it } from "vitest";
import { backOffMs, InvariantError, Rng } from "@smcq/kernel";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const ROUNDS = 2_000;

interface Case {
  readonly failures: number;
  readonly policy: { readonly firstMs: number; readonly msMax: number };
  readonly ratio: number;
  readonly draws: number;
}

function cases(): Case[] {
  const rng = new Rng(seed);
  return Array.from({ length: ROUNDS }, () => {
    const firstMs = 1 + rng.int(60_000) + (rng.chance(0.5) ? rng.next() : 0);
    return {
      failures: rng.chance(0.1) ? 1_000 + rng.int(1_000) : rng.int(30),
      policy: { firstMs, msMax: firstMs * (1 + rng.next() * 2 ** rng.int(20)) },
      ratio: [0, 0.2, 0.25, 0.5, 1][rng.int(5)]!,
      draws: rng.int(2 ** 31),
    };
  });
}

describe(`backOffMs (SMCQ_SEED=${seed})`, () => {
  it("starts with the first wait, doubles it, and stops at the longest", () => {
    const waits = Array.from({ length: 8 }, (_, at) => backOffMs(at, { firstMs: 500, msMax: 8_000 }));
    expect(waits).toEqual([500, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  it("never falls with one more failure, starts at the first wait and never exceeds the longest", () => {
    for (const { failures, policy } of cases()) {
      const waitMs = backOffMs(failures, policy);
      expect(waitMs).toBeGreaterThanOrEqual(policy.firstMs);
      expect(waitMs).toBeLessThanOrEqual(policy.msMax);
      expect(backOffMs(failures + 1, policy)).toBeGreaterThanOrEqual(waitMs);
    }
  });

  it("is the longest wait after any number of failures that would double beyond all numbers", () => {
    for (const failures of [40, 1_100, 1e9])
      expect(backOffMs(failures, { firstMs: 0.5, msMax: 300_000 })).toBe(300_000);
  });

  it("keeps a jittered wait within its share below the whole one, ratio 0 at it", () => {
    for (const { failures, policy, ratio, draws } of cases()) {
      const fullMs = backOffMs(failures, policy);
      const waitMs = backOffMs(failures, policy, { rng: new Rng(draws), ratio });
      expect(waitMs).toBeGreaterThanOrEqual(fullMs * (1 - ratio));
      expect(waitMs).toBeLessThanOrEqual(fullMs);
      expect(backOffMs(failures, policy, { rng: new Rng(draws), ratio: 0 })).toBe(fullMs);
    }
  });

  it("spreads full jitter over the whole wait and equal jitter over its upper half", () => {
    const rng = new Rng(seed);
    for (const ratio of [1, 0.5]) {
      const policy = { firstMs: 1_000, msMax: 1_000 };
      const waits = Array.from({ length: ROUNDS }, () => backOffMs(1, policy, { rng, ratio }));
      const shares = waits.map((waitMs) => (waitMs / 1_000 - (1 - ratio)) / ratio);
      for (let tenth = 0; tenth < 10; tenth++) {
        const inTenth = shares.filter((share) => Math.floor(share * 10) === tenth).length;
        expect(inTenth / ROUNDS).toBeGreaterThan(0.06);
        expect(inTenth / ROUNDS).toBeLessThan(0.14);
      }
    }
  });

  it("gives the same waits for the same seed, by one draw each", () => {
    for (const { failures, policy, ratio, draws } of cases().slice(0, 200)) {
      const [one, other, counter] = [new Rng(draws), new Rng(draws), new Rng(draws)];
      const waitMs = backOffMs(failures, policy, { rng: one, ratio });
      expect(backOffMs(failures, policy, { rng: other, ratio })).toBe(waitMs);
      counter.next();
      expect(one.next()).toBe(counter.next());
    }
  });

  it("is, to the last bit, what REST, the backfill, the sequencer and the sockets computed by themselves", () => {
    const formulas: readonly (readonly [number, (fullMs: number, draw: number) => number])[] = [
      [0.5, (fullMs, draw) => fullMs * (0.5 + draw / 2)],
      [0.2, (fullMs, draw) => fullMs * (0.8 + draw * 0.2)],
      [0.25, (fullMs, draw) => fullMs * (0.75 + draw * 0.25)],
    ];
    for (const { failures, policy, draws } of cases())
      for (const [ratio, formula] of formulas)
        expect(backOffMs(failures, policy, { rng: new Rng(draws), ratio })).toBe(
          formula(backOffMs(failures, policy), new Rng(draws).next()),
        );
  });

  it("refuses a count below 0 or NaN, a first wait of 0 and a share outside 0..1", () => {
    const policy = { firstMs: 1, msMax: 10 };
    const rng = new Rng(seed);
    expect(() => backOffMs(-1, policy)).toThrow(InvariantError);
    expect(() => backOffMs(Number.NaN, policy)).toThrow(InvariantError);
    expect(() => backOffMs(1, { firstMs: 0, msMax: 10 })).toThrow(InvariantError);
    for (const ratio of [-0.1, 1.1, Number.NaN])
      expect(() => backOffMs(1, policy, { rng, ratio })).toThrow(InvariantError);
  });
});
