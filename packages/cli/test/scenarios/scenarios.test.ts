import { describe, expect, it } from "vitest";
import { runScenario } from "./run-scenario.ts";
import { readScenario, scenarioFiles } from "./scenario.ts";

// Each fault by itself at a named moment, against the real core, loop, gateway and venue in virtual time.
describe("a fault of orders, positions or the account", () => {
  it.each(
    scenarioFiles().map((file) => {
      const scenario = readScenario(file);
      return [`${scenario.faults.join(", ")} ${scenario.title}`, scenario] as const;
    }),
  )("%s", (_, scenario) => {
    expect(runScenario(scenario)).toEqual([]);
  });
});
