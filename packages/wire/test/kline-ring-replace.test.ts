import { describe, expect, it } from "vitest";
import { createKlineRings, KlineRingReader, KlineRingWriter } from "../src/index.ts";

const T0 = 1_700_000_040_000 - (1_700_000_040_000 % 60_000);

describe("KlineRingWriter.replace", () => {
  it("leaves a bar that has these numbers already alone, its revision included", () => {
    const rings = createKlineRings(1);
    const writer = new KlineRingWriter(rings);
    const reader = new KlineRingReader(rings);
    writer.reset(0, T0);
    writer.append(0, T0, 10, 12, 9, 11, 5, 1, T0 + 62_000, 1, 2);
    const revision = reader.revisionOf(0);
    expect(writer.replace(0, T0, 10, 12, 9, 11, 5)).toBe(false);
    expect(reader.revisionOf(0)).toBe(revision);
    expect(writer.replace(0, T0, 10, 12, 9, 11.5, 5)).toBe(true);
    expect(reader.revisionOf(0)).not.toBe(revision);
  });
});
