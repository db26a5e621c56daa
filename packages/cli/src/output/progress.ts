import type { WriteStream } from "node:tty";
import type { Clock } from "@smcq/kernel";
import { Presets, SingleBar } from "cli-progress";

/** Where no terminal shows a bar, a line at most this often. */
const LINE_MS = 10_000;

/** A piece of work that takes a while, told to who waits for it. */
export interface Progress {
  /** `done` of `of` steps of `stage` are done; the last one ends it. */
  show(stage: string, done: number, of: number): void;
  /** Nothing more comes, whatever has been done: the terminal is as it was. */
  end(): void;
}

/** A bar on a terminal, a line now and then elsewhere; both on `stream`. */
export function createProgress(
  name: string,
  stream: WriteStream | NodeJS.WriteStream,
  clock: Clock,
): Progress {
  return stream.isTTY ? new BarProgress(stream) : new LineProgress(name, stream, clock);
}

class BarProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  #bar: SingleBar | null = null;
  #stage = "";

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(stage: string, done: number, of: number): void {
    if (stage !== this.#stage || this.#bar === null) this.#begin(stage, of);
    this.#bar?.update(done);
    if (done >= of) this.end();
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = null;
  }

  #begin(stage: string, of: number): void {
    this.end();
    this.#stage = stage;
    const format = "{bar} {stage} {value} of {total}, {duration_formatted}";
    this.#bar = new SingleBar(
      { stream: this.#stream, format, clearOnComplete: true },
      Presets.shades_classic,
    );
    this.#bar.start(of, 0, { stage });
  }
}

class LineProgress implements Progress {
  readonly #name: string;
  readonly #stream: NodeJS.WriteStream;
  readonly #clock: Clock;
  #saidMs: number;

  constructor(name: string, stream: NodeJS.WriteStream, clock: Clock) {
    this.#name = name;
    this.#stream = stream;
    this.#clock = clock;
    this.#saidMs = clock.nowMs();
  }

  show(stage: string, done: number, of: number): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#saidMs + LINE_MS) return;
    this.#saidMs = nowMs;
    this.#stream.write(`${this.#name}: ${stage} ${done} of ${of}\n`);
  }

  end(): void {}
}
