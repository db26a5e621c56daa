import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { runWorker } from "../../src/bus/worker/run-worker.ts";
import { main } from "../../src/cli.ts";
import { loadSettings } from "../../src/commands/settings.ts";
import { temporaryFolder } from "../support/account-bench.ts";
import { captureOutput } from "../support/capture-output.ts";

const FIXTURE = join(import.meta.dirname, "../../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");
const AXES = [
  { path: "risk.costRatioMax", values: [0.2, 0.37] },
  { path: "plan.targetRiskRatio", values: [1.5, 2] },
];
const clock = new SystemClock();

describe.skipIf(!hasNatsServer())("the work of a command by a worker", () => {
  let server: NatsServer;
  let folder = "";
  let klines = "";
  let output: ReturnType<typeof captureOutput>;
  const workerFolder = mkdtempSync(join(tmpdir(), "smcq-worker-"));
  let endWorker: () => Promise<boolean>;
  let metricsUrl = "";

  beforeAll(async () => {
    server = await NatsServer.start();
    const dataDir = workerFolder;
    const set = [`bus.url=${server.url}`, "metrics.port=0"];
    const { config } = loadSettings({ "data-dir": dataDir, set });
    const logger = {
      ...silentLogger,
      info: (fields: object) => {
        if ("url" in fields) metricsUrl = String(fields.url);
      },
    };
    const stop = new AbortController();
    const done = runWorker({
      config,
      threads: 2,
      clock,
      logger,
      stop: stop.signal,
      hurry: new AbortController().signal,
    });
    endWorker = async () => {
      stop.abort();
      return await done;
    };
  });
  afterAll(async () => {
    await endWorker();
    rmSync(workerFolder, { recursive: true });
    await server.stop();
  });
  beforeEach(() => {
    folder = temporaryFolder();
    klines = join(folder, "ALGOUSDT-1m-fixture.csv.gz");
    copyFileSync(FIXTURE, klines);
    writeFileSync(join(folder, "space.json"), JSON.stringify({ axes: AXES }));
    output = captureOutput();
    return () => vi.restoreAllMocks();
  });

  interface Ran {
    readonly printed: string;
    readonly files: Readonly<Record<string, string>>;
  }

  /** A command with a data folder of its own, in which the bars are stored; what it prints and writes, without its own names. */
  async function run(name: string, words: readonly string[], out: string | null): Promise<Ran> {
    const data = join(folder, name);
    mkdirSync(data);
    expect(await main(["data", "import", "--klines", klines, "--data-dir", data])).toBe(0);
    const before = output.printed().length;
    const outFolder = out === null ? [] : ["--out", join(data, out)];
    const code = await main([...words, "--data-dir", data, ...outFolder]);
    expect([output.said(), code]).toEqual([output.said(), 0]);
    const names = out === null ? [] : readdirSync(join(data, out)).toSorted();
    const files = names.map((file) => [file, readFileSync(join(data, out ?? "", file), "utf8")] as const);
    return {
      printed: output.printed().slice(before).replaceAll(data, ""),
      files: Object.fromEntries(files.map(([file, text]) => [file, text.replaceAll(data, "")])),
    };
  }

  async function both(words: readonly string[], out: string | null): Promise<Ran> {
    const here = await run("here", words, out);
    const there = await run("there", [...words, "--jobs", server.url], out);
    expect(there).toEqual(here);
    return here;
  }

  const stored = ["--symbols", "all"];
  const files = (): string[] => ["--klines", klines];

  it("comes to the same bytes in a sweep of stored bars", async () => {
    const space = join(folder, "space.json");
    const ran = await both(
      ["sweep", space, ...stored, "--scan-threads=1", "--fidelity=path", "--to=2026-02-02"],
      "out",
    );
    expect(Object.keys(ran.files)).toEqual(["results.jsonl", "sweep.csv", "sweep.html", "sweep.json"]);
    expect(ran.files["results.jsonl"]?.trim().split("\n")).toHaveLength(5);
  });

  it("comes to the same bytes in a backtest of files", async () => {
    const ran = await both(["backtest", ...files()], "out");
    expect(ran.files["trades.csv"]?.split("\n").length).toBe(3);
  });

  it("comes to the same words in a walkforward, of files and of stored bars", async () => {
    const ran = await both(["walkforward", ...stored], null);
    expect(ran.printed).toContain("51 judged");
    folder = temporaryFolder();
    const json = await both(["walkforward", ...files(), "--json"], null);
    expect((JSON.parse(json.printed) as { symbols: number }).symbols).toBe(1);
  });

  it("is refused in the command's own words", async () => {
    const bad = join(folder, "BADUSDT-1m-x.csv");
    writeFileSync(bad, `${readFileSync(join(folder, "space.json"), "utf8")}\n`);
    const lines = [
      "open_time,open,high,low,close,volume",
      "1769904000000,1,1,1,1,1",
      "1769904060000,1,1,1,x,1",
    ];
    writeFileSync(bad, `${lines.join("\n")}\n`);
    const words = ["backtest", "--klines", bad, "--data-dir", folder, "--instruments", instruments()];
    expect(await main([...words, "--out", join(folder, "a")])).toBe(4);
    const here = output.said();
    expect(await main([...words, "--out", join(folder, "b"), "--jobs", server.url])).toBe(4);
    expect(output.said()).toBe(here + here);
    expect(here).toContain(bad);
  });

  it("are counted where a scrape finds them", async () => {
    const text = await (await fetch(metricsUrl)).text();
    const value = (name: string): number =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(name))
          ?.split(" ")
          .at(-1),
      );
    expect(value('smcq_worker_jobs_total{outcome="done"}')).toBeGreaterThan(5);
    expect(value("smcq_worker_jobs ")).toBe(0);
    expect([
      value("smcq_worker_threads"),
      value("smcq_bus_connected"),
      value("smcq_bus_losses_total"),
    ]).toEqual([2, 1, 0]);
    const ready = await fetch(metricsUrl.replace("/metrics", "/readyz"));
    expect([ready.status, await ready.text()]).toEqual([200, "it takes jobs\n"]);
  });

  it("ends when the worker is told to, and leaves nothing but inputs", async () => {
    expect(await endWorker()).toBe(true);
    expect(readdirSync(join(workerFolder, "worker"))).toEqual(["inputs"]);
  });

  function instruments(): string {
    const file = join(folder, "rules.json");
    const rules = {
      tickSize: "0.01",
      stepSize: "0.1",
      minQty: "0.1",
      marketMaxQty: "1000",
      minNotional: "5",
    };
    writeFileSync(file, JSON.stringify({ BADUSDT: rules }));
    return file;
  }
});
