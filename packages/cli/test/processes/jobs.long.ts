import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rng, SystemClock } from "@smcq/kernel";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { SmcqRun, temporaryFolder } from "./engine-run.ts";

const FIXTURE = join(import.meta.dirname, "../../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");
/** Bars of one symbol under the names of several. */
const SYMBOLS = ["ADAUSDT", "ALGOUSDT", "AVAXUSDT", "DOTUSDT"];
const AXES = [
  { path: "risk.costRatioMax", from: 0.1, to: 0.4, step: 0.05 },
  { path: "plan.targetRiskRatio", values: [1.5, 2, 2.5] },
  { path: "scan.scoreMin", values: [0.3, 0.4] },
];
const FILES = ["results.jsonl", "sweep.csv", "sweep.html", "sweep.json"];
const SEED = Number(process.env["SMCQ_SEED"] ?? 1);
const SEEDS = Number(process.env["SMCQ_SEEDS"] ?? 10);
const clock = new SystemClock();

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

describe.skipIf(!hasNatsServer())("a sweep by workers that are processes", () => {
  let server: NatsServer;
  let local: Readonly<Record<string, string>>;
  const base = temporaryFolder();
  let folder = "";
  let names = 0;
  const workers = new Set<SmcqRun>();

  beforeAll(async () => {
    writeFileSync(join(base.path, "space.json"), JSON.stringify({ axes: AXES }));
    const klines = SYMBOLS.map((symbol) => join(base.path, `${symbol}-1m-fixture.csv.gz`));
    for (const file of klines) cpSync(FIXTURE, file);
    mkdirSync(join(base.path, "data"));
    const imported = new SmcqRun([
      "data",
      "import",
      "--data-dir",
      join(base.path, "data"),
      "--klines",
      ...klines,
    ]);
    await ended(imported);
    const run = sweep(dataFolder(), ["--scan-threads=1"]);
    await ended(run);
    local = outputOf(run);
  });
  afterAll(() => base.remove());
  beforeEach(async () => {
    server = await NatsServer.start();
  });
  afterEach(async () => {
    await endWorkers();
    await server.stop();
  });

  /** A data folder with the bars and nothing else. */
  function dataFolder(): string {
    const own = join(base.path, `run-${names++}`);
    cpSync(join(base.path, "data"), own, { recursive: true });
    folder = own;
    return own;
  }

  function sweep(data: string, more: readonly string[]): SmcqRun {
    const words = ["sweep", join(base.path, "space.json"), "--symbols", "all", "--data-dir", data];
    return new SmcqRun([...words, "--out", join(data, "out"), ...more]);
  }

  /** What it printed and wrote, without its folder's name. */
  function outputOf(run: SmcqRun): Readonly<Record<string, string>> {
    const files = FILES.map((file) => [file, readFileSync(join(folder, "out", file), "utf8")] as const);
    const all = [["stdout", run.stdout] as const, ...files];
    return Object.fromEntries(all.map(([file, text]) => [file, text.replaceAll(folder, "")]));
  }

  function startWorker(): SmcqRun {
    const data = join(base.path, `worker-${names++}`);
    const worker = new SmcqRun(["worker", "--bus", server.url, "--threads", "1", "--data-dir", data]);
    workers.add(worker);
    return worker;
  }

  function replace(worker: SmcqRun): void {
    workers.delete(worker);
    startWorker();
  }

  async function endWorkers(): Promise<void> {
    for (const worker of workers) worker.child.kill("SIGTERM");
    for (const worker of workers) await worker.exited;
    workers.clear();
  }

  it.each([1, 2, 4])("comes to the local bytes with %i of them, which end with 0", async (count) => {
    const own = Array.from({ length: count }, startWorker);
    const run = sweep(dataFolder(), ["--jobs", server.url]);
    expect(await run.exited).toBe(0);
    // On a machine that is busy it says how far it is.
    expect(run.stderr.replaceAll(/^smcq sweep: settings tried \d+ of \d+\n/gmu, "")).toBe("");
    expect(outputOf(run)).toEqual(local);
    for (const { child } of own) child.kill("SIGTERM");
    expect(await Promise.all(own.map(({ exited }) => exited))).toEqual(own.map(() => 0));
  });

  it("goes on where it was killed", async () => {
    startWorker();
    const data = dataFolder();
    const first = sweep(data, ["--jobs", server.url]);
    const log = join(data, "out", "results.jsonl");
    await expect.poll(() => linesOf(log)).toBeGreaterThan(6);
    first.child.kill("SIGKILL");
    await first.exited;
    const before = linesOf(log);
    const again = sweep(data, ["--jobs", server.url]);
    expect(await again.exited).toBe(0);
    expect(before).toBeLessThan(43);
    expect(outputOf(again)).toEqual(local);
  });

  it.each(Array.from({ length: SEEDS }, (_, index) => SEED + index))(
    "comes to them while workers and nats-server are killed at random, seed %i",
    async (seed) => {
      const rng = new Rng(seed);
      let kills = 0;
      for (let k = 0; k < 2; k++) startWorker();
      const run = sweep(dataFolder(), ["--jobs", server.url]);
      let isOver = false;
      const ended = run.exited.then((code) => {
        isOver = true;
        return code;
      });
      // Who finds no server when it starts ends, and is started again by whoever started it.
      await expect.poll(() => isOver || linesOf(join(folder, "out", "results.jsonl")) > 0).toBe(true);
      while (!isOver) {
        await Promise.race([ended, pause(1_000 + 6_000 * rng.next())]);
        if (isOver) break;
        for (const worker of workers) if (worker.child.exitCode !== null) replace(worker);
        kills++;
        if (rng.next() < 0.3) {
          await server.kill();
          await pause(2_000 * rng.next());
          await server.up();
        } else {
          const worker = [...workers][Math.floor(rng.next() * workers.size)] as SmcqRun;
          worker.child.kill("SIGKILL");
          await worker.exited;
          replace(worker);
        }
      }
      expect([await ended, run.stderr.includes("JOBS_")]).toEqual([0, false]);
      expect(outputOf(run)).toEqual(local);
      console.log(`seed ${seed}: ${kills} kills`);
    },
  );

  it("leaves nothing of killed workers but inputs once another one has run", async () => {
    const data = join(base.path, "shared-worker");
    const words = ["worker", "--bus", server.url, "--threads", "1", "--data-dir", data];
    const killed = new SmcqRun(words);
    await expect.poll(() => killed.stdout).toContain("worker is ready");
    killed.child.kill("SIGKILL");
    await killed.exited;
    expect(readdirSync(join(data, "worker"))).toHaveLength(2);
    const next = new SmcqRun(words);
    await expect.poll(() => next.stdout).toContain("worker is ready");
    next.child.kill("SIGTERM");
    expect(await next.exited).toBe(0);
    expect(readdirSync(join(data, "worker"))).toEqual(["inputs"]);
    rmSync(data, { recursive: true });
  });
});

async function ended(run: SmcqRun): Promise<void> {
  if ((await run.exited) !== 0) throw new Error(run.stderr);
}

function linesOf(file: string): number {
  try {
    return readFileSync(file, "utf8").split("\n").length - 1;
  } catch {
    return 0;
  }
}
