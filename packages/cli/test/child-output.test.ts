import { once } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { passLines } from "../src/output/child-output.ts";

async function passed(...chunks: readonly string[]): Promise<readonly string[]> {
  const from = new PassThrough();
  const lines: string[] = [];
  passLines(from, { write: (text) => void lines.push(text) });
  for (const chunk of chunks) from.write(Buffer.from(chunk, "latin1"));
  from.end();
  await once(from, "end");
  return lines;
}

describe("what a process below writes", () => {
  it("is passed on in whole lines, wherever it was cut", async () => {
    expect(await passed("a\nb", "c\n", "d\ne\nf")).toEqual(["a\n", "bc\n", "d\ne\n", "f\n"]);
    expect(await passed("\u00c3", "\u00a9\n")).toEqual(["é\n"]);
  });

  it("does not gather for ever in a line that does not end", async () => {
    const lines = await passed(...Array.from({ length: 20 }, () => "x".repeat(100_000)));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.join("")).toHaveLength(2_000_001);
  });
});
