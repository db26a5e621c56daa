import type { ComponentChildren } from "preact";
import { minuteText, numberText, secondText } from "../state/format.ts";
import { explainLink } from "../state/route.ts";
import {
  type BarRow,
  type Break,
  type Decision,
  decimalsOf,
  type Fill,
  minutesPerBar,
  type Pool,
  type SymbolAnswer,
  type Zone,
} from "../state/symbol.ts";
import { useWords, type Words } from "../state/words.ts";
import { Panel } from "./parts.tsx";
import { type Column, Table } from "./table.tsx";

/** Bars of the chart that the table has. */
const BARS_SHOWN = 60;

interface SymbolTablesProps {
  readonly data: SymbolAnswer;
  readonly decisions: readonly Decision[];
}

/** Everything that the chart shows, to be read and heard. */
export function SymbolTables({ data, decisions }: SymbolTablesProps) {
  const { bars, m5Bars, structures } = data;
  const own = minutesPerBar.value === 5 ? m5Bars : bars;
  const decimals = decimalsOf(bars);
  const price = (value: number): string => numberText(value, decimals);
  const { zones, pools, breaks } = structures;
  return (
    <Panel title="The chart in tables">
      <Part title={`Last ${Math.min(BARS_SHOWN, own.length)} of ${own.length} bars`}>
        <Table
          name="Last bars"
          columns={barColumns(price)}
          rows={own.slice(-BARS_SHOWN).toReversed()}
          keyOf={([openMs]) => String(openMs)}
          empty="No bar has closed yet."
        />
      </Part>
      <Part title={`Gaps and blocks (${zones.length})`}>
        <Table
          name="Gaps and blocks"
          columns={zoneColumns(price)}
          rows={zones}
          keyOf={(zone) => `${zones.indexOf(zone)} ${zone.kind} ${zone.fromMs}`}
          empty="There is no gap and no block."
        />
      </Part>
      <Part title={`Liquidity pools (${pools.length})`}>
        <Table
          name="Liquidity pools"
          columns={poolColumns(price)}
          rows={pools}
          keyOf={({ side, fromMs }) => `${side} ${fromMs}`}
          empty="There is no pool."
        />
      </Part>
      <Part title={`Breaks of structure (${breaks.length})`}>
        <Table
          name="Breaks of structure"
          columns={breakColumns(price)}
          rows={breaks.toReversed()}
          keyOf={({ atMs, dir }) => `${atMs} ${dir}`}
          empty="No structure was broken in these bars."
        />
      </Part>
      <Done data={data} decisions={decisions} />
    </Panel>
  );
}

/** What the engine did about it. */
function Done({ data: { symbol, fills }, decisions }: SymbolTablesProps) {
  const outcomes = useWords().data?.outcomes ?? {};
  return (
    <>
      <Part title={`Signals above the threshold (${decisions.length})`} isOpen={true}>
        <Table
          name="Signals"
          columns={decisionColumns(symbol, outcomes)}
          rows={decisions.toReversed()}
          keyOf={({ time, setup, side }) => `${time} ${setup} ${side}`}
          empty="No signal of this symbol was above the threshold in this run."
        />
      </Part>
      <Part title={`Fills (${fills.length})`}>
        <Table
          name="Fills"
          columns={FILL_COLUMNS}
          rows={fills.toReversed()}
          keyOf={(fill) => `${fills.indexOf(fill)} ${fill.timeMs}`}
          empty="Nothing was filled in the time of these bars."
        />
      </Part>
    </>
  );
}

interface PartProps {
  readonly title: string;
  readonly isOpen?: boolean;
  readonly children: ComponentChildren;
}

function Part({ title, isOpen = false, children }: PartProps) {
  return (
    <details open={isOpen}>
      <summary>{title}</summary>
      {children}
    </details>
  );
}

type Price = (value: number) => string;

function Moment({ ms }: { readonly ms: number }) {
  return <>{secondText(ms).slice(5, 16)}</>;
}

