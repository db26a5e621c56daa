import { carryOut } from "./deeds.ts";
import type { Scenario, Step } from "./scenario.ts";
import { Stage } from "./stage.ts";
import { stateOf, unmet } from "./words.ts";

/** What every case of a scenario must come to beside its own words. */
const SAME = "the same trades in all cases";

interface Timed extends Step {
  readonly at: number;
}

/** Plays all cases of a scenario; returns what did not hold, a line each. */
export function runScenario(scenario: Scenario): readonly string[] {
  const cases = Object.entries(scenario.cases ?? { "": [] });
  const isSame = scenario.expect.includes(SAME);
  const expected = scenario.expect.filter((words) => words !== SAME);
  const faults: string[] = [];
  let first: string | null = null;
  for (const [name, steps] of cases) {
    const stage = play({ ...scenario, expect: expected }, steps);
    faults.push(...stage.faults.map((fault) => (name === "" ? fault : `${name}: ${fault}`)));
    const rows = rowsOf(stage);
    first ??= rows;
    if (isSame && rows !== first) faults.push(`${name}: other trades: ${rows}, first: ${first}`);
  }
  return faults;
}

/** Plays one case: the scenario's own steps and these. */
export function play(scenario: Scenario, more: readonly Step[]): Stage {
  const stage = new Stage(scenario);
  const steps = [...scenario.steps, ...more]
    .flatMap((step): Timed[] => [step.at].flat().map((at) => Object.assign({}, step, { at })))
    // Of one second in the order in which they stand.
    .sort((a, b) => a.at - b.at);
  for (const step of steps) {
    stage.advanceTo(step.at);
    if (step.expect !== undefined) stage.faults.push(...unmet(step.expect, stage));
    else carryOut(step, stage);
  }
  stage.advanceTo(scenario.until);
  stage.faults.push(...unmet(scenario.expect, stage), ...stage.differences());
  // A state other than ACTIVE is one that the scenario names.
  if (!scenario.expect.some((words) => words.startsWith("state ")) && stateOf(stage) !== "ACTIVE")
    stage.faults.push(`at the end: ${stateOf(stage)}`);
  return stage;
}

function rowsOf({ trades }: Stage): string {
  return JSON.stringify(
    trades.map(({ symbol, reason, entryPrice, exitPrice, qtySteps, pnlE8, feesE8 }) =>
      [symbol, reason, entryPrice, exitPrice, qtySteps, pnlE8, feesE8].map(String),
    ),
  );
}
