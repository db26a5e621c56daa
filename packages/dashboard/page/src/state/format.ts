/** A figure with thousands parted by thin spaces, or a dash. */
export function numberText(value: number | null | undefined, decimals = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  // What rounds to nothing has no sign.
  const rounded = Number(value.toFixed(decimals)) === 0 ? 0 : value;
  return rounded.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

export function signedText(value: number | null | undefined, decimals = 2): string {
  const text = numberText(value, decimals);
  const isGain = value !== null && value !== undefined && Number(value.toFixed(decimals)) > 0;
  return isGain ? `+${text}` : text;
}

/** Money as the ledger writes it, to the cent. */
export function moneyText(text: string | null | undefined, isSigned = false): string {
  if (text === null || text === undefined) return "–";
  return isSigned ? signedText(Number(text)) : numberText(Number(text));
}

export function shareText(ratio: number | null | undefined, decimals = 2): string {
  return ratio === null || ratio === undefined ? "–" : `${numberText(ratio * 100, decimals)} %`;
}

/** `2026-02-02 19:22` of an ISO time. */
export function minuteText(iso: string | null | undefined): string {
  return iso === null || iso === undefined ? "–" : iso.slice(0, 16).replace("T", " ");
}

export function secondText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return "–";
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

/** A span in its two largest units. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const at = parts.findIndex(([count]) => count > 0);
  if (at < 0) return "0s";
  return parts
    .slice(at, at + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}

/** An average has more digits than anybody reads. */
export function priceText(text: string | null | undefined): string {
  if (text === null || text === undefined) return "–";
  return text.length <= 9 ? text : String(Number(Number(text).toPrecision(8)));
}

/** A class for the colour of a gain or a loss; its sign says it too. */
export function toneOf(value: number | null | undefined): string {
  if (value === null || value === undefined || value === 0) return "";
  return value > 0 ? "good" : "bad";
}

/** `{"state":"HALTED","reasons":["operator"]}` as `state HALTED, reasons operator`. */
export function detailText(detail: string): string {
  const value: unknown = JSON.parse(detail);
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, own]) => `${name} ${typeof own === "object" ? listText(own) : String(own)}`)
    .join(", ");
}

function listText(value: unknown): string {
  return Array.isArray(value)
    ? value.length === 0
      ? "none"
      : value.map(String).join(" ")
    : JSON.stringify(value);
}
