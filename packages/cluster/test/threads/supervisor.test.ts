import { type ChildProcess, fork, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ManualClock, silentLogger, SystemClock } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { type SupervisedOptions, SupervisedProcess } from "../../src/index.ts";

const wallClock = new SystemClock();
const POLICY = { restartsMax: 0, windowMs: 60_000 };

function supervised(start: () => ChildProcess, options: Partial<SupervisedOptions> = {}): SupervisedProcess {
  return new SupervisedProcess({
    name: "child",
    start,
    askToStop: (child) => void child.kill("SIGTERM"),
    isFinal: (exitCode) => exitCode === 0,
    policy: POLICY,
    wallClock,
    logger: silentLogger,
    ...options,
  });
}

const shell = (script: string) => (): ChildProcess => spawn("/bin/sh", ["-c", script], { stdio: "ignore" });

async function until(isDone: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isDone(); waitedMs += 5) {
    if (waitedMs > 60_000) throw new Error("waited in vain");
    await new Promise<void>((resolve) => wallClock.after(5, resolve));
  }
}

describe("SupervisedProcess", () => {
  it("takes a final exit code for an end and anything else for a crash", async () => {
    const ended = supervised(shell("exit 0"));
    ended.start();
    expect(await ended.ended).toEqual({ exitCode: 0, reason: "ended" });
    const crashed = supervised(shell("exit 3"));
    crashed.start();
    expect(await crashed.ended).toEqual({ exitCode: 3, reason: "crashed-too-often" });
  });

  it("gives up on a program that cannot be started, instead of waiting for its exit", async () => {
    const absent = supervised(() => spawn("/nowhere/at/all", []));
    absent.start();
    expect(await absent.ended).toEqual({ exitCode: 1, reason: "crashed-too-often" });
    const thrown = supervised(() => {
      throw new Error("no more processes");
    });
    thrown.start();
    expect(await thrown.ended).toEqual({ exitCode: 1, reason: "crashed-too-often" });
  });

  it("starts a crashed process again, as often as the policy allows", async () => {
    const clock = new ManualClock();
    let starts = 0;
    const child = supervised(() => (starts++, shell("exit 3")()), {
      policy: { restartsMax: 2, windowMs: 60_000 },
      wallClock: clock,
    });
    child.start();
    for (let restart = 0; restart < 2; restart++) {
      await until(() => clock.pendingCount === 1);
      clock.advance(1_000);
    }
    expect(await child.ended).toMatchObject({ reason: "crashed-too-often" });
    expect(starts).toBe(3);
  });

  it("counts the group's Ctrl-C on a child without handlers as the end that was asked for", async () => {
    const child = supervised(() => spawn("sleep", ["30"], { stdio: "ignore" }), { askToStop() {} });
    child.start();
    const stopped = child.stop();
    child.child?.kill("SIGINT");
    expect(await stopped).toEqual({ exitCode: 0, reason: "stopped" });
  });

  it("can be stopped twice, and after its end", async () => {
    const child = supervised(shell("exit 0"));
    child.start();
    await child.ended;
    expect(await Promise.all([child.stop(), child.stop()])).toEqual([
      { exitCode: 0, reason: "ended" },
      { exitCode: 0, reason: "ended" },
    ]);
  });

  it("starts nothing again once an end is expected, a restart that waits included", async () => {
    const clock = new ManualClock();
    const child = supervised(shell("exit 3"), {
      policy: { restartsMax: 5, windowMs: 60_000 },
      wallClock: clock,
    });
    child.start();
    await until(() => clock.pendingCount === 1);
    child.expectEnd();
    expect(await child.ended).toEqual({ exitCode: 0, reason: "stopped" });
    expect(clock.pendingCount).toBe(0);
  });

  it("kills a process whose event loop has stopped turning", async () => {
    const clock = new ManualClock();
    const entry = fileURLToPath(new URL("./hanging-process.ts", import.meta.url));
    let heard = 0;
    const child = supervised(
      () => {
        const started = fork(entry, { execArgv: ["--conditions=@smcq/source"] });
        started.on("message", () => void heard++);
        return started;
      },
      { isReporting: true, wallClock: clock },
    );
    child.start();
    await until(() => heard === 1);
    clock.advance(29_000);
    expect(child.child?.killed).toBe(false);
    clock.advance(3_000);
    expect(await child.ended).toEqual({ exitCode: 1, reason: "crashed-too-often" });
  });
});
