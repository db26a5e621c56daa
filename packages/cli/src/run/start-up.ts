import { type Clock, type Logger, SmcqError } from "@smcq/kernel";

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

  /** The line that says the engine is up; refused with STOPPED when it is to stop. */
  ready(pairs: number, shards: number, fields: Readonly<Record<string, unknown>>): void {
    this.#requireRunning();
    this.#isReady = true;
    const text = `READY: ${pairs} pairs, ${shards} shards`;
    const startedInMs = this.#since(this.#startNs);
    this.#logger.info(
      { pairs, shards, startedInMs, ...fields, display: `${text}   (${startedInMs} ms)` },
      text,
    );
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
