import { SmcqError } from "@smcq/kernel";
import { Client } from "pg";
import { MirrorErrorCode, mirrorError } from "./errors.ts";
import { insertSql, rowsText, WrittenRows } from "./rows.ts";
import { LOG_NAMES, TABLE_KEYS } from "./schema/keys.ts";
import { migrate } from "./schema/migrate.ts";
import type { LogName, Place, Places, SourceChange, SourceRows } from "./source.ts";
import type { MirrorTarget } from "./target.ts";

const CONNECT_MS_MAX = 10_000;
/** The server ends a statement after this time, and we give up waiting for its answer a little later. */
const STATEMENT_MS_MAX = 60_000;
const ANSWER_MS_MAX = 70_000;
/** The oldest server that makes columns of columns. */
const SERVER_VERSION_MIN = 120_000;
/** First half of the advisory lock's key, "SMCQ"; the other one is made of the schema's name. */
const LOCK_CLASS = 0x53_4d_43_51;

/** Who may ask for a password when it is wanted; undefined: the environment's, or that of its password file. */
export type PasswordSource = (() => string) | undefined;

/**
 * One connection to a mirror's schema, which it holds alone. Every failure is an SmcqError `MIRROR_*`; after one the session
 * is over.
 */
export class MirrorSession {
  readonly #client: Client;
  readonly #target: MirrorTarget;
  readonly #written = new WrittenRows();
  #places: Places;

  private constructor(client: Client, target: MirrorTarget, places: Places) {
    this.#client = client;
    this.#target = target;
    this.#places = places;
  }

  /** Connects, takes the schema for itself (MIRROR_LOCKED), and brings it up to date. */
  static async open(target: MirrorTarget, password: PasswordSource): Promise<MirrorSession> {
    const { host, port, user, database, ssl, schema, shown } = target;
    const client = new Client({
      host,
      port,
      user,
      database,
      ssl,
      ...(password === undefined ? {} : { password }),
      application_name: "smcq mirror",
      connectionTimeoutMillis: CONNECT_MS_MAX,
      statement_timeout: STATEMENT_MS_MAX,
      idle_in_transaction_session_timeout: STATEMENT_MS_MAX,
      query_timeout: ANSWER_MS_MAX,
      keepAlive: true,
    });
    // What ends a connection is thrown by the query that needs it next.
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query(`SET search_path TO ${client.escapeIdentifier(schema)}`);
      await requireServer(client, shown);
      await lock(client, target);
      await migrate(client, schema);
      return new MirrorSession(client, target, await readPlaces(client));
    } catch (error) {
      await ended(client);
      throw mirrorError(error, shown);
    }
  }

  /** How far the ledger is copied. */
  get places(): Places {
    return this.#places;
  }

  /** Whose copy it is; null: nothing is in it yet. */
  async ledgerId(): Promise<string | null> {
    return this.#guard(async () => {
      const { rows } = await this.#client.query<{ readonly id: string | null }>(
        "SELECT ledger_id AS id FROM mirror_state",
      );
      return rows[0]?.id ?? null;
    });
  }

  /** Writes what has come and where it ends, in one transaction. */
  async apply(change: SourceChange, ledgerId: string | null): Promise<void> {
    const fresh = change.tables.map((rows) => (isSmall(rows) ? this.#written.fresh(rows) : rows));
    await this.#guard(async () => {
      await this.#client.query("BEGIN");
      await this.#requirePlaces();
      for (const rows of fresh)
        if (rows.rows.length > 0) await this.#client.query(insertSql(rows), [rowsText(rows)]);
      for (const log of LOG_NAMES) {
        const { key, mark } = change.to[log];
        if (key !== this.#places[log].key)
          await this.#client.query("UPDATE mirror_place SET key = $1, mark = $2 WHERE log = $3", [
            key,
            mark,
            log,
          ]);
      }
      await this.#client.query(
        "UPDATE mirror_state SET ledger_id = $1, rows_behind = $2, written_at = now()",
        [ledgerId, change.rowsBehind],
      );
      await this.#client.query("COMMIT");
    });
    for (const rows of fresh) if (isSmall(rows)) this.#written.keep(rows);
    this.#places = change.to;
  }

  /** Throws everything away that was copied, in one transaction; the schema stays. */
  async clear(): Promise<void> {
    await this.#guard(async () => {
      await this.#client.query("BEGIN");
      await this.#client.query(`TRUNCATE ${Object.keys(TABLE_KEYS).join(", ")}`);
      await this.#client.query("UPDATE mirror_place SET key = 0, mark = ''");
      await this.#client.query(
        "UPDATE mirror_state SET ledger_id = NULL, rows_behind = 0, written_at = now()",
      );
      await this.#client.query("COMMIT");
      this.#places = await readPlaces(this.#client);
    });
  }

  async close(): Promise<void> {
    await ended(this.#client);
  }

  /** The lock is a session's, and a pooler in between may know better: whoever else has written is found here. */
  async #requirePlaces(): Promise<void> {
    const found = await readPlaces(this.#client, "FOR UPDATE");
    if (LOG_NAMES.every((log) => found[log].key === this.#places[log].key)) return;
    throw lockedError(this.#target);
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw mirrorError(error, this.#target.shown);
    }
  }
}

/** Logs come row by row, and what is made of the journal by its rows; of the other tables everything comes each time. */
function isSmall({ table }: SourceRows): boolean {
  return ["runs", "run_resumes", "symbols", "scorers"].includes(table);
}

async function requireServer(client: Client, shown: string): Promise<void> {
  const { rows } = await client.query<{ readonly version: string; readonly encoding: string }>(
    "SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding",
  );
  const { version = "0", encoding = "" } = rows[0] ?? {};
  const problem =
    Number(version) < SERVER_VERSION_MIN
      ? "PostgreSQL 12 or newer is needed"
      : encoding === "UTF8"
        ? null
        : `the database's encoding is ${encoding}, wanted UTF8`;
  if (problem !== null) throw new SmcqError(MirrorErrorCode.Refused, `${shown}: ${problem}`);
}

async function lock(client: Client, target: MirrorTarget): Promise<void> {
  const { rows } = await client.query<{ readonly isTaken: boolean }>(
    'SELECT pg_try_advisory_lock($1, hashtext($2)) AS "isTaken"',
    [LOCK_CLASS, target.schema],
  );
  if (rows[0]?.isTaken !== true) throw lockedError(target);
}

function lockedError({ shown }: MirrorTarget): SmcqError {
  return new SmcqError(
    MirrorErrorCode.Locked,
    `${shown}: another mirror writes here: stop it, or name another schema`,
  );
}

async function readPlaces(client: Client, how: "" | "FOR UPDATE" = ""): Promise<Places> {
  const { rows } = await client.query<{ readonly log: LogName; readonly key: string; readonly mark: string }>(
    `SELECT log, key, mark FROM mirror_place ORDER BY log ${how}`,
  );
  const entries = rows.map(({ log, key, mark }): [LogName, Place] => [log, { key: Number(key), mark }]);
  return Object.fromEntries(entries) as Places;
}

/** A connection that is gone already is no failure any more. */
async function ended(client: Client): Promise<void> {
  await client.end().catch(() => {});
}
