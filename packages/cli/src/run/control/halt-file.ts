import { existsSync, type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { type CancelTimer, type Clock, errorCode, errorMessage, type Logger, repeat } from "@smcq/kernel";

/** A file of this name in the data folder halts, whatever is in it. */
export const HALT_FILE = "HALT";
/** How often the file is looked for where nobody tells of it, wall ms. */
const LOOK_MS = 1_000;

export interface HaltFileOptions {
  readonly dataDir: string;
  /** The file has come. */
  readonly onHalt: () => void;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** Watches for the file `HALT`: told by the system, and looked for now and again in case it does not tell. */
export class HaltFile {
  readonly #options: HaltFileOptions;
  readonly #path: string;
  #isPresent = false;
  #watcher: FSWatcher | null = null;
  #cancelLook: CancelTimer = () => {};

  constructor(options: HaltFileOptions) {
    this.#options = options;
    this.#path = join(options.dataDir, HALT_FILE);
  }

  /** The file stands now. */
  get isPresent(): boolean {
    return existsSync(this.#path);
  }

  /** A file that stands already halts inside the call. */
  start(): void {
    const { dataDir, wallClock } = this.#options;
    this.#look();
    this.#cancelLook = repeat(wallClock, LOOK_MS, () => this.#look());
    try {
      this.#watcher = watch(dataDir, { persistent: false }, (_event, name) => {
        if (name === null || name === HALT_FILE) this.#look();
      });
      this.#watcher.on("error", (error) => this.#unwatched(error));
    } catch (error) {
      this.#unwatched(error);
    }
  }

  close(): void {
    this.#cancelLook();
    this.#watcher?.close();
  }

  /** Too many watches, or a file system that has none: the slow look remains. */
  #unwatched(error: unknown): void {
    this.#watcher?.close();
    this.#watcher = null;
    const { logger } = this.#options;
    const code = errorCode(error);
    logger.warn({ code, lookMs: LOOK_MS }, `the file HALT is seen late: ${errorMessage(error)}`);
  }

  #look(): void {
    const { isPresent } = this;
    if (isPresent === this.#isPresent) return;
    this.#isPresent = isPresent;
    const { logger, onHalt } = this.#options;
    if (isPresent) {
      logger.warn({ file: this.#path }, "the file HALT stands in the data folder: halted");
      onHalt();
    } else logger.warn({ file: this.#path }, "the file HALT is gone; halted until somebody resumes");
  }
}
