import { signal } from "@preact/signals";
import { useAsked } from "../state/api.ts";
import { minuteText, numberText, shareText } from "../state/format.ts";
import { explainLink } from "../state/route.ts";
import { useWords, type Words } from "../state/words.ts";
import { Answer, Bars, Minute, Panel, SymbolLink } from "../ui/parts.tsx";
import { Field, Filters, Pick } from "../ui/filters.tsx";
import { type Column, Table } from "../ui/table.tsx";

const AGAIN_MS = 3_000;

interface Decision {
  readonly time: string;
  readonly symbol: string;
  readonly side: number;
  readonly setup: string;
  readonly score: number | null;
  readonly outcome: string;
  readonly unknown: string | null;
  readonly costs: number | null;
  readonly reward: number | null;
}

interface DecisionsAnswer {
  readonly run: string;
  readonly total: number;
  readonly shown: number;
  readonly outcomes: readonly { readonly outcome: string; readonly count: number }[];
  readonly decisions: readonly Decision[];
}

const filters = signal({ symbol: "", outcome: "", limit: "100" });

/** What became of every signal above the threshold, and why. */
export function Signals() {
  const own = filters.value;
  const words = useWords();
  const asked = useAsked<DecisionsAnswer>("decisions", own, AGAIN_MS);
  const outcomes = words.data?.outcomes ?? {};
  return (
    <>
      <h1 class="unseen">Signals</h1>
      <Panel title="Decisions, the newest first">
        <Filters>
          <Field
            name="Symbol"
            value={own.symbol}
            onValue={(symbol) => (filters.value = { ...own, symbol })}
          />
          <Pick
            name="Outcome"
            value={own.outcome}
            choices={["", ...Object.keys(outcomes)]}
            onValue={(outcome) => (filters.value = { ...own, outcome })}
          />
          <Pick
            name="Rows"
            value={own.limit}
            choices={["50", "100", "500", "1000"]}
            onValue={(limit) => (filters.value = { ...own, limit })}
          />
        </Filters>
        <Answer asked={asked}>{(data) => <Decisions data={data} outcomes={outcomes} />}</Answer>
      </Panel>
      <Panel title="How often which outcome came">
        <Answer asked={asked}>{(data) => <Outcomes data={data} outcomes={outcomes} />}</Answer>
      </Panel>
    </>
  );
}

interface ShownProps {
  readonly data: DecisionsAnswer;
  readonly outcomes: Words["outcomes"];
}

function Decisions({ data: { decisions, shown, total }, outcomes }: ShownProps) {
  const columns: readonly Column<Decision>[] = [
    { name: "Decided (UTC)", cell: ({ time }) => <Minute iso={time} />, by: ({ time }) => time },
    { name: "Symbol", cell: ({ symbol }) => <SymbolLink symbol={symbol} />, by: ({ symbol }) => symbol },
    {
      name: "Outcome",
      cell: ({ outcome }) => <span class={`chip ${outcome === "APPROVED" ? "good" : ""}`}>{outcome}</span>,
      by: ({ outcome }) => outcome,
    },
    {
      name: "Why",
      isText: true,
      // `explain` says it at length.
      isMinor: true,
      cell: ({ outcome, unknown }) =>
        `${outcomes[outcome] ?? ""}${unknown === null ? "" : ` What was missing: ${unknown}.`}`,
    },
    { name: "Signal", cell: ({ setup, side }) => `${setup} ${side > 0 ? "long" : "short"}` },
    {
      name: "Score",
      isFigure: true,
      isMinor: true,
      cell: ({ score }) => numberText(score, 3),
      by: ({ score }) => score,
    },
    {
      name: "Gates",
      cell: ({ symbol, time }) => (
        <a href={explainLink(symbol, time)} aria-label={`Explain ${symbol} ${minuteText(time)}`}>
          explain
        </a>
      ),
    },
  ];
  return (
    <>
      <p class="note">
        {shown === total ? `all ${total}` : `the last ${shown} of ${total}`} decisions of this run
      </p>
      <Table
        name="Decisions"
        columns={columns}
        rows={decisions.toReversed()}
        keyOf={({ time, symbol, setup, side }) => `${time} ${symbol} ${setup} ${side}`}
        empty="No signal above the threshold has been decided on yet."
      />
    </>
  );
}

function Outcomes({ data: { outcomes: counts, total }, outcomes }: ShownProps) {
  const bars = counts.map(({ outcome, count }) => ({
    label: outcome,
    count,
    tone: outcome === "APPROVED" ? "good" : "",
  }));
  if (bars.length === 0) return <p class="empty">Nothing has been decided yet.</p>;
  return (
    <>
      <Bars name="Outcomes" bars={bars} />
      <dl class="meanings">
        {counts.map(({ outcome, count }) => (
          <div key={outcome}>
            <dt>
              {outcome} <small>{shareText(count / total, 0)}</small>
            </dt>
            <dd>{outcomes[outcome] ?? ""}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
