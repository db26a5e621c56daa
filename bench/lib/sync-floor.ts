import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { SystemClock } from "@smcq/kernel";

const PAGE = Buffer.alloc(4_096, 1);
/** Pages of the file; the first is written again after the last. */
const PAGES = 1_024;

/**
 * What the disk itself takes for the least that is durable: a page written and synced (fdatasync) in a file that has room
 * for it. No row can be on the disk sooner.
 */
export class SyncFloor {
  /** us each. */
  readonly us: number[] = [];
  readonly #clock = new SystemClock();
  readonly #file: number;
  #pages = 0;

  constructor(folder: string) {
    this.#file = openSync(join(folder, "floor"), "w");
    for (let page = 0; page < PAGES; page++) this.#write(page);
    fdatasyncSync(this.#file);
  }

  measure(): void {
    const startNs = this.#clock.monoNs();
    this.#write(this.#pages++ % PAGES);
    fdatasyncSync(this.#file);
    this.us.push((this.#clock.monoNs() - startNs) / 1e3);
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(page: number): void {
    writeSync(this.#file, PAGE, 0, PAGE.length, page * PAGE.length);
  }
}
