import {
  type BurstReport,
  forkBinanceSim,
  type SimChild,
  type SimControl,
  type SimReport,
} from "@smcq/binance-sim";
import { SystemClock } from "@smcq/kernel";

const clock = new SystemClock();
const ANSWER_MS_MAX = 30_000;

/** First minute that is closed live: enough history lies before it. */
export const START_MINUTE = 2_600;
/** Venue ms between a bar's end and its closing frame; beyond the engine's grace, so that history ends at the last bar. */
const FINAL_DELAY_MS = 5_000;
/** The most that the engine believes: where its clock stands still, a minute's budget has to do for the whole warm-up. */
const WEIGHT_LIMIT = 100_000;

/** The simulated venue in its own process, standing still until it is told to move. */
export class VenueChild {
  readonly #child: SimChild;
  #onAnswer: (report: SimReport) => void = () => {};

  private constructor(child: SimChild) {
    this.#child = child;
    child.onReport((report) => this.#onAnswer(report));
  }

  static async start(options: {
    readonly symbols: number;
    readonly tickMs: number;
    readonly isFramePerWrite: boolean;
  }): Promise<VenueChild> {
    const child = await forkBinanceSim({
      clock: "manual",
      symbols: options.symbols,
      startMinute: START_MINUTE,
      finalDelayMs: FINAL_DELAY_MS,
      tickMs: options.tickMs,
      burst: options.isFramePerWrite ? "frame-per-write" : "batched",
      weightLimit: WEIGHT_LIMIT,
      connectsPer5MinMax: 1_000_000,
    });
    return new VenueChild(child);
  }

  get port(): number {
    return this.#child.port;
  }

  get clockSpec(): SimChild["clockSpec"] {
    return this.#child.clockSpec;
  }

  /** Sends a control and waits for the report that answers it; one control at a time. */
  async #ask<T extends SimReport["type"]>(
    control: SimControl,
    type: T,
  ): Promise<Extract<SimReport, { readonly type: T }>> {
    const answer = new Promise<SimReport>((resolve, reject) => {
      const cancel = clock.after(ANSWER_MS_MAX, () =>
        reject(new Error(`venue: no answer to ${control.type}`)),
      );
      this.#onAnswer = (report) => {
        const isRefused = report.type === "refused";
        if (report.type !== type && !isRefused) return;
        cancel();
        this.#onAnswer = () => {};
        if (isRefused) reject(new Error(`venue refused ${control.type}: ${report.error.message}`));
        else resolve(report);
      };
    });
    this.#child.send(control);
    return (await answer) as Extract<SimReport, { readonly type: T }>;
  }

  /** Encodes the next close beforehand. */
  async prepare(): Promise<void> {
    await this.#ask({ type: "prepare-close" }, "done");
  }

  /** Writes the prepared frames; returns when and how many. */
  async close(): Promise<BurstReport> {
    return (await this.#ask({ type: "close-now" }, "burst")).burst;
  }

  /** Unfinished updates at this rate (frames a wall second, over all connections) until set to 0. */
  async steady(messagesPerSecond: number): Promise<void> {
    await this.#ask({ type: "steady", messagesPerSecond }, "done");
  }

  /** Streams that are subscribed to at this moment. */
  async subscriptions(): Promise<number> {
    return (await this.#ask({ type: "stats" }, "stats")).stats.subscriptions;
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }
}
