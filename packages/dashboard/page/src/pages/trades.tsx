import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { save, useAsked } from "../state/api.ts";
import {
  minuteText,
  moneyText,
  numberText,
  priceText,
  shareText,
  signedText,
  toneOf,
} from "../state/format.ts";
import { explainLink } from "../state/route.ts";
import { Field, Filters, Pick } from "../ui/filters.tsx";
import { Answer, Bars, Empty, Minute, Panel, Problem, SymbolLink, Tile, Tiles } from "../ui/parts.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { rHistogram } from "../charts/r-histogram.ts";
import { useWords, type Words } from "../state/words.ts";

const AGAIN_MS = 5_000;

interface Trade {
  readonly run: string;
  readonly trade: number;
  readonly symbol: string;
  readonly side: number;
  readonly setup: string;
  readonly signal_time: string;
  readonly exit_time: string;
  readonly entry_price: string | null;
  readonly exit_price: string | null;
  readonly qty: string;
  readonly reason: string;
  readonly fees: string;
  readonly pnl: string;
  readonly r: number | null;
}

export interface TradesAnswer {
  readonly total: number;
  readonly shown: number;
  readonly trades: readonly Trade[];
}

interface Group {
  readonly group: string;
  readonly trades: number;
  readonly won: number;
  readonly gross: string;
  readonly fees: string;
  readonly funding: string;
  readonly net: string;
  readonly mean_r: number | null;
  readonly lower95_r: number | null;
  readonly upper95_r: number | null;
  readonly enough_trades: boolean;
}

interface PnlAnswer {
  readonly tradesMin: number;
  readonly groups: readonly Group[];
  readonly total: Group;
  readonly accounts: readonly {
    readonly difference: string;
    readonly isWhole: boolean;
    readonly end: string;
  }[];
}

const GROUPINGS = ["day", "symbol", "setup", "hour", "reason"] as const;
const filters = signal({ symbol: "", reason: "", limit: "200" });
const grouping = signal<string>("day");

/** What was closed, what it brought, and of what. */
export function Trades() {
  const own = filters.value;
  const words = useWords();
  const trades = useAsked<TradesAnswer>("trades", own, AGAIN_MS);
  const pnl = useAsked<PnlAnswer>("pnl", { by: grouping.value }, AGAIN_MS);
  const reasons = words.data?.reasons ?? {};
  return (
    <>
      <h1 class="unseen">Trades</h1>
      <Panel title="Earned in this run, net of everything">
        <Answer asked={pnl}>{(data) => <Earned data={data} />}</Answer>
      </Panel>
      <div class="columns">
        <Panel
          title="By what"
          aside={
            <Pick
              name="Group by"
              value={grouping.value}
              choices={GROUPINGS}
              onValue={(by) => (grouping.value = by)}
            />
          }
        >
          <Answer asked={pnl}>{({ groups }) => <Groups groups={groups} />}</Answer>
        </Panel>
        <Panel title="Results in stop distances (R)">
          <Answer asked={trades}>{(data) => <Histogram data={data} />}</Answer>
        </Panel>
      </div>
      <Panel title="Closed trades, the newest first" aside={<SaveButton />}>
        <Filters>
          <Field
            name="Symbol"
            value={own.symbol}
            onValue={(symbol) => (filters.value = { ...own, symbol })}
          />
          <Pick
            name="Reason"
            value={own.reason}
            choices={["", ...Object.keys(reasons)]}
            onValue={(reason) => (filters.value = { ...own, reason })}
          />
          <Pick
            name="Rows"
            value={own.limit}
            choices={["50", "200", "1000"]}
            onValue={(limit) => (filters.value = { ...own, limit })}
          />
        </Filters>
        <Answer asked={trades}>{(data) => <Closed data={data} reasons={reasons} />}</Answer>
      </Panel>
    </>
  );
}

