import { passesUniverseFilter, type KnobId, type VenueSymbol } from "@smcq/exchange-sim";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import {
  NON_ASCII_LISTING,
  startBinanceSim,
  type BinanceSim,
  type BinanceSimOptions,
} from "../../src/index.ts";
import { Client, eventually, wireBar, wireFault, type WireEvent } from "../support/client.ts";

type Open = { close(): Promise<void> }[];
const SYMBOLS = ["ALGOUSDT", "AVAXUSDT", "FILUSDT", "NEARUSDT"];
/** What the running scenario has opened: several run at once, they mostly wait for their venue. */
const opened = new AsyncLocalStorage<Open>();

function open(): Open {
  const list = opened.getStore();
  if (list === undefined) throw new Error("only a scenario opens venues and clients");
  return list;
}

/** The body of a test whose venues and clients are closed when it ends. */
function scenario(run: () => Promise<void>): () => Promise<void> {
  return () =>
    opened.run([], async () => {
      try {
        await run();
      } finally {
        for (const resource of open()) await resource.close();
      }
    });
}

/** A venue with the faults on from its start: for those that strike again and again. */
async function start(faults: string, options: BinanceSimOptions = {}): Promise<BinanceSim> {
  const sim = await startBinanceSim({ symbols: 8, speed: 600, tickMs: 2, faults, ...options });
  open().push({ close: () => sim.stop() });
  return sim;
}

/** A venue without faults: those that strike at a time of their own are set once everyone who is to see it listens. */
function startCalm(options: BinanceSimOptions = {}): Promise<BinanceSim> {
  return start("none", options);
}

async function connect(sim: BinanceSim, symbols: readonly string[] = SYMBOLS): Promise<Client> {
  const client = new Client(`${sim.wsUrl}/market/stream`);
  open().unshift(client);
  await client.open();
  if (symbols.length > 0) await client.subscribe(symbols);
  return client;
}

/** Waits until so many venue minutes have begun. */
async function minutes(sim: BinanceSim, count: number): Promise<void> {
  const endMs = sim.clock.nowMs() + count * 60_000;
  await eventually(`${count} minutes pass`, () => sim.clock.nowMs() >= endMs);
}

const struck = (sim: BinanceSim, id: KnobId): number => sim.stats().faults[id] ?? 0;

/** True when the event's numbers are what the venue finally serves. */
function isTrue(sim: BinanceSim, event: WireEvent): boolean {
  const minute = sim.market.minuteAt(event.k.t);
  const wanted = sim.market.flatBars(sim.market.find(event.s)!, minute, minute);
  return wireBar(event).every((value, index) => value === wanted[index]);
}

async function document(sim: BinanceSim): Promise<VenueSymbol[]> {
  const response = await fetch(`${sim.restUrl}/fapi/v1/exchangeInfo`);
  return ((await response.json()) as { symbols: VenueSymbol[] }).symbols;
}

async function restStatus(sim: BinanceSim): Promise<number> {
  try {
    const response = await fetch(`${sim.restUrl}/fapi/v1/ping`, { signal: AbortSignal.timeout(1_000) });
    return response.status;
  } catch {
    return 0;
  }
}

