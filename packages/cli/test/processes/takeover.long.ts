import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemClock } from "@smcq/kernel";
import { ledgerFile, verifyJournal } from "@smcq/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { SmcqRun, until } from "./engine-run.ts";
import { killVenue, startVenue, type Venue } from "./venue-process.ts";

const DEMO = "engine --mode demo --model heuristic --shards 1 --log-format json".split(" ");
const FROZEN_MS = 30_000;
const clock = new SystemClock();

describe.skipIf(!hasNatsServer())("two hosts, one account", () => {
  let folder = "";
  let nats: NatsServer;
  let venue: Venue;
  const runs: SmcqRun[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "smcq-takeover-"));
    nats = await NatsServer.start();
    venue = await startVenue("--symbols", "8");
  });
  afterEach(async () => {
    if (process.env["SMCQ_SHOW"] !== undefined)
      for (const run of runs) process.stdout.write(`${run.stdout}\n${run.stderr}\n------\n`);
    for (const run of runs.splice(0)) signal(run, "SIGKILL");
    killVenue();
    await nats.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  function start(name: string, role: string): SmcqRun {
    const rest = venue.value("REST");
    const sets = [
      `feed.restBaseUrl=${rest}`,
      `feed.wsBaseUrl=${rest.replace("http:", "ws:")}`,
      "universe.maxSymbols=8",
      "risk.allowUnproven=true",
      `role=${role}`,
      `bus.url=${nats.url}`,
      `account.leaseDir=${join(folder, name, "leases")}`,
    ];
    const run = new SmcqRun(
      [...DEMO, "--data-dir", join(folder, name), ...sets.flatMap((set) => ["--set", set])],
      {
        isGroup: true,
        env: { BINANCE_API_KEY: venue.value("key"), BINANCE_API_SECRET: venue.value("secret") },
      },
    );
    runs.push(run);
    return run;
  }

  /** To the supervisor and all below it. */
  function signal(run: SmcqRun, name: NodeJS.Signals): void {
    try {
      process.kill(-run.pid, name);
    } catch {
      // It has ended.
    }
  }

  function reasonsOf(run: SmcqRun): readonly string[] {
    const said = run.lines.findLast(({ msg }) => msg === "trading state")?.["reasons"];
    return Array.isArray(said) ? said.map(String) : [];
  }

  function isActive(run: SmcqRun): boolean {
    return run.lines.findLast(({ msg }) => msg === "trading state")?.["state"] === "ACTIVE";
  }

  it("a standby takes over from one that was killed, within 5 s and the rest of its start", async () => {
    const first = start("first", "all");
    await first.sees("READY");
    const second = start("second", "standby");
    await second.sees("another host trades");
    await first.sees("the ledger was copied to the bus");
    const fromNs = clock.monoNs();
    signal(first, "SIGKILL");
    await second.sees("this host takes the account over");
    const takenMs = (clock.monoNs() - fromNs) / 1e6;
    // It is reconciled with the venue, what it holds is guarded, and orders may leave.
    await until(() => isActive(second), "the standby trades");
    const activeMs = (clock.monoNs() - fromNs) / 1e6;
    await second.sees("READY");
    const readyMs = (clock.monoNs() - fromNs) / 1e6;
    process.stdout.write(
      `taken ${takenMs.toFixed(0)} ms, ACTIVE ${activeMs.toFixed(0)} ms, READY ${readyMs.toFixed(0)} ms\n`,
    );
    expect(verifyJournal(ledgerFile(join(folder, "second"))).broken).toBeNull();
  });

  it("one that was frozen for 30 s comes back as the standby of who took over meanwhile", async () => {
    const first = start("first", "all");
    await first.sees("READY");
    const second = start("second", "standby");
    await second.sees("another host trades");
    signal(first, "SIGSTOP");
    await second.sees("this host takes the account over");
    await until(() => isActive(second), "the standby trades");
    await new Promise<void>((resolve) => void clock.after(FROZEN_MS, resolve));
    signal(first, "SIGCONT");
    await first.sees("another host trades");
    await second.sees("READY");
    expect(isActive(second)).toBe(true);
    expect(verifyJournal(ledgerFile(join(folder, "second"))).broken).toBeNull();
    signal(second, "SIGTERM");
    // Given up on purpose: the next one need not wait for the lease's end.
    await first.sees("this host takes the account over");
    await until(() => isActive(first), "the first one trades again");
    expect(verifyJournal(ledgerFile(join(folder, "first"))).broken).toBeNull();
  });

  it("a bus that goes and comes back reduces who trades, and then lets it go on with its epoch", async () => {
    const first = start("first", "all");
    await first.sees("READY");
    await until(() => isActive(first), "it trades");
    await nats.kill();
    await until(() => reasonsOf(first).includes("account-lease"), "it enters nothing");
    await nats.up();
    await until(() => isActive(first), "it trades again");
    expect(first.count("this host takes the account over")).toBe(1);
  });
});
