import type { ServerResponse } from "node:http";
import { type Clock, errorMessage, ManualClock, Rng, silentLogger, SystemClock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BinanceErrorCode, BinanceRest, RateBudget } from "../src/index.ts";
import { AnswerWatch } from "../src/rest/answer-watch.ts";
import { banUntilMs, retryAfterMs } from "../src/rest/stop-times.ts";
import { answer, startHttpVenue } from "./support/http-venue.ts";
import type { HttpVenue } from "./support/http-venue.ts";

const NOW = 1_790_771_350_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Back-off passes a thousand times faster than the wall. */
class FastClock extends SystemClock {
  override after(delayMs: number, fn: () => void): () => void {
    return super.after(delayMs / 1_000, fn);
  }
}

let venue: HttpVenue;
let rest: BinanceRest;

function connect(clock: Clock, replyTimeoutMs: number): BinanceRest {
  return new BinanceRest({ origin: venue.origin, clock, rng: new Rng(1), log: silentLogger, replyTimeoutMs });
}

beforeEach(async () => {
  venue = await startHttpVenue(answer(200, { serverTime: NOW }));
  rest = connect(new FastClock(), 2_000);
});
afterEach(async () => {
  await rest.close();
  await venue.close();
});

/** Sends a byte every few milliseconds, for ever: no two of them are far apart. */
function trickle(isHeaderSent: boolean): (response: ServerResponse) => void {
  return (response) => {
    if (isHeaderSent) response.writeHead(200, { "content-type": "application/json" });
    const clock = new SystemClock();
    const more = (): void => {
      if (response.destroyed) return;
      if (isHeaderSent) response.write(" ");
      else response.writeProcessing();
      clock.after(5, more);
    };
    more();
  };
}

describe("one limit for a whole call", () => {
  it.each([
    ["a body that trickles", true],
    ["headers that are announced and never come", false],
  ])("ends %s", async (_name, isHeaderSent) => {
    await rest.close();
    rest = connect(new FastClock(), 60);
    for (let tries = 0; tries < 4; tries++) venue.script.push(trickle(isHeaderSent));
    await expect(rest.serverTime()).rejects.toMatchObject({ code: BinanceErrorCode.Network });
    expect(rest.budget.state().weightInFlight).toBe(0);
    // What came late is no harm to the next call.
    expect(await rest.serverTime()).toBe(NOW);
  });
});

describe("a body that cannot be read is asked for again", () => {
  const kline = (t: number): unknown[] => [t, "1", "2", "1", "1", "5", t + 59_999, "1", 1, "1", "1", "0"];
  const odd: readonly (readonly [string, string])[] = [
    ["a page", "<html><body>Maintenance</body></html>"],
    ["nothing", ""],
    ["a cut document", '{"serverTime": 17907713500'],
    ["null", "null"],
    ["a list", "[1, 2]"],
    ["another object", '{"code":0}'],
    ["a time beyond all years", '{"serverTime":9000000000000000}'],
    ["a negative time", '{"serverTime":-5}'],
    ["a text", '{"serverTime":"1790771350000"}'],
    ["deep nesting", "[".repeat(100_000)],
    ["bytes", "\u0000\u001b[31m"],
  ];
  it.each(odd)("%s instead of the time", async (_name, body) => {
    venue.script.push(answer(200, body));
    expect(await rest.serverTime()).toBe(NOW);
    expect(venue.requests).toHaveLength(2);
    expect(rest.stats()).toMatchObject({ retries: 1, failures: 0 });
  });

  it.each([
    ["a page", "<html>"],
    ["no list", '{"rows":[]}'],
    ["a short row", "[[1,2]]"],
    ["rows in disorder", JSON.stringify([kline(120_000), kline(60_000)])],
  ])("%s instead of klines", async (_name, body) => {
    venue.script.push(answer(200, body), answer(200, [kline(60_000)]));
    expect(await rest.klines({ symbol: "A", interval: "1m", limit: 2 })).toHaveLength(6);
    expect(venue.requests).toHaveLength(2);
  });

  it("gives up with the last body's own error after four tries", async () => {
    for (let tries = 0; tries < 4; tries++) venue.script.push(answer(200, "<html>Sorry</html>"));
    await expect(rest.serverTime()).rejects.toMatchObject({
      code: BinanceErrorCode.BadReply,
      message: expect.stringContaining("no JSON but 200 (application/json): <html>Sorry</html>") as string,
    });
  });
});

