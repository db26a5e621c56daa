import { describe, expect, it } from "vitest";
import { BAR_FIELDS } from "@smcq/kernel";
import { createKlineRings, KlineRingReader, KlineRingWriter, RING_BARS } from "@smcq/wire";
import { appendBar, barNumbers, RawRing, replaceBar, T0 } from "./support/ring-bars.ts";
import { appendSteps, formingSteps, replaceSteps, resetSteps, type Step } from "./support/ring-steps.ts";

const FILLED = 600;

interface Stage {
  readonly sab: SharedArrayBuffer;
  readonly writer: KlineRingWriter;
  readonly raw: RawRing;
}

/** A ring that has been lapped, with bars 0..599 in version 0. */
function stage(): Stage {
  const sab = createKlineRings(1);
  const writer = new KlineRingWriter(sab);
  for (let index = 0; index < FILLED; index++) appendBar(writer, 0, index);
  return { sab, writer, raw: new RawRing(sab, 0) };
}

const bytesOf = (sab: SharedArrayBuffer): Uint8Array => new Uint8Array(sab).slice();

interface Scenario {
  readonly name: string;
  readonly steps: (raw: RawRing) => Step[];
  readonly real: (writer: KlineRingWriter) => void;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: "two appends",
    steps: (raw) => [...appendSteps(raw, FILLED), ...appendSteps(raw, FILLED + 1)],
    real: (writer) => {
      appendBar(writer, 0, FILLED);
      appendBar(writer, 0, FILLED + 1);
    },
  },
  {
    name: "a replacement of the newest offered bar",
    steps: (raw) => replaceSteps(raw, FILLED - 1, 1),
    real: (writer) => replaceBar(writer, 0, FILLED - 1, 1),
  },
  {
    name: "a replacement of the oldest bar, then an append over it",
    steps: (raw) => [...replaceSteps(raw, FILLED - 512, 1), ...appendSteps(raw, FILLED)],
    real: (writer) => {
      replaceBar(writer, 0, FILLED - 512, 1);
      appendBar(writer, 0, FILLED);
    },
  },
  {
    name: "a reset and the first bar of the new run",
    steps: (raw) => [...resetSteps(raw, T0 + 7), ...appendSteps(raw, FILLED)],
    real: (writer) => {
      writer.reset(0, T0 + 7);
      appendBar(writer, 0, FILLED);
    },
  },
];

/** True when the numbers are one version of bar `index`. */
function isOneBar(numbers: readonly number[], index: number): boolean {
  return [0, 1].some((version) => barNumbers(index, version).every((value, at) => value === numbers[at]));
}

