import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DashboardServer, type LiveFrame, readTokens } from "@smcq/dashboard";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { ledgerFile, RecordReader } from "@smcq/ledger";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ControlAnswers, ControlRequest } from "../../src/control/protocol.ts";
import { controlSocketPath } from "../../src/control/socket-path.ts";
import { equityCurve, POINTS_MAX } from "../../src/dashboard/equity-curve.ts";
import { RunSource } from "../../src/dashboard/run-source.ts";
import { GROUPINGS } from "../../src/offline/ledger/ask-pnl.ts";
import { LogTail } from "../../src/output/log-tail.ts";
import { ControlServer } from "../../src/run/control/control-server.ts";
import { modelView } from "../../src/run/control/make-model-view.ts";
import { HEURISTIC_MODELS } from "../../src/run/models/run-models.ts";
import { recorded, recordedLedger } from "../support/recorded-ledger.ts";
import { runCommand } from "../support/run-command.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);

const STATE: ControlAnswers["halt"] = {
  state: "HALTED",
  stateSinceMs: 7,
  reasons: [{ reason: "operator", sinceMs: 7 }],
  isHaltFile: false,
};

const STATUS: ControlAnswers["status"] = {
  modeName: "sim",
  runId: "run",
  nowMs: 9,
  uptimeMs: 5,
  isStopping: false,
  feed: { pairs: 2, ready: 1, warming: 1, shardsRunning: 1, shardsOff: 0 },
  rest: { requests: 3, failures: 1, weightUsed: 20, weightLimit: 2_400, bannedUntilMs: 0, silentMs: 0 },
  account: {
    ...STATE,
    orders: "binance-sim",
    wallet: "1.00000001",
    equity: "2.00000002",
    dayPnl: "-0.50000000",
    positions: 1,
    pendingEntries: 0,
    openOrders: 2,
    unknownOrders: 0,
    heatRatio: 0.01,
    heatRatioMax: 0.03,
    reconciledMs: 8,
  },
};

const POSITION: ControlAnswers["positions"]["positions"][number] = {
  symbol: "<b>币USDT",
  side: "short",
  qty: "1.5",
  entry: "2",
  mark: null,
  stop: "3",
  isStopConfirmed: false,
  target: null,
  r: null,
  ageMs: 4,
  guard: "naked",
  exitReason: null,
};

const SYSTEM: ControlAnswers["system"] = {
  nowMs: 9,
  shards: [],
  scan: { compute: "pool", threads: 2 },
  connections: [
    { kind: "account", open: 0, wanted: 1, sinceMs: null, reconnects: 3, words: "<script>1</script>" },
  ],
  bus: null,
  queues: [{ name: "log", unit: "bytes", waiting: 1, waitingMax: 2, lost: 3 }],
  duty: null,
  audit: { atMs: 8, parity: 0.5 },
  rest: { stepMs: 15_000, samples: [{ atMs: 1, weightUsed: 2, weightLimit: 2_400 }] },
};

/** The tail of an engine's log: what it wrote is written by the logger of the engine. */
const tail = new LogTail(77);

let dataDir: string;
let control: ControlServer | null;
let server: DashboardServer;
let heard: ControlRequest[];
let origin: string;
let tokens: ReturnType<typeof readTokens>;

beforeAll(async () => {
  dataDir = await recordedLedger([recorded(SEED)], mkdtempSync(join(tmpdir(), "smcq-dash-")));
  return () => rmSync(dataDir, { recursive: true, force: true });
});

