import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CancelTimer, Rng, silentLogger, SystemClock } from "@smcq/kernel";
import { LedgerChanges } from "@smcq/ledger";
import { onTestFinished } from "vitest";
import { LedgerStore } from "../../../ledger/test/support/inside.ts";
import { hostileRun, randomDay } from "../../../ledger/test/support/journaled.ts";
import { written } from "../../../ledger/test/support/written.ts";
import { Mirror, type MirrorOptions, targetOf } from "../../src/index.ts";

/** A ledger that is written by a test, in steps. */
export class WrittenLedger {
  readonly file: string;
  readonly store: LedgerStore;
  readonly #rng: Rng;
  readonly #seed: number;
  #runs = 0;

  constructor(seed: number) {
    const folder = mkdtempSync(join(tmpdir(), "smcq-mirror-"));
    this.file = join(folder, "ledger.db");
    this.store = new LedgerStore({ file: this.file });
    this.#rng = new Rng(seed);
    this.#seed = seed;
    onTestFinished(() => {
      this.store.close();
      rmSync(folder, { recursive: true, force: true });
    });
  }

  /** A run more, a random day or one at a hostile venue by turns; each step has written some rows. */
  *run(minutes: number): Generator<number> {
    const number = this.#runs++;
    const seed = this.#seed + number;
    const recorded = number % 2 === 0 ? randomDay(seed, minutes) : hostileRun(seed, minutes).recorded;
    const runId = `run-${this.#seed}-${number}`;
    yield* written(this.store, runId, recorded, this.#rng);
    this.store.endRun(runId, 9, "{}");
  }

  /** The whole of it. */
  write(minutes: number): void {
    for (const _rows of this.run(minutes));
  }
}

/** For waits whose length is not what is tried. */
export class HastyClock extends SystemClock {
  override after(delayMs: number, fn: () => void, options?: { readonly unref?: boolean }): CancelTimer {
    return super.after(delayMs / 100, fn, options);
  }
}

/** A mirror of a ledger's file. */
export function mirrorOf(
  file: string,
  url: string,
  { schema = "smcq", ...options }: Partial<MirrorOptions> & { readonly schema?: string } = {},
): Mirror {
  return new Mirror({
    target: targetOf(url, schema),
    openSource: () => new LedgerChanges(file),
    sourceLater: new Set(["LEDGER_BUSY", "LEDGER_MOVED"]),
    clock: new SystemClock(),
    logger: silentLogger,
    ...options,
  });
}

export const never = (): AbortSignal => new AbortController().signal;
