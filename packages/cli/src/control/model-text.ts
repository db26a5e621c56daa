import { NONE, numberText, shareText } from "../offline/report/format.ts";
import { textTable } from "../offline/ledger/answer/text-table.ts";
import type { ModelView } from "./model-views.ts";

/** `smcq scorer` for eyes. */
export function modelText(view: ModelView): string {
  const { scorer, status, sizeFactor, isExpired, current, challenger, newcomer, health } = view;
  const lines: (readonly [string, string])[] = [
    ["scorer", `${scorer} (${status})`],
    ["size", `${shareText(sizeFactor, 0)} of a usual one`],
  ];
  if (current !== null)
    lines.push(["expires", `${current.metadata.expiresUtc}${isExpired ? ", EXPIRED" : ""}`]);
  if (challenger !== null) lines.push(["challenger", challenger.metadata.modelId]);
  if (newcomer !== null)
    lines.push(["takes over", `${newcomer.metadata.modelId} in ${numberText(view.shadowBarsLeft)} bars`]);
  if (health === null) lines.push(["drift", "a hand-made rule scores: it was trained on nothing"]);
  else {
    lines.push(
      ["drift", health.rows < view.judgedRowsMin ? `too few rows: ${health.rows}` : health.level],
      ["Brier", health.brier === null ? NONE : `${health.brier.toFixed(4)} of ${health.outcomes} outcomes`],
      ...health.reasons.map((reason) => ["", reason] as const),
    );
  }
  const head = lines.map(([name, text]) => `${name.padEnd(14)} ${text}\n`).join("");
  const known = view.outcomes.filter(({ count }) => count > 0);
  if (known.length === 0) return head;
  const table = textTable(
    [{ name: "Score" }, { name: "Outcomes", isFigure: true }, { name: "Won", isFigure: true }],
    known.map(({ lower, upper, count, wins }) => [
      `${lower.toFixed(2)} to ${upper.toFixed(2)}`,
      numberText(count),
      shareText(wins / count, 0),
    ]),
  );
  return `${head}\n${table}`;
}