/** All trades of the filter, as `smcq trades --csv` prints them. */
function SaveButton() {
  const [problem, setProblem] = useState<string | null>(null);
  const { symbol, reason } = filters.value;
  const saveAll = async (): Promise<void> => {
    try {
      await save("trades", { symbol, reason, limit: "100000" });
      setProblem(null);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      {problem === null ? null : <Problem text={problem} />}
      <button type="button" onClick={() => void saveAll()}>
        Save as CSV
      </button>
    </>
  );
}

function Earned({ data: { total, tradesMin, accounts } }: { readonly data: PnlAnswer }) {
  const isWhole = accounts.every((account) => account.isWhole);
  const { trades, won, net, fees, funding, mean_r: meanR, lower95_r: lower, upper95_r: upper } = total;
  const range =
    lower === null ? "no interval: too few days" : `95 % ${signedText(lower)} to ${signedText(upper)}`;
  return (
    <Tiles>
      <Tile
        name="Net, USDT"
        value={moneyText(net, true)}
        tone={toneOf(Number(net))}
        note={`fees ${moneyText(fees)}, funding ${moneyText(funding)} in it`}
      />
      <Tile
        name="Trades"
        value={numberText(trades, 0)}
        note={`${won} won (${shareText(trades === 0 ? null : won / trades, 0)})`}
      />
      <Tile
        name="Mean R"
        value={signedText(meanR)}
        tone={toneOf(meanR)}
        note={total.enough_trades ? range : `fewer than ${tradesMin} trades say nothing`}
      />
      <Tile
        name="Books"
        value={isWhole ? "add up" : "DO NOT ADD UP"}
        tone={isWhole ? "good" : "bad"}
        note={isWhole ? "to the last 1e-8 with the engine’s wallet" : "smcq pnl says where"}
      />
    </Tiles>
  );
}

const GROUP_COLUMNS: readonly Column<Group>[] = [
  { name: "Group", cell: ({ group }) => group, by: ({ group }) => group },
  { name: "Trades", isFigure: true, cell: ({ trades }) => numberText(trades, 0), by: ({ trades }) => trades },
  {
    name: "Won",
    isFigure: true,
    cell: ({ won, trades }) => shareText(won / trades, 0),
    by: ({ won, trades }) => won / trades,
  },
  {
    name: "Net USDT",
    isFigure: true,
    cell: ({ net }) => <span class={toneOf(Number(net))}>{moneyText(net, true)}</span>,
    by: ({ net }) => Number(net),
  },
  { name: "Fees", isFigure: true, cell: ({ fees }) => moneyText(fees), by: ({ fees }) => Number(fees) },
  { name: "Mean R", isFigure: true, cell: ({ mean_r: r }) => signedText(r), by: ({ mean_r: r }) => r },
];

function Groups({ groups }: { readonly groups: readonly Group[] }) {
  return (
    <Table
      name="Results by group"
      columns={GROUP_COLUMNS}
      rows={groups}
      keyOf={({ group }) => group}
      empty="No trade has been closed yet."
    />
  );
}

function Histogram({ data: { trades, total } }: { readonly data: TradesAnswer }) {
  const known = trades.flatMap(({ r }) => (r === null ? [] : [r]));
  if (known.length === 0) return <Empty>No trade with a result in stop distances yet.</Empty>;
  return (
    <>
      <Bars name="Trades by R" bars={rHistogram(known)} />
      <p class="note">
        {trades.length === total ? `all ${total} trades` : `the last ${trades.length} of ${total} trades`} of
        the list below; {trades.length - known.length} without an R
      </p>
    </>
  );
}

const EXPLAINED: Column<Trade> = {
  name: "How",
  cell: ({ symbol, signal_time: time }) => (
    <a href={explainLink(symbol, time)} aria-label={`Explain ${symbol} ${minuteText(time)}`}>
      explain
    </a>
  ),
};

interface ClosedProps {
  readonly data: TradesAnswer;
  readonly reasons: Words["reasons"];
  /** The ledger knows how it came to each of them. */
  readonly isExplained?: boolean;
}

/** A table of closed trades, of a run or of a backtest. */
export function Closed({ data: { trades, shown, total }, reasons, isExplained = true }: ClosedProps) {
  const columns: readonly Column<Trade>[] = [
    {
      name: "Decided (UTC)",
      cell: ({ signal_time: time }) => <Minute iso={time} />,
      by: ({ signal_time: time }) => time,
    },
    { name: "Symbol", cell: ({ symbol }) => <SymbolLink symbol={symbol} />, by: ({ symbol }) => symbol },
    {
      name: "Net USDT",
      isFigure: true,
      cell: ({ pnl }) => <span class={toneOf(Number(pnl))}>{moneyText(pnl, true)}</span>,
      by: ({ pnl }) => Number(pnl),
    },
    { name: "R", isFigure: true, cell: ({ r }) => signedText(r), by: ({ r }) => r },
    { name: "Trade", cell: ({ setup, side }) => `${setup} ${side > 0 ? "long" : "short"}` },
    {
      name: "Reason",
      cell: ({ reason }) => <abbr title={reasons[reason] ?? ""}>{reason}</abbr>,
      by: ({ reason }) => reason,
    },
    {
      name: "Out (UTC)",
      cell: ({ exit_time: time }) => <Minute iso={time} />,
      by: ({ exit_time: time }) => time,
    },
    { name: "Fees", isFigure: true, isMinor: true, cell: ({ fees }) => moneyText(fees) },
    { name: "Qty", isFigure: true, isMinor: true, cell: ({ qty }) => qty },
    { name: "Entry", isFigure: true, isMinor: true, cell: (one) => priceText(one.entry_price) },
    { name: "Exit", isFigure: true, isMinor: true, cell: (one) => priceText(one.exit_price) },
    ...(isExplained ? [EXPLAINED] : []),
  ];
  return (
    <>
      <p class="note">{shown === total ? `all ${total}` : `the last ${shown} of ${total}`} trades</p>
      <Table
        name="Closed trades"
        columns={columns}
        rows={trades.toReversed()}
        keyOf={({ run, trade }) => `${run} ${trade}`}
        empty="No trade has been closed yet."
      />
    </>
  );
}
