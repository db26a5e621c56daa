import { PassThrough } from "node:stream";
import type { WriteStream } from "node:tty";
import { ManualClock } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { createProgress, type Progress } from "../src/output/progress.ts";

function watched(isTTY: boolean): {
  readonly progress: Progress;
  readonly clock: ManualClock;
  readonly text: () => string;
} {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const clock = new ManualClock(1_000);
  return {
    progress: createProgress("smcq", stream as unknown as WriteStream, clock),
    clock,
    text: () => text,
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
});
