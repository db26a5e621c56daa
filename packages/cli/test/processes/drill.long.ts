import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AlertKind } from "@smcq/alerts";
import { afterAll, describe, expect, it } from "vitest";
import type { DrillReport } from "../../src/drill/report.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { SCENARIOS } from "../../src/drill/scenarios.ts";
import { descendants, isAlive, MAIN, SOURCE_FLAGS, until } from "./engine-run.ts";

const folder = mkdtempSync(join(tmpdir(), "smcq-drill-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const SMALL = ["--symbols", "60", "--shards", "2", "--speed", "20", "--data-dir", folder];

function smcq(...args: readonly string[]) {
  return spawnSync(process.execPath, [...SOURCE_FLAGS, MAIN, ...args], {
    encoding: "utf8",
    maxBuffer: 64 * 1_048_576,
  });
}

/** What a person is told in a drill for certain; the rest hangs on what is held in that moment. */
const TOLD: Readonly<Record<string, readonly AlertKind[]>> = {
  "engine-crash": ["engine-crashed", "engine-restarted"],
};

describe("a drill", () => {
  it.each(SCENARIOS.map(({ name }) => name))("%s is passed by the engine as it is", (name) => {
    const { status, stdout, stderr } = smcq("drill", name, "--json", ...SMALL);
    expect([status, stdout === "" ? stderr : ""]).toEqual([ExitCode.Ok, ""]);
    const report = JSON.parse(stdout) as DrillReport;
    expect(report.verdicts.filter(({ isHeld }) => isHeld === false)).toEqual([]);
    expect(report.story.map(({ text }) => text)).toContain(
      `strikes: ${SCENARIOS.find((one) => one.name === name)?.title}`,
    );
    const { plan } = report.scenario;
    const kinds = report.alerts.flatMap(({ alerts }) => alerts.map(({ kind }) => kind));
    expect(kinds).toEqual(expect.arrayContaining([...(TOLD[name] ?? [])]));
    // What was to strike did.
    for (const id of plan.match(/[A-Z]{2}\d\d/g) ?? [])
      expect(Object.keys(report.faultsStruck)).toContain(id);
  });

  it("leaves its settings, its data and its report in a folder of its own, and the engine's own folder alone", () => {
    const drills = readdirSync(join(folder, "drills"));
    expect(drills).toHaveLength(SCENARIOS.length);
    for (const name of drills)
      expect(readFileSync(join(folder, "drills", name, "report.md"), "utf8")).toContain("# Drill: ");
    expect(existsSync(join(folder, "ledger.db"))).toBe(false);
  });

  it("takes faults by their ids, and refuses those that there are not", () => {
    const bad = smcq("drill", "--ids", "EX99=1", ...SMALL);
    expect(bad.status).toBe(ExitCode.Config);
    expect(bad.stderr).toContain("EX99");
    const both = smcq("drill", "silent-feed", "--ids", "EX01=1", ...SMALL);
    expect([both.status, smcq("drill", ...SMALL).status]).toEqual([ExitCode.Usage, ExitCode.Usage]);
    const good = smcq("drill", "--ids", "EX05=1", "--lasts", "1m", "--json", ...SMALL);
    expect(good.status).toBe(ExitCode.Ok);
  });

  it("takes its engine with it when it is killed, and no other parent does by letting go", async () => {
    const drill = spawn(process.execPath, [...SOURCE_FLAGS, MAIN, "drill", "silent-feed", ...SMALL], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    drill.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until(() => said.includes("waiting for a position"), "the drill's engine");
    const own = descendants(drill.pid ?? 0).map(({ pid }) => pid);
    expect(own.length).toBeGreaterThan(1);
    drill.kill("SIGKILL");
    await until(() => !own.some(isAlive), "its engine to end");

    const data = join(folder, "forked");
    const flags = ["engine", ...SMALL.slice(0, -1), data, "--log-format", "json", "--dashboard-port", "0"];
    const engine = fork(MAIN, flags, {
      execArgv: [...SOURCE_FLAGS],
      stdio: ["ignore", "pipe", "ignore", "ipc"],
    });
    let lines = "";
    engine.stdout?.on("data", (chunk: Buffer) => {
      lines += chunk.toString();
    });
    await until(() => lines.includes("smc-quant engine"), "the engine to start");
    engine.disconnect();
    await until(() => lines.includes("READY") && lines.includes('"msg":"minute"'), "READY and a minute");
    expect(lines).not.toContain('"msg":"stopping"');
    engine.kill("SIGTERM");
    expect(await once(engine, "exit")).toEqual([ExitCode.Ok, null]);
  });
});
