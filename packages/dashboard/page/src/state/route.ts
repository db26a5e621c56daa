import { signal } from "@preact/signals";

export const PAGES = [
  ["overview", "Overview"],
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
  const parts = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return parts[0] === "" || location.hash.startsWith("#code=") ? ["overview"] : parts;
}

addEventListener("hashchange", () => {
  route.value = read();
  scrollTo(0, 0);
});

export function explainLink(symbol: string, time: string): string {
  return `#/explain/${encodeURIComponent(symbol)}/${encodeURIComponent(`${time.slice(0, 16)}Z`)}`;
}
