import { type LogFields, ManualClock, silentLogger, SystemClock } from "@smcq/kernel";
import type { ControlBlock } from "@smcq/wire";
import { expect, it } from "vitest";
import { ShardThread } from "../../src/threads/shard-thread.ts";
import { ClusterMemory } from "../../src/index.ts";

const wallClock = new SystemClock();

async function until(isDone: () => boolean, what: string): Promise<void> {
  for (let waitedMs = 0; !isDone(); waitedMs += 5) {
    if (waitedMs > 60_000) throw new Error(`waited for ${what}`);
    await new Promise<void>((resolve) => wallClock.after(5, resolve));
  }
}

interface Lab {
  readonly clock: ManualClock;
  readonly control: ControlBlock;
  readonly host: ShardThread;
  readonly deaths: boolean[];
  readonly errors: LogFields[];
}

function lab(how: "silent" | "refuses"): Lab {
  const clock = new ManualClock(1_000);
  const views = new ClusterMemory({ symbols: ["BTCUSDT"], shards: 1 }).shard(0);
  const deaths: boolean[] = [];
  const errors: LogFields[] = [];
  const host = new ShardThread({
    views,
    clockSpec: { type: "system" },
    wallClock: clock,
    isScanning: false,
    scan: { isEveryBarScored: false },
    entry: { url: new URL("./mortal-shard.worker.ts", import.meta.url), data: { how } },
    logger: { ...silentLogger, error: (fields) => void errors.push(fields) },
    onEvent() {},
    onDeath: (isRestarted) => void deaths.push(isRestarted),
    assignments: () => [],
  });
  return { clock, control: views.control, host, deaths, errors };
}

it("replaces a thread that never beats, and gives the new one its own time", async () => {
  const { clock, control, host, deaths } = lab("silent");
  // The last beat in shared memory is that of a thread long dead.
  control.beat(clock.monoNs(), 0);
  host.start();
  const first = host.worker;
  clock.advance(31_000);
  await until(() => deaths.length === 1 && host.worker !== null, "the replacement");
  const second = host.worker;
  expect(second).not.toBe(first);
  clock.advance(5_000);
  await new Promise<void>((resolve) => wallClock.after(100, resolve));
  expect(deaths).toEqual([true]);
  expect(host.worker).toBe(second);
  await second?.terminate();
  await until(() => deaths.length === 2, "the death of the second");
  const drained = host.drain();
  clock.advance(5_000);
  await drained;
});

it("hears why a thread died before it counts as dead, and is off after the fourth death", async () => {
  const { host, deaths, errors } = lab("refuses");
  host.start();
  await until(() => host.state === "off", "the shard to be off");
  expect(deaths).toEqual([true, true, true, false]);
  expect(errors.map((fields) => fields["code"])).toEqual(["NO_FEED", "NO_FEED", "NO_FEED", "NO_FEED"]);
  expect(host.send({ type: "remove", slot: 0 })).toBe(false);
  await host.drain();
  expect(host.state).toBe("off");
});
