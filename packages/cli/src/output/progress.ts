import { statSync } from "node:fs";
import { Writable } from "node:stream";
import { isatty } from "node:tty";
import { type Clock, SystemClock } from "@smcq/kernel";
import { Presets, SingleBar } from "cli-progress";
import { type Outlet, standardError } from "./outlet.ts";

/** Where no terminal shows a bar, a line at most this often. */
const LINE_MS = 10_000;
/** Of a terminal that does not say how wide it is. */
const COLUMNS = 80;

/** `done` of `of` steps of `stage` are done; the last one ends the stage. */
export type ShowProgress = (stage: string, done: number, of: number) => void;

/** A piece of work that takes a while, told to who waits for it. */
export interface Progress {
  show: ShowProgress;
  /** Nothing more comes, whatever has been done: the terminal is as it was. */
  end(): void;
}

/** Where progress is shown. */
export interface Screen {
  readonly isTTY: boolean;
  /** Width of a terminal in letters. */
  readonly columns: number;
  readonly outlet: Outlet;
}

/** This process's standard error. */
export function errorScreen(): Screen {
  return {
    isTTY: isatty(2),
    get columns() {
      return process.stderr.columns ?? COLUMNS;
    },
    outlet: standardError(),
  };
}

/** The same as a stream. What is drawn while nobody looks is left out: it would be drawn over anyway. */
function streamOf(screen: Screen): NodeJS.WritableStream {
  const { outlet, isTTY } = screen;
  const stream = new Writable({
    write(chunk, _encoding, done) {
      if (!outlet.isHeld) outlet.write(String(chunk));
      done();
    },
  });
  return Object.defineProperties(stream, {
    isTTY: { value: isTTY },
    columns: { get: () => screen.columns },
  });
}

/** A bar on a terminal, a line now and then elsewhere; both on `screen`. */
export function createProgress(name: string, screen: Screen, clock: Clock): Progress {
  return screen.isTTY ? new BarProgress(streamOf(screen)) : new LineProgress(name, screen.outlet, clock);
}

/** For work that nobody waits for. */
export const NOBODY_WAITS: ShowProgress = () => {};

/** Does the work of a command, and shows how far it is on this process's standard error. */
export async function withProgress<T>(
  name: string,
  work: (show: ShowProgress) => T | Promise<T>,
): Promise<T> {
  const progress = commandProgress(name);
  try {
    return await work((...step) => progress.show(...step));
  } finally {
    progress.end();
  }
}

/** Progress of a command on this process's standard error. */
export function commandProgress(name: string): Progress {
  return createProgress(name, errorScreen(), new SystemClock());
}

/** Progress through the bytes of a file. */
export interface FileProgress {
  /** So many of its bytes were read. */
  readonly onRead: (bytes: number) => void;
  readonly end: () => void;
}

/** The same of a command that reads one file; of what has no length (a pipe) nothing is shown. */
export function fileProgress(name: string, path: string): FileProgress {
  const progress = commandProgress(name);
  const found = statSync(path, { throwIfNoEntry: false });
  const total = found?.isFile() === true ? kilobytes(found.size) : 0;
  return {
    onRead: (bytes) => {
      if (total > 0) progress.show("kB read", Math.min(total, kilobytes(bytes)), total);
    },
    end: () => progress.end(),
  };
}

/** As progress counts bytes; never 0, so that something is shown. */
export function kilobytes(bytes: number): number {
  return Math.ceil(bytes / 1_000);
}

class BarProgress implements Progress {
  readonly #stream: NodeJS.WritableStream;
  #bar: SingleBar | null = null;
  #stage = "";

  constructor(stream: NodeJS.WritableStream) {
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
  readonly #outlet: Outlet;
  readonly #clock: Clock;
  #saidMs: number;

  constructor(name: string, outlet: Outlet, clock: Clock) {
    this.#name = name;
    this.#outlet = outlet;
    this.#clock = clock;
    this.#saidMs = clock.nowMs();
  }

  show(stage: string, done: number, of: number): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#saidMs + LINE_MS) return;
    this.#saidMs = nowMs;
    this.#outlet.write(`${this.#name}: ${stage} ${done} of ${of}\n`);
  }

  end(): void {}
}
