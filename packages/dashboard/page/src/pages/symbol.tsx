import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { Candles } from "../charts/candles.tsx";
import { chartData } from "../charts/chart-data.ts";
import { type Asked, useAsked } from "../state/api.ts";
import { numberText, secondText, spanText } from "../state/format.ts";
import { stale } from "../state/live.ts";
import { trendMark, trendText } from "../state/market.ts";
import { explainLink, route, symbolLink } from "../state/route.ts";
import {
  type Decision,
  type Layer,
  LAYERS,
  layers,
  MINUTE_MS,
  minutesPerBar,
  type SymbolAnswer,
} from "../state/symbol.ts";
import { Field, Filters } from "../ui/filters.tsx";
import { Answer, Loading, Panel, Problem } from "../ui/parts.tsx";
import { HeldPanel } from "../ui/held-panel.tsx";
import { SymbolTables } from "../ui/symbol-tables.tsx";
import { type ExplainAnswer, Explained } from "./explain.tsx";

const AGAIN_MS = 2_000;
const DECISIONS_MS = 5_000;

export interface DecisionsAnswer {
  readonly decisions: readonly Decision[];
}

/** The bar that somebody asked about; it is of the symbol that is shown. */
const picked = signal<{ readonly symbol: string; readonly barMs: number } | null>(null);

/** One symbol: its candles, what the engine sees in them, and why a minute went as it went. */
export function SymbolPage() {
  const [, symbol = ""] = route.value;
  return (
    <>
      <Filters>
        <Field
          name="Symbol"
          value={symbol}
          onValue={(typed) => {
            if (typed !== "") location.hash = symbolLink(typed.toUpperCase());
          }}
        />
        <a href="#/market">all symbols</a>
      </Filters>
      {symbol === "" ? (
        <p class="empty">Name a symbol, or choose one of the market.</p>
      ) : (
        <Shown key={symbol} symbol={symbol} />
      )}
    </>
  );
}

function Shown({ symbol }: { readonly symbol: string }) {
  const asked = useAsked<SymbolAnswer>("symbol", { symbol }, AGAIN_MS);
  const decisions = useAsked<DecisionsAnswer>("decisions", { symbol, limit: "500" }, DECISIONS_MS);
  const { data, problem } = asked;
  if (data === null)
    return (
      <>
        <h1>{symbol}</h1>
        {problem === null ? (
          <Panel title="Candles">
            <Loading />
          </Panel>
        ) : (
          <Panel title="Nothing to show">
            <Problem text={problem} />
            <p class="note">
              <a href="#/market">The symbols of this run</a>
            </p>
          </Panel>
        )}
      </>
    );
  return <Loaded data={data} asked={asked} decisions={decisions} />;
}

interface LoadedProps {
  readonly data: SymbolAnswer;
  readonly asked: Asked<SymbolAnswer>;
  readonly decisions: Asked<DecisionsAnswer>;
}

function Loaded({ data, asked, decisions }: LoadedProps) {
  const { symbol, bars, position } = data;
  const own = picked.value?.symbol === symbol ? picked.value.barMs : null;
  return (
    <>
      <Headline data={data} />
      <div class={`symbol-view ${own === null ? "" : "with-aside"}`}>
        <Panel title="Candles" aside={<BarChoice />}>
          <Answer asked={asked}>
            {() =>
              bars.length === 0 ? (
                <p class="empty">No bar of this symbol has closed in this run yet: it is still warming up.</p>
              ) : (
                <Chart data={data} decisions={decisions.data?.decisions ?? []} pickedMs={own} />
              )
            }
          </Answer>
          {decisions.problem === null ? null : <Problem text={`Signals: ${decisions.problem}`} />}
          {data.fillsProblem === null ? null : <Problem text={`Fills: ${data.fillsProblem}`} />}
        </Panel>
        {own === null ? null : <Minute symbol={symbol} barMs={own} />}
      </div>
      {position === null ? null : <HeldPanel position={position} />}
      <SymbolTables data={data} decisions={decisions.data?.decisions ?? []} />
    </>
  );
}

