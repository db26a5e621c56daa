import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { errorMessage, SmcqError } from "@smcq/kernel";
import { BusErrorCode } from "./errors.ts";

/** Larger files hold no seed, key or certificate. */
const FILE_BYTES_MAX = 65_536;
/** Bits of a file's permissions that let others than its owner read or write it. */
const OTHERS_MASK = 0o077;
const PERMISSION_BITS = "mode";
const SEED_FORM = /^SU[A-Z2-7]{56}$/;

/** Where the files stand that say who we are; each may be absent. */
export interface CredentialFiles {
  /** NKey seed of a user (`SU…`), mode 0600. */
  readonly nkeyFile: string | null;
  /** Certificates (PEM) of who signs the servers'; null: those of the system. With it, or with `certFile`, TLS is required. */
  readonly caFile: string | null;
  /** Our own certificate and its key (PEM, mode 0600), for servers that want to know by TLS who we are. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

export interface Credentials {
  readonly seed: Uint8Array | null;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null;
}

/** Reads the files. Refuses with BUS_CREDENTIALS one that is missing, open to others, or not what it should be. */
export function readCredentials(files: CredentialFiles): Credentials {
  const { nkeyFile, caFile, certFile, keyFile } = files;
  if ((certFile === null) !== (keyFile === null))
    throw refused("bus.certFile and bus.keyFile", "belong together: give both, or neither");
  const seed = nkeyFile === null ? null : readText("bus.nkeyFile", nkeyFile, true).trim();
  if (seed !== null && !SEED_FORM.test(seed))
    throw refused(
      `bus.nkeyFile ${nkeyFile}`,
      "holds no seed of a user: wanted one line of 58 characters, SU first",
    );
  const ca = caFile === null ? null : readPem("bus.caFile", caFile, false);
  const cert = certFile === null ? null : readPem("bus.certFile", certFile, false);
  const key = keyFile === null ? null : readPem("bus.keyFile", keyFile, true);
  return {
    seed: seed === null ? null : new TextEncoder().encode(seed),
    tls:
      ca === null && cert === null
        ? null
        : { ...(ca === null ? {} : { ca }), ...(cert === null || key === null ? {} : { cert, key }) },
  };
}

function refused(place: string, text: string, cause?: unknown): SmcqError {
  return new SmcqError(BusErrorCode.Credentials, `${place} ${text}`, { context: { place }, cause });
}

function readPem(setting: string, path: string, isSecret: boolean): string {
  const text = readText(setting, path, isSecret);
  if (!text.includes("-----BEGIN ")) throw refused(`${setting} ${path}`, "is no PEM: wanted -----BEGIN …");
  return text;
}

function readText(setting: string, path: string, isSecret: boolean): string {
  const place = `${setting} ${path}`;
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch (cause) {
    throw refused(place, `cannot be opened: ${errorMessage(cause)}`, cause);
  }
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) throw refused(place, "is no file");
    const permissions = stat[PERMISSION_BITS] & 0o777;
    if (isSecret && (permissions & OTHERS_MASK) !== 0)
      throw refused(place, `has mode 0${permissions.toString(8)}, wanted 0600: run chmod 600 ${path}`);
    if (stat.size > FILE_BYTES_MAX) throw refused(place, `is larger than ${FILE_BYTES_MAX} bytes`);
    return readFileSync(handle, "utf8");
  } finally {
    closeSync(handle);
  }
}
