import { stat } from "node:fs/promises";
import type { CancelTimer, Clock } from "@smcq/kernel";

export interface ModelWatchOptions {
  /** The files of a model; a change of any is another version. */
  readonly files: readonly string[];
  /** 0: never. */
  readonly pollMs: number;
  readonly wallClock: Clock;
  /** Resolves when the version was dealt with; the next look comes after that. */
  readonly onVersion: () => Promise<void>;
}

/**
 * Looks at files from time to time and tells when another version of them stands there. A version is told once it
 * looks the same twice in a row, and once only; files that are gone for a while are no news.
 */
export class ModelWatch {
  readonly #options: ModelWatchOptions;
  #told: string | null = null;
  #seen: string | null = null;
  #cancel: CancelTimer = () => {};
  #isStopped = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: ModelWatchOptions) {
    this.#options = options;
  }

  /** What stands there now counts as known. */
  async start(): Promise<void> {
    this.#told = await this.#version();
    this.#seen = this.#told;
    this.#arm();
  }

  /** Resolves when the version in work, if any, was dealt with. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#looking;
  }

  #arm(): void {
    const { pollMs, wallClock } = this.#options;
    if (pollMs === 0 || this.#isStopped) return;
    const again = (): void => {
      this.#looking = this.#look().finally(() => this.#arm());
    };
    this.#cancel = wallClock.after(pollMs, again, { unref: true });
  }

  async #look(): Promise<void> {
    const version = await this.#version();
    const isSettled = version !== null && version === this.#seen;
    this.#seen = version;
    if (!isSettled || version === this.#told) return;
    this.#told = version;
    await this.#options.onVersion();
  }

  async #version(): Promise<string | null> {
    try {
      const stats = await Promise.all(this.#options.files.map((file) => stat(file, { bigint: true })));
      return stats.map(({ ino, size, mtimeNs }) => `${ino}-${size}-${mtimeNs}`).join(" ");
    } catch {
      return null;
    }
  }
}
