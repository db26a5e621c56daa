import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream } from "@nats-io/jetstream";
import { Objm } from "@nats-io/obj";
import { silentLogger, SmcqError, SystemClock } from "@smcq/kernel";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  BusConnection,
  type JobInput,
  type JobLimits,
  type JobOutcome,
  JobQueue,
  type JobSpec,
  type JobVersion,
  JobWorker,
  type PostedJob,
  sha256Of,
} from "../../src/index.ts";
import { hasNatsServer, NatsServer } from "../support/nats-server.ts";

const isThere = hasNatsServer();
const clock = new SystemClock();
const VERSION: JobVersion = { id: "abc1", text: "1" };
const FAST: Partial<JobLimits> = { ackWaitMs: 400, beatMs: 100, againMs: 10, lookMs: 200, triesMax: 3 };

type Execute = (job: PostedJob, input: (sha256: string) => Promise<Uint8Array>) => Promise<JobOutcome>;

/** Doubles the number that its task holds. */
const double: Execute = ({ task }) => Promise.resolve(doneWith(String(Number(task) * 2)));

function doneWith(text: string): JobOutcome {
  return { type: "done", bytes: Buffer.from(text) };
}

function jobOf(task: number, inputs: readonly JobInput[] = []): JobSpec {
  return { kind: "double", label: `number ${task}`, task: String(task), inputs, hint: "" };
}

function inputOf(text: string, parts: readonly JobInput[] = []): JobInput {
  const bytes = Buffer.from(text);
  return { sha256: sha256Of(bytes), read: () => bytes, parts };
}

