import { ManualClock, silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import {
  type OutgoingWord,
  PublishWindow,
  WORD_AGE_MS_MAX,
  WORDS_IN_FLIGHT_MAX,
} from "../../src/signals/publish-window.ts";

const word = (subject: string): OutgoingWord => ({ subject, id: null, bytes: new Uint8Array() });
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function bench(): {
  readonly window: PublishWindow;
  readonly sent: string[];
  readonly clock: ManualClock;
  readonly answers: { resolve: (answer: "kept" | "known") => void; reject: (error: Error) => void }[];
  readonly state: { isOpen: boolean };
} {
  const clock = new ManualClock();
  const sent: string[] = [];
  const answers: { resolve: (answer: "kept" | "known") => void; reject: (error: Error) => void }[] = [];
  const state = { isOpen: true };
  const window = new PublishWindow({
    send: ({ subject }) => {
      sent.push(subject);
      const { promise, ...answer } = Promise.withResolvers<"kept" | "known">();
      answers.push(answer);
      return promise;
    },
    isOpen: () => state.isOpen,
    clock,
    logger: silentLogger,
    waitingMax: 4,
  });
  return { window, sent, clock, answers, state };
}

it("tries again in order what failed, after a rest", async () => {
  const { window, sent, clock, answers } = bench();
  for (const subject of ["a", "b"]) {
    window.put(word(subject));
    clock.advance(1);
  }
  for (const { reject } of answers.splice(0)) reject(new Error("timeout"));
  await turn();
  window.put(word("c"));
  expect(sent).toEqual(["a", "b"]);
  clock.advance(250);
  await turn();
  expect(sent).toEqual(["a", "b", "a", "b", "c"]);
  for (const { resolve } of answers) resolve("kept");
  await window.settled(1_000);
  expect(window.counts).toEqual({ published: 3, kept: 3, known: 0, dropped: 0 });
});

it("drops what could not be sent for too long", async () => {
  const { window, clock, answers } = bench();
  window.put(word("a"));
  clock.advance(WORD_AGE_MS_MAX + 1);
  answers[0]?.reject(new Error("timeout"));
  await turn();
  expect([window.counts.dropped, window.waiting]).toEqual([1, 0]);
});

it("has no more on the way than it may, and drops the oldest of too many that wait", () => {
  const { window, sent } = bench();
  for (let index = 0; index < WORDS_IN_FLIGHT_MAX + 6; index++) window.put(word(String(index)));
  expect([sent.length, window.waiting, window.counts.dropped]).toEqual([
    WORDS_IN_FLIGHT_MAX,
    WORDS_IN_FLIGHT_MAX + 4,
    2,
  ]);
});

it("sends nothing without a connection, and does not wait for ever at the end", async () => {
  const { window, sent, clock, state } = bench();
  state.isOpen = false;
  window.put(word("a"));
  const settled = window.settled(3_000);
  clock.advance(3_000);
  await settled;
  expect([sent, window.waiting]).toEqual([[], 1]);
});

it("says up to which word none waits any more, whatever became of them", async () => {
  const { window, clock, answers } = bench();
  const numbers = ["a", "b", "c"].map((subject) => window.put(word(subject)));
  expect([numbers, window.settledTo]).toEqual([[1, 2, 3], 0]);
  answers[1]?.resolve("known");
  await turn();
  expect(window.settledTo).toBe(0);
  answers[0]?.reject(new Error("timeout"));
  answers[2]?.resolve("kept");
  await turn();
  expect(window.settledTo).toBe(0);
  clock.advance(WORD_AGE_MS_MAX + 250);
  answers[3]?.reject(new Error("timeout"));
  await turn();
  expect([window.settledTo, window.counts]).toEqual([3, { published: 3, kept: 1, known: 1, dropped: 1 }]);
});
