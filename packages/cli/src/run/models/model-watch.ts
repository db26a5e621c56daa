import { stat } from "node:fs/promises";
import type { CancelTimer, Clock } from "@smcq/kernel";
import { modelPaths, reportBeside } from "@smcq/scoring";

export interface ModelWatchOptions {
  /** NAME.onnx or a LightGBM text. */
  readonly file: string;
  /** What `modelVersion` said before the model was loaded; a change of any of its files is another version. */
  readonly known: string | null;
  /** 0: never. */
  readonly pollMs: number;
  readonly wallClock: Clock;
  /** Resolves when the version was dealt with; the next look comes after that. */
  readonly onVersion: () => Promise<void>;
}

/**
 * What stands in a model's files now, without reading them: a text may have its training report beside it, an ONNX
 * file has card and golden rows. Null when one is missing that must be there.
 */
export async function modelVersion(file: string): Promise<string | null> {
  try {
    if (file.endsWith(".txt"))
      return `${await fileVersion(file)} ${await fileVersion(reportBeside(file)).catch(() => "none")}`;
    const { onnx, card, golden } = modelPaths(file);
    return (await Promise.all([onnx, card, golden].map(fileVersion))).join(" ");
  } catch {
    return null;
  }
}

async function fileVersion(file: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(file, { bigint: true });
  return `${ino}-${size}-${mtimeNs}`;
}

/**
 * Looks at files from time to time and tells when another version of them stands there. A version is told once it
 * looks the same twice in a row, and once only; files that are gone for a while are no news.
 */
export class ModelWatch {
  readonly #options: ModelWatchOptions;
  #told: string | null;
  #seen: string | null;
  #cancel: CancelTimer = () => {};
  #isStopped = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: ModelWatchOptions) {
    this.#options = options;
    this.#told = options.known;
    this.#seen = options.known;
  }

  start(): void {
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
    const version = await modelVersion(this.#options.file);
    const isSettled = version !== null && version === this.#seen;
    this.#seen = version;
    if (!isSettled || version === this.#told) return;
    this.#told = version;
    await this.#options.onVersion();
  }
}