describe.skipIf(!isThere)("jobs over a nats-server", () => {
  const folder = mkdtempSync(join(tmpdir(), "smcq-jobs-"));
  let server: NatsServer;
  let name = "";
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  });
  beforeEach(() => {
    name = `t${randomUUID().slice(0, 8)}`;
    return async () => {
      for (const end of ends.splice(0).toReversed()) await end();
    };
  });

  async function connect(): Promise<BusConnection> {
    const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
    const connection = await BusConnection.open({
      url: server.url,
      name,
      ...files,
      connectTimeoutMs: 5_000,
      client: "test",
      logger: silentLogger,
    });
    ends.push(() => connection.close());
    return connection;
  }

  async function openQueue(limits: Partial<JobLimits> = {}, version = VERSION): Promise<JobQueue> {
    const connection = await connect();
    const queue = await JobQueue.open({
      connection,
      version,
      clock,
      logger: silentLogger,
      limits: { ...FAST, ...limits },
    });
    ends.push(() => queue.close());
    return queue;
  }

  interface Started {
    readonly connection: BusConnection;
    readonly worker: JobWorker;
    readonly stop: () => Promise<void>;
  }

  async function startWorker(
    execute: Execute,
    { threads = 2, id = "w", limits = {} as Partial<JobLimits> } = {},
  ): Promise<Started> {
    const connection = await connect();
    const worker = await JobWorker.open({
      connection,
      version: VERSION,
      id,
      threads,
      folder: join(folder, name, id),
      clock,
      logger: silentLogger,
      execute: (job, files) => execute(job, (sha256) => files.bytes(sha256)),
      limits: { ...FAST, ...limits },
    });
    const stop = new AbortController();
    const done = worker.run({ stop: stop.signal, hurry: new AbortController().signal });
    const end = async (): Promise<void> => {
      stop.abort();
      await done;
    };
    ends.push(end);
    return { connection, worker, stop: end };
  }

  async function numbers(queue: JobQueue, count: number): Promise<string[]> {
    const results = await Promise.all(Array.from({ length: count }, (_, task) => queue.run(jobOf(task))));
    return results.map((bytes) => Buffer.from(bytes).toString());
  }

  const doubled = (count: number): string[] => Array.from({ length: count }, (_, task) => String(task * 2));

  it("are done by whoever has time, once; another run finds the results without a worker", async () => {
    const first = await startWorker(double, { id: "a" });
    const second = await startWorker(double, { id: "b" });
    const queue = await openQueue({ inFlightMax: 8 });
    expect(await numbers(queue, 40)).toEqual(doubled(40));
    await queue.verify();
    await Promise.all([first.stop(), second.stop()]);
    expect(first.worker.counts.done + second.worker.counts.done).toBe(40);
    expect(await numbers(await openQueue(), 40)).toEqual(doubled(40));
  });

  it("get their inputs by hash, those that inputs name among them, and again when they were damaged", async () => {
    const part = inputOf("part");
    const whole = inputOf(part.sha256, [part]);
    const join2: Execute = async (job, input) => {
      const named = Buffer.from(await input(job.inputs[0] as string)).toString();
      return doneWith(`${job.task}: ${Buffer.from(await input(named)).toString()}`);
    };
    await startWorker(join2);
    const queue = await openQueue();
    expect(Buffer.from(await queue.run(jobOf(1, [whole]))).toString()).toBe("1: part");
    const cache = join(folder, name, "w");
    expect(readdirSync(cache).toSorted()).toEqual([part.sha256, whole.sha256].toSorted());
    writeFileSync(join(cache, part.sha256), "other");
    expect(Buffer.from(await queue.run(jobOf(2, [whole]))).toString()).toBe("2: part");
    // Nobody keeps it any more: the command sends it again.
    rmSync(join(cache, part.sha256));
    const bucket = await new Objm(jetstream((await connect()).nats)).open(`${name}_inputs`);
    await bucket.delete(part.sha256);
    expect(Buffer.from(await queue.run(jobOf(3, [whole]))).toString()).toBe("3: part");
    expect(existsSync(join(cache, part.sha256))).toBe(true);
    // What is kept under its name are other bytes.
    rmSync(join(cache, part.sha256));
    const other = new Blob(["other"]).stream();
    await bucket.put({ name: part.sha256 }, other);
    expect(Buffer.from(await queue.run(jobOf(4, [whole]))).toString()).toBe("4: part");
  });

  it("are done beside bytes that are no job and no word", async () => {
    const { worker } = await startWorker(double);
    const queue = await openQueue();
    const { nats } = await connect();
    const stream = jetstream(nats);
    const given = ["null", "7", "{}", "no", JSON.stringify({ key: "k", run: "r", losses: 0, inputs: 7 })];
    for (const [index, text] of given.entries()) {
      await stream.publish(`${name}.job.todo.${VERSION.id}.r.k${index}`, text);
      for (const what of ["worker.here", "worker.job", "job.call"]) nats.publish(`${name}.${what}`, text);
    }
    await nats.flush();
    expect(await numbers(queue, 3)).toEqual(doubled(3));
    expect(worker.counts).toMatchObject({ done: 3, failed: 0, givenUp: 0 });
  });

  it("go to another worker when one dies in the middle", async () => {
    const taken = Promise.withResolvers<void>();
    const dead = await startWorker(
      () => {
        taken.resolve();
        return new Promise(() => {});
      },
      { threads: 1, id: "dead" },
    );
    const queue = await openQueue();
    const results = numbers(queue, 3);
    await taken.promise;
    // As a power cut would: nothing is handed back. Its run ends by itself once the connection is gone for good.
    ends.splice(ends.indexOf(dead.stop), 1);
    await dead.connection.nats.close();
    await startWorker(double, { id: "next" });
    expect(await results).toEqual(doubled(3));
  });

  it("are given up when every worker fails in them, and the others are done", async () => {
    const { worker } = await startWorker((job, input) =>
      job.task === "1" ? Promise.reject(new Error("out of memory")) : double(job, input),
    );
    const queue = await openQueue();
    const settled = await Promise.allSettled([0, 1, 2].map((task) => queue.run(jobOf(task))));
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const { reason } = settled[1] as PromiseRejectedResult;
    expect((reason as SmcqError).code).toBe("JOBS_GIVEN_UP");
    expect((reason as SmcqError).message).toBe(
      "number 1 is given up: 3 workers have taken it, and died or failed in it: out of memory",
    );
    expect(worker.counts).toMatchObject({ failed: 3, givenUp: 1 });
  });

  it("are refused with their own code, and tried anew by another run", async () => {
    let isRefusing = true;
    await startWorker((job, input) =>
      isRefusing
        ? Promise.resolve({ type: "refused", code: "KLINES_FORMAT", message: "line 3" })
        : double(job, input),
    );
    const queue = await openQueue();
    await expect(queue.run(jobOf(1))).rejects.toMatchObject({ code: "KLINES_FORMAT", message: "line 3" });
    isRefusing = false;
    expect(await numbers(await openQueue(), 2)).toEqual(doubled(2));
  });

  it("have one result: a command is told when workers do not agree, and then they are done anew", async () => {
    const first = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    // It says nothing while it works, so that its job is given to the other one.
    const silent = await startWorker(
      async () => {
        first.resolve();
        await goOn.promise;
        return doneWith("odd");
      },
      { id: "silent", threads: 1, limits: { beatMs: 3_600_000 } },
    );
    const queue = await openQueue();
    const result = queue.run(jobOf(4));
    await first.promise;
    await startWorker(double, { id: "sound" });
    expect(Buffer.from(await result).toString()).toBe("8");
    goOn.resolve();
    await silent.stop();
    await expect(queue.verify()).rejects.toMatchObject({
      code: "JOBS_UNEQUAL",
      message: expect.stringContaining("sound and silent") as string,
    });
    const again = await openQueue();
    expect(Buffer.from(await again.run(jobOf(4))).toString()).toBe("8");
    await again.verify();
  });

  it("of another version are left alone, and the command says so in the end", async () => {
    const { worker } = await startWorker(double);
    const queue = await openQueue({ noWorkerMsMax: 1, inFlightMax: 1 }, { id: "other", text: "2" });
    const first = queue.run(jobOf(1));
    const second = Promise.allSettled([queue.run(jobOf(2))]);
    await expect(first).rejects.toMatchObject({
      code: "JOBS_NO_WORKER",
      message: expect.stringMatching(
        /workers are there \(1\), of another engine version than this command's \(2\)\. Waiting: number 1$/,
      ) as string,
    });
    // What waited for its turn does not wait as long once more.
    expect(await second).toMatchObject([{ reason: { code: "JOBS_NO_WORKER" } }]);
    expect(worker.counts.done).toBe(0);
  });

  it("outlive a server that is killed and started again", async () => {
    let count = 0;
    const half = Promise.withResolvers<void>();
    const counting: Execute = (job, input) => {
      if (++count === 20) half.resolve();
      return double(job, input);
    };
    await startWorker(counting, { id: "a" });
    const queue = await openQueue({ inFlightMax: 64 });
    const results = numbers(queue, 60);
    await half.promise;
    await server.kill();
    await server.up();
    expect(await results).toEqual(doubled(60));
    await queue.verify();
  });

  it("wait no longer for servers that are away once their command ends", async () => {
    const queue = await openQueue({ lookMs: 50 });
    const result = queue.run(jobOf(1));
    const settled = Promise.allSettled([result]);
    await server.kill();
    await queue.close();
    expect(await settled).toMatchObject([{ reason: { code: "BUS_UNREACHABLE" } }]);
    await server.up();
  });

  it("too large for the servers are refused", async () => {
    const queue = await openQueue();
    const task = "x".repeat(262_145);
    expect(() => queue.run({ ...jobOf(1), task })).toThrow(SmcqError);
  });
});
