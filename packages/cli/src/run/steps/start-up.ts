import type { ClusterHealth } from "@smcq/cluster";
import { type Clock, type Logger, SmcqError } from "@smcq/kernel";

/** What an engine that is up watches. */
type ReadyHealth = Pick<ClusterHealth, "ready" | "shardsRunning" | "short" | "warming">;

/** Why fewer than half of the symbols are scanned; null: more are. */
function thinness({ ready, short, warming }: ReadyHealth): string | null {
  const all = ready + short + warming;
  if (ready > 0 && 2 * ready >= all) return null;
  const reasons = [
    ...(warming > 0 ? [`${warming} still lack bars that REST has not given (holes, or it is stopped)`] : []),
    ...(short > 0 ? [`${short} are too young for a setup`] : []),
    ...(all === 0 ? ["no symbol is watched"] : []),
  ];
  return `${ready === 0 ? "nothing" : "little"} is scanned yet: ${reasons.join(", ")}`;
}

/** Reports the steps of a start with their times (docs/mission.md B1). */
export class StartUp {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #startNs: number;
  readonly #cut = new AbortController();
  #isReady = false;

  constructor(logger: Logger, clock: Clock, signal: AbortSignal) {
    this.#logger = logger;
    this.#clock = clock;
    this.#signal = signal;
    this.#startNs = clock.monoNs();
    const cut = (): void => {
      if (!this.#isReady) this.#cut.abort(signal.reason);
    };
    if (signal.aborted) cut();
    signal.addEventListener("abort", cut, { once: true });
  }

  /** Runs one step, unless the run is to stop, and says how long it took, with the fields that `describe` makes of its result. */
  async step<T>(
    name: string,
    run: () => Promise<T> | T,
    describe: (result: T) => Readonly<Record<string, unknown>>,
  ): Promise<T> {
    this.#requireRunning();
    const startNs = this.#clock.monoNs();
    const result = await run();
    // A step that a stop cut short is not told as done; what it opened is the caller's to close.
    if (this.#signal.aborted) return result;
    const fields = describe(result);
    const tookMs = this.#since(startNs);
    const details = Object.entries(fields).map(([key, value]) => `${key} ${String(value)}`);
    this.#logger.info(
      {
        step: name,
        tookMs,
        ...fields,
        display: `${name.padEnd(16)}${`${tookMs} ms`.padStart(10)}   ${details.join(", ")}`,
      },
      "start-up step",
    );
    return result;
  }

  /** The line that says the engine is up, a warning where it watches little of what it should; refused with STOPPED when it is to stop. */
  ready(health: ReadyHealth, fields: Readonly<Record<string, unknown>>): void {
    this.#requireRunning();
    this.#isReady = true;
    const { ready: pairs, shardsRunning: shards, short, warming } = health;
    const text = `READY: ${pairs} pairs, ${shards} shards`;
    const why = thinness(health);
    const startedInMs = this.#since(this.#startNs);
    const display = `${text}   (${startedInMs} ms)${why === null ? "" : `: ${why}`}`;
    const line = { pairs, shards, startedInMs, short, warming, ...fields, ...(why === null ? {} : { why }) };
    this.#logger[why === null ? "info" : "warn"]({ ...line, display }, text);
  }

  /** Aborted when the run is to stop before it is READY: whatever the start waits for ends. */
  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  #requireRunning(): void {
    if (this.#signal.aborted) throw new SmcqError("STOPPED", "stopped while starting");
  }

  #since(startNs: number): number {
    return Math.round((this.#clock.monoNs() - startNs) / 1e6);
  }
}
