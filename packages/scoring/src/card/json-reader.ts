import { errorMessage, SmcqError } from "@smcq/kernel";
import { utcMs } from "./utc.ts";

/** Where a value stands, for errors: which file's key, and the code that a refusal carries. */
export interface Place {
  readonly code: string;
  /** What is being read, e.g. `the card`. */
  readonly source: string;
  /** Dotted name of the value; empty for the whole. */
  readonly key: string;
}

export type Read<T> = (value: unknown, place: Place) => T;

/** A field name and how its value is read. */
export type Shape<T> = { readonly [K in keyof T]-?: Read<T[K]> };

interface NumberRange {
  readonly min?: number;
  readonly max?: number;
}

const QUOTED_CHARS_MAX = 60;

/** Throws the refusal of a value: names the source, the key, what was wanted and what is there. */
export function refuse(place: Place, wanted: string, value: unknown): never {
  const found = value === undefined ? "nothing" : quoted(value);
  const where = place.key === "" ? place.source : `${place.source}: ${place.key}`;
  throw new SmcqError(place.code, `${where} must be ${wanted}, there is ${found}`, {
    context: { source: place.source, key: place.key },
  });
}

function quoted(value: unknown): string {
  const text = typeof value === "number" ? `${value}` : JSON.stringify(value);
  return text.length > QUOTED_CHARS_MAX ? `${text.slice(0, QUOTED_CHARS_MAX)}...` : text;
}

/** Parses JSON text; refuses what is none. */
export function parseJson(text: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SmcqError(place.code, `${place.source} is no JSON: ${errorMessage(error)}`, { cause: error });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads an object field by field; further fields are left out, and so are optional ones that are not there. */
export function object<T extends object>(shape: Shape<T>): Read<T> {
  return (value, place) => {
    if (!isRecord(value)) refuse(place, "an object", value);
    const fields = Object.entries<Read<unknown>>(shape).map(([name, read]) => {
      const key = place.key === "" ? name : `${place.key}.${name}`;
      const field: unknown = Object.hasOwn(value, name) ? value[name] : undefined;
      return [name, read(field, { ...place, key })];
    });
    // Every field of T has been read by its own reader; one that may be absent is then not there.
    return Object.fromEntries(fields.filter(([, field]) => field !== undefined)) as T;
  };
}

/** Reads a list of `countMin` to `countMax` values. */
export function list<T>(read: Read<T>, countMin: number, countMax: number): Read<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) refuse(place, "a list", value);
    if (value.length < countMin || value.length > countMax)
      refuse(place, `a list of ${countMin} to ${countMax} values`, value);
    return value.map((item: unknown, index) => read(item, { ...place, key: `${place.key}[${index}]` }));
  };
}

/** Reads an object whose field names are free, e.g. a trainer's parameters. */
export function record<T>(read: Read<T>): Read<Readonly<Record<string, T>>> {
  return (value, place) => {
    if (!isRecord(value)) refuse(place, "an object", value);
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [
        name,
        read(field, { ...place, key: `${place.key}.${name}` }),
      ]),
    );
  };
}

/** Reads a field that may be absent, as in older files. */
export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value, place) => (value === undefined ? undefined : read(value, place));
}

export function nullable<T>(read: Read<T>): Read<T | null> {
  return (value, place) => (value === null ? null : read(value, place));
}

/** Reads a finite number of a range, both ends included. */
export function number({ min = -Infinity, max = Infinity }: NumberRange = {}): Read<number> {
  return (value, place) => {
    if (typeof value !== "number" || !Number.isFinite(value) || value < min || value > max)
      refuse(place, rangeText("a finite number", min, max), value);
    return value;
  };
}

/** Reads a whole number of a range, both ends included. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Read<number> {
  return (value, place) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max)
      refuse(place, rangeText("a whole number", min, max), value);
    return value as number;
  };
}

function rangeText(what: string, min: number, max: number): string {
  if (min === -Infinity && max === Infinity) return what;
  if (max === Infinity || max === Number.MAX_SAFE_INTEGER) return `${what} of at least ${min}`;
  return `${what} of ${min} to ${max}`;
}

/** Reads a text that matches `pattern`; `wanted` says so in words. */
export function text(wanted: string = "a text", pattern: RegExp = /^/): Read<string> {
  return (value, place) => {
    if (typeof value !== "string" || !pattern.test(value)) refuse(place, wanted, value);
    return value;
  };
}

export const boolean: Read<boolean> = (value, place) =>
  typeof value === "boolean" ? value : refuse(place, "true or false", value);

/** Reads one of some constant texts or numbers. */
export function oneOf<const T extends string | number>(...allowed: readonly T[]): Read<T> {
  return (value, place) => {
    const found = allowed.find((option) => option === value);
    return found ?? refuse(place, allowed.map((option) => JSON.stringify(option)).join(" or "), value);
  };
}

export const sha256: Read<string> = text("64 hex digits (sha256)", /^[0-9a-f]{64}$/);

/** Reads a time such as 2025-05-04T15:33:00Z. */
export const utc: Read<string> = (value, place) =>
  typeof value === "string" && !Number.isNaN(utcMs(value))
    ? value
    : refuse(place, "a time in UTC such as 2025-05-04T15:33:00Z", value);
