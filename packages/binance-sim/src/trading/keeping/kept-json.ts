/**
 * JSON with bigints: one becomes the text "#123". A text that begins with # gets another one, so that each comes back as it was.
 */
export function keptText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") return `#${item}`;
    return typeof item === "string" && item.startsWith("#") ? `#${item}` : item;
  });
}

/** What `keptText` has written; throws SyntaxError for anything else. */
export function readKept(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => {
    if (typeof item !== "string" || !item.startsWith("#")) return item;
    return item.startsWith("##") ? item.slice(1) : BigInt(item.slice(1));
  }) as unknown;
}
