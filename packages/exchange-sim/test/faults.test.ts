import { describe, expect, it } from "vitest";
import { formatFaults, KNOB_IDS, knobOf, MarketFaults, parseFaults } from "../src/index.ts";

describe("a fault plan's text", () => {
  it("takes names, values, several values and ranges", () => {
    const plan = parseFaults("MD04=0.02, MD06,NW02=600s,MD05=0.5:24s,NW11-NW12");
    expect([...plan.keys()]).toEqual(["MD04", "MD06", "NW02", "MD05", "NW11", "NW12"]);
    expect(plan.get("MD04")).toEqual([0.02]);
    expect(plan.get("MD06")).toEqual([0.02]);
    expect(plan.get("NW02")).toEqual([600_000]);
    expect(plan.get("MD05")).toEqual([0.5, 24_000]);
  });

  it("takes nothing, none and all; a later item wins", () => {
    expect(parseFaults("").size).toBe(0);
    expect(parseFaults("none").size).toBe(0);
    expect(parseFaults("all").size).toBe(KNOB_IDS.length);
    expect(parseFaults("MD01-MD09,MD04=0.5").get("MD04")).toEqual([0.5]);
  });

  it("is written back to an equal plan", () => {
    for (const text of ["all", "none", "MD05=0.25:2500ms,MD11=1:2MB", "NW06=0:2s"]) {
      const plan = parseFaults(text);
      expect(parseFaults(formatFaults(plan))).toEqual(plan);
    }
  });

  it.each([
    ["MD99", /no knob; known are MD01/],
    ["NW04", /local name server or certificate/],
    ["MD04=2", /ratio \(ratio\) in 0\.\.1/],
    ["MD04=-1", /in 0\.\.1/],
    ["MD04=0.1s", /in 0\.\.1/],
    ["NW02=600", /in 10s\.\.86400s, with ms, s, m or h/],
    ["NW02=1s", /in 10s\.\.86400s/],
    ["NW02=25h", /in 10s\.\.86400s/],
    ["MD21=0.1:2.5", /extra \(count\) in 1\.\.20/],
    ["MD04=0.1:0.2", /at most 1 values/],
    ["MD04=0.1=2", /more than one/],
    ["MD01-MD05=0.1", /belongs to one knob/],
    ["MD05-NW03", /names no knobs/],
    ["MD04,,MD05", /is no knob/],
  ])("refuses %s", (text, reason) => {
    expect(() => parseFaults(text)).toThrow(reason);
    expect(() => parseFaults(text)).toThrow(expect.objectContaining({ code: "SIM_FAULTS" }));
  });

  it("has an initial value inside the range of every parameter", () => {
    for (const id of KNOB_IDS)
      for (const parameter of knobOf(id).parameters) {
        expect(parameter.initial).toBeGreaterThanOrEqual(parameter.min);
        expect(parameter.initial).toBeLessThanOrEqual(parameter.max);
      }
  });
});

describe("the decisions of a plan", () => {
  it("are the same for the same seed, in any order of asking", () => {
    const ask = (faults: MarketFaults, minutes: number[]): boolean[] =>
      minutes.map((minute) => faults.strikes("MD04", 12_345, minute));
    const minutes = Array.from({ length: 500 }, (_, minute) => minute);
    const first = ask(new MarketFaults(3, "MD04=0.3"), minutes);
    expect(ask(new MarketFaults(3, "MD04=0.3,MD05"), minutes.toReversed()).toReversed()).toEqual(first);
    expect(ask(new MarketFaults(4, "MD04=0.3"), minutes)).not.toEqual(first);
  });

  it("strike with the ratio asked for, knobs and symbols apart from each other", () => {
    const faults = new MarketFaults(1, "MD04=0.02,MD06=0.02");
    let strikes = 0;
    let both = 0;
    for (let symbol = 0; symbol < 300; symbol++)
      for (let minute = 0; minute < 300; minute++) {
        const isStruck = faults.strikes("MD04", symbol * 7919, minute);
        if (isStruck) strikes++;
        if (isStruck && faults.strikes("MD06", symbol * 7919, minute)) both++;
      }
    expect(strikes / 90_000).toBeGreaterThan(0.018);
    expect(strikes / 90_000).toBeLessThan(0.022);
    expect(both).toBeLessThan(80);
    expect(both).toBeGreaterThan(10);
  });

  it("never strike when the knob is off or its ratio is 0, always at 1", () => {
    const faults = new MarketFaults(1, "MD04=0,MD06=1");
    for (let minute = 0; minute < 100; minute++) {
      expect(faults.strikes("MD04", 1, minute)).toBe(false);
      expect(faults.strikes("MD05", 1, minute)).toBe(false);
      expect(faults.strikes("MD06", 1, minute)).toBe(true);
    }
    expect(faults.isOn("MD05")).toBe(false);
    expect(faults.value("MD05", "delay")).toBe(0);
  });

  it("schedule one event after a time, and periodic ones in the middle of their periods", () => {
    const faults = new MarketFaults(1, "MD10=60s,NW02=600s,MD18=30s:900s");
    expect(faults.eventMs("MD10", 0)).toBe(60_000);
    expect(faults.eventMs("MD10", 1)).toBeNull();
    expect([0, 1, 2].map((count) => faults.eventMs("MD18", count))).toEqual([30_000, 930_000, 1_830_000]);
    for (let count = 0; count < 20; count++) {
      const atMs = faults.eventMs("NW02", count)!;
      expect(atMs / 600_000).toBeGreaterThanOrEqual(count + 0.25);
      expect(atMs / 600_000).toBeLessThanOrEqual(count + 0.75);
    }
    expect(faults.eventMs("NW12", 0)).toBeNull();
  });

  it("make whole windows of flat minutes that never reach back before their start", () => {
    const rule = new MarketFaults(5, "MD14=0.5:60m").flatRule(1000);
    let flat = 0;
    const wrong: number[] = [];
    for (let minute = 900; minute < 5000; minute++) {
      const from = rule(99, minute);
      if (from < 0) continue;
      flat++;
      if (from < 1000 || from > minute) wrong.push(minute);
      for (let inside = from; inside <= minute; inside += 7)
        if (rule(99, inside) !== from) wrong.push(inside);
      if (from > 1000 && rule(99, from - 1) !== -1) wrong.push(from);
    }
    expect(wrong).toEqual([]);
    expect(flat).toBeGreaterThan(1000);
    expect(flat).toBeLessThan(3200);
  });
});
