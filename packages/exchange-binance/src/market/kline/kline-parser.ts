import { FrameKind, KlineFrame } from "./kline-frame.ts";
import { KlineJsonFallback } from "./kline-json.ts";
import { KlineScanner } from "./kline-scanner.ts";
import { scanFastPath } from "./kline-fast-path.ts";
import { UNDECIDED, loadText } from "./scan-bytes.ts";
import type { SymbolTable } from "./symbol-table.ts";

/**
 * Reads kline frames from bytes, combined (`/stream`) or raw (`/ws`), without JSON.parse and without allocation:
 * first the venue's usual order of keys, compared byte by byte; then a strict scan of the JSON structure with keys
 * in any order; whatever that is not sure of goes to JSON.parse. All three agree on every input (property test).
 */
export class KlineParser {
  readonly frame: KlineFrame = new KlineFrame();
  readonly #symbols: SymbolTable;
  readonly #scanner: KlineScanner;
  readonly #fallback: KlineJsonFallback;
  /** Frames that needed the structural scan, or JSON.parse, since the start. */
  structuralCount = 0;
  fallbackCount = 0;

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
    this.#scanner = new KlineScanner(symbols);
    this.#fallback = new KlineJsonFallback(symbols);
  }

  /** Reads one frame; never throws on what the venue sent. */
  parse(bytes: Uint8Array): FrameKind {
    const length = loadText(bytes);
    if (length !== UNDECIDED) {
      if (scanFastPath(length, this.#symbols, this.frame)) return FrameKind.Kline;
      this.structuralCount++;
      const kind = this.#scanner.scan(length, this.frame);
      if (kind !== FrameKind.Undecided) return kind;
    }
    this.fallbackCount++;
    return this.#fallback.parse(bytes, this.frame);
  }
}
