/** Milliseconds since the epoch that a date in text means (ISO 8601, an HTTP date); NaN for no date. */
export function parseDateMs(text: string): number {
  return Date.parse(text);
}

/** ISO 8601 text of an instant in UTC; its number where no calendar reaches. */
export function dateText(epochMs: number): string {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? String(epochMs) : date.toISOString();
}
