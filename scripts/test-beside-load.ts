/**
 * Runs the suite several times beside two busy loops, one line a run: what passes here does not pass by luck, or by a
 * machine that happened to be quiet. What a run says goes to `var/test-beside-load/run-N.log`.
 *
 *     node scripts/test-beside-load.ts [runs] [flags and filters of vitest run]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";

const BUSY_LOOPS = 2;
const RUNS_DEFAULT = 5;
/** Ends with its channel: a parent that was killed leaves no loop behind. */
const BUSY = `process.on("disconnect", () => process.exit());
const turn = () => { for (const untilMs = Date.now() + 100; Date.now() < untilMs; ); setImmediate(turn); };
turn();`;

const root = join(import.meta.dirname, "..");
const logs = join(root, "var/test-beside-load");
const loops: ChildProcess[] = [];
let suite: ChildProcess | null = null;
let isStopped = false;

function endLoops(): void {
  for (const loop of loops.splice(0)) loop.kill("SIGKILL");
}

interface RunOutcome {
  readonly code: number;
  /** The line that closes a run: so many passed, failed, skipped. */
  readonly tally: string;
  readonly failures: readonly string[];
}

async function runSuite(run: number, args: readonly string[]): Promise<RunOutcome> {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(process.execPath, [vitest, "run", ...args], { cwd: root, env, stdio: "pipe" });
  suite = child;
  const log = createWriteStream(join(logs, `run-${run}.log`));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const failures = new Set<string>();
  let tally = "no tally";
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => {
      if (/^ *FAIL /.test(line)) failures.add(line.trim());
      if (/^\d+ passed, \d+ failed, \d+ skipped$/.test(line)) tally = line;
    });
  const [code] = (await once(child, "close")) as [number | null];
  log.end();
  return { code: code ?? 1, tally, failures: [...failures] };
}

async function main(): Promise<void> {
  const [first, ...rest] = process.argv.slice(2);
  const hasRuns = first !== undefined && /^[1-9]\d*$/.test(first);
  const runs = hasRuns ? Number(first) : RUNS_DEFAULT;
  const args = hasRuns || first === undefined ? rest : [first, ...rest];
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      isStopped = true;
      endLoops();
      suite?.kill(signal);
    });
  process.on("exit", endLoops);
  for (let count = 0; count < BUSY_LOOPS; count++)
    loops.push(spawn(process.execPath, ["-e", BUSY], { stdio: ["ignore", "ignore", "inherit", "ipc"] }));
  mkdirSync(logs, { recursive: true });
  let failed = 0;
  for (let run = 1; run <= runs && !isStopped; run++) {
    const startMs = performance.now();
    const { code, tally, failures } = await runSuite(run, args);
    const seconds = Math.round((performance.now() - startMs) / 1_000);
    if (code !== 0) failed++;
    console.log(`run ${run} of ${runs}: ${code === 0 ? "ok" : "FAILED"}, ${seconds} s, ${tally}`);
    for (const failure of failures) console.log(`  ${failure}`);
  }
  endLoops();
  process.exitCode = failed > 0 || isStopped ? 1 : 0;
}

await main();
