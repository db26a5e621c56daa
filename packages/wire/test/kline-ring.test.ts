import { describe, expect, it } from "vitest";
import { BAR_FIELDS, InvariantError, MINUTE_MS } from "@smcq/kernel";
import { createKlineRings, KlineRingReader, KlineRingWriter, LastFinal, RING_BARS } from "@smcq/wire";
import { appendBar, barNumbers, RawRing, replaceBar, T0 } from "./support/ring-bars.ts";

function ring(slots = 2): {
  sab: SharedArrayBuffer;
  writer: KlineRingWriter;
  reader: KlineRingReader;
  raw: RawRing;
} {
  const sab = createKlineRings(slots);
  return {
    sab,
    writer: new KlineRingWriter(sab),
    reader: new KlineRingReader(sab),
    raw: new RawRing(sab, 0),
  };
}

const scratch = (): Float64Array => new Float64Array(RING_BARS * BAR_FIELDS);

describe("KlineRingWriter", () => {
  it("refuses a hole, a repetition, a step back and a run off the minute", () => {
    const { writer } = ring();
    expect(() => writer.append(0, T0 + 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)).toThrow(InvariantError);
    expect(() => writer.append(0, Number.NaN, 1, 1, 1, 1, 1, 1, 1, 1, 1)).toThrow(InvariantError);
    appendBar(writer, 0, 5);
    for (const index of [5, 4, 7]) expect(() => appendBar(writer, 0, index)).toThrow(InvariantError);
    appendBar(writer, 0, 6);
    expect(writer.lastOpenMs(0)).toBe(T0 + 6 * MINUTE_MS);
  });

  it("begins anywhere after a reset", () => {
    const { writer, reader } = ring();
    appendBar(writer, 0, 0);
    writer.reset(0, T0);
    expect([writer.lastOpenMs(0), reader.barCount(0), reader.generationOf(0)]).toEqual([-1, 0, 1]);
    appendBar(writer, 0, 900);
    expect([writer.lastOpenMs(0), reader.barCount(0), reader.tailOf(0)]).toEqual([
      T0 + 900 * MINUTE_MS,
      1,
      2,
    ]);
  });

  it("replaces only bars of the run that still stand in the ring", () => {
    const { writer, reader } = ring();
    expect(replaceBar(writer, 0, 0, 1)).toBe(false);
    appendBar(writer, 0, 0);
    writer.reset(0, T0);
    for (let index = 100; index < 100 + RING_BARS + 3; index++) appendBar(writer, 0, index);
    const oldest = 103;
    for (const index of [0, 99, 102, 100 + RING_BARS + 3])
      expect(replaceBar(writer, 0, index, 1)).toBe(false);
    expect(writer.replace(0, T0 + oldest * MINUTE_MS + 1, 1, 1, 1, 1, 1)).toBe(false);
    const before = reader.revisionOf(0);
    for (const index of [oldest, 200, 100 + RING_BARS + 2])
      expect(replaceBar(writer, 0, index, 1)).toBe(true);
    expect(reader.revisionOf(0)).toBe(before + 6);
    const out = scratch();
    reader.begin(0);
    expect(reader.copy(reader.tail - 1, reader.tail, out)).toBe(true);
    expect([...out.subarray(0, 6)]).toEqual(barNumbers(100 + RING_BARS + 2, 1));
  });

  it("keeps slots apart and refuses one outside the block", () => {
    const { sab, writer } = ring(3);
    appendBar(writer, 1, 4);
    writer.forming(1, T0, 1, 2, 3, 4, 5, 6);
    writer.reset(1, T0);
    for (const slot of [0, 2]) {
      const raw = new RawRing(sab, slot);
      const words = ["intent", "tail", "runStart", "generation", "revision", "formingSequence"] as const;
      expect(words.map((field) => raw.word(field))).toEqual([0, 0, 0, 0, 0, 0]);
    }
    for (const slot of [-1, 3]) expect(() => appendBar(writer, slot, 4)).toThrow(InvariantError);
  });

  it("remembers whose bars a slot holds", () => {
    const { writer } = ring();
    expect(writer.owner(0)).toBe(0);
    writer.setOwner(0, 298);
    expect([writer.owner(0), writer.owner(1)]).toEqual([298, 0]);
  });
});

