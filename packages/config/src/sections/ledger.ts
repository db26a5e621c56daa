import { z } from "zod";
import type { EngineConfig, LedgerConfig } from "../engine-config.ts";
import { filePath, integer } from "../fields.ts";

/** No word behind the user's name, and none among the parameters. */
const MIRROR_URL = /^postgres(ql)?:\/\/(?!.*password=)([^:@/?#]*@)?[^@]*$/i;

export const ledger: z.ZodType<LedgerConfig> = z
  .strictObject({
    queueMax: integer(1_000, 1_000_000)
      .default(20_000)
      .describe("signals that may wait for the ledger's thread"),
    mirrorUrl: filePath(
      "postgres://user@host:port/database in which a copy of the ledger is kept, without a password; null: none",
    ),
    mirrorSchema: z
      .string()
      .regex(/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/)
      .default("smcq")
      .describe("schema of that copy: one a ledger"),
    mirrorPasswordFile: filePath(
      "file of mode 0600 with the password for ledger.mirrorUrl; null: PGPASSWORD, or the file of PGPASSFILE",
    ),
  })
  .prefault({});

/** A password would be kept with the settings, in the ledger and in whatever copies it. */
export function mirrorRules({
  ledger: own,
}: EngineConfig): readonly { readonly paths: readonly string[]; readonly rule: string }[] {
  if (own.mirrorUrl === null || MIRROR_URL.test(own.mirrorUrl)) return [];
  const rule =
    "must be postgres://user@host:port/database without a password, which would be kept with the settings: name ledger.mirrorPasswordFile, or set PGPASSWORD or PGPASSFILE";
  return [{ paths: ["ledger.mirrorUrl"], rule }];
}
