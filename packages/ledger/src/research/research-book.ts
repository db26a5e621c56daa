import { SmcqError } from "@smcq/kernel";
import type { DailyResults, DayRange } from "@smcq/research";
import type { Database } from "better-sqlite3";
import { decodeDaily, encodeDaily } from "./daily-blob.ts";
import { openResearchFile, researchError } from "./open-research.ts";

/** Variants whose days take part in a correction, the newest first; the others are counted as independent ones. */
export const KNOWN_MAX = 5_000;
/** Variants that one row may stand for. */
const COUNT_MAX = 1_000_000;
const HOLD_OUT_NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/u;

/** What is tried, told before its result is known. Hashes are of canonical JSON or of files. */
export interface Trial {
  /** For eyes: what tells it from the others of its run. */
  readonly name: string;
  /** Of everything that makes it what it is: the same once more is no new try. */
  readonly trialSha256: string;
  readonly planSha256: string;
  readonly featuresSha256: string;
  readonly modelId: string | null;
  readonly dataSha256: string;
  readonly days: readonly DayRange[];
  readonly holdOut: string | null;
  /** Variants that the row stands for: a training may have tried several parameter sets. */
  readonly count: number;
}

/** A period that nobody looks at until everything is decided. */
export interface HoldOut extends DayRange {
  readonly name: string;
  readonly sealedMs: number;
  /** 1: judged once, as it was meant. 2 and more: no hold-out any more. */
  readonly openings: number;
}

/** Everything that was tried but for some variants. */
export interface TriedBefore {
  readonly known: readonly DailyResults[];
  readonly unseen: number;
}

interface HoldOutRow {
  readonly name: string;
  readonly from_day: number;
  readonly to_day: number;
  readonly sealed_ms: number;
  readonly openings: number;
}

/**
 * The book of research (`research.db` in the data folder): every variant ever tried, and the periods that are held out.
 * Append-only, for any number of processes at once. Refuses with SmcqError RESEARCH_*.
 */
