import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "@smcq/kernel";
import { afterEach, describe, expect, it } from "vitest";
import { Outlet } from "../src/output/outlet.ts";
import { HeldPipe } from "./support/held-pipe.ts";

const pipes: HeldPipe[] = [];
afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.close();
});

function held(flags = 0): {
  readonly pipe: HeldPipe;
  readonly clock: ManualClock;
  readonly outlet: Outlet;
} {
  const pipe = new HeldPipe(flags);
  pipes.push(pipe);
  const clock = new ManualClock();
  const outlet = new Outlet(pipe.writer, { clock, bytesMax: 100_000 });
  outlet.tellLoss((dropped) => outlet.write(`${dropped} missing\n`));
  return { pipe, clock, outlet };
}

/** Lines of 100 bytes. */
const line = (at: number): string => `${String(at).padStart(99, "0")}\n`;

describe("Outlet", () => {
  it("has written a line when the call returns, as long as somebody reads", () => {
    const { pipe, outlet } = held();
    outlet.write("one\n");
    expect(pipe.read()).toBe("one\n");
    outlet.write("two\n");
    expect(pipe.read()).toBe("two\n");
    expect(outlet).toMatchObject({ isHeld: false, dropped: 0 });
  });

  it.each([
    ["a pipe", 0],
    ["a pipe that another process has made non-blocking", constants.O_NONBLOCK],
  ])(
    "never waits for %s that nobody reads; what fits waits and comes in order, the rest is told",
    (_what, flags) => {
      const { pipe, clock, outlet } = held(flags);
      pipe.fill();
      for (let at = 0; at < 1_500; at++) outlet.write(line(at));
      expect(outlet).toMatchObject({ isHeld: true, dropped: 500 });
      let text = pipe.read().replaceAll("#", "");
      for (let turn = 0; outlet.isHeld && turn < 20; turn++) {
        clock.advance(1_000);
        text += pipe.read();
      }
      const kept = Array.from({ length: 1_000 }, (_, at) => line(at)).join("");
      expect(text).toBe(`${kept}500 missing\n`);
      expect(clock.pendingCount).toBe(0);
      outlet.write("on\n");
      expect(pipe.read()).toBe("on\n");
    },
  );

  it("ends a line that was begun before it begins another, however long it is", () => {
    const { pipe, clock, outlet } = held();
    const long = `${"x".repeat(150_000)}\n`;
    outlet.write(long);
    outlet.write("dropped\n");
    expect(outlet.isHeld).toBe(true);
    let text = pipe.read();
    for (let turn = 0; outlet.isHeld && turn < 20; turn++) {
      clock.advance(1_000);
      text += pipe.read();
    }
    outlet.write("after\n");
    expect(text + pipe.read()).toBe(`${long}dropped\nafter\n`);
  });

  it("drops what comes after its reader went away, waiting lines included", () => {
    const { pipe, clock, outlet } = held();
    pipe.fill();
    outlet.write("waits\n");
    pipe.closeReader();
    clock.advance(1_000);
    outlet.write("late\n");
    expect(outlet).toMatchObject({ isHeld: false, dropped: 2 });
    expect(clock.pendingCount).toBe(0);
  });

  it("loses the lines of a full disk one by one, and does not tell of them into it", () => {
    const full = openSync("/dev/full", "w");
    let told = 0;
    const outlet = new Outlet(full);
    outlet.tellLoss((dropped) => (told += dropped));
    for (let at = 0; at < 3; at++) outlet.write(line(at));
    expect(outlet).toMatchObject({ isHeld: false, dropped: 3 });
    expect(told).toBe(0);
    closeSync(full);
  });

  it("writes to a file as to a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "smcq-outlet-"));
    const file = openSync(join(folder, "log"), "w");
    const outlet = new Outlet(file);
    for (let at = 0; at < 2_000; at++) outlet.write(line(at));
    expect(readFileSync(join(folder, "log"))).toHaveLength(200_000);
    closeSync(file);
    rmSync(folder, { recursive: true });
  });

  it("takes a process without standard output for one whose reader is gone", () => {
    const outlet = new Outlet(1_000_000);
    outlet.write("nowhere\n");
    expect(outlet.dropped).toBe(1);
  });

  it("lets a process wait for its last lines, but not for long", async () => {
    const { pipe, clock, outlet } = held();
    await outlet.drained();
    pipe.fill();
    outlet.write("last\n");
    const stuck = outlet.drained();
    clock.advance(1_000);
    await stuck;
    expect(outlet.isHeld).toBe(true);
    const read = outlet.drained();
    pipe.read();
    clock.advance(500);
    await read;
    expect(pipe.read()).toBe("last\n");
  });
});
