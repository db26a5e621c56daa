import { ManualClock, silentLogger } from "@smcq/kernel";
import type { ScanReply } from "@smcq/wire";
import { describe, expect, it } from "vitest";
import { SlotTable } from "../src/index.ts";
import type { DrainedRows } from "../src/scan/row-drain.ts";
import { SCAN_STUCK_MS, ShardScanQueue } from "../src/shard/shard-scan-queue.ts";
import { SeedQueue } from "../src/symbols/seed-queue.ts";
import { OwnThreadScan } from "../src/shard/own-thread-scan.ts";

interface Running {
  readonly reply: (fields?: Partial<ScanReply>) => Promise<void>;
  readonly die: () => Promise<void>;
}

/** Between two looks of a process that is awake, ms. */
const LOOK_MS = 500;

/** A queue whose scans are answered by hand; microtasks have run when `reply` and `die` resolve. */
class Lab {
  readonly clock = new ManualClock();
  readonly running: Running[] = [];
  readonly taken: (number | "salvage" | "death" | "stuck")[] = [];
  readonly errors: string[] = [];
  readonly seeds = new SeedQueue(new SlotTable(1, 4));
  readonly queue: ShardScanQueue;

  constructor() {
    const none: DrainedRows = { candidates: [], invalid: [] };
    this.queue = new ShardScanQueue({
      shardId: 0,
      rows: {
        take: (rows) => (this.taken.push(rows), none),
        salvage: () => (this.taken.push("salvage"), none),
      },
      run: () => this.#run(),
      seeds: this.seeds,
      onRows() {},
      onDeath: () => void this.taken.push("death"),
      onIdle() {},
      onStuck: () => void this.taken.push("stuck"),
      wallClock: this.clock,
      logger: { ...silentLogger, error: (_fields, text) => void this.errors.push(text) },
    });
  }