describe("a reader against a writer stopped between any two stores", () => {
  it.each(SCENARIOS.map((one) => [one.name, one] as const))(
    "plays the very stores of the writer: %s",
    (_, scenario) => {
      const played = stage();
      for (const step of scenario.steps(played.raw)) step();
      const real = stage();
      scenario.real(real.writer);
      expect(bytesOf(played.sab)).toEqual(bytesOf(real.sab));
    },
  );

  it("plays the very stores of the writer: the forming bar", () => {
    const played = stage();
    const numbers = [T0, 1, 2, 3, 4, 5, 6];
    for (const step of formingSteps(played.raw, numbers)) step();
    const real = stage();
    real.writer.forming(0, T0, 1, 2, 3, 4, 5, 6);
    expect(bytesOf(played.sab)).toEqual(bytesOf(real.sab));
  });

  it.each(SCENARIOS.map((one) => [one.name, one] as const))(
    "never takes a mix for a bar, and refuses some: %s",
    (_, scenario) => {
      const count = scenario.steps(stage().raw).length;
      let refused = 0;
      let mixed = 0;
      const accepted: string[] = [];
      // The read begins after store a, takes three fields after store b, the others after store c, is judged after d.
      for (let a = 0; a <= count; a++)
        for (let b = a; b <= count; b++)
          for (let c = b; c <= count; c++) {
            const { sab, raw } = stage();
            const steps = scenario.steps(raw);
            const reader = new KlineRingReader(sab);
            for (const step of steps.slice(0, a)) step();
            if (!reader.begin(0)) continue;
            const { doubles, columns, tail, runStart, generation } = reader;
            for (const step of steps.slice(a, b)) step();
            const candidates = [tail - 512, tail - 511, tail - 1].filter((index) => index >= runStart);
            const cells = candidates.map((index) =>
              [0, 1, 2].map((field) => doubles[columns + field * RING_BARS + (index % RING_BARS)]!),
            );
            for (const step of steps.slice(b, c)) step();
            for (const [at, index] of candidates.entries())
              for (const field of [3, 4, 5])
                cells[at]!.push(doubles[columns + field * RING_BARS + (index % RING_BARS)]!);
            for (const [at, index] of candidates.entries()) {
              const isBar = isOneBar(cells[at]!, index);
              const isWhole = reader.verdict(index) === "whole";
              if (isWhole && !isBar) accepted.push(`a=${a} b=${b} c=${c} bar ${index}`);
              if (!isWhole) refused++;
              if (!isBar) mixed++;
            }
            // What begin said of the run holds, too, when the verdict is good.
            const isSameRun = raw.word("generation") === generation && raw.word("runStart") === runStart;
            if (reader.verdict(tail) === "whole" && !isSameRun) accepted.push(`run, a=${a} b=${b} c=${c}`);
          }
      expect(accepted).toEqual([]);
      // Without mixes seen and refused, the empty list would prove nothing.
      expect(refused).toBeGreaterThan(0);
      expect(mixed).toBeGreaterThan(0);
    },
  );

  it("never takes a mix for the forming bar, and refuses some", () => {
    const count = 9;
    const seen: number[][] = [];
    const old = [T0, 1, 2, 3, 4, 5, 6];
    const fresh = [T0 + 60_000, 11, 12, 13, 14, 15, 16];
    let refused = 0;
    for (let a = 0; a <= count; a++) {
      const { sab, raw, writer } = stage();
      writer.forming(0, T0, 1, 2, 3, 4, 5, 6);
      for (const step of formingSteps(raw, fresh).slice(0, a)) step();
      const out = new Float64Array(7);
      if (new KlineRingReader(sab).forming(0, out)) seen.push([...out]);
      else refused++;
    }
    expect(seen).toEqual([old, fresh]);
    expect(refused).toBe(8);
  });
});

