import { type LogFields, ManualClock, silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { StartUp } from "../src/run/start-up.ts";

function lab(): { readonly lines: string[]; readonly stop: AbortController; readonly startUp: StartUp } {
  const lines: string[] = [];
  const stop = new AbortController();
  const say = (fields: LogFields, text: string): void =>
    void lines.push(typeof fields["step"] === "string" ? fields["step"] : text);
  return {
    lines,
    stop,
    startUp: new StartUp({ ...silentLogger, info: say }, new ManualClock(), stop.signal),
  };
}

it("tells each step as it is done, and READY at the end", async () => {
  const { lines, startUp } = lab();
  expect(
    await startUp.step(
      "first",
      () => 7,
      (seven) => ({ seven }),
    ),
  ).toBe(7);
  startUp.ready(297, 8, {});
  expect(lines).toEqual(["first", "READY: 297 pairs, 8 shards"]);
});

it("hands out what a step opened though the run is to stop, and starts no further one", async () => {
  const { lines, stop, startUp } = lab();
  const opened = await startUp.step(
    "shards",
    () => {
      stop.abort("SIGTERM");
      return "opened";
    },
    () => ({}),
  );
  expect(opened).toBe("opened");
  await expect(
    startUp.step(
      "warm-up",
      () => 1,
      () => ({}),
    ),
  ).rejects.toMatchObject({ code: "STOPPED" });
  expect(() => startUp.ready(0, 0, {})).toThrow("stopped");
  expect(lines).toEqual([]);
});
