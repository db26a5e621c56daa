import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SmcqError, errorCode } from "@smcq/kernel";
import SqliteDatabase, { type Database } from "better-sqlite3";
import { LedgerErrorCode, ledgerError } from "./errors.ts";

/** Longest wait for another process that is being refused, or lets go, at this very moment. */
const GUARD_MS_MAX = 500;

/** Who holds a data folder. */
interface Lease {
  readonly leaseId: string;
  readonly pid: number;
  /** Start of the process in clock ticks since boot (field 22 of /proc/PID/stat); "" where there is no /proc. */
  readonly startTicks: string;
  /** Changes with every boot, so that pid and ticks of an earlier boot never match; "" where unknown. */
  readonly bootId: string;
}

/** A held data folder. */
export interface RunLock {
  readonly file: string;
  readonly leaseId: string;
  /** The dead process whose lease was taken over, or null. */
  readonly takenOverFromPid: number | null;
  /** Gives the folder free. Idempotent; leaves a lease alone that is not ours any more. */
  release(): void;
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    // Not Linux, or the process is gone: both mean "nothing known".
    return "";
  }
}

function bootId(): string {
  return readOrEmpty("/proc/sys/kernel/random/boot_id").trim();
}

/** Start ticks of a process; "" when it is gone, a zombie (dead, not yet reaped), or when there is no /proc. */
function startTicks(pid: number): string {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  // The second field is the command in brackets and may hold anything, brackets and spaces included.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === "Z" || state === "X") return "";
  // Field 3 of the file is `state`; field 22 stands 18 after the one that follows it.
  return fields[18] ?? "";
}

function hasProc(): boolean {
  try {
    return readlinkSync("/proc/self") === String(process.pid);
  } catch {
    return false;
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

function isAlive(lease: Lease): boolean {
  if (!hasProc()) return answersSignals(lease.pid);
  return lease.bootId === bootId() && lease.startTicks !== "" && lease.startTicks === startTicks(lease.pid);
}

function readLease(file: string): Lease | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
  try {
    const found = JSON.parse(text) as Partial<Lease> | null;
    if (typeof found?.pid === "number" && typeof found.leaseId === "string")
      return {
        leaseId: found.leaseId,
        pid: found.pid,
        startTicks: found.startTicks ?? "",
        bootId: found.bootId ?? "",
      };
  } catch {
    // Leases are written whole (rename), so an unreadable one is no lease of a live engine.
  }
  return { leaseId: "", pid: 0, startTicks: "", bootId: "" };
}

/**
 * The lock itself: a transaction that is never ended. The kernel keeps it on the file, so that it holds in every pid
 * namespace and container that shares the file system, and lets it go with the process, kill -9 included. Null: held.
 */
function takeGuard(dataDir: string): Database | null {
  const guard = new SqliteDatabase(join(dataDir, "run.lock.db"), { timeout: GUARD_MS_MAX });
  try {
    guard.exec("BEGIN EXCLUSIVE");
    HELD.add(guard);
    return guard;
  } catch (error) {
    guard.close();
    if (errorCode(error) === "SQLITE_BUSY") return null;
    throw error;
  }
}

/** A connection that nobody knows any more would be collected, and its lock with it. */
const HELD = new Set<Database>();

function letGo(guard: Database): void {
  HELD.delete(guard);
  guard.close();
}

function refuse(file: string, holder: Lease | null): never {
  const pid = holder?.pid ?? 0;
  const place = holder !== null && isAlive(holder) ? "" : ", of another container or pid namespace";
  throw new SmcqError(
    LedgerErrorCode.RunLocked,
    `another engine (pid ${pid}${place}) runs on this data folder (${file}): stop it or use another --data-dir`,
    { context: { pid, file } },
  );
}

function takeLease(file: string): { readonly lease: Lease; readonly takenOverFromPid: number | null } {
  const holder = readLease(file);
  // Whoever holds no guard and lives is of a version before it, or on a file system that keeps no locks.
  if (holder !== null && isAlive(holder)) refuse(file, holder);
  const lease = {
    leaseId: randomUUID(),
    pid: process.pid,
    startTicks: startTicks(process.pid),
    bootId: bootId(),
  };
  const draft = `${file}.${lease.leaseId}`;
  writeFileSync(draft, JSON.stringify(lease), { flag: "wx", mode: 0o600 });
  renameSync(draft, file);
  return { lease, takenOverFromPid: holder?.pid ?? null };
}

/**
 * Takes the data folder for this process, or throws RUN_LOCKED with the holder's pid. A lease whose process is dead
 * (kill -9, power cut) is taken over. Holds among all processes of one kernel, whatever their pid namespace, and as far
 * as the file system keeps locks.
 */
export function acquireRunLock(dataDir: string): RunLock {
  const file = join(dataDir, "run.lock");
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const guard = takeGuard(dataDir);
    if (guard === null) return refuse(file, readLease(file));
    try {
      const { lease, takenOverFromPid } = takeLease(file);
      return { file, leaseId: lease.leaseId, takenOverFromPid, release: () => release(guard, file, lease) };
    } catch (error) {
      letGo(guard);
      throw error;
    }
  } catch (error) {
    throw ledgerError(error, `cannot lock the data folder ${dataDir}`, { dataDir });
  }
}

/** The lease goes first: while the guard is held nobody else has one. */
function release(guard: Database, file: string, { leaseId }: Lease): void {
  if (!guard.open) return;
  try {
    if (readLease(file)?.leaseId === leaseId) rmSync(file, { force: true });
  } finally {
    letGo(guard);
  }
}
