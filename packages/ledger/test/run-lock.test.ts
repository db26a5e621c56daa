import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "@smcq/kernel";
import type { SmcqError } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { acquireRunLock } from "../src/index.ts";
import { temporaryFolder } from "./helpers.ts";

function refusal(work: () => unknown): SmcqError {
  try {
    work();
  } catch (error) {
    return error as SmcqError;
  }
  throw new Error("expected a refusal");
}

describe("the run lock", () => {
  it("is held once, names the holder's pid and is free again after release", () => {
    const dataDir = join(temporaryFolder(), "var");
    const lock = acquireRunLock(dataDir);
    expect(lock.takenOverFromPid).toBeNull();
    const error = refusal(() => acquireRunLock(dataDir));
    expect(error.code).toBe("RUN_LOCKED");
    expect(error.context["pid"]).toBe(process.pid);
    expect(error.message).toContain(`pid ${process.pid}`);
    lock.release();
    expect(existsSync(lock.file)).toBe(false);
    const next = acquireRunLock(dataDir);
    expect(next.takenOverFromPid).toBeNull();
    next.release();
  });

  it("leaves a lease alone that is no longer its own", () => {
    const dataDir = temporaryFolder();
    const lock = acquireRunLock(dataDir);
    lock.release();
    const next = acquireRunLock(dataDir);
    lock.release();
    expect(refusal(() => acquireRunLock(dataDir)).code).toBe("RUN_LOCKED");
    next.release();
    next.release();
  });

  it.each([
    ["of an earlier process with the same pid", { startTicks: "1" }],
    ["of an earlier boot", { bootId: "another" }],
    ["of a process that is gone", { pid: 2 ** 22 + 1 }],
  ])("takes over a lease %s", (_name, overrides) => {
    const dataDir = temporaryFolder();
    const lock = acquireRunLock(dataDir);
    const lease = JSON.parse(readFileSync(lock.file, "utf8")) as { pid: number };
    lock.release();
    const stale = { ...lease, ...overrides };
    writeFileSync(lock.file, JSON.stringify({ ...stale, leaseId: "stale" }));
    const next = acquireRunLock(dataDir);
    expect(next.takenOverFromPid).toBe(stale.pid);
    // The old holder must not give the new one's lease free.
    lock.release();
    expect(refusal(() => acquireRunLock(dataDir)).code).toBe("RUN_LOCKED");
    next.release();
  });

  it.each([
    ["of a process that nobody sees here: another container or pid namespace", { pid: 2 ** 22 + 1 }],
    ["of what looks like another boot", { bootId: "another" }],
    ["that is unreadable", null],
  ])("is kept by the kernel: a lease %s is not taken over while its holder lives", (_name, overrides) => {
    const dataDir = temporaryFolder();
    const lock = acquireRunLock(dataDir);
    const lease = JSON.parse(readFileSync(lock.file, "utf8")) as object;
    writeFileSync(lock.file, overrides === null ? "{" : JSON.stringify({ ...lease, ...overrides }));
    const error = refusal(() => acquireRunLock(dataDir));
    expect(error.code).toBe("RUN_LOCKED");
    expect(error.message).toContain("of another container or pid namespace");
    lock.release();
    acquireRunLock(dataDir).release();
  });

  it("is refused to a lease alone whose process lives: of a version that keeps no kernel lock", () => {
    const dataDir = temporaryFolder();
    const lock = acquireRunLock(dataDir);
    const lease = readFileSync(lock.file, "utf8");
    lock.release();
    writeFileSync(lock.file, lease);
    expect(refusal(() => acquireRunLock(dataDir)).context["pid"]).toBe(process.pid);
  });

  it.each(["", "{", "null", '{"pid":"x"}'])("takes over an unreadable lease %j", (text) => {
    const dataDir = temporaryFolder();
    writeFileSync(join(dataDir, "run.lock"), text);
    const lock = acquireRunLock(dataDir);
    expect(lock.takenOverFromPid).toBe(0);
    lock.release();
  });

  it("says so when the folder cannot be made", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    expect(errorCode(refusal(() => acquireRunLock(join(folder, "file", "var"))))).toBe("LEDGER_UNWRITABLE");
  });
});
