import { writeSync } from "node:fs";
import { backOffMs, type CancelTimer, type Clock, errorCode, SystemClock } from "@smcq/kernel";
import { type Unblocked, unblocked } from "./unblocked.ts";

/** What waits for a reader takes this many bytes at most; lines beyond it are dropped and counted. */
export const WAITING_BYTES_MAX: number = 1_048_576;
/** Waits between looks whether it is read again, wall ms. */
const RETRY = { firstMs: 20, msMax: 500 };
/** So long a process that ends waits for its last lines to be read, wall ms. */
const DRAIN_MS_MAX = 1_000;
/** Where nobody will ever read again. Everything else (a full disk) may pass. */
const CLOSED: ReadonlySet<string> = new Set(["EPIPE", "EIO", "EBADF", "ENXIO", "ECONNRESET", "ENOTCONN"]);

/** What became of a write: taken (in part at least), nobody reads just now, or never to be read. */
type Outcome = "written" | "held" | "lost";

export interface OutletOptions {
  readonly clock?: Clock;
  readonly bytesMax?: number;
}

/**
 * Where lines go that nobody may be made to wait for:
 *
 *   write ─┬─ fits ─► written at once, in order
 *          ├─ nobody reads ─► waits (at most `bytesMax`) ─► written when it is read again ─► the loss is told
 *          ├─ no room to wait ─► dropped, counted
 *          └─ the reader is gone ─► dropped from now on
 *
 * A line is written whole or not at all, also where it was begun before the reader paused.
 */
export class Outlet {
  /** Other processes hold the same open file: those started by this one must not (`childOutput`). */
  readonly isShared: boolean;
  readonly #fd: number;
  readonly #clock: Clock;
  readonly #bytesMax: number;
  readonly #waiting: Buffer[] = [];
  readonly #drained: (() => void)[] = [];
  #waitingBytes = 0;
  #tries = 0;
  #cancelRetry: CancelTimer = () => {};
  #isOpen = true;
  /** The first that waits is written in part. */
  #isBegun = false;
  /** A line that was begun could not be ended. */
  #isTorn = false;
  #untold = 0;
  #dropped = 0;
  #tell: (dropped: number) => void = () => {};

  /** `fd` stays the caller's: it is never closed. */
  constructor(fd: number, { clock = new SystemClock(), bytesMax = WAITING_BYTES_MAX }: OutletOptions = {}) {
    const { fd: own, isShared } = tryUnblocked(fd);
    this.#fd = own;
    this.isShared = isShared;
    this.#clock = clock;
    this.#bytesMax = bytesMax;
    this.#isOpen = this.#fd >= 0;
  }

  /** Lines since the start that nobody will read. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes that wait for their reader. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** True while lines wait for their reader. */
  get isHeld(): boolean {
    return this.#waiting.length > 0;
  }

  /** `tell` writes that so many lines are missing, once there is somebody again who reads it. */
  tellLoss(tell: (dropped: number) => void): void {
    this.#tell = tell;
  }

  /** Takes a text of one or several whole lines. Never waits, never throws. */
  write(text: string): void {
    if (!this.#isOpen) {
      this.#drop(1);
      return;
    }
    const bytes = Buffer.from(text);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > this.#bytesMax) {
      this.#drop(1);
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waiting.length === 1) this.flush();
  }

  /** Writes what is taken now of what waits. */
  flush(): void {
    let outcome: Outcome = "lost";
    while (this.#waiting.length > 0) {
      outcome = this.#writeFirst();
      if (outcome === "held") {
        this.#retry();
        return;
      }
    }
    this.#tries = 0;
    this.#cancelRetry();
    for (const resolve of this.#drained.splice(0)) resolve();
    if (outcome === "written") this.#tellLoss();
  }

  /** Resolves when all is written, or after a named time: a process may end then. */
  async drained(): Promise<void> {
    if (!this.isHeld) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drained.push(resolve);
    const cancel = this.#clock.after(DRAIN_MS_MAX, resolve);
    await promise;
    cancel();
  }

  /** Writes the first that waits, as far as it goes. */
  #writeFirst(): Outcome {
    const [first] = this.#waiting;
    if (first === undefined) return "lost";
    try {
      if (this.#isTorn) writeSync(this.#fd, "\n");
      this.#isTorn = false;
      const written = writeSync(this.#fd, first);
      this.#isBegun = written < first.length;
      this.#waitingBytes -= written;
      if (this.#isBegun) this.#waiting[0] = first.subarray(written);
      else this.#waiting.shift();
      return "written";
    } catch (error) {
      return this.#failed(first, errorCode(error));
    }
  }

  #failed(first: Buffer, code: string): Outcome {
    if (code === "EAGAIN") return "held";
    if (CLOSED.has(code)) {
      this.#isOpen = false;
      this.#drop(this.#waiting.length);
      this.#waiting.length = 0;
      this.#waitingBytes = 0;
      return "lost";
    }
    // The disk is full, or so: this line is lost, the next is tried.
    this.#isTorn ||= this.#isBegun;
    this.#isBegun = false;
    this.#waiting.shift();
    this.#waitingBytes -= first.length;
    this.#drop(1);
    return "lost";
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#untold += lines;
  }

  /** The line that tells may itself be lost: then its number is told later. */
  #tellLoss(): void {
    const untold = this.#untold;
    if (untold === 0) return;
    this.#untold = 0;
    this.#tell(untold);
    if (this.#untold > 0) this.#untold = untold;
  }

  #retry(): void {
    this.#tries++;
    this.#cancelRetry();
    this.#cancelRetry = this.#clock.after(backOffMs(this.#tries, RETRY), () => this.flush(), { unref: true });
  }
}

/** -1: the process was started without it. */
function tryUnblocked(fd: number): Unblocked {
  try {
    return unblocked(fd);
  } catch {
    return { fd: -1, isShared: false };
  }
}

function standard(fd: number): () => Outlet {
  let outlet: Outlet | null = null;
  return () => {
    if (outlet !== null) return outlet;
    const opened = new Outlet(fd);
    process.once("exit", () => opened.flush());
    outlet = opened;
    return opened;
  };
}

/** This process's log on standard output. Results of commands go another way: they wait for their reader. */
export const standardOutput: () => Outlet = standard(1);

/** What this process says on standard error. */
export const standardError: () => Outlet = standard(2);
