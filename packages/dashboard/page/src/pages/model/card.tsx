import type { ComponentChildren } from "preact";
import { minuteText, numberText, shareText, signedText, spanText } from "../../state/format.ts";
import { Empty } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import type { Card, Figures, Range } from "./answer.ts";

const UNKNOWN = "not known: it was imported without a training report";

interface CardProps {
  readonly card: Card;
  /** Venue ms. */
  readonly nowMs: number;
}

/** What a model's file says of itself. */
export function CardFacts({ card, nowMs }: CardProps) {
  const { metadata, trainer } = card;
  const { trainRange, validRange, symbols, nEvents, baseRate, calibration, nullTests } = metadata;
  const leftMs = Date.parse(metadata.expiresUtc) - nowMs;
  return (
    <>
      <dl class="meanings">
        <Fact name="Model">{metadata.modelId}</Fact>
        <Fact name="Expires">
          {minuteText(metadata.expiresUtc)} UTC
          {leftMs > 0 ? (
            `, in ${spanText(leftMs)}`
          ) : (
            <strong class="bad">, EXPIRED: it is only observed</strong>
          )}
        </Fact>
        <Fact name="Created">{minuteText(metadata.createdUtc)} UTC</Fact>
        <Fact name="Trained on">{trainRange === null ? UNKNOWN : rangeText(trainRange)}</Fact>
        <Fact name="Validated on">{validRange === null ? UNKNOWN : rangeText(validRange)}</Fact>
        <Fact name="Data">
          {nEvents === null || baseRate === null
            ? UNKNOWN
            : `${numberText(nEvents, 0)} labelled candidates of ${numberText(symbols, 0)} symbols in ${card.inputFiles} files, ${shareText(baseRate, 1)} won`}
        </Fact>
        <Fact name="Trainer">
          {trainer === null
            ? UNKNOWN
            : `${trainer.name} ${trainer.version}, seed ${trainer.seed}, ${metadata.trials ?? "?"} parameter sets tried`}
        </Fact>
        <Fact name="Shape">
          {numberText(metadata.trees, 0)} trees of at most {metadata.maxLeaves} leaves, scored by {card.kind}
        </Fact>
        <Fact name="Calibration">
          {calibration.type === "platt"
            ? `Platt on ${numberText(calibration.n, 0)} rows (a ${numberText(calibration.a, 3)}, b ${numberText(calibration.b, 3)})`
            : "none: the objective’s own sigmoid"}
        </Fact>
        <Fact name="Null tests">
          {nullTests === null
            ? UNKNOWN
            : `${nullTests.passed ? "passed" : "FAILED"}: AUC ${numberText(nullTests.randomWalkAuc, 3)} on random walks, ${numberText(nullTests.permutedAuc, 3)} on permuted labels`}
        </Fact>
        <Fact name="Signature">{card.isSigned ? "signed" : "not signed"}</Fact>
        <Fact name="Code">
          {metadata.gitCommit === null
            ? "commit not known"
            : `${metadata.gitCommit.slice(0, 12)}${metadata.isDirty === true ? ", with uncommitted changes" : ""}`}
        </Fact>
        <Fact name="sha256 of the file">
          <code>{card.onnxSha256}</code>
        </Fact>
        <Fact name="Features">{`${metadata.featureNames.length}: ${metadata.featureNames.join(", ")}`}</Fact>
      </dl>
      <Quality card={card} />
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="breaks">{children}</dd>
    </div>
  );
}

interface Rows {
  readonly name: string;
  readonly figures: Figures;
}

const COLUMNS: readonly Column<Rows>[] = [
  { name: "Rows that it had not seen", cell: ({ name }) => name },
  { name: "Rows", isFigure: true, cell: ({ figures: { n } }) => numberText(n, 0) },
  { name: "AUC", isFigure: true, cell: ({ figures: { auc } }) => numberText(auc, 4) },
  {
    name: "Brier",
    isFigure: true,
    cell: ({ figures: { brier, brierOfBaseRate } }) => (
      <span class={brier < brierOfBaseRate ? "good" : "bad"}>{numberText(brier, 4)}</span>
    ),
  },
  {
    name: "Base rate’s",
    isFigure: true,
    cell: ({ figures: { brierOfBaseRate } }) => numberText(brierOfBaseRate, 4),
  },
  { name: "ECE", isFigure: true, cell: ({ figures: { ece } }) => numberText(ece, 4) },
  { name: "Mean R above 0.60", cell: ({ figures }) => expectancyText(figures.expectancyR) },
  {
    name: "With doubled slippage",
    cell: ({ figures }) => expectancyText(figures.expectancyDoubledSlippageR),
  },
];

function expectancyText({ mean, lower95, upper95, rowsAbove060 }: Figures["expectancyR"]): string {
  if (mean === null) return "no such row";
  return `${signedText(mean, 3)} (95 % ${signedText(lower95, 3)} to ${signedText(upper95, 3)}) of ${numberText(rowsAbove060, 0)}`;
}

function Quality({ card: { metadata } }: { readonly card: Card }) {
  const { metrics, holdOut, thresholds } = metadata;
  const rows: Rows[] = [];
  if (metrics !== null) rows.push({ name: metrics.source, figures: metrics });
  if (holdOut !== null) rows.push({ name: `hold-out, ${rangeText(holdOut.range)}`, figures: holdOut });
  if (rows.length === 0) return <Empty>Its quality is {UNKNOWN}.</Empty>;
  return (
    <>
      <Table name="Quality" columns={COLUMNS} rows={rows} keyOf={({ name }) => name} empty="" />
      {thresholds.map(({ above, count, wins, winRatioLower95 }) => (
        <p class="note" key={above}>
          above {numberText(above, 2)}:{" "}
          {count === 0
            ? "no rows"
            : `${numberText(wins, 0)} of ${numberText(count, 0)} won (${shareText(wins / count, 1)}), at least ${shareText(winRatioLower95, 1)}`}
        </p>
      ))}
    </>
  );
}

export function rangeText({ fromUtc, toUtc }: Range): string {
  return `${minuteText(fromUtc)} to ${minuteText(toUtc)}`;
}
