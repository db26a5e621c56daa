import { Series } from "../charts/series.tsx";
import { rHistogram } from "../charts/r-histogram.ts";
import { useAsked } from "../state/api.ts";
import { moneyText, numberText, secondText, shareText, signedText, toneOf } from "../state/format.ts";
import { route } from "../state/route.ts";
import { Answer, Bars, Empty, Minute, Panel, Problem, Tile, Tiles } from "../ui/parts.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Closed, type TradesAnswer } from "./trades.tsx";
import { useWords } from "../state/words.ts";

const LIST_MS = 10_000;
/** A result does not change once it is written. */
const REPORT_MS = 600_000;

interface Summary {
  readonly scorer: string;
  readonly fidelity: string;
  readonly start: string;
  readonly firstMs: number | null;
  readonly endMs: number | null;
  readonly symbols: number;
  readonly trades: number;
  readonly wins: number;
  readonly net: string;
  readonly meanR: number | null;
  readonly wallet: string;
  readonly drawdownRatioMax: number;
  readonly isHalted: boolean;
  readonly hasEnoughTrades: boolean;
}

interface Result {
  readonly id: string;
  readonly written: string;
  readonly problem: string | null;
  readonly summary: Summary | null;
}

interface ListAnswer {
  readonly folder: string;
  readonly total: number;
  readonly backtests: readonly Result[];
}

interface Group {
  readonly trades: number;
  readonly wins: number;
  readonly gross: string;
  readonly fees: string;
  readonly funding: string;
  readonly net: string;
  readonly meanR: number | null;
}

interface ReportAnswer {
  readonly id: string;
  readonly report: {
    readonly input: {
      readonly scorer: string;
      readonly fidelity: string;
      readonly seed: number | null;
      readonly equity: string;
      readonly scoreMin: number;
      readonly trials: number;
    };
    readonly period: { readonly firstMs: number; readonly endMs: number } | null;
    readonly symbols: number;
    readonly bars: number;
    readonly holes: number;
    readonly candidates: number;
    readonly decisions: Readonly<Record<string, number>>;
    readonly exits: Readonly<Record<string, number>>;
    readonly total: Group;
    readonly bySetup: Readonly<Record<string, Group>>;
    readonly bySymbol: Readonly<Record<string, Group>>;
    readonly byMonth: Readonly<Record<string, Group>>;
    readonly expectancy: {
      readonly interval95: { readonly lower: number; readonly upper: number } | null;
    } | null;
    readonly wallet: string;
    readonly drawdownRatioMax: number;
    readonly isHalted: boolean;
    readonly hasEnoughTrades: boolean;
  };
  readonly curve: {
    readonly closeMs: readonly number[];
    readonly equity: readonly number[];
    readonly drawdownRatio: readonly number[];
  };
}

/** Results of `smcq backtest`: the list, or the one that the address names. */
export function Backtests() {
  const [, id] = route.value;
  return (
    <>
      <h1 class="unseen">Backtests</h1>
      {id === undefined ? <List /> : <One key={id} id={id} />}
    </>
  );
}

const COLUMNS: readonly Column<Result>[] = [
  {
    name: "Backtest",
    cell: ({ id, summary }) =>
      summary === null ? id : <a href={`#/backtests/${encodeURIComponent(id)}`}>{id}</a>,
    by: ({ id }) => id,
  },
  { name: "Written (UTC)", cell: ({ written }) => <Minute iso={written} />, by: ({ written }) => written },
  {
    name: "Net USDT",
    isFigure: true,
    cell: ({ summary }) =>
      summary === null ? (
        "–"
      ) : (
        <span class={toneOf(Number(summary.net))}>{moneyText(summary.net, true)}</span>
      ),
    by: ({ summary }) => (summary === null ? null : Number(summary.net)),
  },
  {
    name: "Trades",
    isFigure: true,
    cell: ({ summary }) => numberText(summary?.trades, 0),
    by: ({ summary }) => summary?.trades ?? null,
  },
  {
    name: "Mean R",
    isFigure: true,
    cell: ({ summary }) => signedText(summary?.meanR),
    by: ({ summary }) => summary?.meanR ?? null,
  },
  {
    name: "Drawdown",
    isFigure: true,
    cell: ({ summary }) => shareText(summary?.drawdownRatioMax),
    by: ({ summary }) => summary?.drawdownRatioMax ?? null,
  },
  { name: "Symbols", isFigure: true, isMinor: true, cell: ({ summary }) => numberText(summary?.symbols, 0) },
  {
    name: "Bars from (UTC)",
    isMinor: true,
    cell: ({ summary }) => secondText(summary?.firstMs).slice(0, 16),
    by: ({ summary }) => summary?.firstMs ?? null,
  },
  { name: "Scorer", isMinor: true, cell: ({ summary }) => summary?.scorer ?? "–" },
  {
    name: "What to know",
    isText: true,
    cell: ({ summary, problem }) => (
      <span class="warn">{problem ?? (summary === null ? "" : doubtOf(summary))}</span>
    ),
  },
];