describe("faults of the market's frames", () => {
  it.concurrent(
    "MD01 silences a symbol for a window while its socket lives",
    scenario(async () => {
      const sim = await start("MD01=0.5:24h");
      const symbols = sim.market.universe.symbols.filter(passesUniverseFilter).map((symbol) => symbol.symbol);
      const client = await connect(sim, symbols);
      await eventually(
        "some flow, some do not",
        () => client.finals().length > 12 && struck(sim, "MD01") > 0,
      );
      const seen = new Set(client.events().map((event) => event.s));
      expect(seen.size).toBeGreaterThan(0);
      expect(seen.size + struck(sim, "MD01")).toBeGreaterThanOrEqual(symbols.length);
      expect(seen.size).toBeLessThan(symbols.length);
    }),
  );

  it.concurrent(
    "MD02 silences a connection that still answers pings",
    scenario(async () => {
      const sim = await start("MD02=1:600s");
      const client = await connect(sim, []);
      await eventually("it is struck", () => struck(sim, "MD02") === 1);
      client.send({ method: "SUBSCRIBE", params: ["algousdt@kline_1m"], id: 1 });
      client.ws.ping();
      await minutes(sim, 5);
      await eventually("a pong", () => client.pongs === 1);
      expect(client.texts).toEqual([]);
      expect(client.closeCode).toBe(0);
    }),
  );

  it.concurrent(
    "MD03 ACKs a subscription that never flows; asking again may heal it",
    scenario(async () => {
      const sim = await start("MD03=1");
      const client = await connect(sim);
      await minutes(sim, 5);
      expect(client.events()).toEqual([]);
      expect(struck(sim, "MD03")).toBe(SYMBOLS.length);
      sim.setFaults("none");
      await client.ask({ method: "UNSUBSCRIBE", params: ["algousdt@kline_1m"], id: 2 });
      await client.subscribe(["ALGOUSDT"], 3);
      await eventually("it flows", () => client.finals("ALGOUSDT").length > 0);
    }),
  );

  it.concurrent(
    "MD04 leaves x:true out; the next minute goes on",
    scenario(async () => {
      const sim = await start("MD04=1");
      const client = await connect(sim);
      await eventually(
        "several minutes form",
        () => new Set(client.formings().map((event) => event.k.t)).size > 3,
      );
      expect(client.finals()).toEqual([]);
      expect(struck(sim, "MD04")).toBeGreaterThan(8);
    }),
  );

  it.concurrent(
    "MD05 sends x:true 2, 10 or 24 s late, true all the same",
    scenario(async () => {
      const sim = await start("MD05=1", { speed: 300 });
      const client = await connect(sim);
      await eventually("late finals", () => client.finals().length > 16);
      const lateness = client.finals().map((event) => event.E - event.k.T - 2000);
      expect(Math.min(...lateness)).toBeGreaterThanOrEqual(1800);
      expect(Math.max(...lateness)).toBeGreaterThanOrEqual(9800);
      expect(client.finals().every((event) => isTrue(sim, event))).toBe(true);
      const fixed = await start("MD05=1:24s", { speed: 300 });
      const other = await connect(fixed);
      await eventually("late finals", () => other.finals().length > 4);
      expect(Math.min(...other.finals().map((event) => event.E - event.k.T))).toBeGreaterThanOrEqual(25_800);
    }),
  );

  it.concurrent(
    "MD06 sends x:true twice, some at once and some later",
    scenario(async () => {
      const sim = await start("MD06=1");
      const client = await connect(sim);
      const doubled = (): number =>
        [...Map.groupBy(client.finals(), (event) => `${event.s} ${event.k.t}`).values()].filter(
          (same) => same.length === 2,
        ).length;
      await eventually("doubles", () => sim.stats().finals.duplicate > 12 && doubled() > 8);
      expect(client.finals().length).toBeGreaterThan(16);
      expect(client.finals().every((event) => isTrue(sim, event))).toBe(true);
    }),
  );

  it.concurrent(
    "MD07 sends x:true of a minute after that of the next",
    scenario(async () => {
      const sim = await start("MD07=0.5", { speed: 300 });
      const client = await connect(sim);
      const isBackwards = (symbol: string): boolean => {
        const times = client.finals(symbol).map((event) => event.k.t);
        return times.some((time, index) => index > 0 && time < times[index - 1]!);
      };
      await eventually("time runs backwards", () => SYMBOLS.some(isBackwards));
      expect(client.finals().every((event) => isTrue(sim, event))).toBe(true);
    }),
  );

  it.concurrent(
    "MD08 sends a final that differs from REST's, and later the true one",
    scenario(async () => {
      const sim = await start("MD08=1:5s");
      const client = await connect(sim);
      // The very first one heard may be the correction of a minute that closed before.
      const pairs = (): WireEvent[][] =>
        [...Map.groupBy(client.finals("ALGOUSDT"), (event) => event.k.t).values()].filter(
          (same) => same.length === 2,
        );
      await eventually(
        "corrections",
        () => sim.stats().finals.correction > 8 && client.finals().length > 20 && pairs().length > 0,
      );
      const same = pairs()[0]!;
      expect(same.map((event) => isTrue(sim, event))).toEqual([false, true]);
      expect(same.every((event) => wireFault(event) === null)).toBe(true);
    }),
  );

  it.concurrent(
    "MD11 adds frames that are truncated, no JSON, binary and huge, and loses nothing",
    scenario(async () => {
      const sim = await start("MD11=1:300kB");
      const client = await connect(sim);
      await eventually("all kinds", () => {
        const isBroken = (text: string): boolean => text.startsWith('{"e":"kline"') && !text.endsWith("}}");
        return (
          client.binaries.length > 0 &&
          client.texts.some((text) => text.startsWith("<html>")) &&
          client.texts.some((text) => text.length > 300_000) &&
          client.texts.some((text) => isBroken(text) && text.length < 1000)
        );
      });
      expect(client.closeCode).toBe(0);
      expect(sim.stats().finals.regular).toBeGreaterThan(0);
    }),
  );

  it.concurrent(
    "MD12 sends implausible numbers in forming klines and in finals; REST has the truth",
    scenario(async () => {
      const sim = await start("MD12=1");
      const client = await connect(sim);
      const bad = (events: readonly WireEvent[]): WireEvent[] =>
        events.filter((event) => wireFault(event) !== null);
      await eventually(
        "both kinds",
        () => bad(client.finals()).length > 3 && bad(client.formings()).length > 3,
      );
      const [event] = bad(client.finals());
      const query = `symbol=${event!.s}&interval=1m&startTime=${event!.k.t}&limit=1`;
      const response = await fetch(`${sim.restUrl}/fapi/v1/klines?${query}`);
      const [row] = (await response.json()) as (string | number)[][];
      const minute = sim.market.minuteAt(event!.k.t);
      const wanted = sim.market.flatBars(sim.market.find(event!.s)!, minute, minute);
      expect(row!.slice(0, 6).map(Number)).toEqual([...wanted]);
    }),
  );

  it.concurrent(
    "MD13 shows a price 100 times too high in a forming kline, or in a final that is corrected",
    scenario(async () => {
      const sim = await start("MD13=1");
      const client = await connect(sim);
      const isJump = (event: WireEvent): boolean => Number(event.k.c) > 50 * Number(event.k.o);
      await eventually("jumps", () => client.formings().some(isJump) && client.finals().length > 8);
      expect(client.finals().every((event) => isTrue(sim, event))).toBe(true);
      const final = await start("MD13=1:1");
      const other = await connect(final);
      const pairs = (): WireEvent[][] =>
        [...Map.groupBy(other.finals("FILUSDT"), (event) => event.k.t).values()].filter(
          (same) => same.length === 2,
        );
      await eventually(
        "a jump and its correction",
        () => final.stats().finals.correction > 4 && other.finals().length > 9 && pairs().length > 0,
      );
      expect(pairs()[0]!.map(isJump)).toEqual([true, false]);
      expect(isTrue(final, pairs()[0]![1]!)).toBe(true);
    }),
  );

  it.concurrent(
    "MD14 stops trades for a window: flat, without volume, on REST too",
    scenario(async () => {
      const sim = await start("MD14=1:24h");
      await connect(sim);
      await minutes(sim, 6);
      expect(sim.stats().emptyMinutes).toBeGreaterThan(20);
      const response = await fetch(`${sim.restUrl}/fapi/v1/klines?symbol=ALGOUSDT&interval=1m&limit=4`);
      const rows = (await response.json()) as string[][];
      expect(new Set(rows.flatMap((row) => row.slice(1, 5))).size).toBe(1);
      expect(rows.every((row) => row[5] === "0.0" && Number(row[8]) === 0)).toBe(true);
    }),
  );

  it.concurrent(
    "MD15 gives event times an hour off in both directions, bars unharmed",
    scenario(async () => {
      const sim = await start("MD15=1:1h");
      const client = await connect(sim);
      const offsets = (): number[] => client.finals().map((event) => event.E - event.k.T);
      await eventually(
        "both",
        () => Math.max(0, ...offsets()) > 3_500_000 && Math.min(0, ...offsets()) < -3_500_000,
      );
      expect(client.finals().every((event) => isTrue(sim, event))).toBe(true);
    }),
  );

  it.concurrent(
    "MD16 sends symbols nobody asked for, and COIN-M ones marked st 2",
    scenario(async () => {
      const sim = await start("MD16=1");
      const client = await connect(sim);
      await client.ask({ method: "SUBSCRIBE", params: ["!contractInfo"], id: 9 });
      await eventually("strangers", () =>
        ["NOSUCHUSDT", "BTCUSD_PERP"].every((name) => client.events().some((event) => event.s === name)),
      );
      await eventually("noise on contractInfo", () =>
        client.texts.some((text) => text.includes('"contractInfo"') && text.includes('"st":2')),
      );
      expect(client.finals("ALGOUSDT").every((event) => isTrue(sim, event))).toBe(true);
    }),
  );

  it.concurrent(
    "MD21 sends all finals of a minute at once with extra frames",
    scenario(async () => {
      const sim = await start("MD21=1:3", { speed: 150 });
      const client = await connect(sim);
      await eventually("closes", () => client.finals().length >= 2 * SYMBOLS.length);
      const byMinute = Map.groupBy(client.finals(), (event) => event.k.t);
      const [first] = byMinute.values();
      const times = first!.map((event) => event.E);
      expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(15_000);
      expect(client.formings().length).toBeGreaterThan(2 * client.finals().length);
      expect(struck(sim, "MD21")).toBeGreaterThan(0);
    }),
  );

  it.concurrent(
    "NW07 sends the last two closes once more",
    scenario(async () => {
      const sim = await start("NW07=1");
      const client = await connect(sim);
      // Each close is sent with its own minute, and once more with each of the two that follow.
      const isHeardThrice = (): boolean =>
        [...Map.groupBy(client.finals("ALGOUSDT"), (event) => event.k.t).values()].some(
          (events) => events.length === 3,
        );
      await eventually("replays", () => sim.stats().finals.replayed > 16 && isHeardThrice());
      expect(client.finals().every((event) => isTrue(sim, event))).toBe(true);
    }),
  );
});

