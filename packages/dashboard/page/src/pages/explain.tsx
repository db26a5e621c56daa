import { useAsked } from "../state/api.ts";
import { minuteText } from "../state/format.ts";
import { explainLink, route, symbolLink } from "../state/route.ts";
import { Answer, Panel } from "../ui/parts.tsx";
import { type Column, Table } from "../ui/table.tsx";

interface Fact {
  readonly part: string;
  readonly name: string;
  readonly value: string | number | boolean | null;
  readonly detail: string | null;
}

export interface ExplainAnswer {
  readonly symbol: string;
  readonly time: string;
  readonly run: string | null;
  readonly status: string;
  readonly answer: readonly string[];
  readonly facts: readonly Fact[];
}

/** Parts of an answer in the order in which things happen, with their headings. */
const PARTS: readonly (readonly [part: string, title: string])[] = [
  ["gate", "Gate by gate"],
  ["decision", "The decision in numbers"],
  ["cap", "What bounded the size"],
  ["signal", "The signal"],
  ["entry", "What became of the entry"],
  ["order", "Orders"],
  ["fill", "Fills"],
  ["funding", "Funding"],
  ["trade", "The trade"],
  ["state", "The state then"],
  ["position", "What was held then"],
  ["signals", "Other signals of the minute"],
];

/** Why a minute of a symbol went as it went. */
export function Explain() {
  const [, symbol = "", time = ""] = route.value;
  const asked = useAsked<ExplainAnswer>("explain", { symbol, time }, 10_000);
  return (
    <>
      <h1>
        {symbol} <small>{minuteText(time)} UTC, the close of the bar</small>
      </h1>
      <p class="note">
        <a href="#/signals">all signals</a> · <a href={symbolLink(symbol)}>the chart</a> ·{" "}
        <a href={explainLink(symbol, shifted(time, -1))}>a minute before</a> ·{" "}
        <a href={explainLink(symbol, shifted(time, 1))}>a minute later</a>
      </p>
      <Answer asked={asked}>{(data) => <Explained data={data} />}</Answer>
    </>
  );
}

function shifted(time: string, minutes: number): string {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? time : new Date(ms + minutes * 60_000).toISOString();
}

const COLUMNS: readonly Column<Fact>[] = [
  { name: "What", cell: ({ name }) => name },
  {
    name: "Is",
    cell: ({ part, value }) =>
      part === "gate" ? <span class={`chip ${gateTone(value)}`}>{String(value)}</span> : shown(value),
  },
  { name: "Numbers", isText: true, cell: ({ detail }) => detail ?? "" },
];

function gateTone(verdict: Fact["value"]): string {
  return verdict === "passed" ? "good" : verdict === "REFUSED" ? "bad" : "";
}

function shown(value: Fact["value"]): string {
  return value === null ? "–" : String(value);
}

/** The answer, part by part. */
export function Explained({ data: { answer, facts } }: { readonly data: ExplainAnswer }) {
  return (
    <>
      <Panel title="In short">
        {answer.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </Panel>
      {PARTS.map(([part, title]) => {
        const own = facts.filter((fact) => fact.part === part);
        if (own.length === 0) return null;
        return (
          <Panel key={part} title={title}>
            <Table
              name={title}
              columns={own.some(({ detail }) => detail !== null) ? COLUMNS : COLUMNS.slice(0, 2)}
              rows={own}
              keyOf={(fact) => `${own.indexOf(fact)} ${fact.name}`}
              empty=""
            />
          </Panel>
        );
      })}
    </>
  );
}
