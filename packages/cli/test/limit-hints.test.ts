import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { limitHints, OPEN_FILES_MIN, readLimits } from "../src/output/limit-hints.ts";
import { SOURCE_FLAGS } from "./processes/engine-run.ts";

const limits = (files: string, space: string): string =>
  [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    `Max open files            ${files.padEnd(20)} 20000                files     `,
    `Max address space         ${space.padEnd(20)} unlimited            bytes     `,
  ].join("\n");

describe("hints to the system's limits", () => {
  it.each<readonly [string, readonly RegExp[]]>([
    [limits("20000", "unlimited"), []],
    [limits(String(OPEN_FILES_MIN), "unlimited"), []],
    [limits(String(OPEN_FILES_MIN - 1), "unlimited"), [/only 255 files.*ulimit -n/]],
    [limits("unlimited", "4294967296"), [/4096 MiB.*ulimit -v.*MemoryMax/]],
    [limits("40", "1073741824"), [/only 40 files/, /1024 MiB/]],
    ["", []],
    ["something else", []],
  ])("%#", (text, words) => {
    const hints = limitHints(text);
    expect(hints).toHaveLength(words.length);
    for (const [index, word] of words.entries()) expect(hints[index]).toMatch(word);
  });

  it("come last, behind whatever failed, and only where something failed", () => {
    const main = join(import.meta.dirname, "../src/main.ts");
    const run = (...words: readonly string[]): { readonly status: number | null; readonly last: string } => {
      const command = [
        "bash",
        "-c",
        'ulimit -n 64; exec "$@"',
        "bash",
        process.execPath,
        ...SOURCE_FLAGS,
        main,
      ];
      const [file = "", ...flags] = [...command, ...words];
      const { status, stderr } = spawnSync(file, flags, { encoding: "utf8" });
      return { status, last: stderr.trim().split("\n").at(-1) ?? "" };
    };
    expect(run("scan", "--klines", "/absent", "--symbol", "A")).toMatchObject({
      status: 4,
      last: expect.stringContaining("only 64 files") as string,
    });
    expect(run("--help")).toMatchObject({ status: 0, last: "" });
    expect(readLimits() === "" || limitHints(readLimits()).every((hint) => hint.includes("ulimit"))).toBe(
      true,
    );
  });
});
