import { signal } from "@preact/signals";

export const PAGES = [
  ["overview", "Overview"],
  ["market", "Market"],
  ["signals", "Signals"],
  ["trades", "Trades"],
  ["system", "System"],
  ["latency", "Latency"],
  ["model", "Model"],
  ["backtests", "Backtests"],
] as const;

/** Parts of the address behind `#/`. */
export const route = signal<readonly string[]>(read());

function read(): readonly string[] {
  const parts = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  return parts[0] === "" || location.hash.startsWith("#code=") ? ["overview"] : parts;
}

/** Somebody's own address may be no address: then it is taken as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

addEventListener("hashchange", () => {
  route.value = read();
  scrollTo(0, 0);
});

export function symbolLink(symbol: string): string {
  return `#/symbol/${encodeURIComponent(symbol)}`;
}

export function explainLink(symbol: string, time: string): string {
  return `#/explain/${encodeURIComponent(symbol)}/${encodeURIComponent(`${time.slice(0, 16)}Z`)}`;
}
