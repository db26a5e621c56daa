import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { MarketData } from "@smcq/exchange-sim";
import { HistoryStore } from "@smcq/history";
import { BAR_FIELDS, MINUTE_MS, type Month, monthStartMs, SystemClock } from "@smcq/kernel";
import type { Calibration } from "./lib/calibration.ts";
import type { BenchOptions } from "./lib/options.ts";
import { comparePaired } from "./lib/paired.ts";
import type { PartRecorder } from "./lib/results.ts";

const ENTRY = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url));
const clock = new SystemClock();
const MONTH = "2025-01" as Month;
const SIZES = {
  quick: { symbols: 8, bars: 20_000, values: 4 },
  full: { symbols: 24, bars: 44_640, values: 10 },
};

/** A sweep by this process's threads, and by as many threads of workers over nats-server, as users start them. */
export async function runJobs(
  options: BenchOptions,
  calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const { symbols, bars, values } = options.isQuick ? SIZES.quick : SIZES.full;
  const folder = mkdtempSync(join(tmpdir(), "smcq-bench-jobs-"));
  const server = await startServer(folder);
  try {
    const bench = new JobsBench(folder, server.url);
    bench.fill({ symbols, bars, values });
    const cores = availableParallelism();
    const comparison = await comparePaired({
      id: "jobs",
      title: `smcq sweep: ${symbols} symbols, ${bars} bars each, ${2 * values} settings, ${cores} cores`,
      unit: "s",
      rounds: options.isQuick ? 2 : 5,
      calibration,
      hasSameAgainstSame: !options.isQuick,
      contenders: [
        { name: `${cores} threads of the command`, measure: () => bench.local(cores) },
        { name: `--jobs, 1 worker of ${cores} threads`, measure: () => bench.byWorkers(1, cores) },
        { name: `--jobs, ${cores} workers of 1 thread`, measure: () => bench.byWorkers(cores, 1) },
        { name: "1 thread of the command", measure: () => bench.local(1) },
        { name: "--jobs, 1 worker of 1 thread", measure: () => bench.byWorkers(1, 1) },
      ],
    });
    recorder.compare(comparison);
    const { differing } = bench;
    recorder.check({
      id: "jobs-bytes",
      title: "Workers come to the bytes of the command",
      isHeld: differing === 0,
      detail: `${differing} sweeps differ`,
    });
  } finally {
    server.child.kill("SIGTERM");
    await once(server.child, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** nats-server on a port of the system's choice, with JetStream in the folder. */
async function startServer(folder: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const config = join(folder, "nats.conf");
  writeFileSync(config, `listen: "127.0.0.1:-1"\njetstream { store_dir: ${JSON.stringify(folder)} }\n`);
  const child = spawn("nats-server", ["-c", config], { stdio: ["ignore", "ignore", "pipe"] });
  let port = "";
  for await (const line of createInterface({ input: child.stderr })) {
    port = /client connections on 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? port;
    if (line.includes("Server is ready")) break;
  }
  child.stderr.resume();
  return { child, url: `nats://127.0.0.1:${port}` };
}

class JobsBench {
  readonly #folder: string;
  readonly #url: string;
  #runs = 0;
  #report: string | null = null;
  /** Sweeps with another report than the first one. */
  differing = 0;

  constructor(folder: string, url: string) {
    this.#folder = folder;
    this.#url = url;
  }

  fill({ symbols, bars, values }: (typeof SIZES)["full"]): void {
    const store = new HistoryStore(join(this.#folder, "data", "history"));
    const market = new MarketData({ symbols });
    for (const one of market.symbols.slice(0, symbols)) {
      const flat = market.flatBars(one, 0, market.minuteCount - 1);
      const rows = new Float64Array(bars * BAR_FIELDS);
      for (let at = 0; at < rows.length; at += flat.length) rows.set(flat.subarray(0, rows.length - at), at);
      for (let bar = 0; bar < bars; bar++) rows[bar * BAR_FIELDS] = monthStartMs(MONTH) + bar * MINUTE_MS;
      store.write({
        kind: "bars",
        symbol: one.symbol,
        month: MONTH,
        sources: [],
        isWhole: true,
        isFilled: false,
        rows,
      });
    }
    const axes = [
      { path: "plan.targetRiskRatio", values: [1.5, 2] },
      { path: "risk.costRatioMax", values: Array.from({ length: values }, (_, k) => 0.2 + k / 100) },
    ];
    writeFileSync(join(this.#folder, "space.json"), JSON.stringify({ axes }));
  }

  async local(threads: number): Promise<number> {
    return await this.#sweep([`--scan-threads=${threads}`]);
  }

  /** Names of its own, so that no result is there already. */
  async byWorkers(count: number, threads: number): Promise<number> {
    const name = `bench${this.#runs}`;
    const set = ["--set", `bus.name=${name}`];
    const workers: ChildProcess[] = [];
    for (let k = 0; k < count; k++) {
      const data = join(this.#folder, `${name}-${k}`);
      const words = ["worker", "--bus", this.#url, `--threads=${threads}`, "--data-dir", data, ...set];
      workers.push(await startWorker(words));
    }
    const seconds = await this.#sweep(["--jobs", this.#url, ...set]);
    for (const worker of workers) {
      worker.kill("SIGTERM");
      await once(worker, "close");
    }
    return seconds;
  }

  async #sweep(more: readonly string[]): Promise<number> {
    const out = join(this.#folder, `out-${this.#runs++}`);
    const data = join(this.#folder, "data");
    const words = ["sweep", join(this.#folder, "space.json"), "--symbols", "all", "--no-cache"];
    rmSync(join(data, "research.db"), { force: true });
    const startNs = clock.monoNs();
    const child = spawn(process.execPath, [ENTRY, ...words, "--data-dir", data, "--out", out, ...more], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [code] = (await once(child, "close")) as [number | null];
    const seconds = (clock.monoNs() - startNs) / 1e9;
    if (code !== 0) throw new Error(`smcq sweep ended with ${code}`);
    const report = readFileSync(join(out, "sweep.json"), "utf8");
    this.#report ??= report;
    if (report !== this.#report) this.differing++;
    return seconds;
  }
}

async function startWorker(words: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [ENTRY, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout }))
    if (line.includes("worker is ready")) break;
  child.stdout.resume();
  return child;
}
