import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { ManualClock, silentLogger, type Logger } from "@smcq/kernel";
import { afterEach, describe, expect, it } from "vitest";
import { ServiceManager, withoutManager } from "../../src/process/service-manager.ts";
import { until } from "../processes/engine-run.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function fresh(): string {
  const folder = mkdtempSync(join(tmpdir(), "smcq-service-"));
  folders.push(folder);
  return folder;
}

/** A program of the manager's name that writes down what it is told. */
function writer(script: string): { readonly path: string; readonly told: () => readonly string[] } {
  const folder = fresh();
  const file = join(folder, "told");
  const program = join(folder, "systemd-notify");
  writeFileSync(program, `#!/bin/sh\n${script.replaceAll("FILE", file)}\n`);
  chmodSync(program, 0o755);
  return {
    path: [folder, process.env["PATH"]].join(delimiter),
    told: () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []),
  };
}

const SOCKET = { NOTIFY_SOCKET: "/run/smcq-test/notify" };

describe("a service manager that listens", () => {
  it("hears of READY once, and of the end", async () => {
    const { path, told } = writer(`echo "$NOTIFY_SOCKET $*" >> FILE`);
    const manager = new ServiceManager(
      { ...SOCKET, PATH: path },
      { wallClock: new ManualClock(), logger: silentLogger },
    );
    manager.ready();
    manager.ready();
    await until(() => told().length === 1, "READY");
    manager.stopping();
    await until(() => told().length === 2, "the end");
    expect(told()).toEqual([
      "/run/smcq-test/notify READY=1 STATUS=READY",
      "/run/smcq-test/notify STOPPING=1 STATUS=ending: positions stay with their stops",
    ]);
  });

  it("gets three signs of life an interval of its watchdog, and none when the loop stands still", async () => {
    const { path, told } = writer(`echo "$*" >> FILE`);
    const wallClock = new ManualClock();
    const env = { ...SOCKET, PATH: path, WATCHDOG_USEC: "30000000", WATCHDOG_PID: String(process.pid) };
    const manager = new ServiceManager(env, { wallClock, logger: silentLogger });
    for (let sign = 1; sign <= 3; sign++) {
      // The loop turns each half second.
      for (let turn = 0; turn < 20; turn++) {
        manager.alive();
        wallClock.advance(500);
      }
      await until(() => told().length === sign, "a sign of life");
      // The program that has told it has ended when the next one is due.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(new Set(told())).toEqual(new Set(["WATCHDOG=1"]));
  });

  it.each([
    ["no manager listens", {}],
    ["the socket has no name", { NOTIFY_SOCKET: "" }],
    ["no watchdog is wanted", SOCKET],
    ["the watchdog is another process's", { ...SOCKET, WATCHDOG_USEC: "1000", WATCHDOG_PID: "1" }],
    ["the interval is no number", { ...SOCKET, WATCHDOG_USEC: "soon" }],
  ])("gets no sign of life when %s", async (_, env) => {
    const { path, told } = writer(`echo "$*" >> FILE`);
    const manager = new ServiceManager(
      { ...env, PATH: path },
      { wallClock: new ManualClock(), logger: silentLogger },
    );
    manager.alive();
    manager.ready();
    if (env === SOCKET || "WATCHDOG_USEC" in env) await until(() => told().length > 0, "READY");
    expect(told()).not.toContain("WATCHDOG=1");
  });

  it.each([
    ["there is no such program", null],
    ["the program fails", "echo refused >&2; exit 1"],
  ])("is not waited for when %s: one warning, and the run goes on", async (_, script) => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (_fields, text) => warnings.push(text) };
    const path = script === null ? fresh() : writer(script).path;
    const env = { ...SOCKET, PATH: path, WATCHDOG_USEC: "3000" };
    const wallClock = new ManualClock();
    const manager = new ServiceManager(env, { wallClock, logger });
    manager.ready();
    await until(() => warnings.length === 1, "the warning");
    wallClock.advance(10);
    manager.alive();
    manager.stopping();
    expect(warnings).toEqual([
      expect.stringContaining("the service manager cannot be told (systemd-notify)"),
    ]);
  });

  it("stands in no child's environment", () => {
    const env = { ...SOCKET, WATCHDOG_USEC: "1", WATCHDOG_PID: "2", HOME: "/root" };
    expect(withoutManager(env)).toEqual({ HOME: "/root" });
  });
});

/** The real program, and something that can listen on a datagram socket of the file system. */
const isReal = ["systemd-notify", "python3"].every((name) => spawnSync(name, ["--version"]).status === 0);
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("up", flush=True)
while True:
    data, fds, _, _ = socket.recv_fds(s, 4096, 4)
    print(data.decode().replace("\\n", " "), flush=True)
    import os
    for fd in fds: os.close(fd)
`;

it.skipIf(!isReal)(
  "systemd's own program says it on a real socket (skipped without systemd-notify and python3)",
  async () => {
    const socket = join(fresh(), "notify");
    const listener = spawn("python3", ["-c", LISTENER, socket], { stdio: ["ignore", "pipe", "inherit"] });
    let heard = "";
    listener.stdout.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
    });
    try {
      await until(() => heard.includes("up"), "the socket");
      const env = { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "3000000" };
      const manager = new ServiceManager(env, { wallClock: new ManualClock(), logger: silentLogger });
      manager.ready();
      manager.alive();
      await until(() => heard.includes("READY=1") && heard.includes("WATCHDOG=1"), "both words");
      manager.stopping();
      await until(() => heard.includes("STOPPING=1"), "the end");
      expect(heard.indexOf("READY=1")).toBeLessThan(heard.indexOf("STOPPING=1"));
    } finally {
      listener.kill("SIGKILL");
    }
  },
);
