import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import {
  CRITICAL_SINGLES_MAX,
  DIGEST_MS,
  planMessages,
  type PlannedMessage,
  RATE_MS,
  type RecentMessages,
  type WaitingAlert,
} from "../src/delivery/plan.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const PER_MINUTE_MAX = 4;

interface Made extends PlannedMessage {
  readonly atMs: number;
  readonly isCritical: boolean;
}

/** Alerts that come by chance, and what becomes of them second by second. */
class Day {
  readonly made: Made[] = [];
  readonly all = new Map<number, WaitingAlert>();
  #waiting: WaitingAlert[] = [];
  #ids = 0;
  nowMs = 0;

  come(severity: WaitingAlert["severity"]): void {
    const alert = { alertId: ++this.#ids, severity, firstMs: this.nowMs };
    this.all.set(alert.alertId, alert);
    this.#waiting.push(alert);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  turn(isQuiet: boolean): readonly PlannedMessage[] {
    const planned = planMessages(this.#waiting, this.#recent(), {
      perMinuteMax: PER_MINUTE_MAX,
      isQuiet,
      nowMs: this.nowMs,
    });
    for (const message of planned) {
      const isCritical = message.alertIds.some((id) => this.all.get(id)?.severity === "critical");
      this.made.push({ ...message, atMs: this.nowMs, isCritical });
    }
    const gone = new Set(planned.flatMap(({ alertIds }) => alertIds));
    this.#waiting = this.#waiting.filter(({ alertId }) => !gone.has(alertId));
    this.nowMs += 1_000;
    return planned;
  }

  #recent(): RecentMessages {
    const last = this.made.filter(({ atMs }) => atMs > this.nowMs - RATE_MS);
    const criticals = last.filter(({ type, isCritical }) => type === "single" && isCritical).length;
    return {
      criticals,
      others: last.length - criticals,
      digestMs: last.findLast(({ type }) => type === "digest")?.atMs ?? null,
    };
  }
}

describe("what becomes which message", () => {
  it(`is each alert once, the critical at once, and few messages (seed ${SEED})`, () => {
    for (let round = 0; round < 60; round++) {
      const rng = new Rng(SEED + round);
      const day = new Day();
      const rate = rng.next() * 3;
      for (let second = 0; second < 400; second++) {
        for (let n = 0; n < rate * rng.next(); n++)
          day.come(rng.chance(0.02) ? "critical" : rng.chance(0.5) ? "warning" : "info");
        const isQuiet = second > 100 && second < 250 && round % 2 === 0;
        const planned = day.turn(isQuiet);
        const severities = planned.flatMap(({ alertIds }) => alertIds.map((id) => day.all.get(id)?.severity));
        expect(isQuiet && severities.some((severity) => severity !== "critical")).toBe(false);
      }
      for (let second = 0; second < 130 && day.waiting > 0; second++) day.turn(false);
      const told = day.made.flatMap(({ alertIds }) => alertIds);
      expect(
        told.toSorted((a, b) => a - b),
        `seed ${SEED + round}`,
      ).toEqual([...day.all.keys()]);
      for (const { atMs } of day.made) {
        const minute = day.made.filter((one) => one.atMs > atMs - RATE_MS && one.atMs <= atMs);
        expect(
          minute.filter(({ type, isCritical }) => type === "single" && isCritical).length,
        ).toBeLessThanOrEqual(CRITICAL_SINGLES_MAX);
        expect(minute.length).toBeLessThanOrEqual(CRITICAL_SINGLES_MAX + PER_MINUTE_MAX + 1);
      }
      const alone = day.made.filter(({ type, isCritical }) => type === "single" && isCritical);
      for (const { alertIds, atMs } of alone) {
        const waitedMs = atMs - (day.all.get(alertIds[0] ?? 0)?.firstMs ?? 0);
        expect(waitedMs).toBeLessThanOrEqual(DIGEST_MS);
      }
    }
  });

  it("of a storm of 1,000 is a handful, the critical ones alone first", () => {
    const day = new Day();
    for (let n = 0; n < 1_000; n++) day.come(n % 333 === 0 ? "critical" : "warning");
    const planned = day.turn(false);
    expect(planned.map(({ type, alertIds }) => [type, alertIds.length])).toEqual([
      ["single", 1],
      ["single", 1],
      ["single", 1],
      ["single", 1],
      ["digest", 996],
    ]);
    expect(planned.slice(0, 4).flatMap(({ alertIds }) => alertIds)).toEqual([1, 334, 667, 1_000]);
  });

  it("begins a digest with those critical ones that were too many", () => {
    const day = new Day();
    for (let n = 0; n < 50; n++) day.come(n < 40 ? "warning" : "critical");
    const planned = day.turn(false);
    expect(planned.map(({ type }) => type)).toEqual([
      ...Array.from({ length: CRITICAL_SINGLES_MAX }, () => "single"),
      "digest",
    ]);
    expect(planned.at(-1)?.alertIds.slice(0, 6)).toEqual([46, 47, 48, 49, 50, 1]);
  });
});
