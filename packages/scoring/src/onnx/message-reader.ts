import { SmcqError } from "@smcq/kernel";
import protobuf from "protobufjs/minimal.js";
import { ModelErrorCode } from "../errors.ts";

const WireType = { Varint: 0, Fixed64: 1, Length: 2, Fixed32: 5 } as const;

/**
 * Reads the fields of one message one after the other. A message inside is read by a reader of its own over its own
 * bytes, so that no length can lead out of it and nesting is as deep as the code that reads it.
 */
export class MessageReader {
  readonly #reader: protobuf.Reader;
  #wireType: number = WireType.Varint;

  constructor(bytes: Uint8Array) {
    this.#reader = new protobuf.Reader(bytes);
  }

  /** The next field's number, or 0 at the end. Every field must then be taken or skipped. */
  next(): number {
    if (this.#reader.pos === this.#reader.len) return 0;
    const tag = this.#reader.uint32();
    this.#wireType = tag & 7;
    if (tag >>> 3 === 0) throw new RangeError("a field has the number 0");
    return tag >>> 3;
  }

  skip(): void {
    // Groups (types 3 and 4) nest without a length; ONNX has none.
    if (this.#wireType === 3 || this.#wireType === 4) throw new RangeError("a field is a group");
    this.#reader.skipType(this.#wireType);
  }

  int(): number {
    this.#expect(WireType.Varint);
    return toNumber(this.#reader.int64());
  }

  text(): string {
    return new TextDecoder("utf-8", { fatal: true }).decode(this.bytes());
  }

  /** A view of the bytes, not a copy. */
  bytes(): Uint8Array {
    this.#expect(WireType.Length);
    const length = this.#reader.uint32();
    const from = this.#reader.pos;
    this.#reader.skip(length);
    return this.#reader.buf.subarray(from, from + length);
  }

  /** Adds one or (packed) many integers to `into`. */
  ints(into: number[]): void {
    if (this.#wireType !== WireType.Length) {
      into.push(this.int());
      return;
    }
    const packed = new protobuf.Reader(this.bytes());
    while (packed.pos < packed.len) into.push(toNumber(packed.int64()));
  }

  /** Adds one or (packed) many doubles to `into`. */
  doubles(into: number[]): void {
    if (this.#wireType !== WireType.Length) {
      this.#expect(WireType.Fixed64);
      into.push(this.#reader.double());
      return;
    }
    const packed = new protobuf.Reader(this.bytes());
    while (packed.pos < packed.len) into.push(packed.double());
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType)
      throw new RangeError(`a field has wire type ${this.#wireType} in place of ${wireType}`);
  }
}

/** protobufjs gives 64-bit integers in halves; beyond 2^53 the last bits are lost, and no limit here is that high. */
function toNumber({ high, low }: { readonly high: number; readonly low: number }): number {
  return high * 2 ** 32 + (low >>> 0);
}

/** Runs `read`; whatever the protobuf reader throws on bytes that are no such message becomes MODEL_PARSE. */
export function orParseError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SmcqError) throw error;
    throw new SmcqError(ModelErrorCode.Parse, "the file is truncated or no ONNX model", { cause: error });
  }
}
