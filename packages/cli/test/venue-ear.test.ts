import { ManualClock } from "@smcq/kernel";
import { expect, it } from "vitest";
import { ASK_MS, VenueEar } from "../src/run/duty/venue-ear.ts";

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

it("asks one question at a time, and knows for how long the venue has not answered", async () => {
  const clock = new ManualClock(0);
  const asked: PromiseWithResolvers<void>[] = [];
  const ear = new VenueEar({
    ask: () => {
      const question = Promise.withResolvers<void>();
      asked.push(question);
      return question.promise;
    },
    clock,
  });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      clock.advance(500);
      await settle();
    }
  };
  ear.start();
  expect([asked.length, ear.reaches]).toEqual([1, false]);
  // One that hangs is not asked again; it has failed when the way to the venue says so.
  await pass(3 * ASK_MS);
  expect([asked.length, ear.reaches, ear.silentMs]).toEqual([1, false, 3 * ASK_MS]);
  asked[0]?.reject(new Error("no answer"));
  await settle();
  await pass(1_000);
  asked[1]?.resolve();
  await settle();
  expect([asked.length, ear.reaches, ear.silentMs]).toEqual([2, true, 0]);
  await pass(10_000);
  expect([ear.reaches, ear.silentMs]).toEqual([true, 10_000]);
  await pass(500);
  expect(ear.reaches).toBe(false);
  ear.stop();
});
