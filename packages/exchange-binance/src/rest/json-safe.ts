/** JSON.parse passes the text of each number to the reviver (ES2025); the library's types do not know it yet. */
type SourceReviver = (
  this: unknown,
  key: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown;

/**
 * Parses JSON without bending long integers: one that a double cannot hold comes as its decimal text (ids of the
 * venue reach 19 digits, docs/binance.md 4.6). Throws SyntaxError on no JSON.
 */
export function parseJsonSafe(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const keepLongIntegers: SourceReviver = (_key, value, context) => {
    const isLong = typeof value === "number" && !Number.isSafeInteger(value);
    return isLong && context.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value;
  };
  return JSON.parse(text, keepLongIntegers as (key: string, value: unknown) => unknown);
}