function Headline({ data }: { readonly data: SymbolAnswer }) {
  const { symbol, stage, isStale, ageMs, m1Trend, m5Trend, held, candidate } = data;
  const age = ageMs === null ? "no bar yet" : `last bar closed ${spanText(ageMs)} ago`;
  const isOld = isStale || stale.value !== null;
  return (
    <>
      <div class="headline">
        <h1>{symbol}</h1>
        <span class={`chip ${toneOf(m1Trend)}`}>
          M1 {trendMark(m1Trend)} {trendText(m1Trend)}
        </span>
        <span class={`chip ${toneOf(m5Trend)}`}>
          M5 {trendMark(m5Trend)} {trendText(m5Trend)}
        </span>
        <span class={`chip ${stage === "ready" ? "" : "warn"}`}>{stage}</span>
        {held === null ? null : <span class="chip good">held {held}</span>}
        <span class={`note ${isOld ? "warn" : ""}`}>{age}</span>
        {candidate === null ? null : (
          <span class="note">
            last candidate {candidate.setup} {candidate.side} {numberText(candidate.score, 3)},{" "}
            <a href={explainLink(symbol, new Date(candidate.closeMs).toISOString())}>
              {secondText(candidate.closeMs).slice(11, 16)} UTC
            </a>
          </span>
        )}
      </div>
      {isStale ? (
        <p class="problem" role="alert">
          {ageMs === null
            ? "The engine has no bar of this symbol."
            : `This is ${spanText(ageMs)} old: the minutes since are missing, and nothing of this symbol is entered.`}
        </p>
      ) : null}
    </>
  );
}

function toneOf(trend: number | null): string {
  return trend === null || trend === 0 ? "" : trend > 0 ? "good" : "bad";
}

function BarChoice() {
  return (
    <div class="choices" role="group" aria-label="Minutes of a bar">
      {([1, 5] as const).map((minutes) => (
        <button
          key={minutes}
          type="button"
          aria-pressed={minutesPerBar.value === minutes}
          onClick={() => (minutesPerBar.value = minutes)}
        >
          M{minutes}
        </button>
      ))}
    </div>
  );
}

interface ChartProps {
  readonly data: SymbolAnswer;
  readonly decisions: readonly Decision[];
  readonly pickedMs: number | null;
}

function Chart({ data, decisions, pickedMs }: ChartProps) {
  const minutes = minutesPerBar.value;
  const chosen = layers.value;
  const shown = useMemo(
    () => chartData(data, decisions, { minutes, layers: chosen, pickedMs }),
    [data, decisions, minutes, chosen, pickedMs],
  );
  const { symbol, structures } = data;
  const last = shown.bars.at(-1);
  const label = `Candles of ${symbol}, ${shown.bars.length} bars of ${minutes} min, last close ${last?.[4] ?? "none"}; arrows choose a bar, which is explained; the tables below have the same figures`;
  return (
    <>
      <div class="choices" role="group" aria-label="What is drawn">
        {LAYERS.map((layer) => (
          <label key={layer}>
            <input type="checkbox" checked={chosen.has(layer)} onChange={() => toggle(layer)} />
            {layer}
          </label>
        ))}
      </div>
      <Candles label={label} data={shown} onPick={pick} />
      <p class="note">
        {structures.source === "engine"
          ? `Gaps, blocks and pools are the engine's own, as of its bar of ${timeText(structures.afterMs)}; `
          : "Gaps, blocks and pools are computed from these bars alone; "}
        breaks are computed by its detector since {timeText(structures.breaksSinceMs)} UTC. A dashed box is a
        breaker. Press a bar to see why its minute went as it did.
      </p>
      <p class="note">
        Chart:{" "}
        <a href="https://www.tradingview.com/" rel="noopener noreferrer" target="_blank">
          TradingView Lightweight Charts™
        </a>
        , Copyright © 2023 TradingView, Inc.
      </p>
    </>
  );
}

function toggle(layer: Layer): void {
  const next = new Set(layers.value);
  if (!next.delete(layer)) next.add(layer);
  layers.value = next;
}

function pick(barMs: number): void {
  const [, symbol = ""] = route.value;
  picked.value = { symbol, barMs };
}

function timeText(ms: number | null): string {
  return ms === null ? "–" : secondText(ms).slice(0, 16);
}

/** Why a minute went as it went, beside the chart. */
function Minute({ symbol, barMs }: { readonly symbol: string; readonly barMs: number }) {
  const closeMs = barMs + minutesPerBar.value * MINUTE_MS;
  const time = `${new Date(closeMs).toISOString().slice(0, 16)}Z`;
  const asked = useAsked<ExplainAnswer>("explain", { symbol, time }, 10_000);
  return (
    <aside aria-label={`Minute ${time}`}>
      <Panel
        title={`Decided at ${secondText(closeMs).slice(0, 16)} UTC`}
        aside={
          <span class="choices">
            <a href={explainLink(symbol, time)}>by itself</a>
            <button type="button" class="quiet" onClick={() => (picked.value = null)}>
              Put away
            </button>
          </span>
        }
      >
        <p class="note" role="status">
          The bar that opened at {secondText(barMs).slice(11, 16)}; decided on at its close.
        </p>
      </Panel>
      <Answer asked={asked}>{(data) => <Explained data={data} />}</Answer>
    </aside>
  );
}
