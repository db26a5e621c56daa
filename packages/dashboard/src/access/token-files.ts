import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";

/** Names in the data folder: to look, and to tell the engine something. */
export const TOKEN_FILES = { look: "dashboard.token", control: "dashboard.control-token" } as const;
const TOKEN_BYTES = 32;
/** base64url of that many bytes. */
const TOKEN_FORM = /^[\w-]{43}$/;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
/** The engine's modes have the word for themselves (scripts/layers.ts). */
const PERMISSION_BITS = "mode";

export interface AccessFiles {
  readonly look: string;
  readonly control: string;
}

/** The two tokens of a data folder, made where they are missing; refuses with DASHBOARD_TOKEN what others may read. */
export function readTokens(dataDir: string): AccessFiles {
  mkdirSync(dataDir, { recursive: true });
  return {
    look: readOrMake(join(dataDir, TOKEN_FILES.look)),
    control: readOrMake(join(dataDir, TOKEN_FILES.control)),
  };
}

function readOrMake(file: string): string {
  try {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    writeFileSync(file, `${token}\n`, { mode: OWNER_ONLY, flag: "wx" });
    return token;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw refused(file, errorMessage(error), error);
  }
  return read(file);
}

function read(file: string): string {
  const handle = openSync(file, "r");
  try {
    const stat = fstatSync(handle);
    const { uid, size, [PERMISSION_BITS]: permissions } = stat;
    if (!stat.isFile() || uid !== (process.getuid?.() ?? uid))
      throw refused(file, "it is no file of the engine's user");
    if ((permissions & OTHERS) !== 0)
      throw refused(
        file,
        `others may read it (mode ${(permissions & 0o777).toString(8)}); wanted is mode 600`,
      );
    const token = size > TOKEN_BYTES * 4 ? "" : readFileSync(handle, "utf8").trim();
    if (!TOKEN_FORM.test(token))
      throw refused(file, "it holds no token of ours; take it away and a new one is made");
    return token;
  } finally {
    closeSync(handle);
  }
}

function refused(file: string, why: string, cause?: unknown): SmcqError {
  return new SmcqError("DASHBOARD_TOKEN", `the dashboard's token ${file}: ${why}`, {
    context: { file },
    ...(cause === undefined ? {} : { cause }),
  });
}
