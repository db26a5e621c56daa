import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { createKlineRings, KlineRingReader, KlineRingWriter } from "@smcq/wire";
import { comparePaired, timed } from "../lib/paired.ts";
import type { PartRecorder } from "../lib/results.ts";
import type { MicroContext } from "./micro-context.ts";

const SLOTS = 600;
const WINDOW_BARS = 128;

/** What an engine without rings would do: an object a bar, in an array a symbol, the oldest dropped. */
class ObjectHistory {
  readonly #bars: {
    openTimeMs: number;
    open: number;
    high: number;
    low: number;
    close: number;
    volume: number;
  }[] = [];

  append(openTimeMs: number, open: number, high: number, low: number, close: number, volume: number): void {
    this.#bars.push({ openTimeMs, open, high, low, close, volume });
    if (this.#bars.length > 512) this.#bars.shift();
  }

  window(count: number): readonly { readonly close: number }[] {
    return this.#bars.slice(-count);
  }
}

let sum = 0;

/** Ring writes and reads over 600 symbols in turn, as a burst touches them. */
export async function benchRing(context: MicroContext, recorder: PartRecorder): Promise<void> {
  const rings = createKlineRings(SLOTS);
  const writer = new KlineRingWriter(rings);
  const reader = new KlineRingReader(rings);
  const objects = Array.from({ length: SLOTS }, () => new ObjectHistory());
  let ringMinute = 1;
  let objectMinute = 1;
  const writeRings = (): void => {
    const price = 100 + (ringMinute % 97);
    for (let slot = 0; slot < SLOTS; slot++) {
      const at = ringMinute * MINUTE_MS;
      writer.append(slot, at, price, price + 1, price - 1, price, 5, 1, at, at, at);
    }
    ringMinute++;
  };
  const writeObjects = (): void => {
    const price = 100 + (objectMinute % 97);
    for (const history of objects)
      history.append(objectMinute * MINUTE_MS, price, price + 1, price - 1, price, 5);
    objectMinute++;
  };
  for (let bar = 0; bar < 600; bar++) {
    writeRings();
    writeObjects();
  }
  const shared = { rounds: context.rounds, calibration: context.calibration, unit: "ns a bar" };
  const msMin = context.msPerMeasurement;
  recorder.compare(
    await comparePaired({
      ...shared,
      id: "ring-write",
      title: "Writing a closed bar",
      contenders: [
        timed("object in an array a symbol", { operations: SLOTS, msMin, run: writeObjects }),
        timed("ring append", { operations: SLOTS, msMin, run: writeRings }),
      ],
    }),
  );
  const scratch = new Float64Array(WINDOW_BARS * BAR_FIELDS);
  recorder.compare(
    await comparePaired({
      ...shared,
      id: "ring-read",
      title: `Reading a window of ${WINDOW_BARS} bars of each symbol`,
      contenders: [
        timed("slice of objects", {
          operations: SLOTS * WINDOW_BARS,
          msMin,
          run: () => {
            for (const history of objects) for (const bar of history.window(WINDOW_BARS)) sum += bar.close;
          },
        }),
        timed("ring copy, validated", {
          operations: SLOTS * WINDOW_BARS,
          msMin,
          run: () => readWindows(reader, scratch),
        }),
      ],
    }),
  );
}

function readWindows(reader: KlineRingReader, scratch: Float64Array): void {
  for (let slot = 0; slot < SLOTS; slot++) {
    if (!reader.begin(slot)) continue;
    reader.copy(reader.tail - WINDOW_BARS, reader.tail, scratch);
    sum += scratch[4] as number;
  }
}