describe("a writer that died between any two stores", () => {
  const out = new Float64Array(RING_BARS * BAR_FIELDS);

  /** What is wrong with the bars that a reader is offered; the cell under the next append may be refused. */
  function faultsOf(sab: SharedArrayBuffer, label: string): string[] {
    const reader = new KlineRingReader(sab);
    if (!reader.begin(0)) return [`${label}: cannot begin`];
    const faults: string[] = [];
    for (const from of [reader.from, Math.max(reader.runStart, reader.tail - 512)]) {
      if (!reader.copy(from, reader.tail, out)) {
        if (from !== reader.tail - 512) faults.push(`${label}: refused from ${from}`);
        continue;
      }
      for (let index = from; index < reader.tail; index++) {
        const at = (index - from) * BAR_FIELDS;
        if (!isOneBar([...out.subarray(at, at + BAR_FIELDS)], index)) faults.push(`${label}: bar ${index}`);
      }
    }
    return faults;
  }

  it.each(SCENARIOS.map((one) => [one.name, one] as const))(
    "leaves nothing torn behind: %s",
    (_, scenario) => {
      const count = scenario.steps(stage().raw).length;
      for (let died = 0; died <= count; died++) {
        const { sab, raw } = stage();
        const label = `died after store ${died}`;
        for (const step of scenario.steps(raw).slice(0, died)) step();
        const wasReplacing = (raw.word("revision") & 1) === 1;
        const writer = new KlineRingWriter(sab);
        expect(writer.recover(0)).toBe(!wasReplacing);
        // Between the recovery and what the new writer does first, readers go on.
        expect(faultsOf(sab, label)).toEqual([]);
        expect(writer.lastOpenMs(0) === -1).toBe(raw.word("runStart") === raw.word("tail"));
        if (wasReplacing) writer.reset(0, T0);
        appendBar(writer, 0, raw.word("tail"));
        expect(faultsOf(sab, `${label}, appended`)).toEqual([]);
        expect(raw.word("intent")).toBe(raw.word("tail"));
      }
    },
  );

  it("does not let a read that began before the death pass for whole after the recovery", () => {
    const accepted: number[] = [];
    for (let died = 1; died <= 11; died++) {
      const { sab, raw } = stage();
      const reader = new KlineRingReader(sab);
      reader.begin(0);
      const from = reader.from;
      for (const step of appendSteps(raw, FILLED)) step();
      // The second append spoils the cell of the reader's oldest bar, and dies.
      for (const step of appendSteps(raw, FILLED + 1).slice(0, died)) step();
      const { doubles, columns } = reader;
      const numbers = [0, 1, 2, 3, 4, 5].map(
        (field) => doubles[columns + field * RING_BARS + (from % RING_BARS)]!,
      );
      new KlineRingWriter(sab).recover(0);
      if (reader.verdict(from) === "whole" && !isOneBar(numbers, from)) accepted.push(died);
    }
    expect(accepted).toEqual([]);
  });

  it("keeps the half-replaced cell out of sight even when the recovery dies, too", () => {
    for (let died = 1; died <= 6; died++)
      for (let recovered = 0; recovered < 3; recovered++) {
        const { sab, raw } = stage();
        for (const step of replaceSteps(raw, FILLED - 3, 1).slice(0, died)) step();
        const recovery = [
          () => raw.setWord("runStart", raw.word("tail")),
          () => raw.setWord("generation", raw.word("generation") + 1),
        ];
        for (const step of recovery.slice(0, recovered)) step();
        const reader = new KlineRingReader(sab);
        expect(reader.begin(0)).toBe(false);
        expect(new KlineRingWriter(sab).recover(0)).toBe(false);
        expect(faultsOf(sab, `died after store ${died}, again after ${recovered}`)).toEqual([]);
        expect(reader.barCount(0)).toBe(0);
      }
  });

  it("changes the generation when a run is voided, so that derived state is rebuilt", () => {
    const { sab, raw } = stage();
    for (const step of replaceSteps(raw, FILLED - 3, 1).slice(0, 2)) step();
    const before = raw.word("generation");
    new KlineRingWriter(sab).recover(0);
    expect(raw.word("generation")).toBe(before + 1);
  });

  it("shows no forming bar rather than half of one", () => {
    for (let died = 0; died <= 9; died++) {
      const { sab, raw, writer } = stage();
      writer.forming(0, T0, 1, 2, 3, 4, 5, 6);
      const fresh = [T0 + 60_000, 11, 12, 13, 14, 15, 16];
      for (const step of formingSteps(raw, fresh).slice(0, died)) step();
      const successor = new KlineRingWriter(sab);
      expect(successor.recover(0)).toBe(true);
      const seen = new Float64Array(7);
      const reader = new KlineRingReader(sab);
      expect(reader.forming(0, seen)).toBe(true);
      expect([[T0, 1, 2, 3, 4, 5, 6], fresh, [0, 0, 0, 0, 0, 0, 0]]).toContainEqual([...seen]);
      successor.forming(0, T0 + 120_000, 1, 1, 1, 1, 1, 1);
      expect([reader.forming(0, seen), seen[0]]).toEqual([true, T0 + 120_000]);
    }
  });
});
