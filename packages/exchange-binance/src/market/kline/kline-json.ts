import { Field, FrameKind } from "./kline-frame.ts";
import type { KlineFrame } from "./kline-frame.ts";
import type { SymbolTable } from "./symbol-table.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Returns `value` when it is a JSON object (not an array, not null). */
function asObject(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

function isInstant(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** A decimal text or a number as a number; anything else is NaN, which no plausible bar holds. */
function decimal(value: unknown): number {
  if (typeof value === "string") return Number(value);
  return typeof value === "number" ? value : Number.NaN;
}

/** Reads kline frames by JSON.parse: the definition that the byte scans must equal, and their fallback. */
export class KlineJsonFallback {
  readonly #symbols: SymbolTable;

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
  }

  /** Reads one frame of UTF-8 bytes into `out`; never throws on what the venue sent. */
  parse(bytes: Uint8Array, out: KlineFrame): FrameKind {
    let root: unknown;
    try {
      root = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    } catch {
      return FrameKind.Bad;
    }
    const envelope = asObject(root);
    const event = asObject(envelope?.["data"]) ?? envelope;
    if (event === undefined || event["e"] !== "kline") return FrameKind.Other;
    const kline = asObject(event["k"]);
    const symbol = event["s"];
    const eventTimeMs = event["E"];
    if (kline === undefined || typeof symbol !== "string" || !isInstant(eventTimeMs)) return FrameKind.Bad;
    const openTimeMs = kline["t"];
    const isFinal = kline["x"];
    if (!isInstant(openTimeMs) || typeof isFinal !== "boolean") return FrameKind.Bad;
    const slot = kline["i"] === this.#symbols.interval ? this.#symbols.slotOf(symbol) : -1;
    if (slot < 0) return FrameKind.Unknown;
    const numbers = out.numbers;
    out.slot = slot;
    numbers[Field.OpenTime] = openTimeMs;
    numbers[Field.EventTime] = eventTimeMs;
    numbers[Field.Open] = decimal(kline["o"]);
    numbers[Field.High] = decimal(kline["h"]);
    numbers[Field.Low] = decimal(kline["l"]);
    numbers[Field.Close] = decimal(kline["c"]);
    numbers[Field.Volume] = decimal(kline["v"]);
    out.isFinal = isFinal;
    return FrameKind.Kline;
  }
}