function doubtOf({ isHalted, hasEnoughTrades }: Pick<Summary, "isHalted" | "hasEnoughTrades">): string {
  return [isHalted ? "it ended halted" : "", hasEnoughTrades ? "" : "too few trades to say anything"]
    .filter((one) => one !== "")
    .join("; ");
}

function List() {
  const asked = useAsked<ListAnswer>("backtests", {}, LIST_MS);
  return (
    <Panel title="Backtests of this data folder, the newest first">
      <Answer asked={asked}>
        {({ folder, total, backtests }) =>
          backtests.length === 0 ? (
            <>
              <Empty>There is no backtest yet. Run one; it shows here when it has ended:</Empty>
              <pre>pnpm smcq backtest --data-dir {folder.replace(/\/backtests$/u, "")}</pre>
              <p class="note">It trades the bars that come with the engine and takes some seconds.</p>
            </>
          ) : (
            <>
              <Table
                name="Backtests"
                columns={COLUMNS}
                rows={backtests}
                keyOf={({ id }) => id}
                empty="There is no backtest."
              />
              <p class="note">
                {backtests.length === total ? `all ${total}` : `the newest ${backtests.length} of ${total}`}{" "}
                in <code>{folder}</code>; <code>smcq backtest</code> without <code>--out</code> writes there
              </p>
            </>
          )
        }
      </Answer>
    </Panel>
  );
}

function One({ id }: { readonly id: string }) {
  const asked = useAsked<ReportAnswer>("backtest", { id }, REPORT_MS);
  const trades = useAsked<TradesAnswer>("backtest-trades", { id }, REPORT_MS);
  const words = useWords();
  return (
    <>
      <p>
        <a href="#/backtests">All backtests</a>
      </p>
      <Panel title={`Backtest ${id}`}>
        <Answer asked={asked}>{(data) => <Sum data={data} />}</Answer>
      </Panel>
      <Panel title="Equity, USDT">
        <Answer asked={asked}>{(data) => <Curve data={data} />}</Answer>
      </Panel>
      <div class="columns">
        <Panel title="By setup and month">
          <Answer asked={asked}>{({ report }) => <Groups report={report} />}</Answer>
        </Panel>
        <Panel title="Results in stop distances (R)">
          <Answer asked={trades}>{(data) => <Results data={data} />}</Answer>
        </Panel>
      </div>
      <div class="columns">
        <Panel title="What became of the signals above the threshold">
          <Answer asked={asked}>
            {({ report }) => <Counts counts={report.decisions} name="Decisions" />}
          </Answer>
        </Panel>
        <Panel title="How trades ended">
          <Answer asked={asked}>{({ report }) => <Counts counts={report.exits} name="Exits" />}</Answer>
        </Panel>
      </div>
      <Panel title="Closed trades, the newest first">
        <Answer asked={trades}>
          {(data) => <Closed data={data} reasons={words.data?.reasons ?? {}} isExplained={false} />}
        </Answer>
      </Panel>
    </>
  );
}

