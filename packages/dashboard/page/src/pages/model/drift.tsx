import { numberText, shareText } from "../../state/format.ts";
import { Empty, Meter, Problem, Tile, Tiles } from "../../ui/parts.tsx";
import type { Health, ModelAnswer } from "./answer.ts";

/** docs/model.md: from here on a feature is called drifted. */
const PSI_WARN = 0.1;
const PSI_DRIFTED = 0.25;
/** Brier score of who says one half of everything. */
const COIN = 0.25;

interface DriftProps {
  readonly data: ModelAnswer;
  readonly health: Health;
}

/** Whether the market is still the one that it was trained on; what cannot be seen is said. */
export function Drift({ data, health }: DriftProps) {
  const isJudged = health.rows >= data.judgedRowsMin;
  const isBad = health.level === "reduced" || health.level === "observe-only";
  return (
    <>
      <Tiles>
        <Tile
          name="Level"
          value={health.psi === null || isJudged || isBad ? health.level : "not judged yet"}
          tone={isBad ? "bad" : health.level === "ok" && isJudged ? "good" : "warn"}
          note={
            isJudged
              ? `by the last ${numberText(health.rows, 0)} rows`
              : `${numberText(health.rows, 0)} of ${numberText(data.judgedRowsMin, 0)} rows that it takes`
          }
        />
        <Tile
          name="Brier score here"
          value={numberText(health.brier, 4)}
          note={`${numberText(health.outcomes, 0)} known outcomes; ${COIN} is a coin`}
        />
        <Tile name="Brier score of the card" value={numberText(health.brierReference, 4)} />
        <Tile name="PSI of the score" value={isJudged ? numberText(health.scorePsi, 3) : "–"} />
        <Tile
          name="Rows with a missing feature"
          value={shareText(health.nanRatio)}
          tone={health.nanRatio > 0 ? "bad" : ""}
        />
        <Tile
          name="Scores that were none"
          value={numberText(health.invalid, 0)}
          tone={health.invalid > 0 ? "bad" : ""}
        />
      </Tiles>
      {health.reasons.map((reason) => (
        <Problem key={reason} text={reason} />
      ))}
      <Features data={data} health={health} isJudged={isJudged} />
    </>
  );
}

function Features({ data, health: { psi }, isJudged }: DriftProps & { readonly isJudged: boolean }) {
  if (psi === null)
    return (
      <Empty>
        The card has no training rows to compare with: drift is not measured, and would not be seen.
      </Empty>
    );
  if (!isJudged)
    return <Empty>Too few rows yet to judge the features by: a few always look like drift.</Empty>;
  return (
    <>
      {data.featureNames.map((name, at) => (
        <Meter key={name} name={name} value={psi[at] ?? 0} max={PSI_DRIFTED} text={numberText(psi[at], 3)} />
      ))}
      <p class="note">
        PSI of each feature: below {PSI_WARN} nothing, from {PSI_DRIFTED} on another market than the one it
        was trained on
      </p>
    </>
  );
}
