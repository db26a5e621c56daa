import { describe, expect, it } from "vitest";
import { assert, BAR_FIELDS, Rng } from "@smcq/kernel";
import { createKlineRings, KlineRingReader, KlineRingWriter, LastFinal, RING_BARS } from "@smcq/wire";
import { appendBar, barNumbers, replaceBar, T0 } from "./support/ring-bars.ts";
import { seedOf } from "./support/seed.ts";

/** What a slot holds, kept the simplest way. */
interface Model {
  run: { index: number; version: number }[];
  tail: number;
  generation: number;
  revision: number;
  liveFromMs: number;
  forming: number[];
}

/** Compares every bar that a reader may see with the model's. */
function compare(reader: KlineRingReader, slot: number, model: Model, out: Float64Array): void {
  expect(reader.begin(slot)).toBe(true);
  expect([reader.tail, reader.generation, reader.revision]).toEqual([
    model.tail,
    model.generation,
    model.revision,
  ]);
  const offered = Math.min(model.run.length, RING_BARS - 1);
  expect(reader.from).toBe(model.tail - offered);
  expect(reader.barCount(slot)).toBe(Math.min(model.run.length, RING_BARS));
  // One more than offered, where the ring has it: nothing is being written here.
  const from = model.tail - Math.min(model.run.length, RING_BARS);
  expect(reader.copy(from, reader.tail, out)).toBe(true);
  const expected = model.run.slice(-RING_BARS).flatMap((bar) => barNumbers(bar.index, bar.version));
  expect(expected.every((value, at) => value === out[at])).toBe(true);
  expect(reader.lastFinal(LastFinal.LiveFromMs)).toBe(model.liveFromMs);
  const forming = new Float64Array(7);
  expect(reader.forming(slot, forming)).toBe(true);
  expect([...forming]).toEqual(model.forming);
}

/** One random operation on ring and model alike. */
function operate(rng: Rng, writer: KlineRingWriter, slot: number, model: Model, step: number): void {
  const last = model.run.at(-1);
  const kind = rng.next();
  if (kind < 0.9) {
    // Stretches of up to 600 appends lap the ring; a new run may begin anywhere, earlier minutes included.
    const first = last === undefined ? rng.int(5000) : last.index + 1;
    const count = rng.chance(0.02) ? rng.int(600) : 1;
    for (let index = first; index < first + count; index++) {
      appendBar(writer, slot, index, step);
      model.run.push({ index, version: step });
      model.tail++;
    }
  } else if (kind < 0.96) {
    const around = last === undefined ? 0 : last.index;
    const index = around - rng.int(RING_BARS + 20) + 5;
    const at = model.run.findIndex((bar) => bar.index === index);
    const isThere = at >= 0 && at >= model.run.length - RING_BARS;
    assert(
      replaceBar(writer, slot, index, step) === isThere,
      "Invariant: only bars of the ring are replaced",
    );
    if (!isThere) return;
    model.run[at] = { index, version: step };
    model.revision += 2;
  } else if (kind < 0.98) {
    model.forming = [T0 + step, 1, 2, 3, 4, 5, step];
    writer.forming(slot, T0 + step, 1, 2, 3, 4, 5, step);
  } else {
    writer.reset(slot, T0 + step);
    Object.assign(model, { run: [], liveFromMs: T0 + step, forming: [0, 0, 0, 0, 0, 0, 0] });
    model.generation++;
    model.revision += 2;
  }
}

describe("a kline ring", () => {
  it("is the same as a plain list after any sequence of appends, replacements and resets", () => {
    const rng = new Rng(seedOf("kline-ring property"));
    const slots = 3;
    const sab = createKlineRings(slots);
    const writer = new KlineRingWriter(sab);
    const reader = new KlineRingReader(sab);
    const out = new Float64Array(RING_BARS * BAR_FIELDS);
    const models: Model[] = Array.from({ length: slots }, () => ({
      run: [],
      tail: 0,
      generation: 0,
      revision: 0,
      liveFromMs: 0,
      forming: [0, 0, 0, 0, 0, 0, 0],
    }));
    for (let step = 1; step <= 6000; step++) {
      const slot = rng.int(slots);
      operate(rng, writer, slot, models[slot]!, step % 1000);
      if (step % 7 === 0 || step < 200) compare(reader, slot, models[slot]!, out);
    }
    for (const [slot, model] of models.entries()) compare(reader, slot, model, out);
    expect(Math.max(...models.map((model) => model.tail))).toBeGreaterThan(2 * RING_BARS);
    expect(reader.tornCount).toBe(0);
  });
});