function Sum({ data: { report } }: { readonly data: ReportAnswer }) {
  const { total, input, period, expectancy, wallet } = report;
  const span =
    period === null
      ? "no bars"
      : `${secondText(period.firstMs).slice(0, 16)} to ${secondText(period.endMs).slice(0, 16)} UTC`;
  const interval = expectancy?.interval95 ?? null;
  const bounds =
    interval === null
      ? "no interval: too few days"
      : `95 % ${signedText(interval.lower)} to ${signedText(interval.upper)}`;
  const doubt = doubtOf(report);
  return (
    <>
      <Tiles>
        <Tile
          name="Net, USDT"
          value={moneyText(total.net, true)}
          tone={toneOf(Number(total.net))}
          note={`fees ${moneyText(total.fees)}, funding ${moneyText(total.funding)} in it`}
        />
        <Tile name="Wallet, USDT" value={moneyText(wallet)} note={`from ${moneyText(input.equity)}`} />
        <Tile
          name="Trades"
          value={numberText(total.trades, 0)}
          note={`${total.wins} won (${shareText(total.trades === 0 ? null : total.wins / total.trades, 0)})`}
        />
        <Tile name="Mean R" value={signedText(total.meanR)} tone={toneOf(total.meanR)} note={bounds} />
        <Tile name="Deepest drawdown" value={shareText(report.drawdownRatioMax)} />
        <Tile
          name="Bars"
          value={numberText(report.bars, 0)}
          note={`${report.symbols} symbols, ${numberText(report.holes, 0)} bars missing`}
        />
        <Tile
          name="Scorer"
          value={input.scorer}
          note={`fidelity ${input.fidelity}${input.seed === null ? "" : `, seed ${input.seed}`}; variant of ${input.trials} tried`}
        />
      </Tiles>
      <p class="note">
        {span}; {numberText(report.candidates, 0)} candidates, threshold {numberText(input.scoreMin, 2)}. A
        backtest is no promise: it knows its own past.
      </p>
      {doubt === "" ? null : <Problem text={`Mind: ${doubt}.`} />}
    </>
  );
}

function Curve({ data: { curve } }: { readonly data: ReportAnswer }) {
  if (curve.closeMs.length < 2) return <Empty>The equity was written down fewer than two times.</Empty>;
  return (
    <>
      <Series
        name="Equity"
        timesMs={curve.closeMs}
        values={curve.equity}
        height={220}
        spanMin={1}
        text={(value) => numberText(value, 0)}
      />
      <Series
        name="Drawdown"
        timesMs={curve.closeMs}
        values={curve.drawdownRatio}
        height={110}
        isFilled
        spanMin={0.001}
        text={(value) => shareText(value, 1)}
      />
    </>
  );
}

interface NamedGroup {
  readonly name: string;
  readonly group: Group;
}

const GROUP_COLUMNS: readonly Column<NamedGroup>[] = [
  { name: "Group", cell: ({ name }) => name, by: ({ name }) => name },
  {
    name: "Trades",
    isFigure: true,
    cell: ({ group: { trades } }) => numberText(trades, 0),
    by: ({ group: { trades } }) => trades,
  },
  { name: "Won", isFigure: true, cell: ({ group: { wins, trades } }) => shareText(wins / trades, 0) },
  {
    name: "Net USDT",
    isFigure: true,
    cell: ({ group: { net } }) => <span class={toneOf(Number(net))}>{moneyText(net, true)}</span>,
    by: ({ group: { net } }) => Number(net),
  },
  {
    name: "Mean R",
    isFigure: true,
    cell: ({ group: { meanR } }) => signedText(meanR),
    by: ({ group: { meanR } }) => meanR,
  },
];

function Groups({ report: { bySetup, byMonth } }: Pick<ReportAnswer, "report">) {
  const rows = [...Object.entries(bySetup), ...Object.entries(byMonth)].map(([name, group]) => ({
    name,
    group,
  }));
  return (
    <Table
      name="Results by setup and month"
      columns={GROUP_COLUMNS}
      rows={rows}
      keyOf={({ name }) => name}
      empty="No trade was closed."
    />
  );
}

function Results({ data: { trades, total } }: { readonly data: TradesAnswer }) {
  const known = trades.flatMap(({ r }) => (r === null ? [] : [r]));
  if (known.length === 0) return <Empty>No trade with a result in stop distances.</Empty>;
  return (
    <>
      <Bars name="Trades by R" bars={rHistogram(known)} />
      <p class="note">
        {trades.length === total ? `all ${total} trades` : `the last ${trades.length} of ${total} trades`}
      </p>
    </>
  );
}

interface CountsProps {
  readonly counts: Readonly<Record<string, number>>;
  readonly name: string;
}

function Counts({ counts, name }: CountsProps) {
  const bars = Object.entries(counts).map(([label, count]) => ({ label, count }));
  return bars.length === 0 ? <Empty>None.</Empty> : <Bars name={name} bars={bars} />;
}
