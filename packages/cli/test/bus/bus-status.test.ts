import { describe, expect, it } from "vitest";
import { busMetrics, type BusStatus } from "../../src/bus/bus-status.ts";
import { busText } from "../../src/control/bus-text.ts";

const signals = {
  published: 12,
  kept: 9,
  known: 2,
  dropped: 1,
  waiting: 3,
  heard: 0,
  acknowledged: 0,
  poison: 0,
  lag: 0,
};
const beat = { parts: 32, isLeaving: false };
const SCANNER: BusStatus = {
  role: "scanner",
  isConnected: true,
  losses: 2,
  signals,
  parts: {
    member: "a",
    parts: 32,
    held: 20,
    warming: 1,
    leaving: 0,
    orphans: 4,
    untold: 0,
    taken: 21,
    lost: 1,
    members: [
      { ...beat, member: "a", held: 20, symbols: 60, ready: 59, ageMs: 12 },
      { ...beat, member: "b", held: 8, symbols: 30, ready: 30, ageMs: 700, isLeaving: true },
    ],
  },
  told: { signals: 8, foreign: 1, bars: 1_200, late: 2, missing: 3 },
  heard: null,
};
const EXECUTOR: BusStatus = {
  role: "executor",
  isConnected: false,
  losses: 1,
  signals: { ...signals, heard: 40, acknowledged: 38, lag: 2, poison: 5 },
  parts: null,
  told: null,
  heard: {
    signals: 9,
    taken: 6,
    repeated: 1,
    otherRun: 1,
    unknown: 0,
    dropped: 1,
    bars: 1_500,
    unscanned: 2,
    missing: 7,
    partsLive: 31,
    parts: 32,
    latency: { boundsMs: [1, 10], counts: [4, 2], count: 6, sumMs: 20, msMax: 9 },
  },
};

function valueOf(status: BusStatus, name: string, label?: string): number | null {
  const found = busMetrics(status).find(
    (metric) =>
      metric.name === name && (label === undefined || Object.values(metric.labels ?? {}).includes(label)),
  );
  return found === undefined || found.type === "histogram" ? null : found.value;
}

describe("how an engine does with other hosts", () => {
  it("is told in text: what a scanner has, and who shares the universe", () => {
    const text = busText(SCANNER);
    expect(text).toContain(
      "bus: scanner, connected, lost 2 times; words waiting 3, dropped 1, lag 0, poison 0",
    );
    expect(text).toContain("parts: 20 of 32 held, 1 warming, 0 leaving, 4 without an owner that lives");
    expect(text).toContain("told: 8 signals, 1,200 bars (2 late, 3 never came)");
    expect(text).toMatch(/a \(this one\) +20 +59\/60 +12 ms/u);
    expect(text).toMatch(/b \(goes\) +8 +30\/30 +700 ms/u);
    expect(busText(null)).toBe("");
  });

  it("is told in text: what an executor has heard, and what it left out", () => {
    const text = busText(EXECUTOR);
    expect(text).toContain("bus: executor, NO CONNECTION, lost 1 times");
    expect(text).toContain("parts: 31 of 32 told of");
    expect(text).toContain(
      "heard: 9 signals, 6 taken (left out: 1 repeated, 1 of another plan or model, 0 unknown, 1 dropped); 1,500 bars (2 not scanned, 7 missing)",
    );
  });

  it("is told in metrics, each name of one kind, of its own role alone", () => {
    expect(valueOf(SCANNER, "part_count", "held")).toBe(20);
    expect(valueOf(SCANNER, "part_orphans")).toBe(4);
    expect(valueOf(SCANNER, "part_members")).toBe(2);
    expect(valueOf(SCANNER, "bus_words_total", "known")).toBe(2);
    expect(valueOf(SCANNER, "role_told_total", "missing")).toBe(3);
    expect(valueOf(SCANNER, "role_heard_total", "taken")).toBeNull();
    expect(valueOf(EXECUTOR, "bus_connected")).toBe(0);
    expect(valueOf(EXECUTOR, "part_silent")).toBe(1);
    expect(valueOf(EXECUTOR, "role_heard_total", "otherRun")).toBe(1);
    expect(valueOf(EXECUTOR, "role_told_total", "bars")).toBeNull();
    const latency = busMetrics(EXECUTOR).find(({ name }) => name === "bus_signal_latency_ms");
    expect(latency).toMatchObject({ type: "histogram", durations: { count: 6 } });
    for (const status of [SCANNER, EXECUTOR])
      for (const { name } of busMetrics(status)) expect(name).toMatch(/^(bus|part|role)_[a-z_]+$/u);
  });
});
