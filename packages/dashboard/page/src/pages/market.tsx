import { useEffect } from "preact/hooks";
import { useAsked } from "../state/api.ts";
import { numberText, secondText, spanText } from "../state/format.ts";
import {
  choice,
  chosen,
  counts,
  type MarketAnswer,
  type MarketChoice,
  order,
  showMarket,
  SHOWN,
  type Shown,
  SORTS,
  type Sort,
  type SymbolState,
  trendText,
} from "../state/market.ts";
import { symbolLink } from "../state/route.ts";
import { MarketTiles } from "../ui/market-tiles.tsx";
import { Filters, Pick } from "../ui/filters.tsx";
import { Answer, Panel } from "../ui/parts.tsx";
import { type Column, Table } from "../ui/table.tsx";

/** What moves is seen within half a second; the server asks the engine once a second at most. */
const AGAIN_MS = 500;
/** A table is read line by line: it does not move all the time. */
const TABLE_MS = 5_000;
const MINUTES = ["5", "15", "60", "240"] as const;

/** All symbols at once: what moves where, what is old, what is held. */
export function Market() {
  const own = choice.value;
  const isTable = own.view === "table";
  const asked = useAsked<MarketAnswer>("market", {}, isTable ? TABLE_MS : AGAIN_MS);
  const { data } = asked;
  useEffect(() => {
    if (data !== null) showMarket(data, own);
  }, [data, own]);
  const { all, shown, held, stale, up, down } = counts.value;
  return (
    <>
      <h1 class="unseen">Market</h1>
      <Panel
        title="Market"
        aside={
          data === null ? null : (
            <span class="note">
              {numberText(shown, 0)} of {numberText(all, 0)} symbols · {up} up · {down} down · {held} held ·{" "}
              <span class={stale > 0 ? "warn" : ""}>{stale} stale</span>
            </span>
          )
        }
      >
        <Choices own={own} />
        <Answer asked={asked}>
          {(answer) => (isTable ? <MarketTable answer={answer} own={own} /> : <Tiles answer={answer} />)}
        </Answer>
      </Panel>
    </>
  );
}

function Tiles({ answer }: { readonly answer: MarketAnswer }) {
  if (answer.symbols.length === 0) return <p class="empty">No symbol is watched.</p>;
  return (
    <>
      <Legend />
      {order.value.length === 0 ? <p class="empty">No symbol is as you have chosen.</p> : null}
      <MarketTiles />
    </>
  );
}

function Legend() {
  return (
    <p class="note legend">
      <span>Trend of M1, then M5:</span>
      <span class="swatch up2">▲▲ both up</span>
      <span class="swatch up1">▲– one up</span>
      <span class="swatch">▲▼ apart, or none</span>
      <span class="swatch down1">▼– one down</span>
      <span class="swatch down2">▼▼ both down</span>
      <span class="swatch stale">a minute is missing</span>
      <span>● held</span>
      <span>◆ candidate with its score</span>
      <span class="minor">
        <kbd>←↑↓→</kbd> move, <kbd>Enter</kbd> opens, <kbd>/</kbd> finds
      </span>
    </p>
  );
}

function Choices({ own }: { readonly own: MarketChoice }) {
  const choose = (changed: Partial<MarketChoice>): void => {
    choice.value = { ...own, ...changed };
  };
  return (
    <Filters>
      <label>
        Find
        <input
          type="search"
          id="market-find"
          value={own.find}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => choose({ find: event.currentTarget.value.trim() })}
        />
      </label>
      <Pick
        name="Show"
        value={own.shown}
        choices={SHOWN}
        onValue={(shown) => choose({ shown: shown as Shown })}
      />
      <Pick
        name="Candidates of the last minutes"
        value={String(own.minutes)}
        choices={MINUTES}
        onValue={(minutes) => choose({ minutes: Number(minutes) })}
      />
      <Pick
        name="Sort by"
        value={own.sort}
        choices={SORTS}
        onValue={(sort) => choose({ sort: sort as Sort })}
      />
      <Pick
        name="As"
        value={own.view}
        choices={["tiles", "table"]}
        onValue={(view) => choose({ view: view === "table" ? "table" : "tiles" })}
      />
    </Filters>
  );
}

const COLUMNS: readonly Column<SymbolState>[] = [
  {
    name: "Symbol",
    cell: ({ symbol }) => <a href={symbolLink(symbol)}>{symbol}</a>,
    by: ({ symbol }) => symbol,
  },
  { name: "M1", cell: ({ m1Trend }) => trendText(m1Trend), by: ({ m1Trend }) => m1Trend },
  { name: "M5", cell: ({ m5Trend }) => trendText(m5Trend), by: ({ m5Trend }) => m5Trend },
  {
    name: "Last bar",
    isFigure: true,
    cell: ({ ageMs, isStale, isBusy }) => (
      <span class={isStale ? "warn" : ""}>
        {ageMs === null ? (isBusy ? "being written" : "none") : `${spanText(ageMs)} ago`}
      </span>
    ),
    by: ({ ageMs }) => ageMs,
  },
  {
    name: "State",
    cell: ({ stage, isStale }) => (isStale ? `${stage}, STALE` : stage),
    by: ({ stage }) => stage,
  },
  {
    name: "Last candidate (UTC)",
    cell: ({ candidate }) =>
      candidate === null
        ? "–"
        : `${secondText(candidate.closeMs).slice(0, 16)} ${candidate.setup} ${candidate.side}`,
    by: ({ candidate }) => candidate?.closeMs ?? null,
  },
  {
    name: "Score",
    isFigure: true,
    cell: ({ candidate }) => numberText(candidate?.score, 3),
    by: ({ candidate }) => candidate?.score ?? null,
  },
  { name: "Held", cell: ({ held }) => held ?? "–", by: ({ held }) => held },
];

function MarketTable({ answer, own }: { readonly answer: MarketAnswer; readonly own: MarketChoice }) {
  return (
    <>
      <p class="note">as of {secondText(answer.nowMs)} UTC, again every 5 seconds</p>
      <Table
        name="Symbols"
        columns={COLUMNS}
        rows={chosen(answer, own)}
        keyOf={({ symbol }) => symbol}
        empty="No symbol is as you have chosen."
      />
    </>
  );
}
