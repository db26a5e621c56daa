import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage } from "@smcq/kernel";
import type { Logger } from "@smcq/kernel";
import { judgeInstruments } from "./judge-instrument.ts";
import { CachedUniverse } from "./universe-cache.ts";

/**
 * The universe's file between runs. Only a document that a run has come up with is written; a run that begins on the
 * file marks it as tried until it has come up, so that the next start knows that the last one has not.
 */
export class UniverseFile {
  readonly #dir: string | undefined;
  readonly #origin: string;
  readonly #log: Logger;

  constructor(options: { readonly cacheDir?: string; readonly origin: string; readonly log: Logger }) {
    this.#dir = options.cacheDir;
    this.#origin = options.origin;
    this.#log = options.log;
  }

  /** The document of the file; undefined when there is none, it is another venue's, or cannot be believed. */
  async read(): Promise<CachedUniverse | undefined> {
    const path = this.#path();
    if (path === undefined) return undefined;
    try {
      const cached = CachedUniverse.safeParse(JSON.parse(await readFile(path, "utf8")));
      if (!cached.success || cached.data.origin !== this.#origin) return undefined;
      const { refused } = judgeInstruments(cached.data.instruments);
      if (refused.length === 0) return cached.data;
      this.#log.warn(
        { path, count: refused.length, first: refused[0] },
        "the cached universe cannot be believed",
      );
      return undefined;
    } catch (error) {
      this.#log.debug({ path, error: errorMessage(error) }, "no universe on disk");
      return undefined;
    }
  }

  /** True when a start has begun on the file and has not come up. */
  async isTried(): Promise<boolean> {
    const path = this.#triedPath();
    return path !== undefined && (await stat(path).then(Boolean, () => false));
  }

  async markTried(): Promise<void> {
    const path = this.#triedPath();
    if (path === undefined) return;
    await writeFile(path, "").catch((error: unknown) =>
      this.#log.debug({ error: errorMessage(error) }, "no mark"),
    );
  }

  /** A run has come up: with this document (undefined: with the file's own). */
  async keep(cached: CachedUniverse | undefined): Promise<void> {
    if (cached !== undefined) await this.#write(cached);
    const tried = this.#triedPath();
    if (tried === undefined) return;
    await rm(tried, { force: true }).catch((error: unknown) =>
      this.#log.debug({ error: errorMessage(error) }, "the mark stays"),
    );
  }

  #path(): string | undefined {
    return this.#dir === undefined ? undefined : join(this.#dir, "binance-universe.json");
  }

  #triedPath(): string | undefined {
    return this.#dir === undefined ? undefined : join(this.#dir, "binance-universe.tried");
  }

  /** Writes next to the file, then renames: a reader never sees half a document. */
  async #write(cached: CachedUniverse): Promise<void> {
    const path = this.#path();
    if (path === undefined || this.#dir === undefined) return;
    try {
      await mkdir(this.#dir, { recursive: true });
      const partial = `${path}.${process.pid}.part`;
      const file = await open(partial, "w");
      try {
        await file.writeFile(JSON.stringify(cached));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, path);
    } catch (error) {
      this.#log.warn({ path, error: errorMessage(error) }, "the universe could not be cached on disk");
    }
  }
}
