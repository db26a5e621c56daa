import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SystemClock } from "@smcq/kernel";
import { WebSocket } from "ws";
import type { Calibration } from "./lib/calibration.ts";
import type { BenchOptions } from "./lib/options.ts";
import { comparisonOf } from "./lib/paired.ts";
import type { PartRecorder } from "./lib/results.ts";
import { median } from "./lib/statistics.ts";

const clock = new SystemClock();
const ENTRY = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url));
const READY_MS_MAX = 60_000;
/** Guests of each kind; twenty in all. */
const KINDS: readonly (readonly [kind: Guest, count: number])[] = [
  ["wrong-token", 6],
  ["deaf", 5],
  ["large", 3],
  ["asking", 3],
  ["silent-socket", 3],
];
/** Between two deeds of one guest, wall ms. */
const DEED_MS = 20;
const LARGE_BYTES = 1_048_576;

/** `wrong-token`: guesses; `deaf`: a live connection that is never read; `large`: bodies and frames beyond the limits; `asking`:
 *  long answers with the right token; `silent-socket`: the control socket, asked and not read. */
type Guest = "wrong-token" | "deaf" | "large" | "asking" | "silent-socket";

interface Target {
  readonly origin: string;
  readonly token: string;
  readonly dataDir: string;
}

interface MinuteLine {
  readonly msg?: string;
  readonly link?: string;
  readonly closeToScoredP50Ms?: number;
  readonly closeToScoredP99Ms?: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

/** The engine with its dashboard, as a user starts it, and the minutes that it has told. */
class Host {
  readonly minutes: MinuteLine[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "smcq-guests-"));
  readonly #child: ChildProcess;
  readonly #served: Promise<string>;

  constructor() {
    const flags = ["--shards", "2", "--speed", "30", "--dashboard-port", "0", "--log-format", "json"];
    this.#child = spawn(process.execPath, [ENTRY, "engine", ...flags, "--data-dir", this.#folder], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#served = new Promise((resolve, reject) => {
      if (this.#child.stdout === null) return;
      createInterface(this.#child.stdout).on("line", (text) => {
        const line = JSON.parse(text.startsWith("{") ? text : "{}") as MinuteLine;
        if (line.msg === "dashboard is served") resolve(line.link ?? "");
        if (line.msg === "minute") this.minutes.push(line);
      });
      this.#child.once("exit", () => reject(new Error("the engine has ended")));
      clock.after(READY_MS_MAX, () => reject(new Error("the dashboard is not served")), { unref: true });
    });
  }

  async target(): Promise<Target> {
    const { origin } = new URL(await this.#served);
    const token = readFileSync(join(this.#folder, "dashboard.token"), "utf8").trim();
    return { origin, token, dataDir: this.#folder };
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    if (this.#child.exitCode === null) await gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Does what guests of its kind do until it is told to stop; whatever it meets is its own trouble. */
async function visit(kind: Guest, { origin, token, dataDir }: Target, signal: AbortSignal): Promise<void> {
  const ask = async (path: string, bearer: string, body?: Uint8Array): Promise<void> => {
    const method = body === undefined ? "GET" : "POST";
    const headers = { authorization: `Bearer ${bearer}`, origin };
    const reply = await fetch(`${origin}${path}`, { method, headers, signal, ...(body && { body }) });
    await reply.arrayBuffer();
  };
  const held: (WebSocket | ReturnType<typeof createConnection>)[] = [];
  while (!signal.aborted) {
    try {
      if (kind === "wrong-token") await ask("/api/trades", Math.random().toString(36));
      else if (kind === "asking") await ask(`/api/decisions?limit=1000&symbol=&since=&until=`, token);
      else if (kind === "large") await ask("/api/control", token, new Uint8Array(LARGE_BYTES));
      else if (held.length === 0) held.push(kind === "deaf" ? deaf(origin, token) : silent(dataDir));
      if (kind === "silent-socket")
        (held[0] as ReturnType<typeof createConnection>).write('{"request":"metrics"}\n');
    } catch {
      // It was refused, cut off, or is to stop.
    }
    await pause(DEED_MS);
  }
  for (const one of held)
    if (one instanceof WebSocket) one.terminate();
    else one.destroy();
}

function deaf(origin: string, token: string): WebSocket {
  const socket = new WebSocket(
    `${origin.replace("http", "ws")}/api/live`,
    ["smcq.live.1", `token.${token}`],
    { origin },
  );
  socket.on("open", () => socket.pause());
  socket.on("error", () => {});
  return socket;
}

function silent(dataDir: string): ReturnType<typeof createConnection> {
  const socket = createConnection(join(dataDir, "control.sock"));
  socket.on("error", () => {});
  socket.pause();
  return socket;
}

/** Medians over the minutes of `ms` wall ms, with all guests there or none. */
async function phase(
  host: Host,
  target: Target,
  ms: number,
  isVisited: boolean,
): Promise<{ p50: number; p99: number }> {
  const stop = new AbortController();
  const guests = isVisited
    ? KINDS.flatMap(([kind, count]) => Array.from({ length: count }, () => visit(kind, target, stop.signal)))
    : [];
  // The minute that was begun without them belongs to nobody.
  await pause(ms / 10);
  const from = host.minutes.length;
  await pause(ms);
  const told = host.minutes.slice(from);
  stop.abort();
  await Promise.all(guests);
  const of = (name: "closeToScoredP50Ms" | "closeToScoredP99Ms"): number =>
    median(told.map((line) => line[name] ?? Number.NaN).filter(Number.isFinite));
  return { p50: of("closeToScoredP50Ms"), p99: of("closeToScoredP99Ms") };
}

/** Close to scored with twenty hostile guests at the dashboard and the control socket, and without, in turns. */
export async function runGuests(
  options: BenchOptions,
  _calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const ms = options.isQuick ? 10_000 : 20_000;
  const host = new Host();
  const rounds: {
    alone: { p50: number; p99: number };
    again: { p50: number; p99: number };
    visited: { p50: number; p99: number };
  }[] = [];
  try {
    const target = await host.target();
    await phase(host, target, ms, false);
    for (let round = 0; round < options.rounds; round++) {
      const alone = await phase(host, target, ms, false);
      const visited = await phase(host, target, ms, true);
      rounds.push({ alone, visited, again: await phase(host, target, ms, false) });
    }
  } finally {
    await host.close();
  }
  for (const quantile of ["p50", "p99"] as const)
    recorder.compare(
      comparisonOf({
        id: `guests-${quantile}`,
        title: `Guests: close to scored, ${quantile} a minute (median of minutes), 297 symbols, 2 shards, speed 30`,
        unit: "ms",
        sameAgainstSame: median(rounds.map(({ alone, again }) => again[quantile] / alone[quantile])),
        costs: [
          { name: "nobody", rounds: rounds.map(({ alone }) => alone[quantile]) },
          { name: "20 hostile guests", rounds: rounds.map(({ visited }) => visited[quantile]) },
        ],
      }),
    );
}
