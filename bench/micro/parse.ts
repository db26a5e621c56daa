import { FrameKind, KlineParser, SymbolTable } from "@smcq/exchange-binance";
import { MarketData } from "@smcq/exchange-sim";
import { comparePaired, timed } from "../lib/paired.ts";
import type { PartRecorder } from "../lib/results.ts";
import type { MicroContext } from "./micro-context.ts";
import { reordered, type SampleFrame, sampleFrames } from "./frames.ts";

const FRAMES = 16_384;
const SYMBOLS = 600;

/** What the baseline takes out of a frame: docs/decisions.md 35. */
interface RawKlineFrame {
  readonly data: {
    readonly s: string;
    readonly k: {
      readonly t: number;
      readonly o: string;
      readonly h: string;
      readonly l: string;
      readonly c: string;
      readonly v: string;
      readonly x: boolean;
    };
  };
}

/** Parse (docs/performance.md G4): the field scan against toString + JSON.parse + 5 conversions, on the same frames. */
export async function benchParse(context: MicroContext, recorder: PartRecorder): Promise<void> {
  const market = new MarketData({ symbols: SYMBOLS });
  const frames = sampleFrames(market, FRAMES);
  const symbols = new SymbolTable(market.symbols.length, "1m");
  for (const symbol of market.symbols) symbols.add(symbol.index, symbol.symbol);
  const parser = new KlineParser(symbols);
  checkEqual({ parser, symbols, frames }, recorder);
  const shuffled = frames.map(reordered);
  const msMin = context.msPerMeasurement;
  const comparison = await comparePaired({
    id: "parse",
    title: "Fields of a kline frame from its bytes",
    unit: "ns a frame",
    rounds: context.rounds,
    calibration: context.calibration,
    contenders: [
      timed("toString + JSON.parse + 5 conversions", {
        operations: FRAMES,
        msMin,
        run: () => parseByJson(frames),
      }),
      timed("field scan, the venue's order of keys", {
        operations: FRAMES,
        msMin,
        run: () => scanAll(parser, frames),
      }),
      timed("field scan, keys in any order", {
        operations: FRAMES,
        msMin,
        run: () => {
          for (const bytes of shuffled) parser.parse(bytes);
        },
      }),
    ],
  });
  recorder.compare(comparison);
  const bytes = frames.reduce((sum, frame) => sum + frame.bytes.length, 0) / frames.length;
  recorder.figure({ id: "frame-bytes", title: "Mean size of a frame", unit: "bytes", value: bytes });
}

let total = 0;

function parseByJson(frames: readonly SampleFrame[]): void {
  for (const { bytes } of frames) {
    const { k } = (JSON.parse(bytes.toString()) as RawKlineFrame).data;
    total += k.t + Number(k.o) + Number(k.h) + Number(k.l) + Number(k.c) + Number(k.v);
  }
}

function scanAll(parser: KlineParser, frames: readonly SampleFrame[]): void {
  const { frame } = parser;
  for (const { bytes } of frames) {
    parser.parse(bytes);
    total += frame.openTimeMs + frame.open + frame.high + frame.low + frame.close + frame.volume;
  }
}

interface ParseSetting {
  readonly parser: KlineParser;
  readonly symbols: SymbolTable;
  readonly frames: readonly SampleFrame[];
}

/** Every frame of the bench, in both orders of keys, must give exactly what JSON.parse gives. */
function checkEqual({ parser, symbols, frames }: ParseSetting, recorder: PartRecorder): void {
  let different = 0;
  for (const sample of frames)
    for (const bytes of [sample.bytes, reordered(sample)]) {
      const kind = parser.parse(bytes);
      const { frame } = parser;
      const isEqual =
        kind === FrameKind.Kline &&
        symbols.symbolOf(frame.slot) === sample.symbol &&
        frame.isFinal === sample.isFinal &&
        frame.openTimeMs === sample.openTimeMs &&
        frame.open === sample.open &&
        frame.high === sample.high &&
        frame.low === sample.low &&
        frame.close === sample.close &&
        frame.volume === sample.volume;
      if (!isEqual) different++;
    }
  recorder.check({
    id: "parse-equal",
    title: "The field scan equals JSON.parse on every frame",
    isHeld: different === 0 && parser.fallbackCount === 0,
    detail: `${2 * frames.length} frames, ${different} different, ${parser.fallbackCount} left to JSON.parse`,
  });
}
