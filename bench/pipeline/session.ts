import { loadConfig } from "@smcq/config";
import { MINUTE_MS, minuteOf, SystemClock } from "@smcq/kernel";
import { cpuNsByThread } from "./cpu.ts";
import { EngineChild, engineStart } from "./engine-child.ts";
import type { CloseRows, EngineCountersReport, EnginePath } from "./messages.ts";
import { type CloseTruth, Reference } from "./reference.ts";
import { START_MINUTE, VenueChild } from "./venue-child.ts";

const clock = new SystemClock();

/** Between the start's market time and the moment at which updates of the running minute are timely, ms. */
const MID_MINUTE_MS = 30_000;
/** Quiet time before and after a burst, wall ms: threads fall asleep, so that their CPU time is on the books. */
const SETTLE_MS = 12;
/** A burst whose signals are not all there by then has lost some, wall ms. */
const BURST_MS_MAX = 3_000;
const FIRST_DATA_RATE = 5_000;
const SUBSCRIBED_MS_MAX = 30_000;
const POLL_MS = 20;

export interface SessionSetting {
  readonly name: string;
  readonly path: EnginePath;
  readonly symbols: number;
  readonly shards: number;
  readonly compute: "pool" | "shard";
  readonly scanThreads: number;
  readonly symbolsPerConnection: number;
  /** Wall ms between two turns of the venue: the granularity of steady updates. */
  readonly tickMs: number;
  /** True: one write a frame; false: one a connection. */
  readonly isFramePerWrite?: boolean;
  readonly isGcTapped?: boolean;
  /** The engine of another checkout; this tree's when absent. */
  readonly baseDir?: string;
}

/** One close of the whole market. */
export interface Burst {
  readonly closes: number;
  /** First frame sent to last signal in the coordinator. */
  readonly burstMs: number;
  /** Last closing frame read in a shard to last signal (docs/decisions.md 34). */
  readonly ownMs: number;
  /** The venue's time for its writes. */
  readonly writeMs: number;
  /** CPU of all threads of the engine's process from before the burst until it sleeps again. */
  readonly cpuUsPerClose: number;
  /** The same by the threads' names: coordinator, shards and scans, V8's helpers. */
  readonly cpuUsByThread: ReadonlyMap<string, number>;
  readonly startNs: number;
  readonly rows: CloseRows;
  readonly truth: CloseTruth | null;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

/** A venue and an engine, each in a process of its own, alive for as many bursts as are asked for. */
export class Session {
  readonly setting: SessionSetting;
  readonly venue: VenueChild;
  readonly engine: EngineChild;
  readonly #reference: Reference | null;
  readonly #firstOpenMs: number;
  #closes = 0;

  private constructor(
    setting: SessionSetting,
    parts: { readonly venue: VenueChild; readonly engine: EngineChild; readonly reference: Reference | null },
  ) {
    this.setting = setting;
    this.venue = parts.venue;
    this.engine = parts.engine;
    this.#reference = parts.reference;
    const { clockSpec } = parts.venue;
    const startMs = clockSpec.type === "scaled" ? clockSpec.anchorVenueMs : Number.NaN;
    this.#firstOpenMs = minuteOf(startMs);
  }

  /** Starts both and waits until every symbol is READY. */
  static async open(setting: SessionSetting): Promise<Session> {
    const venue = await VenueChild.start({ isFramePerWrite: false, ...setting });
    const { config } = loadConfig({ env: {}, flags: {} });
    const { path, shards, compute, scanThreads, symbolsPerConnection } = setting;
    const feed = {
      ...config.feed,
      symbolsPerConnection,
      wsBaseUrl: `ws://127.0.0.1:${venue.port}`,
      restBaseUrl: `http://127.0.0.1:${venue.port}`,
    };
    const baseDir = setting.baseDir ?? null;
    const engine = new EngineChild(
      { path, shards, compute, scanThreads, feed, clock: venue.clockSpec },
      { isGcTapped: setting.isGcTapped ?? false, baseDir, start: await engineStart(baseDir) },
    );
    const reference = path === "own" ? new Reference(setting.symbols) : null;
    const session = new Session(setting, { venue, engine, reference });
    try {
      await session.#warm();
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  async #warm(): Promise<void> {
    await this.engine.warmed();
    await this.#allSubscribed();
    await this.#advance(MID_MINUTE_MS);
    const ready = this.engine.ready();
    await this.venue.steady(FIRST_DATA_RATE);
    const symbols = await ready;
    await this.venue.steady(0);
    if (symbols !== this.setting.symbols)
      throw new Error(`${this.setting.name}: ${symbols} of ${this.setting.symbols} symbols are READY`);
  }

  /** The venue encodes its updates for the subscriptions of the moment at which it is asked for them. */
  async #allSubscribed(): Promise<void> {
    const deadlineNs = clock.monoNs() + SUBSCRIBED_MS_MAX * 1e6;
    while ((await this.venue.subscriptions()) < this.setting.symbols) {
      if (clock.monoNs() > deadlineNs)
        throw new Error(`${this.setting.name}: not every stream is subscribed`);
      await pause(POLL_MS);
    }
  }

  async #advance(offsetMs: number): Promise<void> {
    await this.engine.ask({ type: "advance", offsetMs }, "done");
  }

  /** Closes the running minute of all symbols and waits until every signal is out. */
  async burst(): Promise<Burst> {
    const closes = this.setting.symbols;
    const openTimeMs = this.#firstOpenMs + this.#closes * MINUTE_MS;
    const minute = START_MINUTE + this.#closes;
    this.#reference?.step(minute);
    await this.venue.prepare();
    await this.#advance(++this.#closes * MINUTE_MS + MID_MINUTE_MS);
    await this.engine.ask({ type: "expect", openTimeMs, count: closes }, "done");
    await pause(SETTLE_MS);
    const closed = this.engine.next("closed", BURST_MS_MAX).catch(() => null);
    const cpuBefore = cpuNsByThread(this.engine.pid);
    const written = await this.venue.close();
    await closed;
    await pause(SETTLE_MS);
    const cpuUsByThread = new Map<string, number>();
    for (const [name, ns] of cpuNsByThread(this.engine.pid))
      cpuUsByThread.set(name, (ns - (cpuBefore.get(name) ?? 0)) / 1e3 / closes);
    const { rows } = await this.engine.ask({ type: "collect" }, "rows");
    const lastSignalNs = rows.signalNs.reduce((last, ns) => Math.max(last, ns), 0);
    const lastReceivedNs = rows.receivedNs.reduce((last, ns) => Math.max(last, ns), 0);
    return {
      closes,
      burstMs: (lastSignalNs - written.startNs) / 1e6,
      ownMs: (lastSignalNs - lastReceivedNs) / 1e6,
      writeMs: (written.endNs - written.startNs) / 1e6,
      cpuUsPerClose: [...cpuUsByThread.values()].reduce((sum, us) => sum + us, 0),
      cpuUsByThread,
      startNs: written.startNs,
      rows,
      truth: this.#reference?.compare(rows, closes) ?? null,
    };
  }

  async counters(): Promise<EngineCountersReport> {
    return (await this.engine.ask({ type: "counters" }, "counters")).counters;
  }

  /** Ends both processes. */
  async close(): Promise<void> {
    await Promise.all([this.engine.stop(), this.venue.stop()]);
  }
}
