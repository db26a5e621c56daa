import { ManualClock } from "@smcq/kernel";
import { afterEach, describe, expect, it } from "vitest";
import { Outlet } from "../src/output/outlet.ts";
import { createProgress, type Progress } from "../src/output/progress.ts";
import { HeldPipe } from "./support/held-pipe.ts";

const pipes: HeldPipe[] = [];
afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.close();
});

function watched(isTTY: boolean): {
  readonly progress: Progress;
  readonly clock: ManualClock;
  readonly pipe: HeldPipe;
  readonly text: () => string;
} {
  const pipe = new HeldPipe();
  pipes.push(pipe);
  let text = "";
  const clock = new ManualClock(1_000);
  const outlet = new Outlet(pipe.writer, { clock });
  return {
    progress: createProgress("smcq", { outlet, isTTY, columns: 80 }, clock),
    clock,
    pipe,
    text: () => (text += pipe.read()),
  };
}

describe("progress", () => {
  it("without a terminal is a line every ten seconds, and none before", () => {
    const { progress, clock, text } = watched(false);
    for (let second = 1; second <= 25; second++) {
      clock.advance(1_000);
      progress.show("days traded", second, 25);
    }
    progress.end();
    expect(text()).toBe("smcq: days traded 10 of 25\nsmcq: days traded 20 of 25\n");
  });

  it("on a terminal is a bar that goes when it is done, or when all ends", () => {
    const { progress, text } = watched(true);
    progress.show("symbols scanned", 1, 2);
    expect(text()).toContain("symbols scanned 0 of 2");
    progress.show("symbols scanned", 2, 2);
    progress.show("days traded", 1, 9);
    progress.end();
    expect(text()).toContain("days traded 0 of 9");
    // Erases the line it stood in.
    expect(text().endsWith("\u001B[2K") || text().includes("\u001B[2K")).toBe(true);
    progress.end();
  });

  it("is left out while nobody looks: the work goes on, and nothing stale comes later", () => {
    const { progress, clock, pipe, text } = watched(true);
    pipe.fill();
    for (let done = 1; done < 1_000; done++) progress.show("days traded", done, 1_000);
    pipe.read();
    clock.advance(1_000);
    expect(text().length).toBeLessThan(1_000);
    progress.end();
    expect(text()).toContain("\u001B[2K");
  });
});
