import { createHash } from "node:crypto";

/** Returns JSON with the keys of every object sorted, so that equal data gives equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner).toSorted(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(entries);
  });
}

/** Returns the sha256 of a text (UTF-8) in hex. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