/** An engine's control socket whose core is the test. */
async function openControl(): Promise<void> {
  heard = [];
  control = new ControlServer({
    path: controlSocketPath(dataDir),
    logger: silentLogger,
    obey: (request) => {
      heard.push(request);
      if (request.request === "status") return Promise.resolve(STATUS);
      if (request.request === "positions") return Promise.resolve({ positions: [POSITION] });
      if (request.request === "orders") return Promise.resolve({ orders: [] });
      if (request.request === "model") return Promise.resolve(modelView(HEURISTIC_MODELS, STATUS.nowMs));
      if (request.request === "system") return Promise.resolve(SYSTEM);
      if (request.request === "log") return Promise.resolve(tail.look(request));
      if (request.request === "metrics") return Promise.resolve({ metrics: [] });
      if (request.request === "halt" || request.request === "resume") return Promise.resolve(STATE);
      return Promise.resolve({ ...STATE, leaving: ["S1"] });
    },
  });
  await control.listen();
}

beforeEach(async () => {
  await openControl();
  const page = join(dataDir, "page");
  rmSync(page, { recursive: true, force: true });
  mkdirSync(page);
  writeFileSync(join(page, "index.html"), "<!doctype html>");
  tokens = readTokens(dataDir);
  const wallClock = new SystemClock();
  server = new DashboardServer({
    host: "127.0.0.1",
    port: 0,
    publicOrigin: null,
    pageFolder: page,
    tokens,
    source: new RunSource({ dataDir, wallClock, logger: silentLogger }),
    wallClock,
    logger: silentLogger,
  });
  const { port } = await server.listen();
  origin = `http://127.0.0.1:${port}`;
});

afterEach(async () => {
  await server.close();
  await control?.close();
});

interface Reply {
  readonly status: number;
  readonly text: string;
}

async function ask(path: string): Promise<Reply> {
  const response = await fetch(`${origin}/api/${path}`, {
    headers: { authorization: `Bearer ${tokens.look}` },
  });
  return { status: response.status, text: await response.text() };
}

async function say(body: Readonly<Record<string, string>>): Promise<Reply> {
  const headers = {
    authorization: `Bearer ${tokens.look}`,
    "x-smcq-control": tokens.control,
    "content-type": "application/json",
    origin,
  };
  const post = (path: string, value: object): Promise<Response> =>
    fetch(`${origin}/api/${path}`, { method: "POST", headers, body: JSON.stringify(value) });
  const { nonce } = (await (await post("nonce", {})).json()) as { readonly nonce: string };
  const response = await post("control", { ...body, nonce });
  return { status: response.status, text: await response.text() };
}

/** What a command prints as JSON. */
async function printed(...argv: readonly string[]): Promise<unknown> {
  const { text } = await runCommand(...argv, "--data-dir", dataDir, "--json");
  return JSON.parse(text) as unknown;
}

