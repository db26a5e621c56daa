import { startBinanceSim } from "@smcq/binance-sim";
import type { BinanceSim, BinanceSimOptions } from "@smcq/binance-sim";
import { RecordingMeter, RecordingSink } from "@smcq/exchange/testing";
import { MINUTE_MS, Rng, SystemClock, silentLogger } from "@smcq/kernel";
import type { Bar, LogFields, Logger } from "@smcq/kernel";
import { BackfillQueue, BinanceFeed, BinanceReferenceData, assertRouted } from "../../src/index.ts";
import type { BinanceFeedOptions } from "../../src/index.ts";

export interface LogLine {
  readonly level: "warn" | "error" | "info";
  readonly text: string;
  readonly fields: LogFields;
}

/** A logger that keeps what it is told. */
export function recordingLogger(lines: LogLine[]): Logger {
  const keep =
    (level: LogLine["level"]) =>
    (fields: LogFields, text: string): void =>
      void lines.push({ level, text, fields });
  const logger: Logger = {
    ...silentLogger,
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    child: () => logger,
  };
  return logger;
}

export interface SimBench {
  readonly sim: BinanceSim;
  readonly feed: BinanceFeed;
  readonly sink: RecordingSink;
  readonly meter: RecordingMeter;
  readonly reference: BinanceReferenceData;
  readonly queue: BackfillQueue;
  readonly lines: LogLine[];
  readonly symbols: readonly string[];
  readonly truth: (symbol: string, openTimeMs: number) => Bar | null;
  /** Waits until the venue has closed `count` more minutes. */
  readonly closeMinutes: (count: number) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/** A feed, its REST client and its queue in one thread, against a simulated venue in the same process. */
export async function openSimBench(
  simOptions: BinanceSimOptions,
  feedOptions: Partial<BinanceFeedOptions> = {},
): Promise<SimBench> {
  const sim = await startBinanceSim({ speed: 120, symbols: 8, updatesPerSecondWall: 20, ...simOptions });
  const bases = { wsBase: sim.wsUrl, restBase: sim.restUrl };
  const wallClock = new SystemClock();
  const lines: LogLine[] = [];
  const log = recordingLogger(lines);
  const { clock } = sim;
  const origin = assertRouted(bases).restOrigin;
  const reference = new BinanceReferenceData({ origin, clock, rng: new Rng(1), log });
  const { instruments } = await reference.universe();
  const queue = new BackfillQueue({
    klines: (query) => reference.klines(query),
    clock,
    rng: new Rng(2),
    log,
    venueNowMs: () => clock.nowMs(),
  });
  const sink = new RecordingSink({ nowMs: () => clock.nowMs(), clockSlackMs: 1_000 });
  const meter = new RecordingMeter();
  const feed: BinanceFeed = new BinanceFeed({
    bases,
    slots: Math.max(32, instruments.length),
    clock,
    wallClock,
    rng: new Rng(3),
    log,
    sink,
    meter,
    requestBars: (request) => queue.request(request, (reply) => feed.supplyBars(reply)),
    ...feedOptions,
  });
  const { market } = sim;
  const lastClosedMs = (): number => Math.floor(clock.nowMs() / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
  return {
    sim,
    feed,
    sink,
    meter,
    reference,
    queue,
    lines,
    symbols: instruments.map(({ symbol }) => symbol),
    truth: (name, openTimeMs) => {
      const symbol = market.find(name);
      const minute = market.minuteAt(openTimeMs);
      if (symbol === null || !market.hasBar(symbol, minute)) return null;
      const [t = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = market.flatBars(
        symbol,
        minute,
        minute,
      );
      return { openTimeMs: t, open, high, low, close, volume };
    },
    closeMinutes: (count) => {
      const untilMs = lastClosedMs() + (count + 1) * MINUTE_MS;
      return new Promise((resolve) => {
        clock.after(untilMs - clock.nowMs(), resolve);
      });
    },
    dispose: async () => {
      await feed.stop();
      queue.stop();
      await reference.close();
      await sim.stop();
    },
  };
}
