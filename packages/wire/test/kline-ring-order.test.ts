import { describe, expect, it } from "vitest";
import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { createKlineRings, KlineRingReader, KlineRingWriter, RING_BARS } from "@smcq/wire";
import { appendBar, barNumbers, T0 } from "./support/ring-bars.ts";

// A typed array converts what it is given just before it stores it. A value with a `valueOf` of its own therefore
// runs a probe, or dies, between two real stores of the real writer.
type Numbers = [number, number, number, number, number];

/** The five numbers of a bar after its open time; the `at`-th calls `probe` when it is stored. */
function probed(index: number, at: number, probe: () => void): Numbers {
  const numbers = barNumbers(index, 1).slice(1) as Numbers;
  const value = numbers[at]!;
  const trap: unknown = {
    valueOf: () => {
      probe();
      return value;
    },
  };
  numbers[at] = trap as number;
  return numbers;
}

const FILLED = 600;

function stage(): { sab: SharedArrayBuffer; writer: KlineRingWriter; reader: KlineRingReader } {
  const sab = createKlineRings(1);
  const writer = new KlineRingWriter(sab);
  for (let index = 0; index < FILLED; index++) appendBar(writer, 0, index);
  return { sab, writer, reader: new KlineRingReader(sab) };
}

const FIELDS = [0, 1, 2, 3, 4];
const out = new Float64Array(RING_BARS * BAR_FIELDS);

describe("what a reader sees between the writer's own stores", () => {
  it("of an append: the bar is not there yet, the cell under it is already gone", () => {
    const seen: unknown[] = [];
    for (const at of FIELDS) {
      const { writer, reader } = stage();
      reader.begin(0);
      const probe = (): void => {
        seen.push([
          reader.tailOf(0),
          reader.verdict(FILLED - 512),
          reader.verdict(reader.from),
          reader.isLastFinalWhole(),
        ]);
      };
      const values = probed(FILLED, at, probe);
      writer.append(0, T0 + FILLED * MINUTE_MS, ...values, 1, 1, 1, 1);
      expect(reader.tailOf(0)).toBe(FILLED + 1);
    }
    expect(seen).toEqual(FIELDS.map(() => [FILLED, "torn", "whole", false]));
  });

  it("of an append's times: the bar is not there before they are", () => {
    const { writer, reader } = stage();
    const seen: number[] = [];
    const trap = (): number => ({ valueOf: () => seen.push(reader.tailOf(0)) }) as unknown as number;
    const [openTimeMs = 0, ...values] = barNumbers(FILLED);
    writer.append(0, openTimeMs, ...(values as Numbers), trap(), trap(), trap(), trap());
    expect(seen).toEqual([FILLED, FILLED, FILLED, FILLED]);
  });

  it("of a replacement: nobody begins, and whoever began before is refused", () => {
    const seen: unknown[] = [];
    for (const at of FIELDS) {
      const { sab, writer, reader } = stage();
      reader.begin(0);
      const probe = (): void => {
        seen.push([
          new KlineRingReader(sab).begin(0),
          reader.verdict(reader.tail),
          reader.isLastFinalWhole(),
        ]);
      };
      writer.replace(0, T0 + (FILLED - 2) * MINUTE_MS, ...probed(FILLED - 2, at, probe));
      seen.push([new KlineRingReader(sab).begin(0), reader.verdict(reader.tail), reader.isLastFinalWhole()]);
    }
    expect(seen).toEqual(
      FIELDS.flatMap(() => [
        [false, "torn", false],
        [true, "torn", false],
      ]),
    );
  });

  it("of a reset: nobody begins, and whoever began before is refused", () => {
    const { sab, writer, reader } = stage();
    reader.begin(0);
    const seen: unknown[] = [];
    const trap: unknown = {
      valueOf: () => {
        seen.push(new KlineRingReader(sab).begin(0), reader.verdict(reader.tail));
        return T0;
      },
    };
    writer.reset(0, trap as number);
    expect([...seen, reader.begin(0), reader.generation, reader.runStart]).toEqual([
      false,
      "torn",
      true,
      1,
      FILLED,
    ]);
  });

  it("of the forming bar: it is refused until it is whole", () => {
    const seen: boolean[] = [];
    for (let at = 0; at < 7; at++) {
      const { writer, reader } = stage();
      const forming = new Float64Array(7);
      const numbers = [T0, 1, 2, 3, 4, 5, 6];
      const value = numbers[at]!;
      const trap: unknown = {
        valueOf: () => {
          seen.push(reader.forming(0, forming));
          return value;
        },
      };
      numbers[at] = trap as number;
      const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0, eventTimeMs = 0] = numbers;
      writer.forming(0, openTimeMs, open, high, low, close, volume, eventTimeMs);
      expect([reader.forming(0, forming), ...forming]).toEqual([true, T0, 1, 2, 3, 4, 5, 6]);
    }
    expect(seen).toEqual(Array.from({ length: 7 }, () => false));
  });
});

describe("a writer that dies in its own code", () => {
  const die = (): never => {
    throw new Error("the thread died here");
  };

  it.each(FIELDS)("in an append at field %i: the bar never was, the next writer appends it", (at) => {
    const { sab, writer, reader } = stage();
    reader.begin(0);
    expect(() => writer.append(0, T0 + FILLED * MINUTE_MS, ...probed(FILLED, at, die), 1, 1, 1, 1)).toThrow(
      "died here",
    );
    const successor = new KlineRingWriter(sab);
    expect(successor.recover(0)).toBe(true);
    expect(successor.lastOpenMs(0)).toBe(T0 + (FILLED - 1) * MINUTE_MS);
    expect([reader.verdict(FILLED - 512), reader.verdict(FILLED - 511)]).toEqual(["torn", "whole"]);
    appendBar(successor, 0, FILLED);
    reader.begin(0);
    expect(reader.copy(FILLED, FILLED + 1, out)).toBe(true);
    expect([...out.subarray(0, BAR_FIELDS)]).toEqual(barNumbers(FILLED));
  });

  it.each(FIELDS)("in a replacement at field %i: the run is void and starts anew", (at) => {
    const { sab, writer, reader } = stage();
    reader.begin(0);
    const before = reader.generation;
    expect(() => writer.replace(0, T0 + 300 * MINUTE_MS, ...probed(300, at, die))).toThrow("died here");
    expect(new KlineRingReader(sab).begin(0)).toBe(false);
    const successor = new KlineRingWriter(sab);
    expect([successor.recover(0), successor.lastOpenMs(0)]).toEqual([false, -1]);
    expect(reader.verdict(reader.tail)).toBe("torn");
    expect([reader.begin(0), reader.generation, reader.tail - reader.runStart]).toEqual([
      true,
      before + 1,
      0,
    ]);
  });
});
