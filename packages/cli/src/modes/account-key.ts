import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, SmcqError } from "@smcq/kernel";
import { newSimulatedKey, type SimulatedKey } from "./engine-payload.ts";

const NAME = "key.json";
const HEX = /^[0-9a-f]{64}$/;

/**
 * The key of the account that a folder keeps; a new account (`isKept` false) gets a new one, for the ledger knows accounts by
 * their keys, and the old one is put aside. Nobody else may read the file. Throws SmcqError `SIM_ACCOUNT` for one that holds
 * something else.
 */
export function keptSimulatedKey(folder: string, isKept: boolean): SimulatedKey {
  const file = join(folder, NAME);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (existsSync(file)) {
    if (isKept) return readKey(file);
    renameSync(file, freeName(folder));
  }
  const key = newSimulatedKey();
  const draft = `${file}.draft`;
  writeFileSync(draft, `${JSON.stringify(key)}\n`, { mode: 0o600 });
  renameSync(draft, file);
  return key;
}

/** Beside the account that it opens: `key.3.json` is that of `account.3.jsonl`. */
function freeName(folder: string): string {
  for (let number = 1; ; number++) {
    const name = join(folder, `key.${number}.json`);
    if (!existsSync(name)) return name;
  }
}

function readKey(file: string): SimulatedKey {
  let read: Partial<SimulatedKey> | null;
  try {
    read = JSON.parse(readFileSync(file, "utf8")) as Partial<SimulatedKey> | null;
  } catch (cause) {
    throw new SmcqError("SIM_ACCOUNT", `${file} cannot be read: ${errorMessage(cause)}`, { cause });
  }
  const { key, secret } = read ?? {};
  if (!isHex(key) || !isHex(secret)) throw new SmcqError("SIM_ACCOUNT", `${file} holds no key of an account`);
  return { key, secret };
}

function isHex(text: unknown): text is string {
  return typeof text === "string" && HEX.test(text);
}
