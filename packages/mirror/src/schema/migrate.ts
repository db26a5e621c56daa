import { SmcqError } from "@smcq/kernel";
import type { Client } from "pg";
import { MirrorErrorCode } from "../errors.ts";
import { TABLES } from "./tables.ts";
import { VIEWS } from "./views.ts";

/** One step of the schema. Published steps are never edited. */
export interface MirrorMigration {
  readonly version: number;
  readonly sql: string;
}

export const MIRROR_MIGRATIONS: readonly MirrorMigration[] = [{ version: 1, sql: `${TABLES}${VIEWS}` }];

async function versionOf(client: Client, schema: string): Promise<number> {
  const { rows: relations } = await client.query<{ readonly relname: string }>(
    "SELECT relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND relkind IN ('r', 'p', 'v', 'm', 'f')",
    [schema],
  );
  if (relations.length === 0) return 0;
  if (!relations.some(({ relname }) => relname === "mirror_schema"))
    throw new SmcqError(
      MirrorErrorCode.Foreign,
      `the schema "${schema}" holds tables of another program: name another schema`,
      { context: { schema } },
    );
  const { rows } = await client.query<{ readonly version: number | null }>(
    "SELECT max(version) AS version FROM mirror_schema",
  );
  return rows[0]?.version ?? 0;
}

/**
 * Makes the schema or brings it up to date, in one transaction; refuses one that a newer version has made and one that
 * holds something else. The search path leads to it.
 */
export async function migrate(
  client: Client,
  schema: string,
  migrations: readonly MirrorMigration[] = MIRROR_MIGRATIONS,
): Promise<void> {
  const found = await versionOf(client, schema);
  const known = migrations.at(-1)?.version ?? 0;
  if (found > known)
    throw new SmcqError(
      MirrorErrorCode.SchemaNewer,
      `the schema "${schema}" has version ${found}, this mirror knows up to ${known}: use the newer mirror or another schema`,
      { context: { schema, found, known } },
    );
  if (found === known) return;
  await client.query("BEGIN");
  if (found === 0) {
    const { rowCount } = await client.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]);
    if (rowCount === 0) await client.query(`CREATE SCHEMA ${client.escapeIdentifier(schema)}`);
    await client.query(
      "CREATE TABLE mirror_schema (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
    );
  }
  for (const { version, sql } of migrations) {
    if (version <= found) continue;
    await client.query(sql);
    await client.query("INSERT INTO mirror_schema (version) VALUES ($1)", [version]);
  }
  await client.query("COMMIT");
}
