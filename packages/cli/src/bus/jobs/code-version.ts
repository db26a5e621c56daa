import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { JobVersion } from "@smcq/bus-nats";
import { ENGINE_VERSION } from "../../engine-version.ts";

const ID_LETTERS = 16;
const SHOWN_LETTERS = 12;
const OWN = /^@smcq\//u;
const MODULE = /(?<!\.d)\.(?:js|ts)$/u;
/** From this file to the folder of the package, from sources and from `dist`. */
const PACKAGE = new URL("../../../", import.meta.url);

/**
 * What results depend on besides their inputs: every module of ours by its bytes, and the machine that runs them. Commands
 * and workers of the same version come to the same bytes.
 */
export function codeVersion(): JobVersion {
  const code = codeHash();
  const machine = `V8 ${process.versions.v8}, ${process.arch}`;
  const id = createHash("sha256").update(`${ENGINE_VERSION} ${code} ${machine}`).digest("hex");
  return {
    id: id.slice(0, ID_LETTERS),
    text: `${ENGINE_VERSION}, code ${code.slice(0, SHOWN_LETTERS)}, ${machine}`,
  };
}

function codeHash(): string {
  const hash = createHash("sha256");
  for (const [name, folder] of codeFolders())
    for (const path of modulesIn(folder)) {
      hash.update(`${name}/${relative(folder, path)}\n`);
      hash.update(readFileSync(path));
    }
  return hash.digest("hex");
}

/** The folders with the modules of this package and of ours that it depends on, which are all. */
function codeFolders(): readonly (readonly [string, string])[] {
  const require = createRequire(import.meta.url);
  const { dependencies } = JSON.parse(readFileSync(new URL("package.json", PACKAGE), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const others = Object.keys(dependencies).filter((name) => OWN.test(name));
  const own = fileURLToPath(new URL("../..", import.meta.url));
  return [
    ["@smcq/cli", own],
    ...others.toSorted().map((name) => [name, dirname(require.resolve(name))] as const),
  ];
}

function modulesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => MODULE.test(name))
    .toSorted()
    .map((name) => join(folder, name));
}
