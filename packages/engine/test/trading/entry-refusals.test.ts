import type { Refusal } from "@smcq/exchange";
import { expect, it } from "vitest";
import { MARGIN_PAUSE_MS, REFUSALS_MAX, RULES_PAUSE_MS } from "../../src/trading/entry-refusals.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS } from "../support/fixtures.ts";

/** Refused `times` times in a row, a minute apart. */
function refused(code: Refusal, times: number, isVenueRemote = true): CoreDriver {
  const driver = new CoreDriver(1, {}, { isVenueRemote });
  for (let time = 1; time <= times; time++) {
    if (time > 1) driver.nowMs += MINUTE_MS;
    driver.enter();
    driver.refuse("entry", code);
  }
  return driver;
}

function outcomeAfter(driver: CoreDriver, ms: number): string | undefined {
  driver.nowMs += ms;
  driver.enter();
  return driver.outcomes.at(-1);
}

it.each([
  ["MARGIN_INSUFFICIENT", 1, MARGIN_PAUSE_MS],
  ["LOT_SIZE", 2, RULES_PAUSE_MS],
  ["SYMBOL_CLOSED", REFUSALS_MAX, MINUTE_MS - 5_000],
] as const)(
  "an entry refused with %s %i times lets its symbol rest (EX15, EX17, EX18)",
  (code, times, ms) => {
    expect(outcomeAfter(refused(code, times), ms - 1)).toBe("S0 SYMBOL_LOCKED");
    expect(outcomeAfter(refused(code, times), ms)).toBe("S0 APPROVED");
    // Once less holds nothing back.
    expect(outcomeAfter(refused(code, times - 1), MINUTE_MS - 10_000)).toBe("S0 APPROVED");
  },
);

it("an entry that was taken ends the row of refusals", () => {
  const driver = refused("SYMBOL_CLOSED", REFUSALS_MAX - 1);
  driver.nowMs += MINUTE_MS;
  driver.enterFilled();
  driver.ack("stop");
  driver.put({ type: "operator", word: "flatten" });
  driver.end("target");
  driver.fill("exit");
  driver.end("stop");
  driver.nowMs += MINUTE_MS;
  driver.enter();
  driver.refuse("entry", "SYMBOL_CLOSED");
  expect(outcomeAfter(driver, 10_000)).toBe("S0 APPROVED");
});

it("an ordinary end of an entry, or a venue in memory, holds nothing back", () => {
  expect(outcomeAfter(refused("POST_ONLY_REJECT", REFUSALS_MAX), 10_000)).toBe("S0 APPROVED");
  expect(outcomeAfter(refused("SYMBOL_CLOSED", REFUSALS_MAX, false), 10_000)).toBe("S0 APPROVED");
});
