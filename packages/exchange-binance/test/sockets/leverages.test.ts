import { silentLogger, symbolId } from "@smcq/kernel";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Leverages } from "../../src/trading.ts";
import { GatewayRig, shortOf, START_MS } from "../support/gateway-rig.ts";
import { type Answer, ok, refuse } from "../support/order-venue.ts";
import { until } from "../support/trading-bench.ts";

const A = symbolId(0);
const NAME = "ACHUSDT";
const SETTINGS = "GET /fapi/v1/symbolConfig";

let rig: GatewayRig;
let leverages: Leverages;
let reads = 0;

const setTo = (leverage: number): Answer => ok([{ symbol: NAME, marginType: "CROSSED", leverage }]);

beforeEach(async () => {
  reads = 0;
  leverages = new Leverages(silentLogger);
  leverages.onRead = () => void reads++;
  rig = await GatewayRig.open({ leverages, answers: { [SETTINGS]: setTo(7) } });
  await until(() => reads === 1, "the settings");
});
afterEach(() => rig.close());

/** The stream is lost and stands again. */
async function reconnect(): Promise<void> {
  const before = rig.venue.sockets.length;
  rig.venue.sockets.at(-1)?.socket.terminate();
  await until(() => !rig.gateway.stats.isStreamLive, "the loss");
  expect(leverages.of(NAME)).toBeNull();
  rig.clock.advance(60_000);
  await until(() => rig.venue.sockets.length > before, "another stream");
}

function change(leverage: number): void {
  const ac = { s: NAME, l: leverage };
  rig.venue.tell({ e: "ACCOUNT_CONFIG_UPDATE", E: START_MS, T: START_MS, ac });
}

async function set(leverage: number): Promise<string> {
  const outcomes: string[] = [];
  rig.gateway.setLeverage(A, leverage, (outcome) => outcomes.push(shortOf(outcome)));
  await until(() => outcomes.length > 0, "an outcome");
  return outcomes.join();
}

it("is what the account is set to when its stream stands, and its own words from then on", async () => {
  expect(leverages.of(NAME)).toBe(7);
  expect(leverages.of("OTHERUSDT")).toBeNull();
  change(12);
  await until(() => leverages.of(NAME) === 12, "the word");
});

it("is unknown while the stream is lost, and read anew", async () => {
  rig.venue.always(SETTINGS, setTo(9));
  await reconnect();
  await until(() => reads === 2, "the settings");
  expect(leverages.of(NAME)).toBe(9);
});

it("is unknown while it is set; then the one that the venue has confirmed", async () => {
  rig.venue.always("POST /fapi/v1/leverage", () => {
    expect(leverages.of(NAME)).toBeNull();
    return ok({ symbol: NAME, leverage: 5 });
  });
  expect(await set(5)).toMatch(/^acked/);
  expect(leverages.of(NAME)).toBe(5);
  rig.venue.always("POST /fapi/v1/leverage", refuse(-4028));
  expect(await set(6)).not.toMatch(/^acked/);
  expect(leverages.of(NAME)).toBeNull();
});

it.each(["word", "set"] as const)(
  "is not what an answer says that is older than a %s meanwhile",
  async (news) => {
    const answer = rig.venue.held(SETTINGS);
    await reconnect();
    await until(() => answer.isAsked(), "the question");
    rig.venue.always("POST /fapi/v1/leverage", ok({ symbol: NAME, leverage: 15 }));
    if (news === "word") change(15);
    else await set(15);
    await until(() => leverages.of(NAME) === 15, news);
    answer.give(setTo(7));
    await until(() => reads === 2, "the settings");
    expect(leverages.of(NAME)).toBe(15);
  },
);

it("is not what was asked before the stream was lost once more", async () => {
  const late = rig.venue.held(SETTINGS);
  await reconnect();
  await until(() => late.isAsked(), "the question");
  rig.venue.always(SETTINGS, setTo(9));
  await reconnect();
  await until(() => leverages.of(NAME) === 9, "the settings");
  late.give(setTo(3));
  await rig.ask({ type: "wallet" });
  expect(leverages.of(NAME)).toBe(9);
});