describe("KlineRingReader", () => {
  it("offers at most 511 bars: the oldest stands where the next append writes", () => {
    const { writer, reader } = ring();
    for (let index = 0; index < 3 * RING_BARS; index++) {
      appendBar(writer, 0, index);
      reader.begin(0);
      expect(reader.from).toBe(Math.max(0, index + 1 - 511));
    }
    expect(reader.barCount(0)).toBe(RING_BARS);
  });

  it("calls all 512 bars whole until the next append is announced, and not one more", () => {
    const { writer, reader, raw } = ring();
    for (let index = 0; index < 700; index++) appendBar(writer, 0, index);
    reader.begin(0);
    expect(reader.verdict(700 - 512)).toBe("whole");
    expect(reader.verdict(700 - 513)).toBe("torn");
    raw.setWord("intent", 701);
    expect(reader.verdict(700 - 512)).toBe("torn");
    expect(reader.verdict(reader.from)).toBe("whole");
    raw.setWord("intent", 702);
    expect(reader.verdict(reader.from)).toBe("torn");
    expect(reader.verdict(reader.from + 1)).toBe("whole");
    expect(reader.tornCount).toBe(3);
  });

  it("finds no more bars in a run than it has, whatever a reset does between its two looks", () => {
    const { writer, reader, raw } = ring();
    for (let index = 0; index < 10; index++) appendBar(writer, 0, index);
    // As if the slot was appended to and reset between the look at the tail and the one at the run's start.
    raw.setWord("runStart", 11);
    expect(reader.barCount(0)).toBe(0);
  });

  it("refuses to begin while a cell is replaced or a run reset", () => {
    const { reader, raw } = ring();
    raw.setWord("revision", 3);
    expect(reader.begin(0)).toBe(false);
    raw.setWord("revision", 4);
    expect(reader.begin(0)).toBe(true);
  });

  it("refuses a copy outside the begun run or without room", () => {
    const { writer, reader } = ring();
    appendBar(writer, 0, 0);
    writer.reset(0, T0);
    appendBar(writer, 0, 50);
    reader.begin(0);
    for (const [from, to] of [
      [0, 2],
      [1, 3],
      [2, 1],
    ] as const)
      expect(() => reader.copy(from, to, scratch())).toThrow(InvariantError);
    expect(() => reader.copy(1, 2, new Float64Array(5))).toThrow(InvariantError);
    expect(reader.copy(1, 2, new Float64Array(6))).toBe(true);
    expect(reader.copy(2, 2, new Float64Array(0))).toBe(true);
  });

  it("shows the columns as a view that a loop may read before the verdict", () => {
    const { writer, reader } = ring();
    for (let index = 0; index < 600; index++) appendBar(writer, 1, index);
    reader.begin(1);
    const { doubles, columns } = reader;
    for (let index = reader.from; index < reader.tail; index++)
      for (let field = 0; field < BAR_FIELDS; field++)
        expect(doubles[columns + field * RING_BARS + (index % RING_BARS)]).toBe(barNumbers(index)[field]);
    expect(reader.verdict(reader.from)).toBe("whole");
  });

  it("tells of the last final, and whether its fields belong to the last bar begun with", () => {
    const { writer, reader, raw } = ring();
    writer.reset(0, T0 + 5);
    reader.begin(0);
    expect([reader.isLastFinalWhole(), reader.lastFinal(LastFinal.LiveFromMs)]).toEqual([true, T0 + 5]);
    appendBar(writer, 0, 3);
    expect(reader.isLastFinalWhole()).toBe(false);
    reader.begin(0);
    const fields = [LastFinal.ReceivedNs, LastFinal.WrittenNs, LastFinal.ExchangeMs, LastFinal.Source];
    expect(fields.map((field) => reader.lastFinal(field))).toEqual([30, 31, T0 + 3 * MINUTE_MS + 62_000, 1]);
    expect(reader.isLastFinalWhole()).toBe(true);
    // A newer bar on its way makes the fields doubtful long before it spoils the begun range.
    raw.setWord("intent", 2);
    expect(reader.isLastFinalWhole()).toBe(false);
    expect(reader.verdict(reader.from)).toBe("whole");
    raw.setWord("intent", 1);
    writer.reset(0, T0);
    expect(reader.isLastFinalWhole()).toBe(false);
  });

  it("copies the forming bar whole, and none after a reset", () => {
    const { writer, reader, raw } = ring();
    const out = new Float64Array(7);
    expect([reader.forming(0, out), out[0]]).toEqual([true, 0]);
    writer.forming(0, T0, 1, 2, 3, 4, 5, 6);
    expect([reader.forming(0, out), ...out]).toEqual([true, T0, 1, 2, 3, 4, 5, 6]);
    raw.setWord("formingSequence", raw.word("formingSequence") + 1);
    expect(reader.forming(0, out)).toBe(false);
    raw.setWord("formingSequence", raw.word("formingSequence") + 1);
    writer.reset(0, T0);
    expect([reader.forming(0, out), ...out]).toEqual([true, 0, 0, 0, 0, 0, 0, 0]);
  });
});
