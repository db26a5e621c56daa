import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { askEngine } from "../../src/control/control-client.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { runCommand } from "../support/run-command.ts";
import { awaited, held, isHalted, started, statusOf, words } from "./control-run.ts";
import { EngineRuns, partsOf } from "./engine-run.ts";

const engines = new EngineRuns();
afterEach(() => engines.clean());

describe("an engine that is halted", () => {
  it("PR14 answers again after a crash, halted as before: the next engine takes the dead one's socket", async () => {
    const { run, folder } = await started(engines);
    await askEngine(folder, { request: "halt" });
    process.kill(partsOf(run).engine, "SIGKILL");
    await run.sees("READY", 2);
    expect(isHalted(await statusOf(folder)())).toBe(true);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
  });

  it("OP01 halts by the file HALT, made while it runs or before, and goes on only by a word when the file is gone", async () => {
    const { run, folder } = await started(engines);
    const file = join(folder, "HALT");
    const at = ["--data-dir", folder];
    await held(folder);
    const asked = await awaited(
      () => askEngine(folder, { request: "halt" }),
      ({ state }) => state === "HALTED",
    );
    await askEngine(folder, { request: "resume" });
    writeFileSync(file, "");
    const seen = await awaited(statusOf(folder), isHalted);
    console.log(
      `HALTED ${asked.tookMs.toFixed(1)} ms by the socket, ${seen.tookMs.toFixed(1)} ms by the file`,
    );
    expect(seen.answer.account).toMatchObject({ isHaltFile: true, reasons: [{ reason: "operator" }] });
    const refused = await runCommand("resume", ...at);
    expect([refused.code, refused.said]).toEqual([
      ExitCode.Refused,
      expect.stringContaining("the file HALT stands"),
    ]);
    rmSync(file);
    await awaited(statusOf(folder), ({ account }) => account?.isHaltFile === false);
    expect(isHalted(await statusOf(folder)())).toBe(true);
    expect((await runCommand("resume", ...at)).code).toBe(ExitCode.Ok);
    expect(isHalted(await statusOf(folder)())).toBe(false);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(words(folder).slice(0, 4)).toEqual(["halt socket", "resume socket", "halt file", "resume socket"]);

    writeFileSync(file, "");
    const next = engines.start([], folder);
    await next.sees("READY");
    expect((await statusOf(folder)()).account).toMatchObject({ state: "HALTED", isHaltFile: true });
    next.child.kill("SIGTERM");
    expect(await next.ends()).toBe(ExitCode.Ok);
    expect(words(folder)[0]).toBe("halt file");
  });
});
