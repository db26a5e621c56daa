/**
 * Runs the engine for a while against the simulated venue and watches whether anything grows or drifts:
 *
 *   node scripts/soak.ts [--minutes 30] [--speed 60] [--shards 8] [--symbols 297] [--model FILE|heuristic] [--faults PLAN]
 *
 * Prints one line a minute, then a JSON report: memory of each process (resident and its slope; proportional, that is with
 * shared pages by their share), bars closed of expected, lost signals, and
 * what trading came to: every line of the venue's account book against the ledger's, requests that the venue cannot explain,
 * the most weight used. Exit code 1 when a bar (without faults) or a signal is missing, a cent differs, the ledger does not
 * prove itself, or a request is unexplained. Build first (`pnpm run build`).
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    speed: { type: "string", default: "60" },
    shards: { type: "string", default: "8" },
    symbols: { type: "string", default: "297" },
    model: { type: "string", default: "heuristic" },
    faults: { type: "string", default: "" },
  },
});
const MAIN = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url));
const SAMPLE_MS = 5_000;
/** A line of the account book that is younger than this when the engine ends may not have been told, venue ms. */
const UNHEARD_MS = 180_000;
/** Memory of the first minutes is warm-up: heaps find their size. */
const WARM_SAMPLES = 60;

interface Sample {
  readonly atMs: number;
  readonly rssBytes: number;
  /** Proportional set size. */
  readonly pssBytes: number;
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

/** Its proportional set size; 0 when it has just ended. */
function pssOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
    return Number(/^Pss: +(\d+) kB$/mu.exec(text)?.[1] ?? 0) * 1_024;
  } catch {
    // It ended between two looks.
    return 0;
  }
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

/** What the venue has booked and counted, as it tells when the engine ends. */
interface VenueEnd {
  readonly account: {
    readonly wallet: string;
    readonly income: readonly {
      readonly type: string;
      readonly incomeId: string;
      readonly tradeId: string | null;
      readonly symbol: string | null;
      readonly amount: string;
      readonly timeMs: number;
    }[];
  };
  readonly stats: {
    readonly requests: number;
    readonly unexpected: number;
    readonly unexpectedSamples: readonly string[];
    readonly usedWeightMax: number;
    readonly weightLimit: number;
    readonly faults: Readonly<Record<string, number>>;
  };
}

