import { signal } from "@preact/signals";
import type { StatusShown } from "../../../src/contract.ts";
import { useAsked } from "../state/api.ts";
import { numberText, secondText, spanText } from "../state/format.ts";
import { live } from "../state/live.ts";
import { labelText, type Metric, type MetricsAnswer, useMetrics, valueOf } from "../state/metrics.ts";
import { Field, Filters } from "../ui/filters.tsx";
import { Answer, Empty, Meter, Panel, Tile, Tiles } from "../ui/parts.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Machine } from "./system/machine.tsx";
import { Log } from "./system/log.tsx";

const ORDERS_MS = 2_000;
const search = signal("");

/** What the engine runs on: feed, shards, REST, queues, orders, and everything that is measured. */
export function System() {
  const metrics = useMetrics();
  const orders = useAsked<OrdersAnswer>("orders", {}, ORDERS_MS);
  const status = live.value?.status;
  return (
    <>
      <h1 class="unseen">System</h1>
      <Panel title="Engine">
        {status?.runId === undefined ? (
          <Empty>The engine has not told anything yet.</Empty>
        ) : (
          <Engine status={status as StatusShown} />
        )}
      </Panel>
      <Panel title="Queues and losses">
        <Answer asked={metrics}>{(data) => <Queues data={data} />}</Answer>
      </Panel>
      <Panel title="Orders at work">
        <Answer asked={orders}>{(data) => <Orders orders={data.orders} />}</Answer>
      </Panel>
      <Machine />
      <Log />
      <Panel title="Everything that is measured">
        <Filters>
          <Field name="Find" value={search.value} onValue={(text) => (search.value = text)} />
        </Filters>
        <Answer asked={metrics}>{(data) => <All data={data} />}</Answer>
      </Panel>
    </>
  );
}

function Engine({ status }: { readonly status: StatusShown }) {
  const { feed, rest, account, uptimeMs, runId, nowMs, isStopping } = status;
  const reconciled = account?.reconciledMs ?? null;
  return (
    <>
      <Tiles>
        <Tile
          name="Up"
          value={spanText(uptimeMs)}
          note={isStopping ? "stopping" : `run ${runId.slice(0, 13)}`}
        />
        <Tile
          name="Pairs ready"
          value={`${feed.ready} of ${feed.pairs}`}
          tone={feed.ready < feed.pairs ? "warn" : "good"}
          note={`${feed.warming} warming up`}
        />
        <Tile
          name="Shards running"
          value={numberText(feed.shardsRunning, 0)}
          tone={feed.shardsOff > 0 ? "bad" : "good"}
          note={`${feed.shardsOff} off`}
        />
        <Tile
          name="REST calls"
          value={numberText(rest.requests, 0)}
          tone={rest.failures > 0 ? "warn" : ""}
          note={`${rest.failures} failed${rest.silentMs > 0 ? `, waiting ${spanText(rest.silentMs)}` : ""}`}
        />
        <Tile
          name="Held against the venue"
          value={reconciled === null ? "not yet" : `${spanText(nowMs - reconciled)} ago`}
          note="positions, venue time"
        />
      </Tiles>
      <Meter
        name="REST weight of this minute"
        value={rest.weightUsed}
        max={rest.weightLimit}
        text={`${numberText(rest.weightUsed, 0)} of ${numberText(rest.weightLimit, 0)}`}
      />
      {rest.bannedUntilMs > 0 ? (
        <p class="problem" role="alert">
          The venue takes no call until {secondText(rest.bannedUntilMs)} UTC.
        </p>
      ) : null}
    </>
  );
}