describe("the dashboard's numbers", () => {
  it("are those of the commands", async () => {
    const [decision] = ((await printed("decisions")) as { readonly decisions: readonly Row[] }).decisions;
    const minute = `${String(decision?.["time"]).slice(0, 16)}Z`;
    const symbol = String(decision?.["symbol"]);
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ["trades", ["trades"]],
      ["trades?limit=3&reason=stop", ["trades", "--limit", "3", "--reason", "stop"]],
      ["trades?symbol=s1&run=all", ["trades", "--symbol", "s1", "--run", "all"]],
      ["decisions?limit=1000", ["decisions", "--limit", "1000"]],
      ["decisions?outcome=APPROVED", ["decisions", "--outcome", "APPROVED"]],
      ["pnl", ["pnl"]],
      ...GROUPINGS.map((by) => [`pnl?by=${by}`, ["pnl", "--by", by]] as const),
      [`explain?symbol=${symbol}&time=${minute}`, ["explain", symbol, minute]],
    ];
    for (const [path, argv] of cases) {
      const { status, text } = await ask(path);
      expect([path, status, JSON.parse(text)]).toEqual([path, 200, await printed(...argv)]);
    }
    const csv = await ask("trades?format=csv&limit=100000");
    expect(csv.text).toBe((await runCommand("trades", "--data-dir", dataDir, "--csv")).text);
  });

  it("of the curve and the incidents are those of the tables", async () => {
    const db = new DatabaseSync(ledgerFile(dataDir), { readOnly: true });
    const minutes = db.prepare("SELECT close_ms AS ms, equity_e8 AS e8 FROM equity ORDER BY close_ms").all();
    const incidents = db.prepare("SELECT count(*) AS n FROM incidents").get();
    db.close();
    const curve = JSON.parse((await ask("equity")).text) as Record<string, readonly number[]>;
    expect(minutes.length).toBeGreaterThan(3);
    expect(curve["closeMs"]).toEqual(minutes.map(({ ms }) => ms));
    expect(curve["equity"]).toEqual(minutes.map(({ e8 }) => Number(e8) / 1e8));
    const reader = new RecordReader(ledgerFile(dataDir));
    const last = reader.lastIncidents(reader.run(null).runKey, 1_000);
    reader.close();
    expect(last.length).toBe(Number(incidents?.["n"]));
    expect(last.map(({ seq }) => seq)).toEqual(last.map(({ seq }) => seq).toSorted((a, b) => b - a));
  });

  it("of models are there, however few", async () => {
    expect(await ask("model-events")).toEqual({ status: 200, text: '{"events":[]}' });
  });

  it("that move are the engine's own, whatever a symbol is called", async () => {
    const frame = await firstFrame();
    expect(frame).toMatchObject({
      type: "snapshot",
      state: {
        engine: { isReachable: true, problem: null },
        status: STATUS,
        positions: { [POSITION.symbol]: POSITION },
      },
    });
  });

  it("are asked for once, however many look: the engine's socket has room for others", async () => {
    const paths = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? "metrics" : "orders"));
    const replies = await Promise.all(paths.map(ask));
    expect(replies.map(({ status }) => status)).toEqual(paths.map(() => 200));
    expect(heard.map(({ request }) => request).toSorted()).toEqual(["metrics", "orders"]);
  });

  it("of scores that came true are those of the trades", async () => {
    const { trades } = (await printed("trades", "--limit", "100000")) as { readonly trades: readonly Row[] };
    const scored = trades.filter(({ score }) => score !== null);
    const { counted, total, bins } = JSON.parse((await ask("reliability")).text) as {
      readonly counted: number;
      readonly total: number;
      readonly bins: readonly { lower: number; upper: number; count: number; wins: number }[];
    };
    expect([counted, total]).toEqual([scored.length, trades.length]);
    expect(scored.length).toBeGreaterThan(0);
    for (const { lower, upper, count, wins } of bins) {
      const own = scored.filter(
        ({ score }) => Number(score) >= lower && (Number(score) < upper || (upper === 1 && score === 1)),
      );
      expect([lower, count, wins]).toEqual([
        lower,
        own.length,
        own.filter(({ pnl }) => Number(pnl) > 0).length,
      ]);
    }
  });

  it("of the model are those of `smcq scorer`", async () => {
    expect(JSON.parse((await ask("model")).text)).toEqual(await printed("scorer"));
  });

  it("of the machine are those of `smcq system`", async () => {
    const { status, text } = await ask("system");
    expect([status, JSON.parse(text)]).toEqual([200, await printed("system")]);
    expect(JSON.parse(text)).toEqual(SYSTEM);
  });

  it("of the log are those of `smcq log`, and go on from the line that is known", async () => {
    for (const [at, level] of ["info", "warn", "debug", "error"].entries())
      tail.keep(
        JSON.stringify({ level, time: `2026-01-01T00:00:0${at}.000Z`, symbol: "<b>", msg: `said ${at}` }),
      );
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ["log", []],
      ["log?level=warn", ["--level", "warn"]],
      ["log?after=2&lines=1", ["--after", "2", "--lines", "1"]],
    ];
    for (const [path, argv] of cases) {
      const { status, text } = await ask(path);
      expect([path, status, JSON.parse(text)]).toEqual([path, 200, await printed("log", ...argv)]);
    }
    const { lines } = JSON.parse((await ask("log?level=warn")).text) as ControlAnswers["log"];
    expect(lines.map(({ seq, text, detail }) => [seq, text, detail])).toEqual([
      [2, "said 1", '{"symbol":"<b>"}'],
      [4, "said 3", '{"symbol":"<b>"}'],
    ]);
  });

  it("say that the engine is gone, and go on with the ledger", async () => {
    await control?.close();
    control = null;
    expect(await firstFrame()).toMatchObject({
      state: {
        engine: { isReachable: false, problem: expect.stringContaining("no engine runs"), heardMs: null },
        status: {},
      },
    });
    expect((await ask("metrics")).status).toBe(503);
    expect((await ask("trades")).status).toBe(200);
  });
});

