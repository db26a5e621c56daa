/** Writes a reply or an event: bigints are bare integers, as the venue's 19-digit ids are. Keys keep their order. */
export function wireJson(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(wireJson).join(",")}]`;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${wireJson(field)}`).join(",")}}`;
}