describe("faults of the universe", () => {
  it.concurrent(
    "MD17 lists a symbol with a non-ASCII name that flows like any other",
    scenario(async () => {
      const sim = await start("MD17=300s");
      const client = await connect(sim, ["ALGOUSDT"]);
      await eventually("the listing", () => sim.market.find(NON_ASCII_LISTING) !== null);
      await client.subscribe([NON_ASCII_LISTING], 2);
      await eventually("its bars", () => client.finals(NON_ASCII_LISTING).length > 1);
      expect((await document(sim)).filter(passesUniverseFilter)).toHaveLength(9);
    }),
  );

  it.concurrent(
    "MD18 lists a symbol each period and tells on contractInfo",
    scenario(async () => {
      const sim = await startCalm();
      const client = await connect(sim, []);
      await client.ask({ method: "SUBSCRIBE", params: ["!contractInfo"], id: 1 });
      sim.setFaults("MD18=60s:120s");
      await eventually("two listings", () => struck(sim, "MD18") >= 2);
      await eventually("their news", () => client.texts.some((text) => text.includes("LISTED2USDT")));
      expect((await document(sim)).filter(passesUniverseFilter).length).toBeGreaterThanOrEqual(10);
    }),
  );

  it.concurrent(
    "MD19 announces a delivery date and ends the symbol then",
    scenario(async () => {
      const sim = await startCalm();
      const client = await connect(sim, []);
      await client.ask({ method: "SUBSCRIBE", params: ["!contractInfo"], id: 1 });
      sim.setFaults("MD19=60s:300s");
      const news = (): { dt: number; cs: string; s: string }[] =>
        client.texts
          .filter((text) => text.includes('"st":1'))
          .map((text) => (JSON.parse(text) as { data: { dt: number; cs: string; s: string } }).data);
      await eventually("both announcements", () => news().length === 2);
      const [announced, ended] = news();
      expect(announced).toMatchObject({ cs: "TRADING" });
      expect(announced!.dt).toBeLessThan(4_133_404_800_000);
      expect(ended).toMatchObject({ s: announced!.s, cs: "SETTLING" });
      expect((await document(sim)).filter(passesUniverseFilter)).toHaveLength(7);
    }),
  );

  it.concurrent(
    "MD20 halts a symbol and lets it trade again, flat in between",
    scenario(async () => {
      const sim = await startCalm();
      const client = await connect(sim, []);
      await client.ask({ method: "SUBSCRIBE", params: ["!contractInfo"], id: 1 });
      sim.setFaults("MD20=60s:240s:24h");
      const states = (): string[] => client.texts.filter((text) => text.includes('"cs"'));
      await eventually("the halt", () => states().some((text) => text.includes("TRADING_HALT")));
      const { data } = JSON.parse(states()[0]!) as { data: { s: string } };
      expect((await document(sim)).filter(passesUniverseFilter)).toHaveLength(7);
      await eventually("the end of it", () => states().some((text) => text.includes('"cs":"TRADING"')));
      await minutes(sim, 2);
      const response = await fetch(`${sim.restUrl}/fapi/v1/klines?symbol=${data.s}&interval=1m&limit=20`);
      const volumes = ((await response.json()) as string[][]).map((row) => Number(row[5]));
      expect(volumes.filter((volume) => volume === 0).length).toBeGreaterThanOrEqual(3);
      expect((await document(sim)).filter(passesUniverseFilter)).toHaveLength(8);
    }),
  );
});

