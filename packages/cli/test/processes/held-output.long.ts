import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { HeldPipe } from "../support/held-pipe.ts";
import { descendants, EngineRuns, MAIN, SOURCE_FLAGS, storedSignals, until } from "./engine-run.ts";

const engines = new EngineRuns();
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
  engines.clean();
});

type Stdio = "ignore" | number | Socket;

/** A full pipe that nobody reads. */
function heldPipe(): number {
  const pipe = new HeldPipe();
  pipe.fill();
  ends.push(() => pipe.close());
  return pipe.writer;
}

/** A full socket, as a service manager's journal is one, that nobody reads. */
async function heldSocket(folder: string): Promise<Socket> {
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(join(folder, "log.sock"), resolve));
  const socket = createConnection(join(folder, "log.sock"));
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  while (socket.write(Buffer.alloc(4_096, "#")));
  ends.push(() => {
    socket.destroy();
    server.close();
  });
  return socket;
}

interface Held {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly metricsPort: number;
}

/** A small engine on outputs of the test's own. */
function start(folder: string, stdio: readonly [Stdio, Stdio], more: readonly string[] = []): Held {
  const metricsPort = 20_000 + (process.pid % 20_000);
  const flags = ["--shards", "1", "--symbols", "8", "--speed", "60", "--log-format", "json"];
  const args = [...SOURCE_FLAGS, MAIN, "engine", ...flags, "--data-dir", folder];
  const child = spawn(process.execPath, [...args, "--metrics-port", String(metricsPort), ...more], {
    stdio: ["ignore", ...stdio],
    env: { PATH: process.env["PATH"] ?? "" },
  });
  ends.push(() => {
    for (const { pid } of child.exitCode === null ? descendants(child.pid ?? 0) : []) process.kill(pid, 9);
    if (child.exitCode === null) child.kill("SIGKILL");
  });
  return { child, folder, metricsPort };
}

/** Minutes that its core has closed bars of, as `/metrics` tells; -1 while it does not answer. */
async function minute(port: number): Promise<number> {
  try {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(/^smcq_minute_bars_closed (\d+)/m.exec(text)?.[1] ?? -1);
  } catch {
    return -1;
  }
}

/** Waits until it has closed bars although nobody reads of it. */
async function closesMinute({ child, metricsPort }: Held): Promise<void> {
  let closed = -1;
  await until(() => {
    void minute(metricsPort).then((bars) => (closed = Math.max(closed, bars)));
    return closed > 0 || child.exitCode !== null;
  }, "a minute");
  expect(closed).toBeGreaterThan(0);
}

/** It closes minutes, and ends its run when it is told to; its exit code. */
async function worksAndEnds(held: Held): Promise<number | null> {
  await closesMinute(held);
  const exited = new Promise<number | null>((resolve) => held.child.once("exit", resolve));
  held.child.kill("SIGTERM");
  const exitCode = await exited;
  expect(storedSignals(held.folder)).toMatchObject({ runs: 1, ended: 1 });
  return exitCode;
}

describe("an engine whose output nobody reads", () => {
  it.each([
    ["a full pipe as standard output", () => [heldPipe(), "ignore"] as const],
    ["a full pipe as standard error", () => ["ignore", heldPipe()] as const],
    ["one full pipe as both", () => [heldPipe(), heldPipe()] as const],
  ])("closes minutes and ends on SIGTERM with %s", async (_what, stdio) => {
    expect(await worksAndEnds(start(engines.fresh(), stdio()))).toBe(ExitCode.Ok);
  });

  it("closes minutes and ends on SIGTERM with a full socket as output", async () => {
    const folder = engines.fresh();
    expect(await worksAndEnds(start(folder, [await heldSocket(folder), "ignore"]))).toBe(ExitCode.Ok);
  });

  it("does so when every thing it says is said: its venue dies, its log is at debug", async () => {
    const pipe = heldPipe();
    const held = start(engines.fresh(), [pipe, pipe], ["--log-level", "debug"]);
    await closesMinute(held);
    const venue = descendants(held.child.pid ?? 0).find(({ command }) => command.includes("binance-sim"));
    process.kill(venue?.pid ?? 0, "SIGKILL");
    expect(await worksAndEnds(held)).toBe(ExitCode.Ok);
  });

  it("does so on a terminal that is held by Ctrl-S", async () => {
    const folder = engines.fresh();
    const log = openSync("/dev/null", "w");
    const command = [process.execPath, ...SOURCE_FLAGS, MAIN, "engine", "--shards", "1", "--symbols", "8"];
    const port = 20_000 + (process.pid % 20_000);
    const flags = ["--speed", "60", "--data-dir", folder, "--metrics-port", String(port)];
    const terminal = spawn("script", ["-qefc", [...command, ...flags].join(" "), "/dev/null"], {
      stdio: ["pipe", "pipe", log],
      env: { PATH: process.env["PATH"] ?? "" },
    });
    closeSync(log);
    ends.push(() => terminal.kill("SIGKILL"));
    let text = "";
    terminal.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await until(() => text.includes("simulated venue is up"), "the first lines");
    terminal.stdin?.write("\u0013");
    const supervisor = descendants(terminal.pid ?? 0).find(({ command: found }) => !found.startsWith("sh "));
    const exited = new Promise((resolve) => terminal.once("exit", resolve));
    await closesMinute({ child: terminal, folder, metricsPort: port });
    process.kill(supervisor?.pid ?? 0, "SIGTERM");
    await until(() => storedSignals(folder).ended === 1, "the end of the run");
    expect(text).not.toContain("READY");
    terminal.stdin?.write("\u0011");
    expect(await exited).toBe(ExitCode.Ok);
    expect(text).toContain("stopped");
  });
});