const QUEUES: readonly (readonly [metric: string, name: string, isLoss: boolean])[] = [
  ["inbox_waiting", "Events waiting for the core", false],
  ["inbox_waiting_max", "The most that ever waited", false],
  ["journal_rows_waiting", "Journal rows waiting for the disk", false],
  ["journal_rows_stored_total", "Journal rows stored", false],
  ["journal_retries_total", "Journal batches tried again", true],
  ["journal_events_lost_total", "Events without room in the journal", true],
  ["signals_lost_total", "Signals that the ledger lost", true],
  ["minute_reconnects", "Reconnects, last minute line", true],
  ["minute_gaps", "Gaps, last minute line", true],
];

function Queues({ data }: { readonly data: MetricsAnswer }) {
  const dropped = data.metrics
    .filter(({ name }) => name === "inbox_dropped_total")
    .reduce((sum, { value }) => sum + (value ?? 0), 0);
  return (
    <Tiles>
      {QUEUES.map(([metric, name, isLoss]) => {
        const value = valueOf(data, metric);
        const isBad = isLoss && value !== null && value > 0;
        return <Tile key={metric} name={name} value={numberText(value, 0)} tone={isBad ? "bad" : ""} />;
      })}
      <Tile
        name="Events dropped before the core"
        value={numberText(dropped, 0)}
        tone={dropped > 0 ? "bad" : ""}
      />
    </Tiles>
  );
}

interface Order {
  readonly symbol: string;
  readonly role: string;
  readonly kind: string;
  readonly side: string;
  readonly qty: string;
  readonly filled: string;
  readonly price: string | null;
  readonly ageMs: number;
  readonly state: string;
  readonly isCancelled: boolean;
  readonly clientOrderId: string;
}

interface OrdersAnswer {
  readonly orders: readonly Order[];
}

const ORDER_COLUMNS: readonly Column<Order>[] = [
  { name: "Symbol", cell: ({ symbol }) => symbol, by: ({ symbol }) => symbol },
  { name: "Role", cell: ({ role }) => role, by: ({ role }) => role },
  { name: "Kind", cell: ({ kind }) => kind },
  { name: "Side", cell: ({ side }) => side },
  { name: "Qty", isFigure: true, cell: ({ qty }) => qty },
  { name: "Filled", isFigure: true, cell: ({ filled }) => filled },
  { name: "Price", isFigure: true, cell: ({ price }) => price ?? "market" },
  { name: "Age", isFigure: true, cell: ({ ageMs }) => spanText(ageMs), by: ({ ageMs }) => ageMs },
  {
    name: "State",
    cell: ({ state, isCancelled }) => (isCancelled ? `${state}, being cancelled` : state),
    by: ({ state }) => state,
  },
];

function Orders({ orders }: { readonly orders: readonly Order[] }) {
  return (
    <Table
      name="Orders at work"
      columns={ORDER_COLUMNS}
      rows={orders}
      keyOf={({ clientOrderId }) => clientOrderId}
      empty="No order is at work."
    />
  );
}

const METRIC_COLUMNS: readonly Column<Metric>[] = [
  { name: "Metric", cell: ({ name }) => <code>{name}</code>, by: ({ name }) => name },
  { name: "Of", cell: ({ labels }) => labelText(labels) },
  {
    name: "Value",
    isFigure: true,
    cell: ({ value, durations }) =>
      durations === null ? valueText(value) : `${durations.count.toLocaleString("en-US")} times`,
    by: ({ value, durations }) => value ?? durations?.count ?? null,
  },
  { name: "What it is", isText: true, cell: ({ help }) => help },
];

function valueText(value: number | null): string {
  return value === null ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: 4 });
}

function All({ data: { metrics } }: { readonly data: MetricsAnswer }) {
  const wanted = search.value.toLowerCase();
  const found = metrics.filter(({ name, help, labels }) =>
    `${name} ${help} ${labelText(labels)}`.toLowerCase().includes(wanted),
  );
  return (
    <Table
      name="Metrics"
      columns={METRIC_COLUMNS}
      rows={found}
      keyOf={({ name, labels }) => `${name} ${JSON.stringify(labels)}`}
      empty="Nothing of that name is measured."
    />
  );
}
