import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameKind, KlineFrame, KlineJsonFallback, KlineParser, SymbolTable } from "../src/index.ts";
import { checkOptions, seed } from "./support/seed.ts";

console.info(`seed ${seed}`);

const SYMBOLS = [
  "BTCUSDT",
  "ETHUSDT",
  "1000PEPEUSDT",
  "1000PEPEUSDC",
  "币安人生USDT",
  "4USDT",
  "A",
  "L".repeat(40),
];
const table = new SymbolTable(16, "1m");
for (const [slot, symbol] of SYMBOLS.entries()) table.add(slot, symbol);
const parser = new KlineParser(table);
const definition = new KlineJsonFallback(table);

interface Reading {
  readonly kind: FrameKind;
  readonly fields: readonly unknown[];
}

function reading(kind: FrameKind, frame: KlineFrame): Reading {
  return {
    kind,
    fields: kind === FrameKind.Kline ? [frame.slot, frame.isFinal, ...frame.numbers.slice(0, 7)] : [],
  };
}

/** Both readings of one text; the numbers array is shared, so the first is copied out before the second is made. */
function bothReadings(bytes: Buffer): readonly [scanned: Reading, defined: Reading] {
  const scanned = reading(parser.parse(bytes), parser.frame);
  const frame = new KlineFrame();
  return [scanned, reading(definition.parse(bytes, frame), frame)];
}

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.array(fc.nat(9), { minLength: min, maxLength: max }).map((list) => list.join(""));
const decimalText = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(digits(1, 9), digits(0, 9)).map(([a, b]) => (b === "" ? a : `${a}.${b}`)),
  },
  { weight: 2, arbitrary: fc.tuple(digits(0, 25), digits(0, 25)).map(([a, b]) => `${a}.${b}`) },
  { weight: 1, arbitrary: fc.double().map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      ".",
      "-",
      "+1",
      "1e5",
      "1E-7",
      "0x1f",
      "1_0",
      " 1",
      "1\u00a0",
      "NaN",
      "-0",
    ),
  },
);
const jsonNumber = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }).map(String) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "0",
      "-0",
      "-1",
      "1e13",
      "1790771340000.0",
      "1.7e12",
      "007",
      "99999999999999999999",
    ),
  },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
);
const space = fc.oneof(
  { weight: 9, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom(" ", "\n", "\t\r ") },
);
const string = (text: string): string => JSON.stringify(text);
const anyJson = fc.json({ maxDepth: 3 });
const keyText = (key: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 30, arbitrary: fc.constant(string(key)) },
    {
      weight: 1,
      arbitrary: fc.constant(`"\\u${key.charCodeAt(0).toString(16).padStart(4, "0")}${key.slice(1)}"`),
    },
  );

type Member = fc.Arbitrary<string>;
function member(key: string, value: fc.Arbitrary<string>): Member {
  return fc.tuple(keyText(key), space, space, value, space).map(([k, a, b, v, c]) => `${a}${k}${b}:${v}${c}`);
}

function seldom<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 12, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });
}

/** An object of these members, shuffled now and then, with unknown, doubled and missing ones. */
function objectOf(members: readonly Member[]): fc.Arbitrary<string> {
  const unknown = fc.tuple(fc.string({ maxLength: 8 }), anyJson).map(([k, v]) => `${string(k)}:${v}`);
  return fc
    .record({
      all: fc.tuple(...members),
      isShuffled: fc.boolean(),
      order: fc.array(fc.nat(), { minLength: members.length, maxLength: members.length }),
      extra: fc.array(unknown, { maxLength: 2 }),
      doubled: seldom(fc.nat(members.length - 1)),
      missing: seldom(fc.nat(members.length - 1)),
    })
    .map(({ all, isShuffled, order, extra, doubled, missing }) => {
      let list = all.map((text, index) => ({ text, key: order[index] ?? 0, index }));
      if (isShuffled) list = list.toSorted((a, b) => a.key - b.key);
      if (doubled !== null) list.push({ ...list[doubled]!, index: -1 });
      const texts = list.filter(({ index }) => index !== missing).map(({ text }) => text);
      return `{${[...(isShuffled ? extra : []), ...texts, ...(isShuffled ? [] : extra)].join(",")}}`;
    });
}

const symbol = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...SYMBOLS) },
  { weight: 1, arbitrary: fc.constantFrom("XRPUSDT", "BTCUSD", "BTCUSDTX", "") },
  { weight: 1, arbitrary: fc.string() },
);
const price = fc.oneof(
  { weight: 20, arbitrary: decimalText.map(string) },
  { weight: 1, arbitrary: anyJson },
  { weight: 1, arbitrary: jsonNumber },
);
const oftenOr = (usual: string): fc.Arbitrary<string> =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: anyJson });

