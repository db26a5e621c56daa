import { assert } from "@smcq/kernel";

/*
 * One text a value, and the value again from the text:
 *
 *   objects   keys in code point order, what is undefined left out      {"a":1,"b":[null,true,"x"]}
 *   bigint    {"$bigint":"-12"}          numbers that JSON has none of   {"$number":"-0"}, NaN, Infinity, -Infinity
 *   float32   {"$float32":"AAAAPw=="}    its bytes, little endian, in base64: bit for bit, whatever a NaN is made of
 *
 * Plain data only: no other class, no function, no key that begins with "$".
 */

/** Texts of keys are kept: what is journaled has some hundred. */
const KEYS_KEPT_MAX = 1_024;
const keyTexts = new Map<string, string>();

/** Returns the one text of plain data; throws InvariantError for what is none. */
export function canonicalText(value: unknown): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "bigint") return `{"$bigint":"${value}"}`;
  if (typeof value === "object" && value !== null) return objectText(value);
  const isText = typeof value === "string" || typeof value === "boolean" || value === null;
  assert(isText, "Invariant: what is journaled is plain data");
  return JSON.stringify(value);
}

function numberText(value: number): string {
  if (Number.isFinite(value) && !Object.is(value, -0)) return String(value);
  return `{"$number":"${Object.is(value, -0) ? "-0" : value}"}`;
}

function objectText(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (value instanceof Float32Array)
    return `{"$float32":"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}"}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  assert(prototype === Object.prototype || prototype === null, "Invariant: what is journaled is plain data");
  let text = "";
  for (const key of Object.keys(value).sort()) {
    const field = (value as Readonly<Record<string, unknown>>)[key];
    if (field !== undefined) text += `${text === "" ? "" : ","}${keyText(key)}:${canonicalText(field)}`;
  }
  return `{${text}}`;
}

function keyText(key: string): string {
  const known = keyTexts.get(key);
  if (known !== undefined) return known;
  assert(!key.startsWith("$"), "Invariant: no key of plain data begins with $");
  const text = JSON.stringify(key);
  if (keyTexts.size < KEYS_KEPT_MAX) keyTexts.set(key, text);
  return text;
}

/** Returns the value of a canonical text; throws for a text that is no JSON or has a tag that nobody writes. */
export function fromCanonical(text: string): unknown {
  return revived(JSON.parse(text) as unknown);
}

function revived(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(revived);
  const fields = Object.entries(value);
  const [first] = fields;
  if (first?.[0].startsWith("$") === true) return tagged(first[0], first[1]);
  return Object.fromEntries(fields.map(([key, field]) => [key, revived(field)]));
}

function tagged(tag: string, value: unknown): unknown {
  if (tag === "$bigint" && typeof value === "string") return BigInt(value);
  if (tag === "$number" && typeof value === "string") return Number(value);
  assert(tag === "$float32" && typeof value === "string", "Invariant: a canonical text has known tags only");
  // Copied: a Buffer may start at an odd offset, a float32 view may not.
  return new Float32Array(new Uint8Array(Buffer.from(value, "base64")).buffer);
}
