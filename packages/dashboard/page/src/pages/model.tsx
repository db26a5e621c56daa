import { ReliabilityDiagram } from "../charts/reliability-diagram.tsx";
import type { Bin } from "../charts/reliability.ts";
import { useAsked } from "../state/api.ts";
import { detailText, numberText, shareText } from "../state/format.ts";
import { Answer, Empty, Minute, Panel, Tile, Tiles } from "../ui/parts.tsx";
import { type Column, Table } from "../ui/table.tsx";
import type { Card, ModelAnswer } from "./model/answer.ts";
import { CardFacts } from "./model/card.tsx";
import { Drift } from "./model/drift.tsx";

const AGAIN_MS = 5_000;
const EVENTS_MS = 10_000;

interface ModelEvent {
  readonly time: string;
  readonly kind: string;
  readonly model: string;
  readonly detail: string;
}

interface EventsAnswer {
  readonly events: readonly ModelEvent[];
}

interface ReliabilityAnswer {
  readonly scorer: string;
  readonly total: number;
  readonly counted: number;
  readonly tradesMin: number;
  readonly bins: readonly Bin[];
}

/** What scores, how far it may be trusted, and whether the market is still the one that it was trained on. */
export function Model() {
  const model = useAsked<ModelAnswer>("model", {}, AGAIN_MS);
  const trades = useAsked<ReliabilityAnswer>("reliability", {}, EVENTS_MS);
  const events = useAsked<EventsAnswer>("model-events", {}, EVENTS_MS);
  return (
    <>
      <h1 class="unseen">Model</h1>
      <Panel title="What scores">
        <Answer asked={model}>{(data) => <Scorer data={data} />}</Answer>
      </Panel>
      {model.data?.current == null ? null : (
        <Panel title="Its card">
          <CardFacts card={model.data.current} nowMs={model.data.nowMs} />
        </Panel>
      )}
      <div class="columns">
        <Panel title="Reliability: out of sample, by the card">
          <Answer asked={model}>{(data) => <OfCard data={data} />}</Answer>
        </Panel>
        <Panel title="Reliability: signals since it scores here">
          <Answer asked={model}>{(data) => <OfSignals data={data} />}</Answer>
        </Panel>
        <Panel title="Reliability: closed trades of this run">
          <Answer asked={trades}>{(data) => <OfTrades data={data} />}</Answer>
        </Panel>
      </div>
      <Panel title="Drift">
        <Answer asked={model}>
          {(data) =>
            data.health === null ? (
              <Empty>
                A hand-made rule scores: it was trained on nothing, so there is nothing that it could drift
                from. No drift is measured.
              </Empty>
            ) : (
              <Drift data={data} health={data.health} />
            )
          }
        </Answer>
      </Panel>
      <Panel title="Challenger">
        <Answer asked={model}>{(data) => <Others data={data} />}</Answer>
      </Panel>
      <Panel title="What happened to models in this run, the newest first">
        <Answer asked={events}>{(data) => <Events events={data.events} />}</Answer>
      </Panel>
    </>
  );
}

function Scorer({
  data: { scorer, status, sizeFactor, isExpired, shadowBarsLeft, current },
}: {
  readonly data: ModelAnswer;
}) {
  return (
    <>
      <Tiles>
        <Tile name="Scorer" value={scorer} note={status} tone={status === "proven" ? "good" : "warn"} />
        <Tile
          name="Share of a usual size"
          value={shareText(sizeFactor, 0)}
          tone={sizeFactor < 1 ? "warn" : ""}
          note={sizeFactor === 0 ? "only observed: nothing is traded by it" : "what it is good for"}
        />
        {current === null ? null : (
          <Tile
            name="Age"
            value={isExpired ? "EXPIRED" : "within its card"}
            tone={isExpired ? "bad" : "good"}
            note={`until ${current.metadata.expiresUtc.slice(0, 10)}`}
          />
        )}
        <Tile
          name="A new version takes over in"
          value={shadowBarsLeft === 0 ? "–" : `${numberText(shadowBarsLeft, 0)} bars`}
          note={shadowBarsLeft === 0 ? "none in shadow" : "in shadow"}
        />
      </Tiles>
      {status === "heuristic" ? (
        <p>
          A hand-made rule scores here. It has no card, was trained on nothing and has no proven edge: it is a
          stand-in. A model is trained by <code>scripts/train</code> and loaded by <code>--model FILE</code>.
        </p>
      ) : status === "unproven" ? (
        <p class="problem">It has shown no edge after costs: a trade may risk little only.</p>
      ) : null}
    </>
  );
}

