import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { errorMessage, SmcqError } from "@smcq/kernel";
import { BinanceErrorCode } from "../../errors.ts";
import { Secret } from "./secret.ts";
import { type Signer, signerOf } from "./signer.ts";

/** No key is longer. */
const KEY_FILE_BYTES_MAX = 16_384;
/** What a file's permissions are called; no mode of the engine. */
const PERMISSION_BITS = "mode";
/** Whoever else may read or write it. */
const OTHERS_MASK = 0o077;

/** Who we are at the venue; lives only in the thread that owns the gateway. */
export interface Credentials {
  readonly apiKey: Secret;
  readonly signer: Signer;
}

export interface CredentialSources {
  /** Read, and cleared of the key's texts: a thread or child that is started later inherits none. */
  readonly env: Record<string, string | undefined>;
  /** Paths from the config; they go before those of the environment. */
  readonly keyFile?: string;
  readonly secretFile?: string;
}

/** A secret by the places where it may stand. */
export interface Wanted {
  readonly name: string;
  readonly textVariable: string;
  readonly fileVariable: string;
  readonly configFile: string | undefined;
}

/**
 * Reads key and secret from files (named by the config, or by `BINANCE_API_KEY_FILE` and `BINANCE_API_SECRET_FILE`) or from
 * `BINANCE_API_KEY` and `BINANCE_API_SECRET`. Refuses with BINANCE_KEY_UNUSABLE what is missing, named twice, readable for
 * others or no key; no error holds a value.
 */
export function loadCredentials(sources: CredentialSources): Credentials {
  return { apiKey: apiKeyOf(sources), signer: secretOf(sources) };
}

/** What is wrong with key and secret, each in its own words; nothing is kept, and the environment stays as it is. */
export function credentialFaults({ env, ...files }: CredentialSources): readonly string[] {
  const sources = { ...files, env: { ...env } };
  return [apiKeyOf, secretOf].flatMap((read) => {
    try {
      read(sources).drop();
      return [];
    } catch (error) {
      return [errorMessage(error)];
    }
  });
}

function apiKeyOf({ env, keyFile }: CredentialSources): Secret {
  const { text, place } = textOf(env, {
    name: "API key",
    textVariable: "BINANCE_API_KEY",
    fileVariable: "BINANCE_API_KEY_FILE",
    configFile: keyFile,
  });
  const apiKey = text.trim();
  if (!/^[A-Za-z0-9]{16,256}$/.test(apiKey))
    throw unusable(`API key from ${place} is refused: wanted 16 to 256 letters and digits`, place);
  return new Secret(apiKey);
}

function secretOf({ env, secretFile }: CredentialSources): Signer {
  const { text, place } = textOf(env, {
    name: "API secret",
    textVariable: "BINANCE_API_SECRET",
    fileVariable: "BINANCE_API_SECRET_FILE",
    configFile: secretFile,
  });
  return signerOf(text, place);
}

/** A secret that is none of the venue's, read by the same rules; refuses as `loadCredentials` does. */
export function namedSecret(env: Record<string, string | undefined>, wanted: Wanted): Secret {
  return new Secret(textOf(env, wanted).text.trim());
}

function textOf(
  env: Record<string, string | undefined>,
  wanted: Wanted,
): { readonly text: string; readonly place: string } {
  const { name, textVariable, fileVariable, configFile } = wanted;
  const text = env[textVariable];
  delete env[textVariable];
  const path = configFile ?? env[fileVariable];
  const hasText = text !== undefined && text !== "";
  if (path === undefined || path === "") {
    if (hasText) return { text, place: `environment variable ${textVariable}` };
    throw unusable(
      `${name} is missing: set ${textVariable}, or name a file of mode 0600 by ${fileVariable} or in the config`,
      textVariable,
    );
  }
  if (hasText)
    throw unusable(`${name} is given twice: unset ${textVariable}, or do not name the file ${path}`, path);
  return { text: readKeyFile(path, name), place: `file ${path}` };
}

/** The text of a file that only its owner, who is us, may read; the very file that was looked at is read. */
function readKeyFile(path: string, name: string): string {
  // Whoever puts the key itself where its file is asked for must not find it in a log.
  if (/^[A-Za-z0-9]{32,}$/.test(path))
    throw unusable(`${name}: the name of its file looks like a key itself; name a file`, "");
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch (cause) {
    throw new SmcqError(BinanceErrorCode.KeyUnusable, `${name}: file ${path} cannot be opened`, {
      context: { place: path },
      cause,
    });
  }
  try {
    const stat = fstatSync(handle);
    const { uid, size, [PERMISSION_BITS]: permissions } = stat;
    if (!stat.isFile()) throw unusable(`${name}: ${path} is no file`, path);
    const ownId = process.getuid?.();
    if (ownId !== undefined && uid !== ownId)
      throw unusable(`${name}: file ${path} belongs to another user; chown it to the engine's user`, path);
    if ((permissions & OTHERS_MASK) !== 0)
      throw unusable(
        `${name}: file ${path} has mode 0${(permissions & 0o777).toString(8)}, wanted 0600: run chmod 600 ${path}`,
        path,
      );
    if (size > KEY_FILE_BYTES_MAX)
      throw unusable(`${name}: file ${path} is larger than ${KEY_FILE_BYTES_MAX} bytes`, path);
    const bytes = Buffer.alloc(size);
    const length = readSync(handle, bytes, 0, size, 0);
    const text = bytes.toString("utf8", 0, length);
    bytes.fill(0);
    return text;
  } finally {
    closeSync(handle);
  }
}

function unusable(text: string, place: string): SmcqError {
  return new SmcqError(BinanceErrorCode.KeyUnusable, text, { context: { place } });
}
