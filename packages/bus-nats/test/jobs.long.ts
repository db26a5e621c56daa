import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Rng, silentLogger, SystemClock } from "@smcq/kernel";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BusConnection, type JobInput, JobQueue, type JobSpec, sha256Of } from "../src/index.ts";
import { CHILD_LIMITS, CHILD_VERSION } from "./support/job-campaign.ts";
import { hasNatsServer, NatsServer } from "./support/nats-server.ts";

const CHILD = fileURLToPath(new URL("support/job-child.ts", import.meta.url));
const SOURCE_FLAGS = process.execArgv.filter((flag) => /^--(conditions|import)=/.test(flag));
const SEED = Number(process.env["SMCQ_SEED"] ?? 1);
const SEEDS = Number(process.env["SMCQ_SEEDS"] ?? 40);
const JOBS = 200;
const clock = new SystemClock();

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

function inputOf(text: string): JobInput {
  const bytes = Buffer.from(text);
  return { sha256: sha256Of(bytes), read: () => bytes };
}

function jobOf(task: number): JobSpec {
  const inputs = [inputOf(`input ${Math.floor(task / 10)}`)];
  return { kind: "double", label: `number ${task}`, task: String(task), inputs, hint: "" };
}

describe.skipIf(!hasNatsServer())("jobs of workers that are processes", () => {
  const folder = mkdtempSync(join(tmpdir(), "smcq-jobs-"));
  let server: NatsServer;
  let name = "";
  const children = new Set<ChildProcess>();
  let started = 0;
  let onDeath = (): void => {};
  let connection: BusConnection | null = null;

  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterEach(async () => {
    const ended = [...children];
    children.clear();
    for (const child of ended) child.kill("SIGKILL");
    await connection?.close();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function startChild(tries = 50): ChildProcess {
    const id = `w${started++}`;
    // Two share a folder of inputs, as two workers on a host may.
    const inputs = join(folder, name, String(started % 2));
    const child = fork(CHILD, [server.url, name, inputs, id, String(tries)], {
      execArgv: [...SOURCE_FLAGS],
      stdio: "ignore",
    });
    children.add(child);
    child.once("exit", () => {
      // As a service manager does; one that finds no server ends, too.
      if (!children.delete(child)) return;
      onDeath();
      startChild(tries);
    });
    return child;
  }

  async function openQueue(): Promise<JobQueue> {
    const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
    const options = { url: server.url, name, ...files, connectTimeoutMs: 5_000, client: "test" };
    connection = await BusConnection.open({ ...options, logger: silentLogger });
    return await JobQueue.open({
      connection,
      version: CHILD_VERSION,
      clock,
      logger: silentLogger,
      limits: CHILD_LIMITS,
    });
  }

  it.each(Array.from({ length: SEEDS }, (_, index) => SEED + index))(
    "all come while workers and servers are killed or frozen, seed %i",
    async (seed) => {
      name = `s${seed}`;
      const rng = new Rng(seed);
      for (let k = 0; k < 3; k++) startChild();
      const queue = await openQueue();
      let isOver = false;
      const all = Promise.all(Array.from({ length: JOBS }, (_, task) => queue.run(jobOf(task)))).finally(
        () => {
          isOver = true;
        },
      );
      // Looked at below.
      all.catch(() => {});
      const counts = { workers: 0, frozen: 0, servers: 0 };
      for (let hits = 0; hits < 12 && !isOver; hits++) {
        await pause(150 + 350 * rng.next());
        const chance = rng.next();
        const [child] = rng.next() < 0.5 ? [...children] : [...children].toReversed();
        if (chance < 0.25) {
          counts.servers++;
          await server.kill();
          await pause(800 * rng.next());
          await server.up();
        } else if (chance < 0.4) {
          counts.frozen++;
          server.freeze(true);
          await pause(1_500 * rng.next());
          server.freeze(false);
        } else if (chance < 0.6 && child !== undefined) {
          counts.frozen++;
          child.kill("SIGSTOP");
          await pause(1_500 * rng.next());
          child.kill("SIGCONT");
        } else {
          counts.workers++;
          child?.kill("SIGKILL");
        }
      }
      const results = (await all).map((bytes) => Buffer.from(bytes).toString());
      expect(results).toEqual(
        Array.from({ length: JOBS }, (_, task) => `${task * 2} input ${Math.floor(task / 10)}`),
      );
      await queue.verify();
      await queue.close();
      console.log(`seed ${seed}: ${JSON.stringify(counts)}`);
    },
  );

  it("that kill every worker they meet are given up, and nothing else is", async () => {
    name = "poison";
    let deaths = 0;
    onDeath = () => void deaths++;
    for (let k = 0; k < 2; k++) startChild(3);
    const queue = await openQueue();
    const sound = Array.from({ length: 60 }, (_, task) => queue.run(jobOf(task)));
    const settled = await Promise.allSettled([...sound, queue.run(jobOf(-1))]);
    onDeath = () => {};
    expect(settled.filter(({ status }) => status === "rejected")).toHaveLength(1);
    expect(settled.at(-1)).toMatchObject({
      reason: {
        code: "JOBS_GIVEN_UP",
        message: expect.stringMatching(/^number -1 is given up: 3 workers/) as string,
      },
    });
    expect(deaths).toBe(3);
    await queue.close();
  });
});
