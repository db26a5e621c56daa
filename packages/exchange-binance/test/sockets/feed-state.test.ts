import { type FeedState, ManualClock, Rng, SystemClock, silentLogger } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BinanceFeed } from "../../src/index.ts";
import { CheckingSink, TestMeter } from "../support/model-venue.ts";
import { WsVenue } from "../support/ws-venue.ts";

const START = 1_790_771_340_000;

const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 60_000, interval: 5 });

let venue: WsVenue;
let feed: BinanceFeed;
let states: FeedState[];

async function open(): Promise<void> {
  const clock = new ManualClock(START + 20_000);
  feed = new BinanceFeed({
    bases: { wsBase: venue.wsBase, restBase: "http://127.0.0.1:1" },
    slots: 2,
    clock,
    wallClock: new SystemClock(),
    rng: new Rng(1),
    log: silentLogger,
    sink: new CheckingSink(),
    meter: new TestMeter(),
    requestBars: () => {},
    onState: (state) => states.push(state),
  });
  feed.add(0, "AUSDT", -1);
  await feed.start();
}

beforeEach(async () => {
  venue = await WsVenue.start();
  states = [];
});
afterEach(async () => {
  await feed.stop();
  await venue.close();
});

describe("what a feed tells of its connections", () => {
  it("tells connected, acknowledged and heard, each by itself, while its symbols still warm up", async () => {
    await open();
    await until(() => states.at(-1)?.acknowledged === 1);
    expect(states[0]).toMatchObject({ connections: 1, open: 1, acknowledged: 0, isHeard: false, words: "" });
    expect(states.at(-1)).toMatchObject({ isHeard: false });
    venue.kline("AUSDT", START, false);
    await until(() => states.at(-1)?.isHeard === true);
    expect(feed.isReady(0)).toBe(false);
  });

  it.each([
    [451, "Service unavailable from a restricted location", true],
    [403, "", true],
    [400, "{}", true],
    [429, "", false],
    [418, "", false],
    [503, "try later", false],
    [302, "", false],
  ])("tells a handshake answered with %i by its status and words", async (status, body, isRefused) => {
    venue.refuseWith = status;
    venue.refuseBody = body;
    await open();
    await until(() => states.length > 0);
    const { words, ...state } = states[0] as FeedState;
    expect(state).toEqual({ connections: 1, open: 0, acknowledged: 0, isHeard: false, isRefused });
    expect(words).toBe(`HTTP ${status} Refused${body === "" ? "" : `: ${body}`}`);
  });

  it.each([
    ["an error without an id", '{"error":{"code":2,"msg":"Invalid request"}}'],
    ["an error whose id is null", '{"error":{"code":2,"msg":"Invalid request"},"id":null}'],
    ["an error of the older form", '{"code":2,"msg":"Invalid request: no such stream"}'],
  ])("tells the words of %s, and calls nothing acknowledged", async (_name, text) => {
    venue.reply = () => text;
    await open();
    await until(() => states.some(({ words }) => words !== ""));
    expect(states.at(-1)).toMatchObject({ open: 1, acknowledged: 0, words: text });
  });

  it("tells the words of an error with its id", async () => {
    venue.reply = (id) => JSON.stringify({ error: { code: 3, msg: "Too many" }, id });
    await open();
    await until(() => states.some(({ words }) => words.includes("Too many")));
    expect(states.at(-1)).toMatchObject({ open: 1, acknowledged: 0 });
  });

  it("tells why the venue closed", async () => {
    await open();
    await until(() => states.at(-1)?.acknowledged === 1);
    venue.last.socket.close(1008, "Too many requests");
    await until(() => states.at(-1)?.open === 0);
    expect(states.at(-1)?.words).toBe("Too many requests");
  });
});
