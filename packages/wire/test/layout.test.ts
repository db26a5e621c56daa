import { describe, expect, it } from "vitest";
import { InvariantError, SmcqError } from "@smcq/kernel";
import {
  BLOCK_BYTES_MAX,
  CONTROL,
  ControlBlock,
  createBlock,
  createControlBlock,
  createDetectorStates,
  createFrameStates,
  createKlineRings,
  createResultRing,
  defineLayout,
  describeLayout,
  PAUSES,
  DETECTOR_STATE,
  DetectorStates,
  type FieldType,
  FrameStates,
  HEADER,
  KLINE_RING,
  KlineRingReader,
  KlineRingWriter,
  LastFinal,
  type Layout,
  LINE_BYTES,
  openBlock,
  RESULT_HEAD,
  RESULT_ROW,
  ResultRingReader,
  ResultRingWriter,
  ScanCounter,
} from "@smcq/wire";

const LAYOUTS: readonly Layout<string>[] = [
  HEADER,
  KLINE_RING,
  DETECTOR_STATE,
  RESULT_HEAD,
  RESULT_ROW,
  CONTROL,
];
const BYTES: Readonly<Record<FieldType, number>> = { i32: 4, f64: 8, f32: 4, u8: 1 };

describe("layouts", () => {
  it("places the header of every block", () => {
    expect(describeLayout(HEADER)).toMatchInlineSnapshot(`
      "block header v1, 64 bytes
           0  i32 x 1  magic
           4  i32 x 1  version
           8  i32 x 1  slots
          12  i32 x 1  capacity
          16  i32 x 1  slotBytes"
    `);
  });

  it("places the kline ring", () => {
    expect(describeLayout(KLINE_RING)).toMatchInlineSnapshot(`
      "kline ring v1, 24832 bytes
           0  i32 x 1  intent
          64  i32 x 1  tail
          68  i32 x 1  runStart
          72  i32 x 1  generation
          76  i32 x 1  revision
          80  i32 x 1  owner
         128  i32 x 1  formingSequence
         136  f64 x 7  forming
         192  f64 x 1  liveFromMs
         200  f64 x 1  receivedNs
         208  f64 x 1  writtenNs
         216  f64 x 1  exchangeMs
         224  f64 x 1  source
         256  f64 x 512  openTime
        4352  f64 x 512  open
        8448  f64 x 512  high
       12544  f64 x 512  low
       16640  f64 x 512  close
       20736  f64 x 512  volume"
    `);
  });

  it("places the head of a detector state", () => {
    expect(describeLayout(DETECTOR_STATE)).toMatchInlineSnapshot(`
      "detector state v1, 128 bytes
           0  i32 x 1  begin
           4  i32 x 1  end
           8  i32 x 1  current
          12  i32 x 2  scanned
          20  i32 x 2  generation
          28  i32 x 2  revision
          64  f64 x 2  lastScannedMs
          80  f64 x 2  lastCandidateMs"
    `);
  });

  it("places the counters of a result ring", () => {
    expect(describeLayout(RESULT_HEAD)).toMatchInlineSnapshot(`
      "result ring head v3, 128 bytes
           0  i32 x 1  head
          64  i32 x 1  tail"
    `);
  });

  it("places a result row", () => {
    expect(describeLayout(RESULT_ROW)).toMatchInlineSnapshot(`
      "result row v3, 192 bytes
           0  f64 x 1  openTimeMs
           8  f64 x 1  score
          16  f64 x 1  exchangeMs
          24  f64 x 1  receivedNs
          32  f64 x 1  writtenNs
          40  f64 x 1  takenNs
          48  f64 x 1  featuresNs
          56  f64 x 1  scoredNs
          64  i32 x 1  slot
          68  i32 x 1  side
          72  i32 x 1  setup
          76  i32 x 1  flags
          80  f32 x 12  features
         128  f64 x 1  invalidationPrice
         136  f64 x 1  atr
         144  f64 x 1  medianTurnover
         152  f64 x 1  challengerScore
         160  i32 x 1  modelEpoch
         164  i32 x 1  challengerEpoch"
    `);
  });

  it("places the control block", () => {
    expect(describeLayout(PAUSES)).toMatchInlineSnapshot(`
      "pauses v1, 64 bytes
           0  f64 x 1  sumUs
           8  i32 x 1  usMax
          12  i32 x 13  counts"
    `);
    expect(describeLayout(CONTROL)).toMatchInlineSnapshot(`
      "control block v2, 1216 bytes
           0  f64 x 1  heartbeatNs
           8  f64 x 1  connectionsOpen
          16  f64 x 1  stallMsMax
          64  f64 x 24  feed
         256  f64 x 1  tasks
         264  f64 x 1  barsScanned
         272  f64 x 1  candidates
         280  f64 x 1  rebuilds
         288  f64 x 1  tornReads
         296  f64 x 1  laps
         304  f64 x 1  scanNsTotal
         312  f64 x 1  latencyUsMax
         320  i32 x 192  latency
        1088  i32 x 1  modelUsed
        1092  i32 x 1  challengerUsed
        1152  f64 x 1  clockOffsetMs
        1160  i32 x 1  isStopping
        1164  i32 x 1  modelEpoch
        1168  i32 x 1  challengerEpoch"
    `);
  });

  it.each(LAYOUTS.map((layout) => [layout.name, layout] as const))(
    "aligns the fields of the %s, without overlap, in whole lines",
    (_, layout) => {
      let end = 0;
      for (const field of layout.fields) {
        expect(field.offset % BYTES[field.type]).toBe(0);
        expect(field.offset).toBeGreaterThanOrEqual(end);
        expect(layout.offsets[field.name]).toBe(field.offset);
        expect(field.isLineStart !== true || field.offset % LINE_BYTES === 0).toBe(true);
        end = field.offset + BYTES[field.type] * field.count;
      }
      expect(layout.bytes).toBeGreaterThanOrEqual(end);
      expect(layout.bytes % LINE_BYTES).toBe(0);
      expect(new Set(layout.fields.map((field) => field.name)).size).toBe(layout.fields.length);
    },
  );

  /** The cache lines that a group of fields touches. */
  function linesOf(layout: Layout<string>, names: readonly string[]): Set<number> {
    const lines = new Set<number>();
    for (const field of layout.fields.filter((one) => names.includes(one.name))) {
      const last = field.offset + BYTES[field.type] * field.count - 1;
      for (let line = Math.floor(field.offset / LINE_BYTES); line <= Math.floor(last / LINE_BYTES); line++)
        lines.add(line);
    }
    return lines;
  }

  it("keeps the fields of different writers on lines of their own", () => {
    const shard = ["heartbeatNs", "connectionsOpen", "stallMsMax", "feed"];
    const coordinator = ["clockOffsetMs", "isStopping", "modelEpoch", "challengerEpoch"];
    const scan = CONTROL.fields
      .map((field) => field.name)
      .filter((name) => ![...shard, ...coordinator].includes(name));
    const groups = [shard, scan, coordinator].map((names) => linesOf(CONTROL, names));
    const heads = [linesOf(RESULT_HEAD, ["head"]), linesOf(RESULT_HEAD, ["tail"])];
    for (const sets of [groups, heads]) {
      const sum = sets.reduce((lines, set) => lines + set.size, 0);
      const union = new Set<number>();
      for (const set of sets) for (const line of set) union.add(line);
      expect(union.size).toBe(sum);
    }
  });

  it("keeps what readers poll apart from what every tick of the market changes", () => {
    const polled = linesOf(KLINE_RING, ["tail", "runStart", "generation", "revision"]);
    const ticking = linesOf(KLINE_RING, ["formingSequence", "forming"]);
    expect([...polled].filter((line) => ticking.has(line))).toEqual([]);
    expect(linesOf(KLINE_RING, ["forming", "formingSequence"]).size).toBe(1);
  });

  it("numbers LastFinal and ScanCounter as the layouts place their fields", () => {
    const names = ["liveFromMs", "receivedNs", "writtenNs", "exchangeMs", "source"] as const;
    for (const [at, name] of names.entries())
      expect(KLINE_RING.offsets[name]).toBe(KLINE_RING.offsets.liveFromMs + at * 8);
    expect(Object.values(LastFinal)).toEqual([0, 1, 2, 3, 4]);
    const counters = [
      "tasks",
      "barsScanned",
      "candidates",
      "rebuilds",
      "tornReads",
      "laps",
      "scanNsTotal",
      "latencyUsMax",
    ] as const;
    for (const [at, name] of counters.entries())
      expect(CONTROL.offsets[name]).toBe(CONTROL.offsets.tasks + at * 8);
    expect(Object.values(ScanCounter)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("aligns each field to its own size when a smaller one stands before it", () => {
    const layout = defineLayout("sample", 3, [
      { name: "flag", type: "u8", count: 3 },
      { name: "word", type: "i32", count: 1 },
      { name: "double", type: "f64", count: 1 },
      { name: "line", type: "u8", count: 1, isLineStart: true },
    ]);
    expect(layout.offsets).toEqual({ flag: 0, word: 4, double: 8, line: 64 });
    expect([layout.bytes, layout.version]).toEqual([128, 3]);
  });
});

describe("blocks", () => {
  const blocks: readonly (readonly [string, SharedArrayBuffer, (sab: SharedArrayBuffer) => unknown])[] = [
    ["frame states", createFrameStates({ slots: 2, slotBytes: 128 }), (sab) => new FrameStates(sab, 128)],
    ["kline ring reader", createKlineRings(2), (sab) => new KlineRingReader(sab)],
    ["kline ring writer", createKlineRings(2), (sab) => new KlineRingWriter(sab)],
    [
      "detector states",
      createDetectorStates({ slots: 2, m1Bytes: 100, carryBytes: 40 }),
      (sab) => new DetectorStates(sab),
    ],
    ["result ring reader", createResultRing(16), (sab) => new ResultRingReader(sab)],
    ["result ring writer", createResultRing(16), (sab) => new ResultRingWriter(sab)],
    ["control block", createControlBlock(), (sab) => new ControlBlock(sab)],
  ];

  const copyOf = (sab: SharedArrayBuffer, bytes: number = sab.byteLength): SharedArrayBuffer => {
    const copy = new SharedArrayBuffer(bytes);
    new Uint8Array(copy).set(new Uint8Array(sab).subarray(0, bytes));
    return copy;
  };

  it.each(blocks)("opens a %s and refuses another kind, version or size", (name, sab, open) => {
    expect(() => open(copyOf(sab))).not.toThrow();
    const damages: readonly ((bad: SharedArrayBuffer) => void)[] = [
      (bad) => (new Int32Array(bad)[0]! ^= 1),
      (bad) => (new Int32Array(bad)[1]! += 1),
      (bad) => (new Int32Array(bad)[2]! += 1),
      (bad) => (new Int32Array(bad)[2] = -1),
      (bad) => (new Int32Array(bad)[4]! += 64),
    ];
    for (const damage of damages) {
      const bad = copyOf(sab);
      damage(bad);
      expect(() => open(bad)).toThrow(expect.objectContaining({ code: "WIRE_BLOCK_MISMATCH" }));
    }
    for (const bytes of [sab.byteLength - 64, HEADER.bytes, HEADER.bytes - 4, 0])
      expect(() => open(copyOf(sab, bytes))).toThrow(SmcqError);
    const foreign = blocks.filter(([other]) => other.split(" ")[0] !== name.split(" ")[0]);
    for (const [, other] of foreign) expect(() => open(other)).toThrow(SmcqError);
    expect(foreign.length).toBeGreaterThan(0);
  });

  it("refuses a ring whose bytes per slot are not this version's, although its size adds up", () => {
    const sab = createBlock({
      magic: 0x4b52_4e47,
      version: 1,
      slots: 2,
      capacity: 512,
      slotBytes: KLINE_RING.bytes - 64,
    });
    expect(() => new KlineRingReader(sab)).toThrow(SmcqError);
  });

  it("says what it found and what it wanted", () => {
    const sab = createControlBlock();
    new Int32Array(sab)[1] = 7;
    expect(() => openBlock(sab, { magic: 1, version: 2, name: "sample" })).toThrow(
      expect.objectContaining({ context: expect.objectContaining({ version: 7 }) }),
    );
  });

  it("refuses to allocate no slots, broken lines or more than 32-bit offsets reach", () => {
    const shape = { magic: 1, version: 1, slots: 1, capacity: 1, slotBytes: 64 };
    expect(createBlock(shape).byteLength).toBe(128);
    for (const bad of [{ slots: 0 }, { slots: 1.5 }, { slots: Number.NaN }, { slotBytes: 65 }])
      expect(() => createBlock({ ...shape, ...bad })).toThrow(InvariantError);
    const slots = Math.floor(BLOCK_BYTES_MAX / 64);
    expect(() => createBlock({ ...shape, slots })).toThrow(InvariantError);
    expect(() => createKlineRings(90_000)).toThrow(InvariantError);
  });
});
