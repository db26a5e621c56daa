import { numberText, secondText, spanText } from "../../state/format.ts";
import { useAsked } from "../../state/api.ts";
import { Series } from "../../charts/series.tsx";
import { Answer, Empty, Meter, Panel, Tile, Tiles } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { type BusShown, type DutyShown, Hosts } from "./hosts.tsx";

const AGAIN_MS = 2_000;

interface Rings {
  readonly bars: number;
  readonly barsMax: number;
  readonly slots: number;
  readonly slotsMax: number;
  readonly results: number;
  readonly resultsMax: number;
  readonly laps: number;
  readonly tornReads: number;
}

interface Shard {
  readonly shardId: number;
  readonly state: string;
  readonly isScanOff: boolean;
  readonly isScanInFlight: boolean;
  readonly restarts: number;
  readonly scanRestarts: number;
  readonly symbols: number;
  readonly beatAgeMs: number | null;
  readonly rings: Rings;
}

interface Connection {
  readonly kind: string;
  readonly open: number;
  readonly wanted: number;
  readonly sinceMs: number | null;
  readonly reconnects: number;
  readonly words: string;
}

interface Queue {
  readonly name: string;
  readonly unit: string;
  readonly waiting: number;
  readonly waitingMax: number;
  readonly lost: number;
}

interface RestSample {
  readonly atMs: number;
  readonly weightUsed: number;
  readonly weightLimit: number;
}

/** `smcq system --json`. */
interface SystemAnswer {
  readonly nowMs: number;
  readonly shards: readonly Shard[];
  readonly scan: { readonly compute: string; readonly threads: number };
  readonly connections: readonly Connection[];
  readonly queues: readonly Queue[];
  readonly bus: BusShown | null;
  readonly duty: DutyShown | null;
  readonly audit: { readonly atMs: number; readonly parity: number | null } | null;
  readonly rest: { readonly stepMs: number; readonly samples: readonly RestSample[] };
}

/** Threads, connections, rings, queues and the use of REST, as the engine tells them. */
export function Machine() {
  const asked = useAsked<SystemAnswer>("system", {}, AGAIN_MS);
  return (
    <>
      {asked.data === null ? null : <Hosts {...asked.data} />}
      <Panel title="Shards and scan threads">
        <Answer asked={asked}>{(data) => <Shards data={data} />}</Answer>
      </Panel>
      <Panel title="Connections">
        <Answer asked={asked}>{(data) => <Connections data={data} />}</Answer>
      </Panel>
      <div class="columns">
        <Panel title="Rings">
          <Answer asked={asked}>{(data) => <AllRings shards={data.shards} />}</Answer>
        </Panel>
        <Panel title="Queues against their limits">
          <Answer asked={asked}>{(data) => <Queues queues={data.queues} />}</Answer>
        </Panel>
      </div>
      <Panel title="Audit against the bars">
        <Answer asked={asked}>{(data) => <Audit audit={data.audit} />}</Answer>
      </Panel>
      <Panel title="REST weight, last hour">
        <Answer asked={asked}>{(data) => <Rest rest={data.rest} />}</Answer>
      </Panel>
    </>
  );
}

function Audit({ audit }: { readonly audit: SystemAnswer["audit"] }) {
  if (audit === null) return <Empty>No audit was made yet: smcq audit makes one.</Empty>;
  const { parity, atMs } = audit;
  return (
    <Tiles>
      <Tile
        name="Parity"
        // Cut, not rounded: 100 % is said of nothing less.
        value={parity === null ? "–" : `${(Math.floor(parity * 10_000) / 100).toFixed(2)} %`}
        note={`made ${secondText(atMs)}`}
      />
    </Tiles>
  );
}

function counted(name: string, of: (shard: Shard) => number): Column<Shard> {
  return {
    name,
    isFigure: true,
    cell: (shard) => <span class={of(shard) > 0 ? "warn" : ""}>{numberText(of(shard), 0)}</span>,
    by: of,
  };
}

const SHARD_COLUMNS: readonly Column<Shard>[] = [
  { name: "Shard", cell: ({ shardId }) => shardId, by: ({ shardId }) => shardId },
  {
    name: "Thread",
    cell: ({ state }) => <span class={state === "running" ? "good" : "bad"}>{state}</span>,
    by: ({ state }) => state,
  },
  {
    name: "Scans",
    cell: ({ isScanOff, isScanInFlight }) =>
      isScanOff ? <span class="bad">off</span> : isScanInFlight ? "in flight" : "waiting for a bar",
  },
  { name: "Symbols", isFigure: true, cell: ({ symbols }) => symbols, by: ({ symbols }) => symbols },
  {
    name: "Last heartbeat",
    isFigure: true,
    cell: ({ beatAgeMs }) => (
      <span class={beatAgeMs === null || beatAgeMs > 5_000 ? "bad" : ""}>
        {beatAgeMs === null ? "never" : `${numberText(beatAgeMs / 1_000, 1)} s ago`}
      </span>
    ),
    by: ({ beatAgeMs }) => beatAgeMs,
  },
  counted("Thread restarts", ({ restarts }) => restarts),
  counted("Scan restarts", ({ scanRestarts }) => scanRestarts),
];

