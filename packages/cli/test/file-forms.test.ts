import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { FEATURE_COUNT } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readFunding } from "../src/offline/backtest/read-funding.ts";
import { openKlineFiles } from "../src/offline/dataset/bar-source.ts";
import { readRows } from "../src/offline/model/read-rows.ts";
import { openBytes } from "@smcq/history";
import { runScan } from "../src/offline/scan/scan-klines.ts";
import { ZIP_ENTRIES_MAX } from "@smcq/history";
import { zipOf } from "./support/zip.ts";

const HEADER = "open_time,open,high,low,close,volume";
const ARCHIVE_HEADER = `${HEADER},close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore`;
const BOM = "\u{FEFF}";
const NAME = "BTCUSDT-1m-2025-05";
const FIRST_MS = 1_746_057_600_000;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-forms-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function put(bytes: string | Uint8Array, name: string = `${NAME}.csv`): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** Three minutes as a line of the public archive each. */
function bars(unit: 1 | 1_000 = 1): string[] {
  return [0, 1, 2].map((k) => `${(FIRST_MS + k * 60_000) * unit},1.${k},2,1,1.5,${k},9,9,9,9,9,0`);
}

/** All numbers of the bars of a file, by the door that every command uses. */
async function barsOf(path: string): Promise<number[]> {
  const values: number[] = [];
  for (const source of await openKlineFiles([path]))
    for await (const { bars: batch, count } of source.bars()) values.push(...batch.subarray(0, count * 6));
  return values;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error && "code" in error
      ? `${String(error.code)} ${error.message}`
      : String(error);
  }
  return "accepted";
}

/** The archive with some bytes of its central directory changed. */
function edited(zip: Buffer, edit: (zip: Buffer, central: number, end: number) => void): Buffer {
  const copy = Buffer.from(zip);
  edit(copy, copy.indexOf("PK\u0001\u0002"), copy.indexOf("PK\u0005\u0006"));
  return copy;
}

const WANTED = [0, 1, 2].flatMap((k) => [FIRST_MS + k * 60_000, Number(`1.${k}`), 2, 1, 1.5, k]);
const TEXTS: Readonly<Record<string, string>> = {
  plain: [ARCHIVE_HEADER, ...bars(), ""].join("\n"),
  "without a header": bars().join("\n"),
  "in microseconds": [ARCHIVE_HEADER, ...bars(1_000), ""].join("\n"),
  "in microseconds, without a header": [...bars(1_000), ""].join("\n"),
  "milliseconds, then microseconds": [...bars().slice(0, 2), ...bars(1_000).slice(2)].join("\n"),
  "with a byte order mark": BOM + [HEADER, ...bars()].join("\n"),
  "with a byte order mark, without a header": BOM + bars().join("\n"),
  CRLF: [ARCHIVE_HEADER, ...bars(), ""].join("\r\n"),
  "CRLF and a byte order mark": BOM + [ARCHIVE_HEADER, ...bars(), ""].join("\r\n"),
  "a blank line at the end": [HEADER, ...bars(), "", ""].join("\n"),
  "many blank lines at the end": `${[HEADER, ...bars()].join("\n")}${"\r\n".repeat(5_000)}`,
  "a lone CR at the end": `${[HEADER, ...bars()].join("\n")}\n\r`,
};
const CONTAINERS: Readonly<Record<string, (text: Buffer) => Buffer>> = {
  plain: (text) => text,
  gzip: (text) => gzipSync(text),
  "gzip of two members": (text) =>
    Buffer.concat([gzipSync(text.subarray(0, 99)), gzipSync(text.subarray(99))]),
  "gzip of a member a byte": (text) =>
    Buffer.concat(
      [...text.subarray(0, 9)]
        .map((byte) => gzipSync(Buffer.from([byte])))
        .concat(gzipSync(text.subarray(9))),
    ),
  zip: (text) => zipOf({ [`${NAME}.csv`]: text }),
  "zip in a folder, in capitals": (text) => zipOf({ "spot/1m/BARS.CSV": text }),
  "zip made on a Mac": (text) =>
    zipOf({ "a.csv": text, "__MACOSX/._a.csv": Buffer.from("x"), "._b.csv": Buffer.from("x"), README: text }),
};

