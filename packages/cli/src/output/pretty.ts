import { escapeHidden } from "@smcq/kernel";

/** Keys that every line has and a reader does not need. */
const PLAIN_KEYS = new Set(["level", "time", "msg", "component"]);

const LEVEL_MARK: Readonly<Record<string, string>> = { debug: "·", info: " ", warn: "!", error: "✗" };

/** A number for eyes: at most 3 decimals. */
function show(value: unknown): string {
  if (typeof value === "number") return String(Math.round(value * 1_000) / 1_000);
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

/** Turns one JSON log line into one text line. Lines that bring their own text `display` are shown as that. */
export function prettyLine(json: string): string {
  let line: Record<string, unknown>;
  try {
    line = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return json;
  }
  const time = typeof line["time"] === "string" ? line["time"].slice(11, 23) : "";
  const mark = LEVEL_MARK[String(line["level"])] ?? " ";
  if (typeof line["display"] === "string") return `${time} ${mark} ${escapeHidden(line["display"])}\n`;
  const fields = Object.entries(line)
    .filter(([key]) => !PLAIN_KEYS.has(key))
    .map(([key, value]) => `${key}=${show(value)}`);
  const text = `${String(line["msg"])}${fields.length > 0 ? `  ${fields.join(" ")}` : ""}`;
  return `${time} ${mark} ${escapeHidden(text)}\n`;
}
