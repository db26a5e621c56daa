import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { acquireRunLock } from "../../src/index.ts";
import { temporaryFolder } from "../helpers.ts";

const CHILD = fileURLToPath(new URL("./lock-once.ts", import.meta.url));
const APART = ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];
/** Not every machine lets its users make namespaces. */
const isPossible = spawnSync("unshare", [...APART, "true"]).status === 0;

function tryApart(dataDir: string): string {
  const argv = [...APART, process.execPath, ...process.execArgv, CHILD, dataDir];
  const { stdout, stderr } = spawnSync("unshare", argv, { encoding: "utf8" });
  return stdout === "" ? stderr : stdout;
}

it.skipIf(!isPossible)("the run lock holds in another pid namespace, and is free there once let go", () => {
  const dataDir = temporaryFolder();
  const lock = acquireRunLock(dataDir);
  expect(tryApart(dataDir)).toMatch(/another engine \(pid \d+, of another container or pid namespace\) runs/);
  lock.release();
  expect(tryApart(dataDir)).toMatch(/^free, tried by pid \d{1,2}$/);
});