describe("bars in files as people have them", () => {
  // What a file is called says nothing of what it is: each form gets a name in turn.
  const names = ["csv", "csv.gz", "zip"].map((end) => `${NAME}.${end}`);
  const forms = Object.keys(TEXTS)
    .flatMap((text) => Object.keys(CONTAINERS).map((box) => [text, box] as const))
    .map(([text, box], index) => [text, box, names[index % names.length] as string] as const);

  it.each(forms)("are read alike: %s, as %s, called %s", async (text, box, name) => {
    const bytes = (CONTAINERS[box] as (text: Buffer) => Buffer)(Buffer.from(TEXTS[text] as string));
    expect(await barsOf(put(bytes, name))).toEqual(WANTED);
  });

  it("are scanned alike, and a hole is told with its own line, with or without a header", async () => {
    const [first = "", , third = ""] = bars(1_000);
    for (const [lines, line] of [
      [[first, third], 2],
      [[HEADER, first, third], 3],
    ] as const) {
      const warnings: string[] = [];
      const klines = put(zipOf({ "a.csv": Buffer.from(`${lines.join("\n")}\n\n`) }), "a");
      await runScan({ klines, symbol: "BTCUSDT", warn: (text) => warnings.push(text) });
      expect(warnings[0]).toContain(
        `1 minutes are missing before line ${line} (open_time ${FIRST_MS + 120_000})`,
      );
    }
  });

  const csv = Buffer.from(TEXTS["plain"] as string);
  const zip = zipOf({ "a.csv": csv });
  const twoAndMore = Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [`${name}.csv`, csv]));
  it.each<[string, Buffer, string]>([
    [
      "several files",
      zipOf({ "a.csv": csv, "b.csv": csv }),
      'holds 2 .csv files, wanted one: "a.csv", "b.csv"',
    ],
    [
      "many files",
      zipOf(twoAndMore),
      'holds 6 .csv files, wanted one: "a.csv", "b.csv", "c.csv", "d.csv", "e.csv" and 1 more',
    ],
    ["no file", zipOf({}), "a zip archive without a .csv file; it holds nothing"],
    ["no CSV", zipOf({ "a.csv.gz": gzipSync(csv) }), 'without a .csv file; it holds "a.csv.gz"'],
    [
      "a forged name",
      edited(zipOf({ "\u001b[2J\n\u200f.txt": csv }), (bytes, at) => bytes.writeUInt16LE(0x8_00, at + 8)),
      'it holds "\\u001b[2J\\n\\u{200f}.txt"',
    ],
    [
      "an encrypted file",
      edited(zip, (bytes, at) => bytes.writeUInt16LE(1, at + 8)),
      '"a.csv" in the zip archive is encrypted',
    ],
    [
      "another method",
      edited(zip, (bytes, at) => bytes.writeUInt16LE(93, at + 10)),
      '"a.csv" is packed by zip method 93',
    ],
    [
      "a wrong checksum",
      edited(zip, (bytes, at) => bytes.writeUInt32LE(7, at + 16)),
      '"a.csv" is damaged: its checksum differs',
    ],
    [
      "a bomb",
      edited(zip, (bytes, at) => bytes.writeUInt32LE(0xff_ff_ff_fe, at + 24)),
      "unpacks to 4294967294 bytes, 1073741824 are read at most",
    ],
    [
      "a size that is not true",
      edited(zip, (bytes, at) => bytes.writeUInt32LE(7, at + 24)),
      "cut or damaged",
    ],
    [
      "a directory elsewhere",
      edited(zip, (bytes, _, end) => bytes.writeUInt32LE(9, end + 16)),
      "cut or damaged",
    ],
    [
      "too many files",
      zipOf(
        Object.fromEntries(Array.from({ length: ZIP_ENTRIES_MAX + 1 }, (_, k) => [`${k}`, Buffer.alloc(0)])),
      ),
      "a zip archive of more than 1000 files",
    ],
    ["half of it", zip.subarray(0, zip.length >> 1), "cut or damaged"],
    ["all but a byte", zip.subarray(0, -1), "cut or damaged"],
    ["a path upwards", zipOf({ "../a.csv": csv }), "cut or damaged: invalid relative path: ../a.csv"],
    ["gzip within", zipOf({ "a.csv": gzipSync(csv) }), "its .csv is gzip once more"],
  ])("are refused in an archive of %s, by its name", async (_, bytes, text) => {
    const said = await refusal(barsOf(put(bytes, `${NAME}.zip`)));
    expect(said).toContain("KLINES_FORMAT");
    expect(said).toContain(`${NAME}.zip: `);
    expect(said).toContain(text);
  });

  it.each<[string, Buffer, string]>([
    ["cut gzip", gzipSync(csv).subarray(0, -9), "a gzip file that is cut or damaged: unexpected end of file"],
    [
      "gzip with a damaged second member",
      Buffer.concat([gzipSync(csv), gzipSync(csv).fill(9, 14, 20)]),
      "a gzip file that is cut or damaged",
    ],
    ["gzip twice", gzipSync(gzipSync(csv)), "unpacked it is gzip once more"],
    ["a zip within gzip", gzipSync(zip), "unpacked it is a zip archive"],
    ["UTF-16", Buffer.from(`\u{FEFF}${csv.toString()}`, "utf16le"), "it is UTF-16 text: save it as UTF-8"],
    ["UTF-16 in gzip", gzipSync(Buffer.from([0xfe, 0xff, 0, 0x6f])), "unpacked it is UTF-16 text"],
    ["xz", Buffer.from("fd377a585a000004", "hex"), "it is packed by xz: unpack it first"],
    ["zstd", Buffer.from("28b52ffd24", "hex"), "it is packed by zstd: unpack it first"],
    ["Parquet", Buffer.from("PAR1\u0015\u0004"), "it is a Parquet file"],
    ["bare deflate", deflateRawSync(csv), "the header is not open_time"],
    ["zeros", Buffer.alloc(9_999), "the line is longer than 4096 bytes"],
    ["nothing", Buffer.alloc(0), "the file is empty"],
    ["nothing, in gzip", gzipSync(""), "the file is empty"],
    ["a byte order mark alone", Buffer.from(BOM), "the file is empty"],
    ["blank lines alone", Buffer.from("\n\r\n"), "the file holds no bars"],
    ["two marks", Buffer.from(BOM + BOM + csv.toString()), ":1: the header is not open_time"],
  ])("are refused as %s, saying what it is", async (_, bytes, text) => {
    const said = await refusal(barsOf(put(bytes)));
    expect(said).toContain("KLINES_FORMAT");
    expect(said).toContain(text);
  });

  it("are refused when a small file unpacks to more than the limit, at the edge", async () => {
    const read = async (bytes: Buffer): Promise<number> => {
      let length = 0;
      const options = { code: "X", unpackedBytesMax: 1_000_000 };
      for await (const chunk of openBytes(put(bytes), options)) length += chunk.length;
      return length;
    };
    const edge = Buffer.alloc(1_000_000, "\n");
    for (const packed of [gzipSync(edge), zipOf({ "a.csv": edge })])
      expect(await read(packed)).toBe(1_000_000);
    const over = Buffer.alloc(1_000_001, "\n");
    expect(await refusal(read(gzipSync(over)))).toMatch(/^X .*unpacks to more than 1000000 bytes/);
    expect(await refusal(read(zipOf({ "a.csv": over })))).toMatch(
      /unpacks to 1000001 bytes, 1000000 are read/,
    );
    expect(await read(over)).toBe(1_000_001);
  });
});

