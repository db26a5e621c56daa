import { malformed } from "./text-reader.ts";

/** What a file that is no text of LightGBM probably is, by its first bytes in hex. */
const OTHERS: readonly (readonly [string, string])[] = [
  ["1f8b", "it is gzip: unpack it first"],
  ["504b0304", "it is a zip archive: unpack it first"],
  ["fffe", "it is UTF-16 text: save it as UTF-8"],
  ["feff", "it is UTF-16 text: save it as UTF-8"],
  ["8004", "it is a Python pickle: write the booster with save_model"],
  ["8005", "it is a Python pickle: write the booster with save_model"],
  ["7b", "it is JSON (dump_model): write the booster with save_model"],
  ["08", "it looks like ONNX: the engine takes it with its card, or import the LightGBM text"],
];
const MARK_BYTES = 4;

/** The words of a LightGBM text; refuses with MODEL_TEXT what its first bytes show to be another kind of file. */
export function decodeLightGbm(bytes: Uint8Array): string {
  const mark = Buffer.from(bytes.subarray(0, MARK_BYTES)).toString("hex");
  const other = OTHERS.find(([begin]) => mark.startsWith(begin));
  if (other !== undefined) throw malformed(other[1]);
  return new TextDecoder().decode(bytes);
}
