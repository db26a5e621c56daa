import type { AccountShown, IncidentShown, PositionShown } from "../../../src/contract.ts";
import { Series } from "../charts/series.tsx";
import { useAsked } from "../state/api.ts";
import {
  detailText,
  moneyText,
  numberText,
  priceText,
  secondText,
  shareText,
  signedText,
  spanText,
  toneOf,
} from "../state/format.ts";
import { live } from "../state/live.ts";
import { askFor, ControlButtons } from "../ui/control.tsx";
import { Answer, Empty, Loading, Meter, Minute, Panel, SymbolLink, Tile, Tiles } from "../ui/parts.tsx";
import { type Column, Table } from "../ui/table.tsx";

/** Curves move once a minute. */
const CURVE_MS = 15_000;

interface EquityAnswer {
  readonly closeMs: readonly number[];
  readonly equity: readonly number[];
  readonly drawdownRatio: readonly number[];
  readonly drawdownRatioMax: number;
}

/** What is held, why, and whether it is healthy. */
export function Overview() {
  const state = live.value;
  const curve = useAsked<EquityAnswer>("equity", {}, CURVE_MS);
  return (
    <>
      <h1 class="unseen">Overview</h1>
      {state === null ? <Loading /> : <AccountPanel account={state.status.account} />}
      <Panel title="Open positions, the worst first">
        {state === null ? <Loading /> : <Positions positions={Object.values(state.positions)} />}
      </Panel>
      <div class="columns">
        <Panel title="Equity, USDT">
          <Answer asked={curve}>{(data) => <Curve data={data} />}</Answer>
        </Panel>
        <Panel title="Drawdown from the highest equity of the run">
          <Answer asked={curve}>{(data) => <Drawdown data={data} />}</Answer>
        </Panel>
      </div>
      <Panel title="Last incidents">
        {state === null ? <Loading /> : <Incidents incidents={state.incidents.last ?? []} />}
      </Panel>
    </>
  );
}

function AccountPanel({ account }: { readonly account: AccountShown | null | undefined }) {
  if (account === undefined) return <Empty>The engine has not told anything yet.</Empty>;
  if (account === null) return <Empty>Nobody trades in this run: there is no account to show.</Empty>;
  const dayPnl = Number(account.dayPnl);
  const { state, stateSinceMs, positions, heatRatio, heatRatioMax } = account;
  const since = stateSinceMs === null ? "since the start" : `since ${secondText(stateSinceMs)} UTC`;
  return (
    <Panel title="Account" aside={<ControlButtons />}>
      <Tiles>
        <Tile name="State" value={state} note={since} tone={state === "ACTIVE" ? "good" : "bad"} />
        <Tile
          name="Equity, USDT"
          value={moneyText(account.equity)}
          note={`wallet ${moneyText(account.wallet)}`}
        />
        <Tile
          name="Today, USDT, net of costs"
          value={signedText(dayPnl)}
          tone={toneOf(dayPnl)}
          note="as of the last closed minute, UTC day"
        />
        <Tile
          name="Positions"
          value={numberText(positions, 0)}
          note={`${account.pendingEntries} entries on their way`}
        />
        <Tile
          name="Orders at work"
          value={numberText(account.openOrders, 0)}
          tone={account.unknownOrders > 0 ? "bad" : ""}
          note={`${account.unknownOrders} of unknown outcome`}
        />
      </Tiles>
      <Meter
        name="Heat: lost if every stop is hit"
        value={heatRatio ?? heatRatioMax}
        max={heatRatioMax}
        text={
          heatRatio === null
            ? "no equity is left"
            : `${shareText(heatRatio)} of at most ${shareText(heatRatioMax)}`
        }
      />
      <Reasons account={account} />
    </Panel>
  );
}

/** Why nothing is entered, every reason of it. */
function Reasons({ account: { reasons, isHaltFile } }: { readonly account: AccountShown }) {
  if (reasons.length === 0 && !isHaltFile) return null;
  return (
    <ul class="reasons" aria-label="Why nothing is entered">
      {reasons.map(({ reason, sinceMs }) => (
        <li key={reason}>
          <strong>{reason}</strong> since {secondText(sinceMs)} UTC
        </li>
      ))}
      {isHaltFile ? (
        <li>
          The file <code>HALT</code> stands in the data folder: nobody resumes before it is gone.
        </li>
      ) : null}
    </ul>
  );
}

