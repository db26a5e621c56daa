import { type LogFields, ManualClock, silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { MemoryWatch } from "../src/run/memory-watch.ts";

const MIB = 1_048_576;

it("PR07 tells of memory that grows beyond its mark, once an hour, and of its end", () => {
  const wallClock = new ManualClock();
  const said: string[] = [];
  const say = (level: string) => (fields: LogFields) => void said.push(`${level} ${String(fields["rssMb"])}`);
  let rssMb = 900;
  const watch = new MemoryWatch({
    rssBytes: () => rssMb * MIB,
    limitMb: 1_000,
    wallClock,
    logger: { ...silentLogger, warn: say("warn"), info: say("info") },
  });
  const pass = (minutes: number): readonly string[] => {
    wallClock.advance(minutes * 60_000);
    return said.splice(0);
  };
  expect(pass(120)).toEqual([]);
  rssMb = 1_001;
  expect(pass(1)).toEqual(["warn 1001"]);
  rssMb = 1_500;
  expect(pass(59)).toEqual([]);
  expect(pass(1)).toEqual(["warn 1500"]);
  // Around the mark it is neither told anew nor over.
  for (rssMb of [950, 1_010, 901]) expect(pass(1)).toEqual([]);
  rssMb = 899;
  expect(pass(1)).toEqual(["info 899"]);
  rssMb = 1_001;
  expect(pass(1)).toEqual(["warn 1001"]);
  expect(watch.metrics()).toMatchObject([{ name: "resident_memory_bytes", value: 1_001 * MIB }]);
  watch.stop();
  expect(wallClock.pendingCount).toBe(0);
});
