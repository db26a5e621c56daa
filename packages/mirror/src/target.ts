import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { errorMessage, SmcqError } from "@smcq/kernel";
import type { ClientConfig } from "pg";
import { MirrorErrorCode } from "./errors.ts";

const PORT_DEFAULT = 5_432;
const PASSWORD_FILE_BYTES_MAX = 4_096;
const OTHERS_MASK = 0o077;
/** What a file's permissions are called; no mode of the engine. */
const PERMISSION_BITS = "mode";
const PARAMETERS: ReadonlySet<string> = new Set(["host", "port", "user", "sslmode", "sslrootcert"]);
const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"] as const;
/** What PostgreSQL keeps of a name. */
const SCHEMA_FORM = /^[a-z_][a-z0-9_]{0,62}$/;

/** Where a mirror writes; holds no password. */
export interface MirrorTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly ssl: ClientConfig["ssl"];
  readonly schema: string;
  /** For eyes: user, place and database. */
  readonly shown: string;
}

function refused(text: string): SmcqError {
  // Never the address itself: a password may stand in it, wherever it was put.
  return new SmcqError(MirrorErrorCode.Url, `the address of the mirror ${text}`);
}

function parsed(url: string): URL {
  if (!/^postgres(ql)?:\/\//.test(url))
    throw refused("begins with postgres://, such as postgres://user@host:5432/database");
  try {
    // A user without a host is a socket's; URL refuses that.
    return new URL(url.replace(/^(\w+:\/\/[^/?#@]*@)([/?#]|$)/, "$1localhost$2"));
  } catch {
    throw refused("is no address: wanted postgres://user@host:5432/database?sslmode=verify-full");
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused("has a % that begins no character");
  }
}

function isNear(host: string): boolean {
  return host.startsWith("/") || ["localhost", "127.0.0.1", "::1", "[::1]"].includes(host);
}

/** TLS as the address says; without a word there is none to this machine, and full verification to any other. */
function sslOf(host: string, parameters: URLSearchParams): ClientConfig["ssl"] {
  const said = parameters.get("sslmode") ?? (isNear(host) ? "disable" : "verify-full");
  if (!SSL_MODES.some((known) => known === said))
    throw refused(`has an unknown sslmode: wanted ${SSL_MODES.join(", ")}`);
  if (said === "disable") return false;
  const rootFile = parameters.get("sslrootcert");
  let root: { readonly ca?: string } = {};
  try {
    if (rootFile !== null) root = { ca: readFileSync(rootFile, "utf8") };
  } catch (cause) {
    throw refused(`names a root certificate that cannot be read: ${errorMessage(cause)}`);
  }
  if (said === "require") return { ...root, rejectUnauthorized: false };
  return said === "verify-ca" ? { ...root, checkServerIdentity: () => undefined } : { ...root };
}

/**
 * Reads `postgres://user@host:port/database?sslmode=…&sslrootcert=FILE`; `?host=/folder` names a socket's folder. Refuses with
 * MIRROR_URL what is no such address and one with a password: it would be shown by process lists and kept with the settings.
 */
export function targetOf(url: string, schema: string): MirrorTarget {
  const { username, password, hostname, port: portText, pathname, searchParams } = parsed(url);
  if (password !== "" || searchParams.has("password") || searchParams.has("sslpassword"))
    throw refused(
      "holds a password, which process lists and the ledger would show: leave it out and name a file of mode 0600 (ledger.mirrorPasswordFile, --password-file), or set PGPASSWORD or PGPASSFILE",
    );
  const unknown = [...searchParams.keys()].filter((name) => !PARAMETERS.has(name));
  if (unknown.length > 0)
    throw refused(`has ${unknown.length} unknown parameter(s): wanted ${[...PARAMETERS].join(", ")}`);
  if (!SCHEMA_FORM.test(schema) || schema.startsWith("pg_"))
    throw refused(`has a schema that is no name: wanted 1 to 63 of a-z, 0-9 and _, no digit first, no pg_`);
  const host = searchParams.get("host") ?? decoded(hostname === "" ? "localhost" : hostname);
  const port = Number(searchParams.get("port") ?? (portText === "" ? PORT_DEFAULT : portText));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refused("has a port outside 1 to 65535");
  const user = decoded(username) || searchParams.get("user") || userInfo().username;
  const database = decoded(pathname.slice(1)) || user;
  const place = host.includes(":") ? host : `${host}:${port}`;
  const shown = `postgres://${user}@${place}/${database} (schema ${schema})`;
  return {
    host: host.replace(/^\[(.*)\]$/, "$1"),
    port,
    user,
    database,
    ssl: sslOf(host, searchParams),
    schema,
    shown,
  };
}

/** The password in a file that only its owner may read; the last end of line is not part of it. Refuses with MIRROR_PASSWORD. */
export function readPasswordFile(path: string): string {
  const wrong = (text: string): SmcqError =>
    new SmcqError(MirrorErrorCode.Password, `the mirror's password file ${path} ${text}`, {
      context: { file: path },
    });
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch (cause) {
    throw wrong(`cannot be opened: ${errorMessage(cause)}`);
  }
  try {
    const stat = fstatSync(handle);
    const permissions = stat[PERMISSION_BITS];
    if (!stat.isFile()) throw wrong("is no file");
    if ((permissions & OTHERS_MASK) !== 0)
      throw wrong(`has mode 0${(permissions & 0o777).toString(8)}, wanted 0600: run chmod 600 ${path}`);
    if (stat.size > PASSWORD_FILE_BYTES_MAX) throw wrong(`is larger than ${PASSWORD_FILE_BYTES_MAX} bytes`);
    const password = readFileSync(handle, "utf8").replace(/\r?\n$/, "");
    if (password === "") throw wrong("is empty");
    return password;
  } finally {
    closeSync(handle);
  }
}
