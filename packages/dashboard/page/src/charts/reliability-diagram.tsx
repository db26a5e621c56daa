import { numberText, shareText } from "../state/format.ts";
import { Empty } from "../ui/parts.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { type Bin, BIN_COUNT_MIN, verdictOf, wilson95 } from "./reliability.ts";
import "./reliability.css";

const SIZE = 300;
const MARGIN = 34;
const TICKS = [0, 0.25, 0.5, 0.75, 1] as const;

const at = (share: number): number => MARGIN + share * (SIZE - MARGIN - 16);
const up = (share: number): number => SIZE - at(share);

interface DiagramProps {
  readonly name: string;
  readonly bins: readonly Bin[];
  /** What a count is of. */
  readonly of: string;
  readonly empty: string;
}

const COLUMNS: readonly Column<Bin>[] = [
  {
    name: "Score",
    cell: ({ lower, upper }) => `${lower.toFixed(2)} to ${upper.toFixed(2)}`,
    by: ({ lower }) => lower,
  },
  { name: "Count", isFigure: true, cell: ({ count }) => numberText(count, 0), by: ({ count }) => count },
  {
    name: "Won",
    isFigure: true,
    cell: ({ wins, count }) => shareText(wins / count, 0),
    by: ({ wins, count }) => wins / count,
  },
  {
    name: "95 % of it",
    isFigure: true,
    cell: ({ wins, count }) => {
      const [low, high] = wilson95(wins, count);
      return `${shareText(low, 0)} to ${shareText(high, 0)}`;
    },
  },
  {
    name: "So",
    cell: (bin) => {
      const verdict = verdictOf(bin);
      if (verdict === null) return "too few";
      return (
        <span class={verdict === "fewer won" ? "bad" : verdict === "more won" ? "warn" : "good"}>
          {verdict}
        </span>
      );
    },
  },
];

/** What scores promised against what came of them: a point a bin, with its 95 % interval; on the line they are true. */
export function ReliabilityDiagram({ name, bins, of, empty }: DiagramProps) {
  const known = bins.filter(({ count }) => count > 0);
  const total = known.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return <Empty>{empty}</Empty>;
  const judged = known.filter(({ count }) => count >= BIN_COUNT_MIN);
  return (
    <>
      <div class="reliability">
        <svg
          viewBox={`0 0 ${SIZE} ${SIZE}`}
          role="img"
          aria-label={`${name}: ${total} ${of}, in figures beside it`}
        >
          {TICKS.map((tick) => (
            <g key={tick} class="grid">
              <line x1={at(0)} x2={at(1)} y1={up(tick)} y2={up(tick)} />
              <line x1={at(tick)} x2={at(tick)} y1={up(0)} y2={up(1)} />
              <text x={at(0) - 5} y={up(tick) + 4} text-anchor="end">
                {tick * 100}
              </text>
              <text x={at(tick)} y={up(0) + 15} text-anchor="middle">
                {tick * 100}
              </text>
            </g>
          ))}
          <line class="true" x1={at(0)} y1={up(0)} x2={at(1)} y2={up(1)} />
          {known.map((bin) => (
            <Point key={bin.lower} bin={bin} />
          ))}
          <text x={(at(0) + at(1)) / 2} y={SIZE - 2} text-anchor="middle">
            score, %
          </text>
        </svg>
        <Table
          name={name}
          columns={COLUMNS}
          rows={known}
          keyOf={({ lower }) => String(lower)}
          empty={empty}
        />
      </div>
      <p class="note">
        {numberText(total, 0)} {of}; on the dashed line scores are true, above it they promise too little,
        below it too much.{" "}
        {judged.length === 0
          ? `Too few: no bin has ${BIN_COUNT_MIN}.`
          : `Hollow: fewer than ${BIN_COUNT_MIN} in the bin.`}
      </p>
    </>
  );
}

function Point({ bin }: { readonly bin: Bin }) {
  const { lower, upper, count, wins } = bin;
  const [low, high] = wilson95(wins, count);
  const x = at((lower + upper) / 2);
  return (
    <g class={count >= BIN_COUNT_MIN ? "point" : "point few"}>
      <line x1={x} x2={x} y1={up(low)} y2={up(high)} />
      <circle cx={x} cy={up(wins / count)} r={4} />
    </g>
  );
}
