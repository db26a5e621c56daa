import { ManualClock, Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { BackOff, endKind } from "../src/market/stream/back-off.ts";
import { LocalConnectBudget } from "../src/index.ts";

const end = { closeCode: 1006, httpStatus: 0, errorCode: "" };

describe("BackOff", () => {
  it("retries at once, then from 5 s to 5 min with jitter, and begins anew after health", () => {
    const backOff = new BackOff(new Rng(3), { backOffMinMs: 5_000, backOffMaxMs: 300_000 });
    const waits = Array.from({ length: 14 }, () => backOff.nextMs("network"));
    expect(waits[0]).toBe(0);
    for (const [index, wait] of waits.slice(1).entries()) {
      const fullMs = Math.min(300_000, 5_000 * 2 ** index);
      expect(wait).toBeGreaterThanOrEqual(Math.max(5_000, fullMs * 0.75));
      expect(wait).toBeLessThanOrEqual(fullMs);
    }
    expect(new Set(waits.slice(8)).size).toBeGreaterThan(1);
    backOff.reset();
    expect(backOff.nextMs("closed")).toBe(0);
  });

  it("rests a minute at least after the venue said too much", () => {
    const backOff = new BackOff(new Rng(3), { backOffMinMs: 5_000, backOffMaxMs: 300_000 });
    expect(backOff.nextMs("policy")).toBeGreaterThanOrEqual(45_000);
  });

  it("sorts ends by handshake status, error and close code", () => {
    expect(endKind({ ...end, httpStatus: 429 })).toBe("policy");
    expect(endKind({ ...end, httpStatus: 403 })).toBe("policy");
    expect(endKind({ ...end, httpStatus: 502 })).toBe("network");
    expect(endKind({ ...end, closeCode: 1008 })).toBe("policy");
    expect(endKind({ ...end, closeCode: 1000 })).toBe("closed");
    expect(endKind({ ...end, closeCode: 1001 })).toBe("closed");
    expect(endKind({ ...end, errorCode: "DEPTH_ZERO_SELF_SIGNED_CERT" })).toBe("tls");
    expect(endKind({ ...end, errorCode: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" })).toBe("garbage");
    expect(endKind({ ...end, errorCode: "ENOTFOUND" })).toBe("network");
    expect(endKind(end)).toBe("network");
  });
});

describe("LocalConnectBudget", () => {
  it("grants no more connections in any window than allowed", () => {
    const clock = new ManualClock(0);
    const budget = new LocalConnectBudget({ clock, connectsMax: 5 });
    const grantedMs: number[] = [];
    for (let step = 0; step < 4_000; step++) {
      const waitMs = budget.take();
      if (waitMs === 0) grantedMs.push(clock.nowMs());
      clock.advance(waitMs === 0 ? 500 : waitMs);
    }
    for (const atMs of grantedMs)
      expect(grantedMs.filter((other) => other >= atMs && other < atMs + 300_000).length).toBeLessThanOrEqual(
        5,
      );
    expect(grantedMs.length).toBeGreaterThan(1_000);
  });
});
