import { detailText, numberText, shareText } from "../state/format.ts";
import { useAsked } from "../state/api.ts";
import { type Column, Table } from "../ui/table.tsx";
import { type MetricsAnswer, useMetrics, valueOf } from "../state/metrics.ts";
import { Answer, Empty, Meter, Minute, Panel, Tile, Tiles } from "../ui/parts.tsx";

/** docs/model.md: from here on a feature is called drifted. */
const PSI_WARN = 0.1;
const PSI_DRIFTED = 0.25;

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

/** What scores, how far it may be trusted, and whether the market is still the one that it was trained on. */
export function Model() {
  const asked = useMetrics();
  const events = useAsked<EventsAnswer>("model-events", {}, EVENTS_MS);
  return (
    <>
      <h1 class="unseen">Model</h1>
      <Answer asked={asked}>{(data) => <Scorer data={data} />}</Answer>
      <Panel title="What happened to models in this run, the newest first">
        <Answer asked={events}>{(data) => <Events events={data.events} />}</Answer>
      </Panel>
    </>
  );
}

function Scorer({ data }: { readonly data: MetricsAnswer }) {
  const info = data.metrics.find(({ name }) => name === "model_info");
  if (info === undefined) return <Empty>The engine tells of no scorer.</Empty>;
  const { model = "", status = "" } = info.labels;
  const isExpired = valueOf(data, "model_expired") === 1;
  const factor = valueOf(data, "model_size_factor");
  const shadow = valueOf(data, "model_shadow_bars_left");
  return (
    <>
      <Panel title="What scores">
        <Tiles>
          <Tile name="Scorer" value={model} note={status} tone={status === "proven" ? "good" : "warn"} />
          <Tile
            name="Share of a usual size"
            value={shareText(factor, 0)}
            note={factor === 0 ? "only observed: nothing is traded by it" : "what it is good for"}
          />
          {status === "heuristic" ? null : (
            <Tile
              name="Age"
              value={isExpired ? "EXPIRED" : "within its card"}
              tone={isExpired ? "bad" : "good"}
            />
          )}
          <Tile
            name="Takes over in"
            value={shadow === null || shadow === 0 ? "–" : `${numberText(shadow, 0)} bars`}
            note={shadow === null || shadow === 0 ? "no new version in shadow" : "a new version in shadow"}
          />
        </Tiles>
        {status === "heuristic" ? (
          <p>
            A hand-made rule scores here. It was trained on nothing, has no edge and no drift to watch: it is
            a stand-in.
          </p>
        ) : null}
      </Panel>
      {status === "heuristic" ? null : <Drift data={data} />}
    </>
  );
}

function Drift({ data }: { readonly data: MetricsAnswer }) {
  const features = data.metrics.filter(({ name }) => name === "model_feature_psi");
  const known = features.filter(({ value }) => value !== null);
  return (
    <>
      <Panel title="Since it scores here">
        <Tiles>
          <Tile
            name="Brier score"
            value={numberText(valueOf(data, "model_brier"), 4)}
            note={`${numberText(valueOf(data, "model_outcomes"), 0)} known outcomes; 0.25 is a coin`}
          />
          <Tile name="PSI of the score" value={numberText(valueOf(data, "model_score_psi"), 3)} />
          <Tile name="Rows watched" value={numberText(valueOf(data, "model_rows"), 0)} />
          <Tile name="Rows with a missing feature" value={shareText(valueOf(data, "model_nan_ratio"))} />
          <Tile name="Scores that were none" value={numberText(valueOf(data, "model_invalid_scores"), 0)} />
        </Tiles>
      </Panel>
      <Panel title="Drift of each feature (PSI)">
        {known.length === 0 ? (
          <Empty>Too few rows yet: a few always look like drift.</Empty>
        ) : (
          <>
            {known.map(({ labels, value }) => (
              <Meter
                key={labels["feature"]}
                name={labels["feature"] ?? ""}
                value={value ?? 0}
                max={PSI_DRIFTED}
                text={numberText(value, 3)}
              />
            ))}
            <p class="note">
              below {PSI_WARN} nothing, from {PSI_DRIFTED} on another market than the one it was trained on
            </p>
          </>
        )}
      </Panel>
    </>
  );
}
