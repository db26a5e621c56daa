import { LedgerChanges, type LedgerTable, LOG_TABLES, PROJECTION_TABLES, SMALL_TABLES } from "@smcq/ledger";
import type { Client } from "pg";

export const LEDGER_TABLES: readonly LedgerTable[] = [...SMALL_TABLES, ...LOG_TABLES, ...PROJECTION_TABLES];

/** A value as text in which nothing of it is lost: every float by its shortest digits, bytes by hex. */
function plain(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Tables of which not every row, column by column, is the ledger's; with how many rows each side has. */
export async function differences(file: string, client: Client, schema: string): Promise<readonly string[]> {
  const changes = new LedgerChanges(file);
  const different: string[] = [];
  try {
    for (const table of LEDGER_TABLES) {
      const { columns, rows } = changes.whole(table);
      const wanted = rows.map((row) => row.map(plain).join("|")).toSorted();
      const { rows: copied } = await client.query<unknown[]>({
        text: `SELECT ${columns.join(", ")} FROM ${client.escapeIdentifier(schema)}.${table}`,
        rowMode: "array",
      });
      const found = copied.map((row) => row.map(plain).join("|")).toSorted();
      const at = wanted.findIndex((text, index) => text !== found[index]);
      if (wanted.length !== found.length || at >= 0)
        different.push(
          `${table}: ${wanted.length} rows, copied ${found.length}; ${wanted[at]} / ${found[at]}`,
        );
    }
  } finally {
    changes.close();
  }
  return different;
}