describe("a page instead of an answer says what came", () => {
  const html = { "content-type": "text/html; charset=utf-8" };
  it.each<readonly [string, number, string, Record<string, string>, readonly string[]]>([
    [
      "a sign-in page",
      302,
      "",
      { location: "http://portal.example/login?x=1" },
      ["302", "leads to http://portal.example/login", "sign-in"],
    ],
    [
      "a moved host",
      301,
      "<h1>Moved</h1>",
      { ...html, location: "https://other.example/" },
      ["301 (text/html)", "leads to https://other.example/", "<h1>Moved</h1>"],
    ],
    [
      "a page that is missing",
      404,
      "<html>\n <body>Not  here</body>",
      html,
      ["404 (text/html)", "<html> <body>Not here</body>", "restBaseUrl"],
    ],
    ["a network that wants a sign-in", 511, "Sign in", html, ["511", "unavailable"]],
    ["another server", 405, "", { "content-type": "" }, ["405", "nothing in it"]],
    [
      "a page with status 200",
      200,
      `<html>${"x".repeat(5_000)}`,
      html,
      ["no JSON", "200 (text/html)", "<html>xxx"],
    ],
  ])("%s", async (_name, status, body, headers, words) => {
    for (let tries = 0; tries < 4; tries++) venue.script.push(answer(status, body, headers));
    const said = await rest.serverTime().then(
      () => "answered",
      (error: unknown) => errorMessage(error),
    );
    for (const word of words) expect(said).toContain(word);
    expect(said.length).toBeLessThan(700);
  });

  it("and the venue's own refusal is told as it is", async () => {
    venue.script.push(answer(400, { code: -1121, msg: "Invalid symbol." }));
    await expect(rest.serverTime()).rejects.toMatchObject({
      message: 'GET /fapi/v1/time answered 400: {"code":-1121,"msg":"Invalid symbol."}',
    });
  });
});

describe("Retry-After", () => {
  it.each<readonly [string | undefined, number]>([
    [undefined, 0],
    ["", 0],
    ["30", 30_000],
    ["0.5", 500],
    [" 7 ", 7_000],
    ["-5", 0],
    ["NaN", 0],
    ["soon", 0],
    ["Infinity", 0],
    ["1e99", 3 * DAY],
    ["999999999999", 3 * DAY],
    ["Wed, 30 Sep 2026 12:30:10 GMT", 60_000],
    ["Wed, 30 Sep 2020 12:30:10 GMT", 0],
    ["Wed, 30 Sep 2099 12:30:10 GMT", 3 * DAY],
    ["Foo, 99 Bar 2026", 0],
  ])("%j means %i ms", (header, waitMs) => {
    expect(retryAfterMs(header, Date.UTC(2026, 8, 30, 12, 29, 10))).toBe(waitMs);
  });

  it.each<readonly [string, number, number]>([
    [`IP banned until ${NOW + HOUR}.`, 0, HOUR],
    [`banned until ${Math.floor(NOW / 1_000) + 600}`, 0, 600_000],
    [`IP banned until ${NOW + 30 * DAY}`, 0, 3 * DAY],
    [`IP banned until ${NOW - HOUR}`, 0, 120_000],
    ["IP banned until 9999999999999", 0, 3 * DAY],
    ["IP banned until 99999999999999999", 0, 120_000],
    ["banned", 30_000, 30_000],
    ["banned", 30 * DAY, 3 * DAY],
  ])("a ban that says %j ends in time", (text, afterMs, forMs) => {
    const untilMs = banUntilMs({ text, retryAfterMs: afterMs, nowMs: NOW });
    expect(Math.abs(untilMs - NOW - forMs)).toBeLessThanOrEqual(1_000);
  });
});

