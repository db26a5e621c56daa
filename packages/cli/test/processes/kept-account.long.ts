import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { EngineRuns } from "./engine-run.ts";

const engines = new EngineRuns();
afterEach(() => {
  engines.clean();
});

describe("the account of a simulated venue", () => {
  it("is a new one where that is asked for, and the old one is put aside", async () => {
    const folder = engines.fresh();
    const first = engines.start(["--for", "1s"], folder);
    await first.sees("READY");
    expect(await first.ends()).toBe(ExitCode.Ok);
    const key = readFileSync(join(folder, "venue", "key.json"), "utf8");
    const second = engines.start(["--for", "1s", "--fresh-account"], folder);
    expect((await second.sees("simulated venue is up"))["account"]).toContain("as asked");
    await second.sees("READY");
    expect(await second.ends()).toBe(ExitCode.Ok);
    // The ledger knows accounts by their keys.
    expect(readFileSync(join(folder, "venue", "key.1.json"), "utf8")).toBe(key);
    expect(readFileSync(join(folder, "venue", "key.json"), "utf8")).not.toBe(key);
    expect(existsSync(join(folder, "venue", "account.1.jsonl"))).toBe(true);
    const third = engines.start(["--for", "1s", "--seed", "2"], folder);
    expect((await third.sees("simulated venue is up"))["account"]).toContain("another market");
    await third.sees("READY");
    expect(await third.ends()).toBe(ExitCode.Ok);
  });
});
