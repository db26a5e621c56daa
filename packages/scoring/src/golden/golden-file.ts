import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import { MODEL_LIMITS } from "../limits.ts";

/** Rows with the margins that every scorer must give for them, to the last bit. */
export interface GoldenRows {
  readonly count: number;
  readonly featureCount: number;
  /** Row-major. */
  readonly features: Float32Array;
  readonly margins: Float64Array;
}

/*
 * NAME.golden.bin, little-endian:
 *
 *   byte 0        8         12      16             20         24
 *   ┌─────────────┬─────────┬───────┬──────────────┬──────────┬────────────────────┬──────────────┐
 *   │ "SMCQGOLD"  │ version │ rows  │ featureCount │ 0        │ features           │ margins      │
 *   │ 8 bytes     │ uint32  │uint32 │ uint32       │ uint32   │ rows x n x float32 │ rows x float64│
 *   └─────────────┴─────────┴───────┴──────────────┴──────────┴────────────────────┴──────────────┘
 */
const MAGIC = "SMCQGOLD";
const VERSION = 1;
const HEADER_BYTES = 24;
export const GOLDEN_ROWS_MAX = 65_536;
const FEATURES_MAX = 1_000;
/** The largest golden file that is read. */
export const GOLDEN_BYTES_MAX: number = 64 * 2 ** 20;

function bytesOf(count: number, featureCount: number): number {
  return HEADER_BYTES + count * featureCount * 4 + count * 8;
}

/** The rows as the bytes of a golden file. */
export function encodeGolden({ count, featureCount, features, margins }: GoldenRows): Uint8Array {
  const bytes = new Uint8Array(bytesOf(count, featureCount));
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  for (const [index, value] of [VERSION, count, featureCount, 0].entries())
    view.setUint32(MAGIC.length + index * 4, value, true);
  const marginsAt = HEADER_BYTES + count * featureCount * 4;
  for (let k = 0; k < count * featureCount; k++)
    view.setFloat32(HEADER_BYTES + k * 4, features[k] as number, true);
  for (let k = 0; k < count; k++) view.setFloat64(marginsAt + k * 8, margins[k] as number, true);
  return bytes;
}

/** Reads a golden file; refuses (MODEL_GOLDEN) what is none, is not as long as it says, or has fewer than 512 rows. */
export function decodeGolden(bytes: Uint8Array): GoldenRows {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC)
    throw fault("it is no golden file");
  const [version = 0, count = 0, featureCount = 0] = [8, 12, 16].map((at) => view.getUint32(at, true));
  if (version !== VERSION) throw fault(`its version is ${version}, this engine reads ${VERSION}`);
  if (count < MODEL_LIMITS.goldenRowsMin || count > GOLDEN_ROWS_MAX)
    throw fault(`it has ${count} rows, ${MODEL_LIMITS.goldenRowsMin} to ${GOLDEN_ROWS_MAX} are wanted`);
  if (featureCount < 1 || featureCount > FEATURES_MAX)
    throw fault(`its rows have ${featureCount} features, 1 to ${FEATURES_MAX} are possible`);
  const wanted = bytesOf(count, featureCount);
  if (bytes.length !== wanted) throw fault(`it has ${bytes.length} bytes, its header asks for ${wanted}`);
  const features = new Float32Array(count * featureCount);
  const margins = new Float64Array(count);
  const marginsAt = HEADER_BYTES + features.length * 4;
  for (let k = 0; k < features.length; k++) features[k] = view.getFloat32(HEADER_BYTES + k * 4, true);
  for (let k = 0; k < count; k++) {
    margins[k] = view.getFloat64(marginsAt + k * 8, true);
    if (!Number.isFinite(margins[k])) throw fault(`the margin of row ${k} is ${margins[k]}`);
  }
  return { count, featureCount, features, margins };
}

function fault(what: string): SmcqError {
  return new SmcqError(ModelErrorCode.Golden, `the golden file is refused: ${what}`);
}
