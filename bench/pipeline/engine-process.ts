/**
 * The engine as the bench measures it, in a process of its own: the product's coordinator, shard worker and scan
 * worker, REST client and history queue; no ledger, no log. Every closed bar is scored, so that signals can be
 * counted against closes. The bench moves the clock; between closes the market stands still.
 */
import {
  ClusterMemory,
  CommandRouter,
  Coordinator,
  EngineLoop,
  EVENT_LOOP_DEFERRAL,
  Inbox,
} from "@smcq/cluster";
import { Engine, NO_JOURNAL } from "@smcq/engine";
import { FeedCounter } from "@smcq/exchange";
import { BackfillQueue, BinanceReferenceData } from "@smcq/exchange-binance";
import {
  createClock,
  errorMessage,
  type Logger,
  minuteOf,
  OffsetClock,
  Rng,
  silentLogger,
  SystemClock,
} from "@smcq/kernel";
import { GcCollector } from "./gc-collector.ts";
import type { EngineControl, EngineCountersReport, EngineReport, EngineSetting } from "./messages.ts";
import { MODEL_EPOCH, MODEL_ID, sharedModels } from "./pipeline-model.ts";
import { SignalCollector } from "./signal-collector.ts";

const setting = JSON.parse(process.argv[2] ?? "null") as EngineSetting;
const origin = setting.feed.restBaseUrl;
const wallClock = new SystemClock();
const clock = createClock(setting.clock);
const gc = new GcCollector();
/** No symbol may hear of a signal's age here: the venue's clock is moved by hand. */
const SIGNAL_AGE_MS_MAX = 1e15;
const FIRST_DATA_MS_MAX = 60_000;
const REVIEW_MS = 20;

const logger: Logger = {
  ...silentLogger,
  warn: (fields, text) => console.error("warn", text, JSON.stringify(fields)),
  error: (fields, text) => console.error("error", text, JSON.stringify(fields)),
  child: () => logger,
};

function say(report: EngineReport): void {
  process.send?.(report);
}

const DIST = "../../packages/cli/dist/workers";
const own = {
  shard: new URL(`${DIST}/shard.worker.js`, import.meta.url),
  scan: new URL(`${DIST}/scan.worker.js`, import.meta.url),
};
const rival = {
  shard: new URL("../naive/shard.worker.ts", import.meta.url),
  scan: new URL("../naive/scan.worker.ts", import.meta.url),
};

async function main(): Promise<void> {
  const rng = new Rng(1);
  const reference = new BinanceReferenceData({ origin, clock, rng, log: logger });
  const universe = await reference.universe();
  const queue = new BackfillQueue({
    klines: (query) => reference.klines(query),
    clock,
    rng,
    log: logger,
    venueNowMs: () => clock.nowMs(),
  });
  const collector = new SignalCollector(wallClock, () => say({ type: "closed" }));
  const workers = setting.path === "own" ? own : rival;
  const models = setting.path === "own" ? sharedModels(setting.shards) : null;
  const data = { feed: setting.feed, seed: 1, shards: setting.shards, path: setting.path, models };
  const symbols = universe.instruments.map(({ symbol }) => symbol);
  const memory = new ClusterMemory({ symbols, shards: setting.shards });
  memory.setModels({ model: MODEL_EPOCH, challenger: 0 });
  const inbox = new Inbox();
  const venueClock = new OffsetClock(clock, () => memory.shard(0).control.clockOffsetMs);
  const loop = new EngineLoop({
    engine: new Engine({ scoreMin: 0.6, decisionWindowNs: 10e6, signalAgeMsMax: SIGNAL_AGE_MS_MAX }),
    inbox,
    journal: NO_JOURNAL,
    router: new CommandRouter(
      { onSignals: (signals) => collector.take(signals), onDecision() {}, onInvalidScores() {} },
      { inbox, wallClock },
    ),
    venueClock,
    wallClock,
    deferral: EVENT_LOOP_DEFERRAL,
  });
  const coordinator = new Coordinator({
    onStuck: (error) => {
      throw error;
    },
    memory,
    inbox,
    compute: setting.compute,
    scanThreads: setting.scanThreads,
    clockSpec: setting.clock,
    venueClock,
    wallClock,
    modelId: () => MODEL_ID,
    scan: { isEveryBarScored: true },
    barsReadyMin: 320,
    seed: { interval: "5m", bars: 0, isRebuiltByScan: false, isRich: false },
    shardWorker: { url: workers.shard, data },
    scanWorker: { url: workers.scan, data },
    history: {
      request: (request, onReply) => queue.request(request, onReply),
      forget: (symbol) => void queue.removeSymbol(symbol),
    },
    logger,
  });
  const stop = async (): Promise<void> => {
    await coordinator.stop();
    loop.stop();
    queue.stop();
    await reference.close();
    if (process.connected) process.disconnect();
  };
  process.once("disconnect", () => process.exit());
  process.on("message", (control: EngineControl) => {
    carryOut(control, { coordinator, collector, stop }).catch(fail);
  });
  await coordinator.start();
  while (coordinator.health().warming > 0)
    await new Promise<void>((resolve) => wallClock.after(REVIEW_MS, resolve));
  say({ type: "warmed" });
  const health = await coordinator.whenReady(FIRST_DATA_MS_MAX, {
    restStoppedMs: () => 0,
    lastRows: (symbol) => reference.klines({ symbol, interval: "1m", limit: 2 }),
  });
  say({ type: "ready", symbols: health.ready });
}

interface Parts {
  readonly coordinator: Coordinator;
  readonly collector: SignalCollector;
  readonly stop: () => Promise<void>;
}

async function carryOut(control: EngineControl, { coordinator, collector, stop }: Parts): Promise<void> {
  switch (control.type) {
    case "advance":
      coordinator.memory.setClockOffsetMs(control.offsetMs);
      break;
    case "expect":
      collector.expect(control.openTimeMs, control.count);
      break;
    case "collect":
      say({ type: "rows", rows: collector.rows() });
      return;
    case "counters":
      say({ type: "counters", counters: counters(coordinator) });
      return;
    case "stop":
      await stop();
      return;
    default:
      control satisfies never;
  }
  say({ type: "done", control: control.type });
}

function counters(coordinator: Coordinator): EngineCountersReport {
  const reporter = coordinator.createReporter(minuteOf(clock.nowMs()));
  const { ready, shardRestarts, scanRestarts } = coordinator.health();
  return {
    messages: reporter.total(FeedCounter.Messages),
    finals: reporter.total(FeedCounter.Finals),
    clockFaults: reporter.total(FeedCounter.ClockFaults),
    reconnects: reporter.total(FeedCounter.Reconnects),
    ready,
    shardRestarts,
    scanRestarts,
    gc: gc.take(),
  };
}

function fail(error: unknown): void {
  say({ type: "failed", text: errorMessage(error) });
}

main().catch(fail);
