import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { descendants, EngineRuns, isAlive, MAIN, SOURCE_FLAGS, storedSignals, until } from "./engine-run.ts";

const engines = new EngineRuns();
const started: ChildProcess[] = [];
afterEach(() => {
  for (const { pid = 0 } of started.splice(0)) {
    for (const below of descendants(pid)) process.kill(below.pid, "SIGKILL");
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  }
  engines.clean();
});

const SMALL = ["engine", "--shards", "1", "--symbols", "8", "--speed", "60", "--log-format", "json"];

it.each([
  ["nohup of bash", ["bash", "-c", 'nohup "$@" > log 2>&1; true', "-"]],
  ["nohup of a shell that sets nothing", ["sh", "-c", 'nohup "$@" > log 2>&1; true', "-"]],
  ["nohup of a program", ["sh", "-c", 'exec nohup "$@" > log 2>&1', "-"]],
  ["a shell that ignores hangups", ["bash", "-c", `trap '' HUP; "$@" > log 2>&1; true`, "-"]],
])("goes on after a hangup of its whole group, started by %s", async (_what, [command = "", ...before]) => {
  const folder = engines.fresh();
  const args = [
    ...before,
    process.execPath,
    ...SOURCE_FLAGS,
    MAIN,
    ...SMALL,
    "--data-dir",
    join(folder, "var"),
  ];
  const child = spawn(command, args, {
    cwd: folder,
    stdio: "ignore",
    env: { PATH: process.env["PATH"] ?? "" },
    detached: true,
  });
  started.push(child);
  const log = (): string => {
    try {
      return readFileSync(join(folder, "log"), "utf8");
    } catch {
      return "";
    }
  };
  await until(() => log().includes("READY"), "READY");
  const all = descendants(child.pid ?? 0);
  const parts = all.filter(({ command: text }) => /engine-process|binance-sim/.test(text));
  const supervisor = all.find(({ command: text }) => text.includes(`${MAIN} engine`))?.pid ?? child.pid ?? 0;
  for (const pid of [supervisor, ...parts.map((part) => part.pid)]) process.kill(pid, "SIGHUP");
  const minutes = (): number => log().split('"msg":"minute"').length;
  const before2 = minutes();
  await until(() => minutes() > before2 + 1, "another minute");
  expect(parts.map(({ pid }) => isAlive(pid))).toEqual([true, true]);
  process.kill(supervisor, "SIGTERM");
  await until(() => !isAlive(supervisor), "the end");
  expect(storedSignals(join(folder, "var")).ended).toBe(1);
});