export class ResearchBook {
  readonly #db: Database;
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.#db = openResearchFile(file);
  }

  /** Notes what will be tried; on the disk when it returns. Returns the row's number, for `finish`. */
  record(trials: readonly Trial[], nowMs: number): number[] {
    const insert = this.#db.prepare(
      `INSERT INTO trials (trial_sha256, name, plan_sha256, features_sha256, model_id, data_sha256, day_ranges, hold_out, count, recorded_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    return this.#write(() =>
      trials.map((trial) => {
        if (!Number.isInteger(trial.count) || trial.count < 1 || trial.count > COUNT_MAX)
          throw new SmcqError(
            "RESEARCH_COUNT",
            `${trial.name}: ${trial.count} variants; must be a whole number, 1 to ${COUNT_MAX}`,
          );
        const { lastInsertRowid } = insert.run(
          trial.trialSha256,
          trial.name,
          trial.planSha256,
          trial.featuresSha256,
          trial.modelId,
          trial.dataSha256,
          JSON.stringify(trial.days.map(({ fromDay, toDay }) => [fromDay, toDay])),
          trial.holdOut,
          trial.count,
          nowMs,
        );
        return Number(lastInsertRowid);
      }),
    );
  }

  /** Adds what came of a recorded trial, once. */
  finish(trialId: number, daily: DailyResults, nowMs: number): void {
    this.#write(() =>
      this.#db
        .prepare("INSERT INTO results (trial_id, daily, finished_ms) VALUES (?, ?, ?)")
        .run(trialId, encodeDaily(daily), nowMs),
    );
  }

  /**
   * Everything else that was tried: the same variant counts once, however often it was run; a row that stands for more, or
   * was never finished, counts with what it stands for.
   */
  triedBut(trialSha256s: readonly string[]): TriedBefore {
    const mine = new Set(trialSha256s);
    const rows = this.#db
      .prepare<[], { sha256: string; count: number; result: number | null }>(
        `SELECT trial_sha256 AS sha256, max(count) AS count, max(results.trial_id) AS result
         FROM trials LEFT JOIN results USING (trial_id)
         GROUP BY trial_sha256 ORDER BY max(trials.trial_id) DESC`,
      )
      .all()
      .filter(({ sha256 }) => !mine.has(sha256));
    const read = this.#db.prepare<[number], Buffer>("SELECT daily FROM results WHERE trial_id = ?").pluck();
    const known = rows
      .flatMap(({ result }) => result ?? [])
      .slice(0, KNOWN_MAX)
      .map((trialId) => decodeDaily(read.get(trialId) as Buffer));
    const all = rows.reduce((sum, { count }) => sum + count, 0);
    return { known, unseen: all - known.length };
  }

  /** How many variants other than these were judged on one of the days. */
  looksAt(range: DayRange, exceptSha256s: readonly string[]): number {
    const except = new Set(exceptSha256s);
    const rows = this.#db
      .prepare<[], { sha256: string; days: string }>(
        "SELECT trial_sha256 AS sha256, day_ranges AS days FROM trials",
      )
      .all();
    const looked = rows.filter(({ sha256, days }) => !except.has(sha256) && overlaps(days, range));
    return new Set(looked.map(({ sha256 }) => sha256)).size;
  }

  /** Names a period before it is looked at. Refuses one that was looked at, and a name or days that are taken. */
  seal(holdOut: DayRange & { readonly name: string }, nowMs: number): void {
    const { name, fromDay, toDay } = holdOut;
    if (!HOLD_OUT_NAME.test(name))
      throw new SmcqError("USAGE_HOLD_OUT", `${name}: a name is 1 to 40 of a-z, 0-9, _ and -`);
    if (fromDay > toDay) throw new SmcqError("USAGE_HOLD_OUT", `${name} ends before it begins`);
    this.#write(() => {
      const taken = this.holdOuts().find(
        (other) => other.name === name || (other.fromDay <= toDay && other.toDay >= fromDay),
      );
      if (taken !== undefined)
        throw new SmcqError("RESEARCH_HOLD_OUT", `${name}: name or days are those of hold-out ${taken.name}`);
      const looks = this.looksAt(holdOut, []);
      if (looks > 0)
        throw new SmcqError(
          "RESEARCH_HOLD_OUT",
          `${name} cannot be held out: ${looks} variants were already judged on its days`,
        );
      this.#db.prepare("INSERT INTO hold_outs VALUES (?, ?, ?, ?)").run(name, fromDay, toDay, nowMs);
    });
  }

  /** Notes that a hold-out is opened, before anything in it is seen; returns it, this opening counted. */
  open(name: string, why: string, nowMs: number): HoldOut {
    return this.#write(() => {
      if (!this.holdOuts().some((holdOut) => holdOut.name === name)) {
        const names = this.holdOuts().map((holdOut) => holdOut.name);
        const known = names.length === 0 ? "none is sealed" : `sealed are ${names.join(", ")}`;
        throw new SmcqError("RESEARCH_HOLD_OUT", `there is no hold-out ${name}: ${known}`);
      }
      this.#db.prepare("INSERT INTO openings (name, why, opened_ms) VALUES (?, ?, ?)").run(name, why, nowMs);
      return this.holdOuts().find((holdOut) => holdOut.name === name) as HoldOut;
    });
  }

  /** All hold-outs by their first day. */
  holdOuts(): HoldOut[] {
    return this.#db
      .prepare<[], HoldOutRow>(
        `SELECT hold_outs.*, (SELECT count(*) FROM openings WHERE openings.name = hold_outs.name) AS openings
         FROM hold_outs ORDER BY from_day`,
      )
      .all()
      .map((row) => ({
        name: row.name,
        fromDay: row.from_day,
        toDay: row.to_day,
        sealedMs: row.sealed_ms,
        openings: row.openings,
      }));
  }

  /** Writes the book as of one moment into a new file, beside whoever writes it. */
  copyTo(to: string): void {
    try {
      this.#db.prepare("VACUUM INTO ?").run(to);
    } catch (error) {
      throw researchError(error, to);
    }
  }

  close(): void {
    this.#db.close();
  }

  #write<T>(work: () => T): T {
    try {
      return this.#db.transaction(work).immediate();
    } catch (error) {
      throw researchError(error, this.#file);
    }
  }
}

function overlaps(days: string, { fromDay, toDay }: DayRange): boolean {
  const ranges = JSON.parse(days) as [number, number][];
  return ranges.some(([from, to]) => from <= toDay && to >= fromDay);
}
