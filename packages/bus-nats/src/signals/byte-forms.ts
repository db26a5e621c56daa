import { SmcqError } from "@smcq/kernel";
import { BusErrorCode } from "../errors.ts";

const TEXT_BYTES_MAX = 255;

/** Refuses bytes that are no word with BUS_WORD. */
export function noWord(text: string): SmcqError {
  return new SmcqError(BusErrorCode.Word, `no word of a scanner: ${text}`);
}

/** Writes numbers as they lie in memory (little endian) and short texts behind their length. */
export class ByteWriter {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
    this.#view = new DataView(this.#bytes.buffer);
  }

  byte(value: number): void {
    this.#view.setUint8(this.#at++, value);
  }

  short(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  single(value: number): void {
    this.#view.setFloat32(this.#at, value, true);
    this.#at += 4;
  }

  double(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** Refuses a text of more than 255 bytes with BUS_WORD. */
  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    if (bytes.length > TEXT_BYTES_MAX) throw noWord(`a text of ${bytes.length} bytes, 255 at most`);
    this.byte(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** What was written, in memory of its own. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }
}

/** Reads what `ByteWriter` has written; refuses with BUS_WORD what ends too early, or too late. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  short(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  single(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  text(): string {
    const length = this.byte();
    const at = this.#take(length);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw noWord("a text is no UTF-8");
    }
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw noWord(`${this.#bytes.length - this.#at} bytes too many`);
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw noWord(`it ends at byte ${this.#bytes.length}`);
    this.#at += count;
    return at;
  }
}
