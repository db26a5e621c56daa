import type { LedgerConfig, LogConfig } from "@smcq/config";
import type { Clock, Logger } from "@smcq/kernel";
import { LedgerChanges, LedgerErrorCode, ledgerFile } from "@smcq/ledger";
import { Mirror, type MirrorProgress, type MirrorTarget, readPasswordFile, targetOf } from "@smcq/mirror";

/** What the supervisor hands to the mirror's process; no password. */
export interface MirrorPayload {
  readonly dataDir: string;
  readonly ledger: LedgerConfig;
  readonly log: LogConfig;
}

/** Failures of reading the ledger that time may heal: its file is just being made, held or put in place. */
const SOURCE_LATER: ReadonlySet<string> = new Set([
  LedgerErrorCode.Busy,
  LedgerErrorCode.Io,
  LedgerErrorCode.Moved,
]);

/** Where passwords of PostgreSQL are looked for. */
const PASSWORD_VARIABLES = ["PGPASSWORD", "PGPASSFILE", "HOME"] as const;

/** What of an environment the mirror's process needs. */
export function passwordEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const found = PASSWORD_VARIABLES.map((name) => [name, env[name]] as const);
  return Object.fromEntries(
    found.filter((entry): entry is [(typeof entry)[0], string] => entry[1] !== undefined),
  );
}

/** Where the settings want the mirror; null: nowhere. Refuses with MIRROR_URL what is no address. */
export function targetOfConfig({
  mirrorUrl,
  mirrorSchema,
}: Pick<LedgerConfig, "mirrorUrl" | "mirrorSchema">): MirrorTarget | null {
  return mirrorUrl === null ? null : targetOf(mirrorUrl, mirrorSchema);
}

export interface MirrorWish {
  readonly dataDir: string;
  readonly target: MirrorTarget;
  readonly passwordFile: string | null;
  readonly isAgain: boolean;
}

/** The mirror of a data folder's ledger; a password file is read at each connection, so that it may be changed. */
export function ledgerMirror(
  { dataDir, target, passwordFile, isAgain }: MirrorWish,
  ground: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly onProgress?: (progress: MirrorProgress) => void;
  },
): Mirror {
  return new Mirror({
    target,
    ...(passwordFile === null ? {} : { password: () => readPasswordFile(passwordFile) }),
    openSource: () => new LedgerChanges(ledgerFile(dataDir)),
    sourceLater: SOURCE_LATER,
    isAgain,
    ...ground,
  });
}
