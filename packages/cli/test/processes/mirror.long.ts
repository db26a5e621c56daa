import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ledgerFile } from "@smcq/ledger";
import { afterAll, describe, expect, it } from "vitest";
import { differences } from "../../../mirror/test/support/compared.ts";
import { hasServer, PASSWORD, PostgresServer } from "../../../mirror/test/support/postgres.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { readMirrorStatus } from "../../src/mirror/mirror-status.ts";
import { runCommand } from "../support/run-command.ts";
import { descendants, EngineRuns, type SmcqRun, until } from "./engine-run.ts";

const runs = new EngineRuns();
afterAll(() => runs.clean());

/** The mirror's process below a supervisor; it may be between two starts. */
function mirrorPid(run: SmcqRun): number | null {
  return descendants(run.pid).find(({ command }) => command.includes("mirror-process"))?.pid ?? null;
}

describe.skipIf(!hasServer())("the mirror beside an engine", () => {
  it("has every row at the end, whatever dies in between, and costs the engine nothing", async () => {
    const server = await PostgresServer.start({ auth: "scram-sha-256" });
    try {
      const dataDir = runs.fresh();
      const passwordFile = join(runs.fresh(), "password");
      writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
      const settings = [`ledger.mirrorUrl=${server.url()}`, `ledger.mirrorPasswordFile=${passwordFile}`];
      const run = runs.start(
        settings.flatMap((setting) => ["--set", setting]),
        dataDir,
      );
      const isAt = (rows: number): boolean => {
        const status = readMirrorStatus(dataDir);
        return status !== null && status.behindSinceMs === null && status.journalKey >= rows;
      };
      await until(() => isAt(20), "a mirror that is level");
      const pid = mirrorPid(run);
      if (pid !== null) process.kill(pid, "SIGKILL");
      await server.kill();
      await until(() => readMirrorStatus(dataDir)?.problem !== null, "the outage being told");
      await server.up();
      const before = readMirrorStatus(dataDir)?.journalKey ?? 0;
      await until(() => isAt(before + 1), "a mirror that is level again");
      const { text } = await runCommand("status", "--data-dir", dataDir);
      expect(text).toContain("level with the ledger");
      run.child.kill("SIGTERM");
      expect(await run.ends()).toBe(ExitCode.Ok);
      expect(run.count("READY")).toBe(1);
      const client = server.client();
      await client.connect();
      expect(await differences(ledgerFile(dataDir), client, "smcq")).toEqual([]);
      await client.end();
      const places = [run.stdout, run.stderr, readFileSync(join(dataDir, "mirror.json"), "utf8")];
      expect(places.filter((place) => place.includes(PASSWORD))).toEqual([]);
    } finally {
      await server.stop();
    }
  });
});