describe("a stop whose end the venue puts far away", () => {
  const granted = async (budget: RateBudget): Promise<boolean> =>
    budget.acquire(1, 0).then(
      () => true,
      () => false,
    );

  it.each<readonly [string, (budget: RateBudget) => void, number]>([
    ["429 for three days", (budget) => budget.onTooMany(3 * DAY), 5 * MINUTE],
    ["a ban of three days", (budget) => budget.onBanned(NOW + 3 * DAY), HOUR],
  ])("%s: one request asks again, and a good answer ends it", async (_name, stop, everyMs) => {
    const clock = new ManualClock(NOW);
    const budget = new RateBudget({ clock });
    stop(budget);
    expect(await granted(budget)).toBe(false);
    clock.advance(everyMs - 1_000);
    expect(await granted(budget)).toBe(false);
    clock.advance(1_000);
    expect(await granted(budget)).toBe(true);
    expect(await granted(budget)).toBe(false);
    budget.settle(1, Number.NaN);
    budget.answered();
    expect(budget.stoppedUntilMs()).toBe(0);
    expect(await granted(budget)).toBe(true);
  });

  it("holds on when the one that asked is refused again, or what was sent before is answered", async () => {
    const clock = new ManualClock(NOW);
    const budget = new RateBudget({ clock });
    budget.onBanned(NOW + DAY);
    budget.answered();
    expect(budget.bannedUntilMs()).toBe(NOW + DAY);
    clock.advance(HOUR);
    expect(await granted(budget)).toBe(true);
    budget.settle(1, Number.NaN);
    budget.onBanned(NOW + DAY);
    budget.answered();
    expect(await granted(budget)).toBe(false);
    expect(budget.bannedUntilMs()).toBe(NOW + DAY);
  });
});

describe("a REST that does not answer", () => {
  function watch(stoppedUntilMs = 0): { clock: ManualClock; watch: AnswerWatch; lines: [string, string][] } {
    const clock = new ManualClock(NOW);
    const lines: [string, string][] = [];
    const say =
      (level: string) =>
      (_fields: object, text: string): void =>
        void lines.push([level, text]);
    const log = { ...silentLogger, info: say("info"), warn: say("warn"), error: say("error") };
    return {
      clock,
      lines,
      watch: new AnswerWatch({ wallClock: clock, log, stoppedUntilMs: () => stoppedUntilMs }),
    };
  }

  it("is an incident after 30 s, told once a minute, and its end is told", () => {
    const { clock, watch: answers, lines } = watch();
    answers.begin();
    answers.begin();
    clock.advance(29_000);
    expect(lines).toEqual([]);
    clock.advance(6_000);
    expect(lines).toEqual([["error", "REST does not answer"]]);
    clock.advance(120_000);
    expect([lines.length, Math.round(answers.silentMs)]).toEqual([3, 155_000]);
    answers.answered();
    expect(lines.at(-1)).toEqual(["info", "REST answers again"]);
    answers.end();
    answers.end();
    expect([answers.silentMs, clock.pendingCount]).toEqual([0, 0]);
  });

  it("is no incident when the venue has said until when", () => {
    const { clock, watch: answers, lines } = watch(NOW + HOUR);
    answers.begin();
    clock.advance(200_000);
    expect(lines).toHaveLength(3);
    expect(new Set(lines.map(([level]) => level))).toEqual(new Set(["warn"]));
  });

  it("says nothing while answers come, however many wait", () => {
    const { clock, watch: answers, lines } = watch();
    answers.begin();
    for (let minute = 0; minute < 10; minute++) {
      answers.begin();
      clock.advance(20_000);
      answers.answered();
      answers.end();
    }
    expect(lines).toEqual([]);
    answers.stop();
    expect(clock.pendingCount).toBe(0);
  });
});