function barColumns(price: Price): readonly Column<BarRow>[] {
  const names = ["Open", "High", "Low", "Close"];
  return [
    { name: "Opened (UTC)", cell: ([openMs]) => <Moment ms={openMs} />, by: ([openMs]) => openMs },
    ...names.map((name, at): Column<BarRow> => ({
      name,
      isFigure: true,
      cell: (bar) => price(bar[at + 1] ?? Number.NaN),
      by: (bar) => bar[at + 1] ?? null,
    })),
    {
      name: "Volume",
      isFigure: true,
      isMinor: true,
      cell: ([, , , , , volume]) => numberText(volume, 0),
      by: ([, , , , , volume]) => volume,
    },
  ];
}

function zoneColumns(price: Price): readonly Column<Zone>[] {
  return [
    { name: "What", cell: ({ kind }) => kind, by: ({ kind }) => kind },
    { name: "Side", cell: ({ dir }) => (dir > 0 ? "long" : "short"), by: ({ dir }) => dir },
    { name: "Bottom", isFigure: true, cell: ({ bottom }) => price(bottom), by: ({ bottom }) => bottom },
    { name: "Top", isFigure: true, cell: ({ top }) => price(top), by: ({ top }) => top },
    { name: "State", cell: ({ state }) => state, by: ({ state }) => state },
    { name: "Since (UTC)", cell: ({ fromMs }) => <Moment ms={fromMs} />, by: ({ fromMs }) => fromMs },
  ];
}

function poolColumns(price: Price): readonly Column<Pool>[] {
  return [
    {
      name: "Liquidity",
      cell: ({ side }) => (side > 0 ? "above a swing high" : "below a swing low"),
      by: ({ side }) => side,
    },
    { name: "Level", isFigure: true, cell: ({ level }) => price(level), by: ({ level }) => level },
    { name: "Swing points", isFigure: true, cell: ({ count }) => count, by: ({ count }) => count },
    { name: "Since (UTC)", cell: ({ fromMs }) => <Moment ms={fromMs} />, by: ({ fromMs }) => fromMs },
  ];
}

function breakColumns(price: Price): readonly Column<Break>[] {
  return [
    { name: "Bar (UTC)", cell: ({ atMs }) => <Moment ms={atMs} />, by: ({ atMs }) => atMs },
    { name: "What", cell: ({ kind }) => (kind === "bos" ? "BOS" : "CHoCH"), by: ({ kind }) => kind },
    { name: "Side", cell: ({ dir }) => (dir > 0 ? "up" : "down"), by: ({ dir }) => dir },
    { name: "Level", isFigure: true, cell: ({ level }) => price(level), by: ({ level }) => level },
    { name: "Swing of (UTC)", cell: ({ fromMs }) => <Moment ms={fromMs} />, by: ({ fromMs }) => fromMs },
  ];
}

function decisionColumns(symbol: string, outcomes: Words["outcomes"]): readonly Column<Decision>[] {
  return [
    { name: "Decided (UTC)", cell: ({ time }) => minuteText(time).slice(5), by: ({ time }) => time },
    { name: "Signal", cell: ({ setup, side }) => `${setup} ${side > 0 ? "long" : "short"}` },
    { name: "Score", isFigure: true, cell: ({ score }) => numberText(score, 3), by: ({ score }) => score },
    {
      name: "Outcome",
      cell: ({ outcome }) => <span class={`chip ${outcome === "APPROVED" ? "good" : ""}`}>{outcome}</span>,
      by: ({ outcome }) => outcome,
    },
    {
      name: "Why",
      isText: true,
      cell: ({ outcome, unknown }) =>
        `${outcomes[outcome] ?? ""}${unknown === null ? "" : ` What was missing: ${unknown}.`}`,
    },
    {
      name: "Gates",
      cell: ({ time }) => (
        <a href={explainLink(symbol, time)} aria-label={`Explain ${symbol} ${minuteText(time)}`}>
          explain
        </a>
      ),
    },
  ];
}

const FILL_COLUMNS: readonly Column<Fill>[] = [
  { name: "Time (UTC)", cell: ({ timeMs }) => secondText(timeMs).slice(5), by: ({ timeMs }) => timeMs },
  { name: "Side", cell: ({ side }) => side, by: ({ side }) => side },
  { name: "Price", isFigure: true, cell: ({ price }) => price },
  { name: "Quantity", isFigure: true, cell: ({ qty }) => qty },
];
