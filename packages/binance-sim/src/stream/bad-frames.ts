/** Ways in which MD11 spoils an extra frame. */
export const BAD_FRAME_KINDS = ["truncated", "garbage", "binary", "huge"] as const;
export type BadFrameKind = (typeof BAD_FRAME_KINDS)[number];

/** Makes a frame no client can use out of a good event; `hugeBytes` is the size of the huge kind. */
export function spoilFrame(goodText: string, kind: BadFrameKind, hugeBytes: number): Buffer {
  switch (kind) {
    case "truncated":
      return Buffer.from(goodText.slice(0, Math.floor(goodText.length * 0.6)), "utf8");
    case "garbage":
      return Buffer.from("<html><head><title>502 Bad Gateway</title></head></html>", "utf8");
    case "binary":
      return Buffer.from([0x00, 0xff, 0x7b, 0x22, 0x65, 0x22, 0x3a, 0x80, 0x81]);
    case "huge":
      return Buffer.from(`{"e":"kline","pad":"${"x".repeat(hugeBytes)}"}`, "utf8");
    default:
      return kind satisfies never;
  }
}

/** Numbers that MD12 puts in the place of prices; `swap` exchanges high and low. */
export const BAD_VALUES = ['"NaN"', '"Infinity"', '"-1.5"', '"0"', '"1e-30"', "swap"] as const;

/** Replaces the numbers of a kline event by implausible ones. */
export function spoilValues(goodText: string, value: (typeof BAD_VALUES)[number]): string {
  if (value !== "swap") return goodText.replace(/"c":"[^"]*"/, `"c":${value}`);
  const high = /"h":("[^"]*")/.exec(goodText)?.[1] ?? '"1"';
  const low = /"l":("[^"]*")/.exec(goodText)?.[1] ?? '"2"';
  // A flat bar has equal ends: a low above the high needs another number.
  const above = high === low ? '"99999999"' : high;
  return goodText.replace(`"h":${high}`, `"h":${low}`).replace(`"l":${low}`, `"l":${above}`);
}
