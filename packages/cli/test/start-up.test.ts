import { type LogFields, ManualClock, silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { StartUp } from "../src/run/steps/start-up.ts";

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
  startUp.ready({ ready: 297, shardsRunning: 8, short: 1, warming: 2 }, {});
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
  expect(() => startUp.ready({ ready: 0, shardsRunning: 0, short: 0, warming: 0 }, {})).toThrow("stopped");
  expect(lines).toEqual([]);
});

it.each([
  [297, 0, 0, null],
  [10, 5, 5, null],
  [9, 0, 10, "little is scanned yet: 10 still lack bars that REST has not given (holes, or it is stopped)"],
  [0, 3, 0, "nothing is scanned yet: 3 are too young for a setup"],
  [
    1,
    2,
    1,
    "little is scanned yet: 1 still lack bars that REST has not given (holes, or it is stopped), 2 are too young for a setup",
  ],
  [0, 0, 0, "nothing is scanned yet: no symbol is watched"],
] as const)(
  "warns at READY where %i of %i young and %i waiting symbols are scanned",
  (ready, short, warming, why) => {
    const said: [string, LogFields][] = [];
    const logger = {
      ...silentLogger,
      info: (fields: LogFields) => void said.push(["info", fields]),
      warn: (fields: LogFields) => void said.push(["warn", fields]),
    };
    const startUp = new StartUp(logger, new ManualClock(), new AbortController().signal);
    startUp.ready({ ready, shardsRunning: 2, short, warming }, {});
    expect(said).toMatchObject([[why === null ? "info" : "warn", { pairs: ready, short, warming }]]);
    expect(said[0]?.[1]["why"]).toBe(why ?? undefined);
  },
);