describe("other tables in files as people have them", () => {
  const boxes = Object.entries(CONTAINERS);
  const texts = (lines: readonly string[]): string[] => [
    `${BOM}${lines.join("\r\n")}\r\n\r\n`,
    `${lines.join("\n")}\n\n\n`,
  ];

  it.each(boxes)("are read alike: rows of features, %s", async (_, box) => {
    const columns = Array.from({ length: FEATURE_COUNT }, (__, k) => k);
    const lines = [
      columns.map((k) => `f${k}`).join(","),
      columns.join(","),
      columns.map((k) => k + 0.5).join(","),
    ];
    for (const text of texts(lines)) {
      const values: number[] = [];
      for await (const { features, count } of readRows(put(box(Buffer.from(text))), lines[0]!.split(",")))
        values.push(...features.subarray(0, count * FEATURE_COUNT));
      expect(values).toEqual([...columns, ...columns.map((k) => k + 0.5)]);
    }
  });

  it.each(boxes)("are read alike: funding, %s", async (_, box) => {
    const lines = [
      "time,symbol,rate",
      "1749273900000,BTCUSDT,0.0001",
      "1749302700000,BTCUSDT,0.0002",
      "1749331500000,NOUSDT,1e",
    ];
    for (const text of texts(lines.slice(0, 3))) {
      const { rates } = await readFunding(put(box(Buffer.from(text))), { symbols: ["BTCUSDT"] });
      expect(rates.map(({ rateE8 }) => rateE8)).toEqual([10_000n, 20_000n]);
    }
    const wrong = readFunding(put(box(Buffer.from(`${BOM}${lines.join("\r\n")}`))), { symbols: ["BTCUSDT"] });
    expect(await refusal(wrong)).toMatch(/FUNDING_FORMAT .*:4: rate is not a decimal/);
  });

  it("are refused with an empty line inside", async () => {
    const header = Array.from({ length: FEATURE_COUNT }, (_, k) => `f${k}`).join(",");
    const read = async (text: string): Promise<void> => {
      for await (const batch of readRows(put(text), header.split(","))) expect(batch.count).toBe(-1);
    };
    expect(await refusal(read(`${header}\n\n${header}\n`))).toMatch(/ROWS_FORMAT .*:2: field 2 is missing/);
  });
});