const POSITION_COLUMNS: readonly Column<PositionShown>[] = [
  { name: "Symbol", cell: ({ symbol }) => <SymbolLink symbol={symbol} />, by: ({ symbol }) => symbol },
  { name: "Side", cell: ({ side }) => side, by: ({ side }) => side },
  {
    name: "R",
    isFigure: true,
    cell: ({ r }) => <span class={toneOf(r)}>{signedText(r)}</span>,
    by: ({ r }) => r,
  },
  {
    name: "Guard",
    cell: ({ guard, exitReason }) => (
      <span class={`chip ${guard === "guarded" ? "good" : guard === "naked" ? "bad" : "warn"}`}>
        {exitReason === null ? guard : `leaving: ${exitReason}`}
      </span>
    ),
    by: ({ guard }) => guard,
  },
  { name: "Qty", isFigure: true, cell: ({ qty }) => qty },
  { name: "Entry", isFigure: true, cell: ({ entry }) => priceText(entry) },
  { name: "Mark", isFigure: true, cell: ({ mark }) => priceText(mark) },
  {
    name: "Stop",
    isFigure: true,
    cell: ({ stop, isStopConfirmed }) => (
      <>
        {priceText(stop)}
        {isStopConfirmed ? null : <abbr title="the venue has not confirmed a stop for all of it"> ?</abbr>}
      </>
    ),
  },
  { name: "Target", isFigure: true, cell: ({ target }) => priceText(target) },
  { name: "Age", isFigure: true, cell: ({ ageMs }) => spanText(ageMs), by: ({ ageMs }) => ageMs },
  {
    name: "",
    cell: ({ symbol }) => (
      <button
        type="button"
        class="quiet"
        aria-label={`Close ${symbol}`}
        onClick={() => askFor({ word: "close", symbol })}
      >
        Close…
      </button>
    ),
  },
];

function Positions({ positions }: { readonly positions: readonly PositionShown[] }) {
  // The worst stands first.
  const worst = positions.toSorted((left, right) => (left.r ?? -99) - (right.r ?? -99));
  return (
    <Table
      name="What is held"
      columns={POSITION_COLUMNS}
      rows={worst}
      keyOf={({ symbol }) => symbol}
      empty="Nothing is held."
    />
  );
}

function Curve({ data: { closeMs, equity } }: { readonly data: EquityAnswer }) {
  if (closeMs.length < 2) return <Empty>No two minutes have closed yet.</Empty>;
  const decimals = Math.max(...equity) - Math.min(...equity) < 20 ? 2 : 0;
  const text = (value: number): string => numberText(value, decimals);
  return <Series name="Equity" timesMs={closeMs} values={equity} height={200} spanMin={1} text={text} />;
}

function Drawdown({ data: { closeMs, drawdownRatio, drawdownRatioMax } }: { readonly data: EquityAnswer }) {
  if (closeMs.length < 2) return <Empty>No two minutes have closed yet.</Empty>;
  return (
    <>
      <Series
        name="Drawdown"
        timesMs={closeMs}
        values={drawdownRatio}
        height={170}
        spanMin={0.001}
        text={drawdownText}
        isFilled
      />
      <p class="note">deepest {shareText(drawdownRatioMax)}</p>
    </>
  );
}

function drawdownText(ratio: number): string {
  return shareText(ratio, 2);
}

const INCIDENT_COLUMNS: readonly Column<IncidentShown>[] = [
  { name: "Time (UTC)", cell: ({ time }) => <Minute iso={time} /> },
  { name: "What", cell: ({ kind }) => kind },
  { name: "Symbol", cell: ({ symbol }) => symbol ?? "–" },
  { name: "Detail", isText: true, cell: ({ detail }) => detailText(detail) },
];

function Incidents({ incidents }: { readonly incidents: readonly IncidentShown[] }) {
  return (
    <Table
      name="Last incidents"
      columns={INCIDENT_COLUMNS}
      rows={incidents}
      keyOf={(one) => `${one.seq} ${one.kind} ${one.symbol} ${one.detail}`}
      empty="Nothing out of the ordinary has happened in this run."
    />
  );
}