  #run(): Promise<ScanReply> {
    return new Promise((resolve, reject) => {
      this.running.push({
        reply: async (fields = {}) => {
          resolve({ shardId: 0, rows: 0, bars: 1, isUnfinished: false, refusedSeeds: [], ...fields });
          await turns();
        },
        die: async () => {
          reject(new Error("died"));
          await turns();
        },
      });
    });
  }

  /** Time in which the process is awake: it looks again and again. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= LOOK_MS) {
      this.clock.advance(Math.min(left, LOOK_MS));
      this.queue.look();
    }
  }

  last(): Running {
    const last = this.running.at(-1);
    if (last === undefined) throw new Error("no scan was started");
    return last;
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

describe("ShardScanQueue", () => {
  it("makes one task of all that came due while a scan was in flight", async () => {
    const lab = new Lab();
    lab.queue.due();
    lab.queue.due();
    lab.queue.due();
    expect(lab.running).toHaveLength(1);
    await lab.last().reply();
    expect(lab.running).toHaveLength(2);
    await lab.last().reply();
    expect(lab.running).toHaveLength(2);
  });

  it("scans what is left before it closes, to the end", async () => {
    const lab = new Lab();
    const closed = lab.queue.close(true);
    await lab.last().reply({ rows: 3, isUnfinished: true });
    await lab.last().reply({ rows: 2 });
    expect(await closed).toBe(true);
    expect(lab.taken).toEqual([3, 2]);
    lab.queue.due();
    expect(lab.running).toHaveLength(2);
  });

  it("does a scan that dies while it closes again, and waits as long as scans end", async () => {
    const lab = new Lab();
    const closed = lab.queue.close(true);
    for (let task = 0; task < 3; task++) {
      lab.clock.advance(4_000);
      await lab.last().reply({ rows: 1, isUnfinished: true });
    }
    lab.clock.advance(4_000);
    await lab.last().die();
    expect(lab.running).toHaveLength(5);
    await lab.last().reply({ rows: 2 });
    expect(await closed).toBe(true);
    expect(lab.taken).toEqual([1, 1, 1, "death", "salvage", 2]);
    expect(lab.clock.pendingCount).toBe(0);
  });

  it("does not wait for a ring that can never be read again", async () => {
    const lab = new Lab();
    const closed = lab.queue.close(true);
    await lab.last().reply({ bars: 0, isUnfinished: true });
    expect(await closed).toBe(true);
  });

  it("closes without a scan when there is no scanner, or the shard is off", async () => {
    const without = new Lab();
    expect(await without.queue.close(false)).toBe(true);
    const off = new Lab();
    off.queue.turnOff();
    expect(await off.queue.close(true)).toBe(true);
    expect(without.running.length + off.running.length).toBe(0);
  });

  it("names a scan that does not answer once, and closing does not wait for it for ever", async () => {
    const lab = new Lab();
    lab.queue.due();
    lab.pass(9_999);
    expect(lab.errors).toHaveLength(0);
    lab.clock.advance(1);
    lab.queue.look();
    lab.queue.look();
    expect(lab.errors).toHaveLength(1);
    const closed = lab.queue.close(true);
    lab.clock.advance(5_000);
    expect(await closed).toBe(false);
  });

  it("PR03 says once that a scan never ends, and never of a process that slept", async () => {
    const lab = new Lab();
    lab.queue.due();
    // It sleeps, and the answer is read some looks after it is awake: nothing is late.
    lab.clock.advance(10 * SCAN_STUCK_MS);
    lab.pass(5_000);
    expect([lab.taken.includes("stuck"), lab.errors]).toEqual([false, []]);
    await lab.last().reply();
    lab.queue.look();
    lab.queue.due();
    lab.pass(SCAN_STUCK_MS - 1);
    expect(lab.taken).not.toContain("stuck");
    lab.pass(SCAN_STUCK_MS);
    expect(lab.taken.filter((word) => word === "stuck")).toEqual(["stuck"]);
    expect(lab.errors).toHaveLength(1);
  });

  it("is off after the fourth death in ten minutes, and says so", async () => {
    const lab = new Lab();
    lab.queue.due();
    for (let death = 0; death < 4; death++) await lab.last().die();
    expect(lab.queue.isOff).toBe(true);
    expect(lab.queue.restarts.total).toBe(3);
    expect(lab.running).toHaveLength(4);
    // Each death is told before its rows: no memory of a model is in its use any more.
    expect(lab.taken).toEqual(Array.from({ length: 4 }, () => ["death", "salvage"]).flat());
    expect(lab.errors).toHaveLength(4);
  });

  it("begins with seeds that wait when it is looked at, and sends refused ones again", async () => {
    const lab = new Lab();
    lab.queue.look();
    expect(lab.running).toHaveLength(0);
    lab.seeds.put(0, [{ part: null, slot: 1, generation: 3, bars: new Float64Array(6) }]);
    lab.queue.look();
    expect([lab.running.length, lab.seeds.has(0)]).toEqual([1, false]);
    await lab.last().reply({ refusedSeeds: [1] });
    // Refused: it stands in the queue again, and was taken by the scan that came next.
    expect(lab.running).toHaveLength(2);
    await lab.last().reply();
    expect([lab.running.length, lab.seeds.has(0)]).toEqual([2, false]);
  });

  it("waits longer and longer for a ring that stays in motion", async () => {
    const lab = new Lab();
    lab.queue.due();
    for (let attempt = 0; attempt < 20; attempt++) {
      await lab.last().reply({ bars: 0, isUnfinished: true });
      lab.clock.advance(1_000);
    }
    // 5 + 10 + 20 ... ms: without growth a second would hold 200 attempts; with it one a second at the most.
    expect(lab.running.length).toBeLessThanOrEqual(21);
    const before = lab.running.length;
    await lab.last().reply({ bars: 0, isUnfinished: true });
    lab.clock.advance(999);
    expect(lab.running.length).toBe(before);
    lab.clock.advance(1);
    expect(lab.running.length).toBe(before + 1);
  });

  it("waits longer and longer for seeds that are refused, however often it is looked at", async () => {
    const lab = new Lab();
    lab.seeds.put(0, [{ part: null, slot: 1, generation: 3, bars: new Float64Array(6) }]);
    const answered = new Set<Running>();
    for (let look = 0; look < 400; look++) {
      lab.queue.look();
      const last = lab.running.at(-1);
      if (last !== undefined && !answered.has(last)) {
        answered.add(last);
        await last.reply({ bars: 0, refusedSeeds: [1] });
      }
      lab.clock.advance(50);
    }
    // 20 s: eight waits up to 640 ms, then one task a second; each look by itself would have made 400 tasks.
    expect(lab.running.length).toBeLessThanOrEqual(30);
    expect(lab.clock.pendingCount).toBe(1);
  });
});

describe("OwnThreadScan", () => {
  it("rejects at once when there is no thread to scan, and when it dies", async () => {
    const scan = new OwnThreadScan();
    const task = { shardId: 2, seeds: [] };
    const reply: ScanReply = { shardId: 2, rows: 0, bars: 0, isUnfinished: false, refusedSeeds: [] };
    await expect(scan.run(task, () => false)).rejects.toMatchObject({ code: "SHARD_DIED" });
    expect([scan.fail(), scan.answer(reply)]).toEqual([false, false]);
    const waiting = scan.run(task, () => true);
    expect(scan.fail()).toBe(true);
    await expect(waiting).rejects.toMatchObject({ code: "SHARD_DIED" });
    const answered = scan.run(task, () => true);
    expect([scan.answer(reply), scan.fail()]).toEqual([true, false]);
    expect(await answered).toBe(reply);
  });
});
