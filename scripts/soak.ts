/**
 * Runs the engine for a while against the simulated venue and watches whether anything grows or drifts:
 *
 *   node scripts/soak.ts [--minutes 30] [--speed 60] [--shards 8] [--model FILE|heuristic]
 *
 * Prints one line a minute, then a JSON report: memory slope of each process, bars closed of expected, lost signals.
 * Exit code 1 when a bar or a signal is missing. Build first (`pnpm run build`).
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    speed: { type: "string", default: "60" },
    shards: { type: "string", default: "8" },
    model: { type: "string", default: "heuristic" },
  },
});
const MAIN = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url));
const SAMPLE_MS = 5_000;
/** Memory of the first minutes is warm-up: heaps find their size. */
const WARM_SAMPLES = 60;

interface Sample {
  readonly atMs: number;
  readonly rssBytes: number;
}

interface MinuteLine {
  readonly msg: string;
  readonly barsClosed?: number;
  readonly barsExpected?: number;
  readonly minutes?: number;
  readonly candidates?: number;
  readonly reconnects?: number;
  readonly resets?: number;
  readonly closeToScoredP99Ms?: number;
  readonly signals?: number;
  readonly stored?: number;
  readonly signalsLost?: number;
}

/** Resident memory of a process and where it stands in the family, from /proc. */
function processes(): { pid: number; parent: number; command: string; rssBytes: number }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const command = readFileSync(`/proc/${name}/cmdline`, "latin1").replaceAll("\0", " ");
        return [
          { pid: Number(name), parent: Number(fields[1]), command, rssBytes: Number(fields[21]) * 4_096 },
        ];
      } catch {
        // It ended between two looks.
        return [];
      }
    });
}

/** Least-squares slope of memory over time, MB an hour. */
function slopeMbPerHour(samples: readonly Sample[]): number {
  const tail = samples.slice(Math.min(WARM_SAMPLES, Math.floor(samples.length / 3)));
  const count = tail.length;
  if (count < 3) return 0;
  const meanX = tail.reduce((sum, { atMs }) => sum + atMs, 0) / count;
  const meanY = tail.reduce((sum, { rssBytes }) => sum + rssBytes, 0) / count;
  let xy = 0;
  let xx = 0;
  for (const { atMs, rssBytes } of tail) {
    xy += (atMs - meanX) * (rssBytes - meanY);
    xx += (atMs - meanX) ** 2;
  }
  return ((xy / xx) * 3_600_000) / 1_048_576;
}

const folder = mkdtempSync(join(tmpdir(), "smcq-soak-"));
const { shards, speed, minutes, model } = values;
const args = ["engine", "--shards", shards, "--speed", speed, "--model", model, "--for", `${minutes}m`];
const child = spawn(process.execPath, [MAIN, ...args, "--data-dir", folder, "--log-format", "json"], {
  stdio: ["ignore", "pipe", "inherit"],
});
const startedMs = Date.now();
const memory = { engine: [] as Sample[], venue: [] as Sample[], supervisor: [] as Sample[] };
const sampler = setInterval(() => {
  const atMs = Date.now() - startedMs;
  for (const { pid, parent, command, rssBytes } of processes()) {
    if (pid === child.pid) memory.supervisor.push({ atMs, rssBytes });
    if (parent !== child.pid) continue;
    if (command.includes("engine-process")) memory.engine.push({ atMs, rssBytes });
    else memory.venue.push({ atMs, rssBytes });
  }
}, SAMPLE_MS);

const sum = {
  minutes: 0,
  barsClosed: 0,
  barsExpected: 0,
  candidates: 0,
  reconnects: 0,
  resets: 0,
  stored: 0,
  lost: 0,
};
let rest = "";
let lines = 0;
child.stdout.on("data", (chunk: Buffer) => {
  rest += chunk.toString();
  const whole = rest.split("\n");
  rest = whole.pop() ?? "";
  for (const text of whole) {
    if (!text.startsWith("{")) continue;
    const line = JSON.parse(text) as MinuteLine;
    if (line.stored !== undefined) {
      sum.stored = line.stored;
      sum.lost = line.signalsLost ?? 0;
    }
    if (line.msg !== "minute") continue;
    sum.minutes += line.minutes ?? 0;
    sum.barsClosed += line.barsClosed ?? 0;
    sum.barsExpected += line.barsExpected ?? 0;
    sum.candidates += line.candidates ?? 0;
    sum.reconnects += line.reconnects ?? 0;
    sum.resets += line.resets ?? 0;
    if (lines++ % 30 === 0) {
      const rssMb = (memory.engine.at(-1)?.rssBytes ?? 0) / 1_048_576;
      console.log(
        `${sum.minutes} venue minutes, bars ${sum.barsClosed}/${sum.barsExpected}, candidates ${sum.candidates}, engine RSS ${rssMb.toFixed(0)} MB`,
      );
    }
  }
});
const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
clearInterval(sampler);
rmSync(folder, { recursive: true, force: true });
const rss = Object.fromEntries(
  Object.entries(memory).map(([name, samples]) => [
    name,
    {
      mbMax: Math.round(Math.max(0, ...samples.map(({ rssBytes }) => rssBytes)) / 1_048_576),
      mbLast: Math.round((samples.at(-1)?.rssBytes ?? 0) / 1_048_576),
      mbPerHour: Math.round(slopeMbPerHour(samples) * 10) / 10,
    },
  ]),
);
console.log(
  JSON.stringify(
    { speed: Number(values.speed), wallMinutes: Number(values.minutes), exitCode, ...sum, rss },
    null,
    2,
  ),
);
process.exitCode = exitCode === 0 && sum.barsClosed === sum.barsExpected && sum.lost === 0 ? 0 : 1;