async function askVenue(venuePort: number): Promise<VenueEnd> {
  const ask = async (path: string): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${venuePort}/sim/${path}`)).json();
  const [account, stats] = await Promise.all([ask("account"), ask("stats")]);
  return { account, stats } as VenueEnd;
}

/** Holds the venue's account book against the ledger: what the engine was told of, line by line. */
function tradingOf({ account, stats }: VenueEnd, dataDir: string) {
  const db = new DatabaseSync(join(dataDir, "ledger.db"), { readOnly: true });
  const read = (sql: string): Map<string, bigint> => {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return new Map(statement.all().map((row) => [String(row["id"]), row["e8"] as bigint]));
  };
  const fills = `FROM fills f JOIN instruments i USING (run_key, symbol_id)`;
  const ours = {
    realised: read(`SELECT i.symbol || ' ' || f.trade_id AS id, f.realised_e8 AS e8 ${fills}`),
    commission: read(`SELECT i.symbol || ' ' || f.trade_id AS id, -f.fee_e8 AS e8 ${fills}`),
    // The adapter puts the kind of a payment before the venue's number.
    other: read("SELECT substr(income_id, instr(income_id, '-') + 1) AS id, amount_e8 AS e8 FROM income"),
  };
  const { last } = db.prepare("SELECT max(now_ms) AS last FROM journal").get() as { readonly last: number };
  db.close();
  const isTrade = (type: string): type is "realised" | "commission" => type in ours && type !== "other";
  const of = (row: VenueEnd["account"]["income"][number]): bigint | undefined =>
    isTrade(row.type)
      ? ours[row.type].get(`${row.symbol ?? ""} ${row.tradeId ?? ""}`)
      : ours.other.get(row.incomeId);
  const told = account.income.filter((row) => of(row) !== undefined);
  const differing = told.filter((row) => of(row) !== e8Of(row.amount));
  // What the venue booked in its last moments the engine may not have heard before it ended.
  const unheard = account.income.filter((row) => of(row) === undefined && row.timeMs < last - UNHEARD_MS);
  const proofs = ["verify", "rebuild", "replay"].map(
    (what) => spawnSync(process.execPath, [MAIN, "ledger", what, "--data-dir", dataDir]).status,
  );
  return {
    wallet: account.wallet,
    lines: account.income.length,
    told: told.length,
    fills: ours.realised.size,
    differing: differing.length + unheard.length,
    samples: [...differing, ...unheard].slice(0, 5),
    isProven: proofs.every((status) => status === 0),
    unexpected: stats.unexpected,
    unexpectedSamples: stats.unexpectedSamples,
    requests: stats.requests,
    weightShareMax: stats.usedWeightMax / stats.weightLimit,
    faults: stats.faults,
  };
}

/** Of a decimal with eight places. */
function e8Of(text: string): bigint {
  return BigInt(text.replace(".", ""));
}

/** A port that is free now: the venue is to be asked on it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return typeof address === "object" && address !== null ? address.port : 0;
}

const folder = mkdtempSync(join(tmpdir(), "smcq-soak-"));
const { shards, speed, minutes, model, faults, symbols } = values;
const port = await freePort();
const args = ["engine", "--shards", shards, "--speed", speed, "--model", model, "--for", `${minutes}m`];
// Beside another run the dashboard's usual port is taken.
args.push("--dashboard-port", "0");
const child = spawn(process.execPath, [MAIN, ...args, "--data-dir", folder, "--log-format", "json"], {
  stdio: ["ignore", "pipe", "inherit"],
  env: {
    ...process.env,
    SMCQ_SIM__PORT: String(port),
    SMCQ_SIM__FAULTS: faults,
    SMCQ_SIM__SYMBOLS: symbols,
  },
});
const startedMs = Date.now();
const memory = {
  engine: [] as Sample[],
  venue: [] as Sample[],
  dashboard: [] as Sample[],
  supervisor: [] as Sample[],
};
const sampler = setInterval(() => {
  const atMs = Date.now() - startedMs;
  for (const { pid, parent, command, rssBytes } of processes()) {
    if (pid !== child.pid && parent !== child.pid) continue;
    const sample = { atMs, rssBytes, pssBytes: pssOf(pid) };
    if (pid === child.pid) memory.supervisor.push(sample);
    else if (command.includes("engine-process")) memory.engine.push(sample);
    else if (command.includes("dashboard-process")) memory.dashboard.push(sample);
    else memory.venue.push(sample);
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
const venueEnds: Promise<VenueEnd>[] = [];
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
    // The venue ends with the engine: its account is asked for before.
    if (line.msg === "stopping") venueEnds.push(askVenue(port));
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
const [venueEnd] = await Promise.all(venueEnds);
const trading = venueEnd === undefined ? null : tradingOf(venueEnd, folder);
rmSync(folder, { recursive: true, force: true });
const wholeMb = (bytes: number): number => Math.round(bytes / 1_048_576);
const found = Object.fromEntries(
  Object.entries(memory).map(([name, samples]) => [
    name,
    {
      mbMax: wholeMb(Math.max(0, ...samples.map(({ rssBytes }) => rssBytes))),
      mbLast: wholeMb(samples.at(-1)?.rssBytes ?? 0),
      pssMbMax: wholeMb(Math.max(0, ...samples.map(({ pssBytes }) => pssBytes))),
      pssMbLast: wholeMb(samples.at(-1)?.pssBytes ?? 0),
      mbPerHour: Math.round(slopeMbPerHour(samples) * 10) / 10,
    },
  ]),
);
console.log(
  JSON.stringify(
    {
      speed: Number(values.speed),
      wallMinutes: Number(values.minutes),
      exitCode,
      ...sum,
      memory: found,
      trading,
    },
    null,
    2,
  ),
);
const areBarsWhole = faults !== "" || sum.barsClosed === sum.barsExpected;
const isTradingRight = trading?.isProven === true && trading.differing === 0 && trading.unexpected === 0;
process.exitCode = exitCode === 0 && areBarsWhole && sum.lost === 0 && isTradingRight ? 0 : 1;
