import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { holdEndMs, leaseTerms, parseLeaseValue, writeLeaseValue } from "../../src/index.ts";
import { Host, LEASE_MS, TAKE_MS, TERMS, until } from "../support/lease-bed.ts";
import { hasNatsServer, NatsServer } from "../support/nats-server.ts";

const HOLD_MS = holdEndMs(0, TERMS);

describe("leaseTerms", () => {
  it.each([299, 600_001, 1_000.5, Number.NaN])("refuses a lease of %s ms", (leaseMs) => {
    expect(() => leaseTerms(leaseMs)).toThrow(/wanted 300 to 600000/);
  });

  it.each([-1, 0.5, 18_182])("refuses %s ms after a lease of a second", (tailMs) => {
    expect(() => leaseTerms(1_000, tailMs)).toThrow(/wanted 0 to 18181/);
  });

  it("leaves no time between two clocks at the ends of their drift", () => {
    for (const tailMs of [0, 2_000, 18_181]) {
      const { leaseMs, marginMs } = leaseTerms(1_000, tailMs);
      const lastEffect = (leaseMs - marginMs) / 0.99 + tailMs;
      expect((leaseMs + marginMs + tailMs) / 1.01).toBeGreaterThanOrEqual(lastEffect);
    }
  });
});

describe("parseLeaseValue", () => {
  const value = { epoch: 7, owner: "x", label: "executor a", beat: 3, leaseMs: 600, tailMs: 0 };

  it("reads what was written", () => {
    expect(parseLeaseValue(writeLeaseValue(value))).toEqual(value);
  });

  it.each([
    "",
    "null",
    "7",
    "{}",
    JSON.stringify({ ...value, epoch: 36 ** 4 }),
    JSON.stringify({ ...value, epoch: -1 }),
    JSON.stringify({ ...value, owner: 7 }),
    JSON.stringify({ ...value, beat: 0.5 }),
    JSON.stringify({ ...value, leaseMs: 600_001 }),
    JSON.stringify({ ...value, tailMs: 1e9 }),
    JSON.stringify({ ...value, label: "x".repeat(1_024) }),
  ])("takes %s for none", (text) => {
    expect(parseLeaseValue(text)).toBeNull();
  });
});

