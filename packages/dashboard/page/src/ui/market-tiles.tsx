import { computed, signal, useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { numberText, secondText } from "../state/format.ts";
import { order, tileSignal, type TileShown, trendMark, trendOf, trendText } from "../state/market.ts";
import { symbolLink } from "../state/route.ts";

/** The tile that Tab comes to, as far as it is shown. */
const chosenTile = signal<string | null>(null);
const current = computed(() => {
  const own = chosenTile.value;
  return own !== null && order.value.includes(own) ? own : (order.value[0] ?? null);
});

/** All tiles: a list of links, of which one is in the way of the Tab key and arrows reach the others. */
export function MarketTiles() {
  const place = useRef<HTMLUListElement>(null);
  useEffect(() => {
    // Whoever writes into a field means the letter.
    const find = (event: KeyboardEvent): void => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      document.querySelector<HTMLInputElement>("#market-find")?.focus();
    };
    addEventListener("keydown", find);
    return () => removeEventListener("keydown", find);
  }, []);
  return (
    <ul class="market" ref={place} onKeyDown={(event) => move(event, place.current)}>
      {order.value.map((symbol) => (
        <Tile key={symbol} symbol={symbol} />
      ))}
    </ul>
  );
}

function move(event: KeyboardEvent, list: HTMLUListElement | null): void {
  if (list === null) return;
  const links = [...list.querySelectorAll<HTMLAnchorElement>("a")];
  const at = links.findIndex((link) => link === document.activeElement);
  if (at < 0) return;
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columnsOf(links),
    ArrowUp: -columnsOf(links),
    Home: -at,
    End: links.length - 1 - at,
  };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const next = links[Math.min(links.length - 1, Math.max(0, at + step))];
  chosenTile.value = next?.dataset["symbol"] ?? null;
  next?.focus();
}

function columnsOf(links: readonly HTMLElement[]): number {
  const top = links[0]?.offsetTop;
  const below = links.findIndex(({ offsetTop }) => offsetTop !== top);
  return below < 0 ? links.length : below;
}

function Tile({ symbol }: { readonly symbol: string }) {
  // One tile is drawn anew when the focus moves, not all of them.
  const isCurrent = useComputed(() => current.value === symbol);
  const tile = tileSignal(symbol)?.value;
  if (tile === undefined) return null;
  const { m1Trend, m5Trend, held, candidate, staleMinutes, stage } = tile;
  return (
    <li>
      <a
        href={symbolLink(symbol)}
        class={classOf(tile)}
        data-symbol={symbol}
        tabIndex={isCurrent.value ? 0 : -1}
        onFocus={() => (chosenTile.value = symbol)}
      >
        <span class="name">{symbol}</span>
        <span class="unseen">{sentence(tile)}</span>
        <span class="trends" aria-hidden="true">
          {trendMark(m1Trend)}
          {trendMark(m5Trend)}
        </span>
        <span class="marks" aria-hidden="true">
          {held === null ? null : <b class="held">● {held}</b>}
          {candidate === null ? null : <b>◆ {numberText(candidate.score, 2)}</b>}
          {staleMinutes === null ? null : <span>{staleText(tile)}</span>}
          {staleMinutes === null && stage !== "ready" ? <span>{stage}</span> : null}
        </span>
      </a>
    </li>
  );
}

function classOf(tile: TileShown): string {
  const trend = trendOf(tile);
  const color = trend > 0 ? `up${trend}` : trend < 0 ? `down${-trend}` : "flat";
  return `${color} ${tile.staleMinutes === null ? "" : "stale"}`;
}

function staleText({ staleMinutes, stage }: TileShown): string {
  return staleMinutes === null || staleMinutes === 0 ? stage : `${staleMinutes} min old`;
}

/** The tile in words, behind its name. */
function sentence(tile: TileShown): string {
  const { m1Trend, m5Trend, held, candidate, staleMinutes, stage } = tile;
  return [
    `: M1 ${trendText(m1Trend)}, M5 ${trendText(m5Trend)}`,
    held === null ? null : `held ${held}`,
    candidate === null
      ? null
      : `candidate ${candidate.setup} ${candidate.side}, score ${numberText(candidate.score, 3)}, ${secondText(candidate.closeMs).slice(11, 16)}`,
    staleMinutes === null ? null : `stale, ${staleText(tile)}`,
    stage === "ready" ? null : stage,
  ]
    .filter((part) => part !== null)
    .join(", ");
}