describe("a question that is none", () => {
  it.each([
    ["nothing", 404],
    ["metrics?colour=red", 400],
    ["system?shard=0", 400],
    ["log?lines=0", 400],
    ["log?lines=501", 400],
    ["log?lines=1e2", 400],
    ["log?after=-1", 400],
    ["log?level=loud", 400],
    ["log?file=/etc/passwd", 400],
    ["trades?colour=red", 400],
    ["trades?limit=0", 400],
    ["trades?limit=1001", 400],
    ["trades?limit=many", 400],
    ["trades?reason=luck", 400],
    ["trades?since=yesterday", 400],
    ["trades?run=none", 404],
    ["pnl?by=moon", 400],
    ["explain?symbol=S1", 400],
    ["explain?time=2026-01-01T00:00Z", 400],
    ["explain?symbol=S1&time=2026-01-01", 400],
  ])("is refused: %s", async (path, wanted) => {
    const { status, text } = await ask(path);
    expect([status, Object.keys(JSON.parse(text) as object)]).toEqual([wanted, ["code", "message"]]);
  });
});

describe("a word from the dashboard", () => {
  it.each([
    [
      { word: "halt", confirm: "halt" },
      { request: "halt", by: "dashboard" },
    ],
    [
      { word: "resume", confirm: "resume" },
      { request: "resume", by: "dashboard" },
    ],
    [
      { word: "flatten", confirm: "flatten" },
      { request: "flatten", by: "dashboard" },
    ],
    [
      { word: "close", symbol: "S1", confirm: "S1" },
      { request: "close", symbol: "S1", by: "dashboard" },
    ],
  ])("goes to the engine with who has said it: %j", async (body, request) => {
    const { status } = await say(body);
    expect([status, heard]).toEqual([200, [request]]);
  });

  it("that no engine hears is said so", async () => {
    await control?.close();
    control = null;
    const { status, text } = await say({ word: "halt", confirm: "halt" });
    expect([status, text]).toEqual([503, expect.stringContaining("CONTROL_NO_ENGINE")]);
  });
});

describe("the curve", () => {
  it("of a long run is thinned, with its last minute and its deepest drawdown kept", () => {
    const minutes = Array.from({ length: 3 * POINTS_MAX + 1 }, (_, at) => ({
      closeMs: at,
      equityE8: at === 1_001 ? 50_00000000n : 100_00000000n,
    }));
    const curve = equityCurve(minutes, 100_00000000n);
    expect(curve.closeMs.length).toBeLessThanOrEqual(POINTS_MAX);
    expect([curve.closeMs.at(-1), curve.drawdownRatioMax, Math.max(...curve.drawdownRatio)]).toEqual([
      3 * POINTS_MAX,
      0.5,
      0.5,
    ]);
    expect(equityCurve([], 0n)).toEqual({ closeMs: [], equity: [], drawdownRatio: [], drawdownRatioMax: 0 });
  });
});

type Row = Readonly<Record<string, unknown>>;

/** What somebody who begins to look is told first. */
function firstFrame(): Promise<LiveFrame> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${origin.replace("http", "ws")}/api/live`, {
      protocols: ["smcq.live.1", `token.${tokens.look}`],
      headers: { origin },
    });
    socket.addEventListener("error", () => reject(new Error("refused")));
    socket.addEventListener("message", ({ data }) => {
      socket.close();
      resolve(JSON.parse(String(data)) as LiveFrame);
    });
  });
}
