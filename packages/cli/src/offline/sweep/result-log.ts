import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { errorMessage, SmcqError } from "@smcq/kernel";
import type { PointResult } from "./point-result.ts";

const FILE = "results.jsonl";

interface Header {
  readonly sweep: string;
}

interface Line {
  readonly point: number;
  readonly result: PointResult;
}

/**
 * Results of a sweep as they come, a line each, in its folder: what was done before a stop is not done again. A last line
 * that was cut is taken back. Refuses with OUTPUT_WRITE a folder that holds anything else.
 */
export class ResultLog {
  readonly done: ReadonlyMap<number, PointResult>;
  readonly #file: string;

  /** `sweepSha256` is the hash of everything that the results depend on. */
  constructor(folder: string, sweepSha256: string) {
    this.#file = join(folder, FILE);
    try {
      mkdirSync(folder, { recursive: true });
      this.done = existsSync(this.#file) ? this.#read(sweepSha256) : this.#begin(folder, sweepSha256);
    } catch (error) {
      if (error instanceof SmcqError) throw error;
      throw new SmcqError("OUTPUT_WRITE", `cannot write ${folder}: ${errorMessage(error)}`, { cause: error });
    }
  }

  add(point: number, result: PointResult): void {
    appendFileSync(this.#file, `${JSON.stringify({ point, result } satisfies Line)}\n`);
  }

  /** Forgets all results. */
  discard(): void {
    rmSync(this.#file, { force: true });
  }

  #begin(folder: string, sweep: string): Map<number, PointResult> {
    if (readdirSync(folder).length > 0)
      throw new SmcqError(
        "OUTPUT_WRITE",
        `${folder} is not empty: name a new folder, or that of this sweep`,
        {
          context: { file: folder },
        },
      );
    appendFileSync(this.#file, `${JSON.stringify({ sweep } satisfies Header)}\n`);
    return new Map();
  }

  #read(sweep: string): Map<number, PointResult> {
    const text = readFileSync(this.#file, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const [head, ...lines] = whole.split("\n").slice(0, -1);
    if (head === undefined) {
      truncateSync(this.#file);
      appendFileSync(this.#file, `${JSON.stringify({ sweep } satisfies Header)}\n`);
      return new Map();
    }
    if ((JSON.parse(head) as Partial<Header>).sweep !== sweep)
      throw new SmcqError(
        "OUTPUT_WRITE",
        `${this.#file} holds another sweep: other bars, settings or space; name a new folder`,
        { context: { file: this.#file } },
      );
    if (whole.length < text.length) truncateSync(this.#file, Buffer.byteLength(whole));
    return new Map(
      lines.map((line) => {
        const { point, result } = JSON.parse(line) as Line;
        return [point, result];
      }),
    );
  }
}