function OfCard({ data: { current } }: { readonly data: ModelAnswer }) {
  if (current === null) return <Empty>A hand-made rule has no card, and no rows out of sample.</Empty>;
  return (
    <ReliabilityDiagram
      name="Reliability out of sample"
      bins={current.metadata.metrics?.reliability ?? []}
      of="rows that it had not seen"
      empty="The card tells of no rows out of sample: it was imported without a training report."
    />
  );
}

function OfSignals({ data: { outcomes, status } }: { readonly data: ModelAnswer }) {
  return (
    <ReliabilityDiagram
      name="Reliability of signals"
      bins={outcomes}
      of="signals whose outcome is known, traded or not"
      empty={
        status === "heuristic"
          ? "Of a hand-made rule the outcomes of signals are not followed."
          : "No outcome is known yet: a signal’s plan has to reach its stop, target or last bar first."
      }
    />
  );
}

function OfTrades({
  data: { bins, counted, total, tradesMin, scorer },
}: {
  readonly data: ReliabilityAnswer;
}) {
  return (
    <>
      <ReliabilityDiagram
        name="Reliability of trades"
        bins={bins}
        of="closed trades; won: more than all costs"
        empty="No trade with a score has been closed yet."
      />
      {counted === 0 ? null : (
        <p class="note">
          the run began with {scorer}; {numberText(counted, 0)} of {numberText(total, 0)} trades have a score
          {counted < tradesMin ? `. Fewer than ${tradesMin} trades say nothing` : ""}
        </p>
      )}
    </>
  );
}

function Others({ data: { challenger, newcomer, nowMs, shadowBarsLeft } }: { readonly data: ModelAnswer }) {
  if (challenger === null && newcomer === null)
    return (
      <Empty>
        Nothing scores beside. A challenger (<code>--challenger FILE</code>) scores every candidate too, and
        is never traded on.
      </Empty>
    );
  return (
    <>
      {newcomer === null ? null : (
        <Other
          title={`New version, takes over in ${numberText(shadowBarsLeft, 0)} bars`}
          card={newcomer}
          nowMs={nowMs}
        />
      )}
      {challenger === null ? null : (
        <Other
          title={
            newcomer === null
              ? "Scores beside, without weight"
              : "Pauses while a new version is in its shadow"
          }
          card={challenger}
          nowMs={nowMs}
        />
      )}
    </>
  );
}

function Other({
  title,
  card,
  nowMs,
}: {
  readonly title: string;
  readonly card: Card;
  readonly nowMs: number;
}) {
  return (
    <section>
      <h3>{title}</h3>
      <CardFacts card={card} nowMs={nowMs} />
    </section>
  );
}

const EVENT_COLUMNS: readonly Column<ModelEvent>[] = [
  { name: "Time (UTC)", cell: ({ time }) => <Minute iso={time} /> },
  { name: "What", cell: ({ kind }) => kind },
  { name: "Model", cell: ({ model }) => model },
  { name: "Detail", isText: true, cell: ({ detail }) => detailText(detail) },
];

function Events({ events }: { readonly events: readonly ModelEvent[] }) {
  return (
    <Table
      name="Events of models"
      columns={EVENT_COLUMNS}
      rows={events}
      keyOf={(event) => `${event.time} ${event.kind} ${event.model}`}
      empty="No model was loaded, watched or changed in this run."
    />
  );
}