describe("faults of the network", () => {
  it.concurrent(
    "NW01 resets handshakes",
    scenario(async () => {
      const sim = await start("NW01=1");
      const client = new Client(`${sim.wsUrl}/market/stream`);
      await client.ended();
      expect(client.error).toBe("ECONNRESET");
      expect(struck(sim, "NW01")).toBe(1);
    }),
  );

  it.concurrent(
    "NW02 closes all connections at once with a close frame",
    scenario(async () => {
      const sim = await startCalm();
      const clients = [await connect(sim, []), await connect(sim, [])];
      sim.setFaults("NW02=60s");
      await Promise.all(clients.map((client) => client.ended()));
      expect(clients.map((client) => client.closeCode)).toEqual([1001, 1001]);
    }),
  );

  it.concurrent(
    "NW03 leaves a connection half-open: no frame, no pong, no answer to a close",
    scenario(async () => {
      const sim = await start("NW03=1:600s");
      const client = await connect(sim, []);
      await eventually("it is struck", () => struck(sim, "NW03") === 1);
      client.ws.ping();
      client.send({ method: "LIST_SUBSCRIPTIONS", id: 1 });
      client.ws.close();
      await minutes(sim, 5);
      expect([client.pongs, client.texts.length, client.closeCode]).toEqual([0, 0, 0]);
      expect(client.ws.readyState).toBe(client.ws.CLOSING);
      client.ws.terminate();
      await eventually("the venue forgets it", () => sim.stats().connections.open === 0);
    }),
  );

  it.concurrent(
    "NW06 delays frames and replies, in order",
    scenario(async () => {
      const sim = await start("NW06=2s:2s", { speed: 50 });
      const before = sim.clock.nowMs();
      await fetch(`${sim.restUrl}/fapi/v1/ping`);
      expect(sim.clock.nowMs() - before).toBeGreaterThanOrEqual(1900);
      const client = await connect(sim);
      await eventually("formings", () => client.formings("ALGOUSDT").length > 2);
      const event = client.formings().at(-1)!;
      expect(sim.clock.nowMs() - event.E).toBeGreaterThanOrEqual(1900);
      const times = client.events().map((one) => one.E);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }),
  );

  it.concurrent(
    "NW08 lets REST die in three ways while streams flow, and live again",
    scenario(async () => {
      const sim = await start("NW08=60s:24h");
      const client = await connect(sim, ["ALGOUSDT"]);
      await eventually("REST is dead", () => struck(sim, "NW08") > 0);
      const statuses = new Set<number>();
      for (let round = 0; round < 3; round++) statuses.add(await restStatus(sim));
      expect(statuses).toEqual(new Set([0, 503]));
      const finals = client.finals().length;
      await eventually("streams go on", () => client.finals().length > finals + 2);
      sim.setFaults("none");
      let status = 0;
      for (let round = 0; round < 200 && status !== 200; round++) status = await restStatus(sim);
      expect(status).toBe(200);
    }),
  );

  for (const [faults, code] of [
    ["MD09=60s:24h", 1006],
    ["MD10=60s:24h", 1006],
    ["NW09=60s:24h", 1006],
    ["NW10=60s:24h", 1006],
  ] as const)
    it.concurrent(
      `${faults} breaks connections, refuses new ones for a while and accepts again`,
      scenario(async () => {
        const sim = await startCalm();
        const id = faults.slice(0, 4) as KnobId;
        const client = await connect(sim, []);
        sim.setFaults(faults);
        await client.ended();
        expect(client.closeCode).toBe(code);
        const refused = new Client(`${sim.wsUrl}/market/stream`);
        await refused.ended();
        expect(refused.error).toBe("ECONNRESET");
        // The break itself is counted, and each handshake refused because of it.
        expect(struck(sim, id)).toBeGreaterThanOrEqual(2);
        expect((await restStatus(sim)) === 200).toBe(id !== "NW10");
        sim.setFaults("none");
        await connect(sim, ["ALGOUSDT"]);
      }),
    );

  it.concurrent(
    "NW11 cuts connections one by one and takes them back in random order",
    scenario(async () => {
      const sim = await startCalm();
      const clients = [await connect(sim, []), await connect(sim, []), await connect(sim, [])];
      sim.setFaults("NW11=60s:2s");
      await Promise.all(clients.map((client) => client.ended()));
      expect(clients.map((client) => client.closeCode)).toEqual([1006, 1006, 1006]);
      expect(struck(sim, "NW11")).toBeGreaterThanOrEqual(1);
    }),
  );

  it.concurrent(
    "NW12 resets all connections in one instant and counts the storm that follows",
    scenario(async () => {
      const sim = await startCalm({ connectsPer5MinMax: 4, speed: 30 });
      const clients = [await connect(sim, []), await connect(sim, []), await connect(sim, [])];
      sim.setFaults("NW12=10s");
      await Promise.all(clients.map((client) => client.ended()));
      sim.setFaults("none");
      await connect(sim, []);
      const tooMany = new Client(`${sim.wsUrl}/market/stream`);
      await tooMany.ended();
      expect(tooMany.status).toBe(429);
      expect(sim.stats().connections.handshakes).toBe(5);
    }),
  );

  it.concurrent(
    "may all strike together: the venue lives, and REST serves the truth to the end",
    scenario(async () => {
      const sim = await start("all,MD10=168h,NW10=168h,NW08=24h,NW09=24h,MD14=0", {
        symbols: 50,
        speed: 300,
      });
      const heard: Client[] = [];
      const endMs = sim.clock.nowMs() + 20 * 60_000;
      while (sim.clock.nowMs() < endMs) {
        const client = new Client(`${sim.wsUrl}/market/stream?streams=!contractInfo/algousdt@kline_1m`);
        heard.push(client);
        await eventually("the client is through", () => client.ws.readyState !== client.ws.CONNECTING);
        await minutes(sim, 2);
        client.ws.terminate();
      }
      expect(heard.some((client) => client.events().length > 0)).toBe(true);
      const query = `symbol=ALGOUSDT&interval=1m&limit=20`;
      const rows = (await (await fetch(`${sim.restUrl}/fapi/v1/klines?${query}`)).json()) as (
        | string
        | number
      )[][];
      const closed = rows.slice(0, -1);
      const symbol = sim.market.find("ALGOUSDT")!;
      const first = sim.market.minuteAt(Number(closed[0]![0]));
      const wanted = sim.market.flatBars(symbol, first, first + closed.length - 1);
      expect(closed.flatMap((row) => row.slice(0, 6).map(Number))).toEqual([...wanted]);
    }),
  );

  it.concurrent(
    "are the same in a second run with the same seed",
    scenario(async () => {
      const options = { seed: 11, speed: 600, startMinute: 3000 };
      const faults = "MD04=0.3,MD08=0.2,MD12=0.1";
      const listen = async (): Promise<WireEvent[]> => {
        const sim = await start(faults, options);
        const client = await connect(sim);
        await eventually("forty minutes", () =>
          client.finals().some((event) => event.k.t >= sim.market.openTimeMs(3040)),
        );
        return client.finals();
      };
      const runs = await Promise.all([listen(), listen()]);
      // The minutes from the first one that both have heard from its begin.
      const fromMs = Math.max(...runs.map(([first]) => first!.k.t)) + 60_000;
      const heard = runs.map((finals) =>
        finals
          .filter((event) => event.k.t >= fromMs && event.k.t < fromMs + 8 * 60_000)
          .map(
            (event) =>
              `${event.s} ${event.k.t} ${event.k.o} ${event.k.h} ${event.k.l} ${event.k.c} ${event.k.v}`,
          )
          .toSorted(),
      );
      expect(heard[0]!.length).toBeGreaterThan(20);
      expect(heard[1]).toEqual(heard[0]);
    }),
  );
});