function Shards({ data: { shards, scan } }: { readonly data: SystemAnswer }) {
  return (
    <>
      <Table
        name="Shards"
        columns={SHARD_COLUMNS}
        rows={shards}
        keyOf={({ shardId }) => String(shardId)}
        empty="No shard has been started."
      />
      <p class="note">
        {scan.compute === "pool"
          ? `${scan.threads} scan threads of their own; any of them scans any shard`
          : "each shard’s own thread scans"}
      </p>
    </>
  );
}

function Connections({ data: { connections, nowMs } }: { readonly data: SystemAnswer }) {
  const columns: readonly Column<Connection>[] = [
    { name: "What comes by it", cell: ({ kind }) => kind, by: ({ kind }) => kind },
    {
      name: "Open",
      isFigure: true,
      cell: ({ open, wanted }) => (
        <span class={open < wanted ? "bad" : "good"}>
          {open} of {wanted}
        </span>
      ),
      by: ({ open, wanted }) => open - wanted,
    },
    {
      name: "Since",
      isFigure: true,
      cell: ({ sinceMs }) => (sinceMs === null ? "never tried" : `${spanText(nowMs - sinceMs)}`),
      by: ({ sinceMs }) => sinceMs,
    },
    {
      name: "Reconnects",
      isFigure: true,
      cell: ({ reconnects }) => <span class={reconnects > 0 ? "warn" : ""}>{numberText(reconnects, 0)}</span>,
      by: ({ reconnects }) => reconnects,
    },
    {
      name: "The venue’s last word",
      isText: true,
      cell: ({ words }) => (words === "" ? "–" : words),
    },
  ];
  return (
    <>
      <Table
        name="Connections"
        columns={columns}
        rows={connections}
        keyOf={({ kind }) => kind}
        empty="Nothing is connected yet."
      />
      <p class="note">spans by the venue’s time</p>
    </>
  );
}

function AllRings({ shards }: { readonly shards: readonly Shard[] }) {
  if (shards.length === 0) return <Empty>No shard has been started.</Empty>;
  const overtaken = shards.reduce((sum, { rings }) => sum + rings.laps, 0);
  const torn = shards.reduce((sum, { rings }) => sum + rings.tornReads, 0);
  return (
    <>
      {shards.map(({ shardId, rings }) => (
        <div key={shardId}>
          <Level name={`Shard ${shardId}: closed bars`} value={rings.bars} max={rings.barsMax} isFine />
          <Level
            name={`Shard ${shardId}: places of symbols`}
            value={rings.slots}
            max={rings.slotsMax}
            isFine
          />
          <Level
            name={`Shard ${shardId}: scored rows to be taken`}
            value={rings.results}
            max={rings.resultsMax}
          />
        </div>
      ))}
      <p class="note">
        A full ring of bars forgets its oldest; a full one of rows stops its scan and drops nothing. Reads
        begun anew: {numberText(overtaken, 0)} overtaken, {numberText(torn, 0)} torn.
      </p>
    </>
  );
}

interface LevelProps {
  readonly name: string;
  readonly value: number;
  readonly max: number;
  /** Being full is no fault. */
  readonly isFine?: boolean;
}

function Level({ name, value, max, isFine = false }: LevelProps) {
  const text = `${numberText(value, 0)} of ${numberText(max, 0)}`;
  return <Meter name={name} value={value} max={max} text={text} isFine={isFine} />;
}

function Queues({ queues }: { readonly queues: readonly Queue[] }) {
  return (
    <>
      {queues.map(({ name, unit, waiting, waitingMax, lost }) => (
        <div key={name}>
          <Level
            name={`${name[0]?.toUpperCase() ?? ""}${name.slice(1)}, ${unit}`}
            value={waiting}
            max={waitingMax}
          />
          {lost > 0 ? (
            <p class="problem">
              {numberText(lost, 0)} {unit === "bytes" ? "lines" : unit} found no room since the start.
            </p>
          ) : null}
        </div>
      ))}
      {queues.every(({ lost }) => lost === 0) ? (
        <p class="note">nothing was lost for want of room since the start</p>
      ) : null}
    </>
  );
}

function Rest({ rest: { samples, stepMs } }: { readonly rest: SystemAnswer["rest"] }) {
  const last = samples.at(-1);
  if (last === undefined || samples.length < 2)
    return <Empty>One measurement yet; one comes each {spanText(stepMs)}.</Empty>;
  const most = Math.max(...samples.map(({ weightUsed }) => weightUsed));
  return (
    <>
      <Series
        name="REST weight of the last minute"
        timesMs={samples.map(({ atMs }) => atMs)}
        values={samples.map(({ weightUsed }) => weightUsed)}
        height={160}
        spanMin={last.weightLimit / 10}
        least={0}
        text={(value) => numberText(value, 0)}
      />
      <p class="note">
        the most {numberText(most, 0)}, now {numberText(last.weightUsed, 0)} of{" "}
        {numberText(last.weightLimit, 0)} that the venue allows in a minute; measured each {spanText(stepMs)}{" "}
        since {secondText(samples[0]?.atMs)} UTC
      </p>
    </>
  );
}