describe.skipIf(!hasNatsServer())("a lease on a server", () => {
  let server: NatsServer;
  let a: Host;
  let b: Host;

  beforeEach(async () => {
    server = await NatsServer.start();
    a = await Host.open(server.url, "a");
    b = await Host.open(server.url, "b");
  });
  afterEach(async () => {
    await a.close();
    await b.close();
    await server.stop();
  });

  /** The other host's view, by a question to the server. */
  async function look(host: Host): Promise<void> {
    await host.bucket.read("account");
  }

  it("is held by one at a time, for as long as it renews", async () => {
    await expect(a.lease.take()).resolves.toMatchObject({ type: "waits", waitMs: TAKE_MS });
    await a.takeInTime();
    expect([a.lease.epoch, a.lease.isHeld(), a.lease.mayAct()]).toEqual([1, true, false]);
    for (let turn = 0; turn < 3; turn++) {
      await a.live(LEASE_MS);
      await expect(b.lease.take()).resolves.toMatchObject({ type: "waits", owner: "a" });
      b.clock.advance(LEASE_MS);
    }
    expect(a.lease.mayAct()).toBe(true);
    expect(a.states).toEqual(["held"]);
  });

  it("goes to the other after a whole lease without a renewal, who waits out what was done", async () => {
    await a.takeInTime();
    await look(b);
    const seenMs = b.clock.nowMs();
    b.clock.advance(TAKE_MS - 1);
    await expect(b.lease.take()).resolves.toMatchObject({ type: "waits", waitMs: 1 });
    b.clock.advance(1);
    await expect(b.lease.take()).resolves.toEqual({ type: "taken" });
    expect([b.lease.epoch, b.lease.actFromMs]).toEqual([2, seenMs + TAKE_MS + TERMS.tailMs]);
    expect([b.lease.isHeld(), b.lease.mayAct()]).toEqual([true, false]);
  });

  it("is waited for by the terms of whoever holds it, where they are longer", async () => {
    const c = await Host.open(server.url, "c", leaseTerms(600, 500));
    await a.takeInTime();
    await look(c);
    const seenMs = c.clock.nowMs();
    c.clock.advance(TAKE_MS - 1);
    await expect(c.lease.take()).resolves.toMatchObject({ type: "waits", waitMs: 1 });
    c.clock.advance(1);
    await expect(c.lease.take()).resolves.toEqual({ type: "taken" });
    expect(c.lease.actFromMs).toBe(seenMs + TAKE_MS + TERMS.tailMs);
    await c.close();
  });

  it("ends by its holder's own clock, whatever the server has", async () => {
    await a.takeInTime();
    a.store.fault = "delay-answer";
    a.clock.advance(HOLD_MS - 1);
    expect(a.lease.isHeld()).toBe(true);
    a.clock.advance(1);
    expect([a.lease.isHeld(), a.states]).toEqual([false, ["held", "lapsed"]]);
    await until(() => a.store.delayedCount === 1, "the renewal has reached the server");
    a.clock.advance(TERMS.renewMs);
    a.store.letGo();
    await until(() => a.lease.renewals === 1, "the late answer is heard");
    expect([a.lease.isHeld(), a.states]).toEqual([false, ["held", "lapsed"]]);
  });

  it("takes a late answer from when its renewal was sent", async () => {
    await a.takeInTime();
    a.store.fault = "delay-answer";
    a.clock.advance(TERMS.renewMs);
    await until(() => a.store.delayedCount === 1, "the renewal has reached the server");
    a.clock.advance(TERMS.renewMs);
    a.store.letGo();
    await until(() => a.lease.renewals === 1, "its answer is heard");
    expect(a.lease.heldMs()).toBeCloseTo(HOLD_MS - TERMS.renewMs);
  });

  it.each(["lose-answer", "lose-write"] as const)("goes on with its epoch after %s", async (fault) => {
    await a.takeInTime();
    a.store.fault = fault;
    a.clock.advance(TERMS.renewMs);
    await until(() => a.lease.failures === 1, "a renewal has no answer");
    a.store.fault = "none";
    await a.live(2 * LEASE_MS);
    expect([a.states, a.lease.epoch, a.lease.isHeld()]).toEqual([["held"], 1, true]);
  });

  it("is taken by a write whose answer was lost, and by none that was lost itself", async () => {
    await look(a);
    a.clock.advance(TAKE_MS);
    a.store.fault = "lose-write";
    await expect(a.lease.take()).resolves.toMatchObject({ type: "waits" });
    a.store.fault = "lose-answer";
    await expect(a.lease.take()).resolves.toEqual({ type: "taken" });
    expect(a.lease.epoch).toBe(1);
  });

  it("is lost for one who was frozen while another took it", async () => {
    await a.takeInTime();
    await b.takeInTime();
    a.clock.advance(30_000);
    expect(a.lease.isHeld()).toBe(false);
    await a.liveUntil(() => a.lease.state === "lost", "it sees whose it is");
    expect([a.losses.at(-1), b.lease.epoch, b.lease.isHeld()]).toEqual(["taken", 2, true]);
    await a.takeInTime();
    expect(a.lease.epoch).toBe(3);
  });

  it("is given up at once, and the next one waits as it was told, and for clocks that drift", async () => {
    await a.takeInTime();
    await look(b);
    await a.lease.release(40);
    expect([a.lease.isHeld(), a.lease.state]).toEqual([false, "released"]);
    await until(() => b.bucket.seen("account")?.value?.owner === "", "the watch tells of it");
    await expect(b.lease.take()).resolves.toEqual({ type: "taken" });
    expect([b.lease.epoch, b.lease.actFromMs]).toEqual([2, b.clock.nowMs() + 40 + 2 * TERMS.marginMs]);
  });

  it("is given up after a renewal without an answer too", async () => {
    await a.takeInTime();
    a.store.fault = "lose-answer";
    a.clock.advance(TERMS.renewMs);
    await until(() => a.lease.failures === 1, "a renewal has no answer");
    a.store.fault = "none";
    await a.lease.release(0);
    await until(() => b.bucket.seen("account")?.value?.owner === "", "the watch tells of it");
    await expect(b.lease.take()).resolves.toEqual({ type: "taken" });
  });

  it("lapses while there is no server, and goes on with its epoch when there is one again", async () => {
    await a.takeInTime();
    await server.kill();
    await until(() => !a.bus.isConnected, "the server is missed");
    a.clock.advance(HOLD_MS);
    expect([a.states, a.lease.isHeld()]).toEqual([["held", "lapsed"], false]);
    await server.up();
    await until(() => a.bus.isConnected, "the server is found");
    await a.liveUntil(() => a.lease.isHeld(), "it is held again");
    expect([a.lease.epoch, a.states]).toEqual([1, ["held", "lapsed", "held"]]);
  });

  it("is lost when the store stands where it stood before, and no epoch comes twice", async () => {
    await a.takeInTime();
    const before = join(server.folder, "before");
    const store = join(server.folder, "jetstream");
    await server.kill();
    cpSync(store, before, { recursive: true });
    await server.up();
    await until(() => a.bus.isConnected && b.bus.isConnected, "both are there");
    await b.takeInTime();
    await b.live(LEASE_MS);
    expect(b.lease.epoch).toBe(2);
    await server.kill();
    rmSync(store, { recursive: true });
    cpSync(before, store, { recursive: true });
    await server.up();
    await until(() => b.bus.isConnected && a.bus.isConnected, "both are there");
    await b.liveUntil(() => b.lease.state === "lost", "it sees that the store went back");
    expect([b.losses.at(-1), b.lease.isHeld(), b.bucket.reversions]).toEqual(["reverted", false, 1]);
    const fromMs = b.clock.nowMs();
    await b.takeInTime();
    expect(b.clock.nowMs() - fromMs).toBeGreaterThan(TAKE_MS - TERMS.renewMs);
    expect(b.lease.epoch).toBe(3);
  });

  it("is lost when its bucket is deleted; whoever comes waits a whole lease, and begins no epoch again", async () => {
    await a.takeInTime();
    await look(b);
    const jsm = await jetstreamManager(b.bus.nats);
    await jsm.streams.delete("KV_smcq_leases");
    b.clock.advance(TAKE_MS);
    await expect(b.lease.take()).resolves.toMatchObject({ type: "waits", waitMs: TAKE_MS });
    await a.liveUntil(() => a.lease.state === "lost", "its holder sees that it is gone");
    expect(a.losses.at(-1)).toBe("gone");
    await b.takeInTime();
    expect(b.lease.epoch).toBe(2);
  });

  it("does not write over another's after its end, though the number of the last write is the same", async () => {
    await a.takeInTime();
    await look(b);
    const jsm = await jetstreamManager(b.bus.nats);
    await jsm.streams.delete("KV_smcq_leases");
    await look(b);
    await b.takeInTime();
    // Both stand at revision 1, each of its own bucket.
    await look(b);
    expect(b.bucket.seen("account")?.revision).toBe(1);
    // It was frozen: its time is over before the renewal that was due.
    a.wallOffsetMs = HOLD_MS;
    await a.liveUntil(() => a.lease.state === "lost", "it sees whose it is");
    expect([a.losses.at(-1), a.store.writes]).toEqual(["taken", 1]);
  });

  it("is not held by one whose wall clock says that more time has passed, or that it was set back", async () => {
    await a.takeInTime();
    a.wallOffsetMs = HOLD_MS;
    expect(a.lease.isHeld()).toBe(false);
    a.wallOffsetMs = -TERMS.marginMs - 1;
    expect(a.lease.isHeld()).toBe(false);
    a.wallOffsetMs = 0;
    expect(a.lease.isHeld()).toBe(true);
  });

  it("begins above the epochs that are known from elsewhere, and refuses when none is left", async () => {
    a.floor = 41;
    await a.takeInTime();
    expect(a.lease.epoch).toBe(42);
    await a.lease.release(0);
    b.floor = 36 ** 4 - 1;
    await expect(b.takeInTime()).rejects.toMatchObject({ code: "BUS_LEASE" });
  });

  it("takes a key with something else in it for one that nobody holds, after a whole lease", async () => {
    await b.bucket.write("account", "a person was here", 0);
    await expect(a.lease.take()).resolves.toMatchObject({ type: "waits", waitMs: TAKE_MS, owner: "" });
    await a.takeInTime();
    expect(a.lease.epoch).toBe(1);
  });
});
