import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { outboxFile } from "@smcq/alerts";
import { Rng, SystemClock } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeApis, WEBHOOK_SECRET } from "../../../alerts/test/support/fake-apis.ts";
import { askEngine } from "../../src/control/control-client.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { descendants, partsOf, SmcqRun, temporaryFolder, until } from "./engine-run.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const KILLS = 25;
const wallClock = new SystemClock();

let apis: FakeApis;
let folder: ReturnType<typeof temporaryFolder>;
let run: SmcqRun | null = null;

beforeEach(async () => {
  apis = new FakeApis();
  folder = temporaryFolder();
});

afterEach(async () => {
  if (run !== null && run.child.exitCode === null) run.child.kill("SIGKILL");
  run = null;
  await apis.close();
  folder.remove();
});

/** A small engine in sim whose alerts go to a webhook; the same is never counted up. */
async function start(settings: object = {}): Promise<SmcqRun> {
  const origin = await apis.listen();
  const file = join(folder.path, "settings.json");
  const alerts = {
    channels: ["webhook"],
    webhook: { url: `${origin}/hook` },
    repeatMs: 0,
    messagesPerMinuteMax: 60,
    diskFreeMbMin: 0,
  };
  writeFileSync(file, JSON.stringify({ alerts, ...settings }));
  const args = ["--shards", "2", "--symbols", "8", "--speed", "60", "--log-format", "json"];
  run = new SmcqRun(["engine", "--config", file, "--data-dir", join(folder.path, "var"), ...args], {
    env: { ALERTS_WEBHOOK_SECRET: WEBHOOK_SECRET },
  });
  await run.sees("READY");
  return run;
}

const dataDir = (): string => join(folder.path, "var");

function rows(file: string, sql: string): readonly Record<string, unknown>[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

function alertsPid(supervisor: SmcqRun): number | undefined {
  return descendants(supervisor.pid).find(({ command }) => command.includes("alerts-process"))?.pid;
}

/** Alerts by kind as the outbox has them. */
function told(kind: string): number {
  return Number(
    rows(outboxFile(dataDir()), `SELECT count(*) AS n FROM alerts WHERE kind = '${kind}'`)[0]?.["n"],
  );
}

/** Alerts that have arrived, each message once by its id. */
function arrived(): number {
  const byId = new Map(apis.webhook.map(({ body }) => [String(body["id"]), Number(body["alertCount"])]));
  return [...byId.values()].reduce((sum, count) => sum + count, 0);
}

describe("the alerts' process", () => {
  it(`loses nothing and doubles nothing when it is killed at random moments (seed ${SEED})`, async () => {
    const engine = await start({ supervisor: { restartsMax: 100, windowMs: 1_000 } });
    const rng = new Rng(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      await until(() => alertsPid(engine) !== undefined, "the alerts' process");
      await askEngine(dataDir(), { request: "halt" });
      await askEngine(dataDir(), { request: "resume" });
      await new Promise<void>((resolve) => void wallClock.after(rng.int(2_500), resolve));
      const pid = alertsPid(engine);
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    }
    const resumes = (): number =>
      Number(
        rows(
          ledgerFile(dataDir()),
          `SELECT count(*) AS n FROM incidents WHERE kind = 'operator' AND detail LIKE '%resume%'`,
        )[0]?.["n"],
      );
    await until(() => resumes() === KILLS && told("operator-word") === KILLS, "every resume");
    expect(told("halted-operator")).toBe(KILLS);
    // A word a kill: it was its own process that died, and the engine went on.
    const crashes = (): number => engine.count("process crashed; it is started again");
    await until(() => told("alerts-restarted") === crashes(), "a word about each restart");
    expect(crashes()).toBeGreaterThan(KILLS / 2);
    expect(engine.lines.filter(({ process: name }) => name === "engine")).toEqual([]);
    const all = (): number =>
      Number(rows(outboxFile(dataDir()), "SELECT count(*) AS n FROM alerts")[0]?.["n"]);
    await until(() => arrived() === all(), "every alert at the receiver");
    engine.child.kill("SIGTERM");
    expect(await engine.ends()).toBe(ExitCode.Ok);
  });

  it("tells that the engine crashed, was started again, and was given up, before the supervisor ends", async () => {
    const engine = await start({ supervisor: { restartsMax: 1, windowMs: 600_000 } });
    process.kill(partsOf(engine).engine, "SIGKILL");
    await engine.sees("READY", 2);
    process.kill(partsOf(engine).engine, "SIGKILL");
    expect(await engine.ends()).toBe(ExitCode.Crashes);
    const kinds = apis.webhook.map(({ body }) => body["kind"]);
    expect(kinds.filter((kind) => String(kind).startsWith("engine-"))).toEqual(
      expect.arrayContaining(["engine-crashed", "engine-given-up"]),
    );
    expect([told("engine-crashed"), told("engine-given-up")]).toEqual([1, 1]);
  });

  it("keeps the secret to itself: neither engine nor venue have it in their environment, and no output shows it", async () => {
    const engine = await start();
    for (const { pid, command } of descendants(engine.pid)) {
      const environ = readFileSync(`/proc/${pid}/environ`, "latin1");
      expect(environ.includes(WEBHOOK_SECRET), `in ${command}`).toBe(command.includes("alerts-process"));
    }
    // As a service manager does it: everybody is asked to end, and whoever has to tell of it ends last.
    process.kill(alertsPid(engine) ?? 0, "SIGTERM");
    await askEngine(dataDir(), { request: "halt" });
    await until(() => apis.webhook.some(({ body }) => body["kind"] === "halted-operator"), "the halt");
    engine.child.kill("SIGTERM");
    expect(await engine.ends()).toBe(ExitCode.Ok);
    expect(engine.stdout + engine.stderr).not.toContain(WEBHOOK_SECRET);
  });
});
