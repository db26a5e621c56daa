import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MarketTable } from "@smcq/features";
import { MINUTE_MS } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { codeVersion } from "../src/bus/jobs/code-version.ts";
import { fromBytes, fromText, toBytes, toText } from "../src/bus/jobs/plain-bytes.ts";
import { linkFiles, linkMonths } from "../src/bus/worker/work-folder.ts";

describe("plain data on its way to another host", () => {
  const data = {
    text: "a “b”",
    none: null,
    numbers: [0.1, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53],
    money: -123_456_789_012_345_678_901n,
    nested: { map: new Map([[20_000, Float32Array.of(1.5, Number.NaN)]]) },
    columns: [
      Float64Array.of(1 / 3, -0),
      Int32Array.of(-1, 2),
      Int16Array.of(-32_768, 1),
      Int8Array.of(-3),
      Uint8Array.of(255),
      Float64Array.of(),
    ],
  };

  it("comes out as it went in, to the last bit", () => {
    const got = fromBytes<typeof data>(toBytes(data));
    expect(got).toEqual(data);
    expect(Object.is(got.numbers[1], -0)).toBe(true);
    expect(Object.is(got.columns[0]?.[1], -0)).toBe(true);
    expect(got.columns.map((column) => column.constructor)).toEqual(
      data.columns.map(({ constructor }) => constructor),
    );
  });

  it("is the same bytes whatever buffer it lay in, and read from any place", () => {
    const wide = Float64Array.of(9, 1, 2, 9);
    const bytes = toBytes({ part: wide.subarray(1, 3) });
    expect(bytes).toEqual(toBytes({ part: Float64Array.of(1, 2) }));
    const moved = Buffer.concat([Buffer.from("xyz"), bytes]).subarray(3);
    expect(fromBytes(moved)).toEqual({ part: Float64Array.of(1, 2) });
  });

  it("may be text where it holds no arrays", () => {
    const { text, none, numbers, money } = data;
    expect(fromText(toText({ text, none, numbers, money }))).toEqual({ text, none, numbers, money });
    expect(() => toText(data)).toThrow(/no arrays/);
  });

  it("holds no class, and no field that could be taken for ours", () => {
    expect(() => toBytes({ date: new Date(0) })).toThrow(/plain data/);
    expect(() => toText({ $big: "1" })).toThrow(/begins with \$/);
  });

  it("brings the market's closes to a worker", () => {
    const table = MarketTable.empty(["AUSDT", "BTCUSDT"]);
    for (let minute = 0; minute < 3_000; minute += 7) table.take(minute % 2, minute * MINUTE_MS, 1 + minute);
    const got = fromBytes<ReturnType<MarketTable["data"]>>(toBytes(table.data()));
    expect(MarketTable.from(got).data()).toEqual(table.data());
  });
});

describe("a job's folder", () => {
  it("holds its files under their own names, and nothing outside of it", () => {
    const folder = mkdtempSync(join(tmpdir(), "smcq-work-"));
    try {
      writeFileSync(join(folder, "blob"), "bars");
      const [path = ""] = linkFiles(join(folder, "work"), ["A-1m.csv"], [join(folder, "blob")]);
      expect(readFileSync(path, "utf8")).toBe("bars");
      expect(path).toBe(join(folder, "work", "0", "A-1m.csv"));
      for (const name of ["../a", "/etc/x", "..", "", "a/b"]) {
        const link = (): unknown => linkFiles(join(folder, "work"), [name], [join(folder, "blob")]);
        expect(link).toThrow(/is no name of a file/);
      }
      const months = { names: ["A-2020-01.x"], files: [join(folder, "blob")] };
      expect(() => linkMonths(folder, "../../A", months)).toThrow(/is no symbol/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the version that jobs are for", () => {
  it("is the same whenever it is asked for", () => {
    expect(codeVersion()).toEqual(codeVersion());
    expect(codeVersion().id).toMatch(/^[0-9a-f]{16}$/);
  });
});