function frameText(name: string): fc.Arbitrary<string> {
  const kline = objectOf([
    member("t", jsonNumber),
    member("T", jsonNumber),
    member("s", fc.constant(string(name))),
    member(
      "i",
      fc.oneof(
        { weight: 12, arbitrary: fc.constant('"1m"') },
        { weight: 1, arbitrary: fc.constantFrom('"5m"', '"1mm"', '""', "1") },
      ),
    ),
    member("f", jsonNumber),
    member("L", jsonNumber),
    member("o", price),
    member("c", price),
    member("h", price),
    member("l", price),
    member("v", price),
    member("n", jsonNumber),
    member(
      "x",
      fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom("true", "false") },
        { weight: 1, arbitrary: fc.constantFrom("null", "tru", '"true"', "1") },
      ),
    ),
    member("q", price),
    member("V", price),
    member("Q", price),
    member("B", fc.constant('"0"')),
  ]);
  const event = objectOf([
    member(
      "e",
      fc.oneof(
        { weight: 15, arbitrary: fc.constant('"kline"') },
        { weight: 1, arbitrary: fc.constantFrom('"klinE"', '"kline "', "5", '"trade"') },
      ),
    ),
    member("E", jsonNumber),
    member("s", oftenOr(string(name))),
    member("k", fc.oneof({ weight: 20, arbitrary: kline }, { weight: 1, arbitrary: anyJson })),
  ]);
  const envelope = objectOf([
    member("stream", fc.constant(string(`${name.toLowerCase()}@kline_1m`))),
    member("data", fc.oneof({ weight: 20, arbitrary: event }, { weight: 1, arbitrary: anyJson })),
  ]);
  return fc.oneof({ weight: 6, arbitrary: envelope }, { weight: 1, arbitrary: event });
}

const anyFrame = symbol.chain(frameText);

/** Frames in the venue's own layout, every number text varied: what the fast path is for. */
const fastPathFrame = fc
  .tuple(
    fc.constantFrom(...SYMBOLS),
    fc.array(decimalText, { minLength: 8, maxLength: 8 }),
    fc.array(jsonNumber, { minLength: 6, maxLength: 6 }),
    fc.boolean(),
  )
  .map(([name, p, n, x]) => {
    const [o, c, h, l, v, q, V, Q] = p.map((text) => string(text));
    return (
      `{"stream":${string(`${name.toLowerCase()}@kline_1m`)},"data":{"e":"kline","E":${n[0]},"s":"${name}",` +
      `"k":{"t":${n[1]},"T":${n[2]},"s":"${name}","i":"1m","f":${n[3]},"L":${n[4]},"o":${o},"c":${c},"h":${h},` +
      `"l":${l},"v":${v},"n":${n[5]},"x":${x},"q":${q},"V":${V},"Q":${Q},"B":"0"}}}`
    );
  });

describe("KlineParser against JSON.parse", () => {
  it("agrees on frames with reordered, unknown, doubled and missing keys, spaces and escapes", () => {
    let klines = 0;
    let total = 0;
    fc.assert(
      fc.property(anyFrame, (text) => {
        total++;
        const [scanned, defined] = bothReadings(Buffer.from(text));
        expect(scanned).toEqual(defined);
        if (scanned.kind === FrameKind.Kline) klines++;
      }),
      checkOptions(4_000),
    );
    // The property must not hold by refusing everything.
    expect(klines / total).toBeGreaterThan(0.3);
  });

  it("agrees on frames in the venue's own order with numbers in all forms", () => {
    let klines = 0;
    fc.assert(
      fc.property(fastPathFrame, (text) => {
        const [scanned, defined] = bothReadings(Buffer.from(text));
        expect(scanned).toEqual(defined);
        if (scanned.kind === FrameKind.Kline) klines++;
      }),
      checkOptions(4_000),
    );
    expect(klines).toBeGreaterThan(1_000);
  });

  it("agrees on truncated frames and on frames with bytes changed, and never throws", () => {
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(
        fc.oneof(anyFrame, fastPathFrame),
        fc.nat(),
        fc.array(change, { maxLength: 3 }),
        (text, cut, changes) => {
          const whole = Buffer.from(text);
          const bytes = changes.length === 0 ? whole.subarray(0, cut % (whole.length + 1)) : whole;
          for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
          const [scanned, defined] = bothReadings(bytes);
          expect(scanned).toEqual(defined);
        },
      ),
      checkOptions(6_000),
    );
  });

  it("agrees on raw bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const [scanned, defined] = bothReadings(Buffer.from(bytes));
        expect(scanned).toEqual(defined);
      }),
      checkOptions(2_000),
    );
  });

  it("reads every accepted decimal text bit for bit as Number does", () => {
    fc.assert(
      fc.property(
        fc.array(decimalText, { minLength: 5, maxLength: 5 }),
        ([o = "", h = "", l = "", c = "", v = ""]) => {
          const k = `"t":1790771340000,"T":1790771399999,"s":"BTCUSDT","i":"1m","f":1,"L":2,"o":${string(o)},"c":${string(c)},"h":${string(h)},"l":${string(l)},"v":${string(v)},"n":1,"x":true,"q":"0","V":"0","Q":"0","B":"0"`;
          const text = `{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1790771400000,"s":"BTCUSDT","k":{${k}}}}`;
          expect(parser.parse(Buffer.from(text))).toBe(FrameKind.Kline);
          const { frame } = parser;
          const read = [frame.open, frame.high, frame.low, frame.close, frame.volume];
          expect(read.every((value, at) => Object.is(value, Number([o, h, l, c, v][at])))).toBe(true);
        },
      ),
      checkOptions(6_000),
    );
  });
});
