import { createHmac } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { forkBinanceSim, type SimChild } from "@smcq/binance-sim";
import { madeBy, roleOf } from "@smcq/engine";
import { present, repeat, SystemClock } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import { NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { SmcqRun } from "../processes/engine-run.ts";
import { newSimulatedKey, type SimulatedKey } from "../../src/modes/engine-payload.ts";
import { venueBook } from "./book-differences.ts";
import { SignalTeller } from "./signal-teller.ts";
import { Way } from "./two-hosts.ts";

const SYMBOLS = 64;
const PARTS = 4;
const SAMPLE_MS = 50;
const CLOCK = new URL("set-clock.mjs", import.meta.url).href;
const PLAN = fileURLToPath(new URL("../../../../plans/m1-scalp.json", import.meta.url));
const ENGINE =
  "engine --mode demo --role executor --model heuristic --shards 1 --scan-threads 1 --log-format json".split(
    " ",
  );
const SETS = [
  `universe.maxSymbols=${SYMBOLS}`,
  `bus.parts=${PARTS}`,
  "risk.allowUnproven=true",
  "bus.venueLostMs=12000",
  // Many small positions, and nobody who loses is kept from entering.
  "risk.unprovenRiskRatioMax=0.0003",
  "risk.entriesPerMinuteMax=100",
  "risk.costRatioMax=0.5",
  "risk.symbolLockMs=0",
  "risk.streakStops=100",
  "risk.dayLossStopRatio=0.1",
  "risk.dayLossFlattenRatio=0.15",
  "risk.drawdownFactorMin=0",
];
const wall = new SystemClock();

interface OrderRow {
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly time: number;
}

/** Mono ms. */
interface BareSpan {
  readonly fromMs: number;
  toMs: number;
}

/** What was ordered, as the venue's books have it. */
export interface Ordered {
  /** Entries. */
  readonly count: number;
  /** Entries that no signal of their own stands behind. */
  readonly doubled: readonly string[];
  /** Entries of an older epoch behind those of a newer one; exits and stops go by the id of what they are for. */
  readonly late: readonly string[];
}

/** One host: an engine's processes as a person starts them, whose ways to the bus and to the venue go over loopback ways of ours. */
export class TradingHost {
  readonly name: string;
  readonly dataDir: string;
  readonly nats: Way;
  readonly venue: Way;
  readonly #key: SimulatedKey;
  readonly #isReplicated: boolean;
  readonly #plan: string;
  readonly #clockFile: string;
  #clockMs = 0;
  #said = "";
  run: SmcqRun;

  constructor(
    given: { readonly name: string; readonly folder: string; readonly plan: string },
    ways: { readonly nats: Way; readonly venue: Way },
    { key, isReplicated }: { readonly key: SimulatedKey; readonly isReplicated: boolean },
  ) {
    this.name = given.name;
    this.dataDir = join(given.folder, given.name);
    this.#plan = given.plan;
    this.nats = ways.nats;
    this.venue = ways.venue;
    this.#key = key;
    this.#isReplicated = isReplicated;
    this.#clockFile = join(given.folder, `${given.name}.clock`);
    this.stepClock(0);
    this.run = this.#start();
  }

  /** After a death, as a service starts it. */
  again(): void {
    this.#said += this.run.stdout + this.run.stderr;
    this.run = this.#start();
  }

  /** What all its processes have written. */
  get said(): string {
    return this.#said + this.run.stdout + this.run.stderr;
  }

  /** To the supervisor and all below it. */
  signal(name: NodeJS.Signals): void {
    try {
      process.kill(-this.run.pid, name);
    } catch {
      // It has ended.
    }
  }

  /** Sets the wall's time of the host forward, or back. */
  stepClock(byMs: number): void {
    this.#clockMs += byMs;
    // At once: who reads it in between has the one or the other.
    writeFileSync(`${this.#clockFile}.new`, String(this.#clockMs));
    renameSync(`${this.#clockFile}.new`, this.#clockFile);
  }

  /** It has the account in hand: it enters, or would but for two stops that could not be placed in time within ten minutes. */
  get isTrading(): boolean {
    const told = this.run.lines.findLast(({ msg }) => msg === "trading state");
    return told?.["state"] === "ACTIVE" || this.isHeldBack;
  }

  /** Nothing is entered for ten minutes (EX31). */
  get isHeldBack(): boolean {
    const told = this.run.lines.findLast(({ msg }) => msg === "trading state");
    return told?.["state"] === "REDUCING" && String(told["reasons"]) === "protection";
  }

  get followings(): number {
    return this.run.count("another host trades");
  }

  get file(): string {
    return ledgerFile(this.dataDir);
  }

  #start(): SmcqRun {
    const at = `127.0.0.1:${this.venue.port}`;
    const sets = [
      ...SETS,
      `feed.restBaseUrl=http://${at}`,
      `feed.wsBaseUrl=ws://${at}`,
      `strategy.plan=${this.#plan}`,
      `bus.url=nats://127.0.0.1:${this.nats.port}`,
      `bus.replicatedIntents=${this.#isReplicated}`,
      `account.leaseDir=${this.dataDir}-leases`,
    ];
    return new SmcqRun([...ENGINE, "--data-dir", this.dataDir, ...sets.flatMap((set) => ["--set", set])], {
      isGroup: true,
      preloads: [`${CLOCK}?file=${encodeURIComponent(this.#clockFile)}`],
      env: {
        BINANCE_API_KEY: this.#key.key,
        BINANCE_API_SECRET: this.#key.secret,
        SMCQ_SUPERVISOR__RESTARTS_MAX: "100",
        SMCQ_SUPERVISOR__WINDOW_MS: "1000",
      },
    });
  }
}

/** Two hosts that trade one account of a simulated venue by turns, on signals that a third one tells, and the account as seen from outside. */
export class TradingHosts {
  readonly folder: string = mkdtempSync(join(tmpdir(), "smcq-traders-"));
  readonly hosts: TradingHost[] = [];
  /** When positions were seen without a stop of their size; of each symbol the span that has not ended. */
  readonly #bareSpans: BareSpan[] = [];
  readonly #bare = new Map<string, BareSpan>();
  #looks = 0;
  #looking: Promise<void> | null = null;
  #stopLooking: () => void = () => {};
  readonly #parts: {
    readonly sim: SimChild;
    readonly key: SimulatedKey;
    readonly nats: NatsServer;
    readonly teller: SignalTeller;
    readonly planFolder: string;
  };

  private constructor(parts: {
    sim: SimChild;
    key: SimulatedKey;
    nats: NatsServer;
    teller: SignalTeller;
    planFolder: string;
  }) {
    this.#parts = parts;
  }

  static async start(seed: number, isReplicated: boolean): Promise<TradingHosts> {
    const key = newSimulatedKey();
    const sim = await forkBinanceSim({
      epoch: "wall",
      speed: 1,
      seed: seed + 1,
      symbols: SYMBOLS,
      // Both hosts have one address here, and start several times a minute: four times the venue's own limit.
      weightLimit: 9_600,
      trading: { keys: [{ ...key, type: "hmac" }], equity: "100000" },
    });
    const nats = await NatsServer.start();
    const folder = mkdtempSync(join(tmpdir(), "smcq-traders-plan-"));
    const plan = join(folder, "short.json");
    // Positions are left after a minute or two: there is always somebody to enter, to guard and to leave.
    const document = JSON.parse(readFileSync(PLAN, "utf8")) as object;
    writeFileSync(plan, JSON.stringify({ ...document, name: "short", holdBarsMax: 2, stagnationBars: 1 }));
    const origin = `http://127.0.0.1:${sim.port}`;
    const teller = await SignalTeller.start({ url: nats.url, origin, plan, parts: PARTS, seed });
    const bed = new TradingHosts({ sim, key, nats, teller, planFolder: folder });
    for (const name of ["first", "second"]) {
      const ways = { nats: await Way.to(nats.port), venue: await Way.to(sim.port) };
      bed.hosts.push(new TradingHost({ name, folder: bed.folder, plan }, ways, { key, isReplicated }));
      if (name === "first") await present(bed.hosts[0], "Invariant: it was started").run.sees("READY");
    }
    bed.#stopLooking = repeat(wall, SAMPLE_MS, () => bed.#look());
    return bed;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#parts.sim.port}`;
  }

  get looks(): number {
    return this.#looks;
  }

  /** Longest that a position was seen without a stop of its whole size, of those that were first seen so from `fromMs` until `toMs`, ms. */
  bareMs(fromMs: number, toMs: number): number {
    const lengths = this.#bareSpans
      .filter((span) => span.fromMs >= fromMs && span.fromMs < toMs)
      .map((span) => span.toMs - span.fromMs);
    return Math.max(0, ...lengths);
  }

  tellNoMore(): Promise<void> {
    return this.#parts.teller.stop();
  }

  /** What both hosts have ordered, by the venue's books. */
  async ordered(): Promise<Ordered> {
    const orders: OrderRow[] = [];
    for (const symbol of this.#parts.teller.told.keys()) {
      const own = { symbol, limit: "1000" };
      orders.push(...((await this.#signed("/fapi/v1/allOrders", own)) as readonly OrderRow[]));
    }
    const entries = orders.filter(({ clientOrderId: id }) => roleOf(id) === "entry" && madeBy(id) !== null);
    return { count: entries.length, doubled: this.#doubledOf(entries), late: lateOf(entries) };
  }

  async close(): Promise<void> {
    this.#stopLooking();
    await this.#looking?.catch(() => {});
    for (const host of this.hosts) {
      if (process.env["SMCQ_SHOW"] !== undefined) show(process.env["SMCQ_SHOW"], host);
      host.signal("SIGCONT");
      host.signal("SIGKILL");
      await host.nats.close();
      await host.venue.close();
    }
    await this.#parts.teller.stop().catch(() => {});
    await this.#parts.sim.stop();
    await this.#parts.nats.stop();
    rmSync(this.#parts.planFolder, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  #doubledOf(entries: readonly OrderRow[]): readonly string[] {
    const bySignal = new Map<string, string[]>();
    for (const { symbol, clientOrderId, time } of entries) {
      const told = this.#parts.teller.told.get(symbol) ?? [];
      // A signal is told before it is known when it was: the clocks of venue and teller are one.
      const behind = `${symbol} ${told.findLast((atMs) => atMs <= time) ?? "none"}`;
      bySignal.set(behind, [...(bySignal.get(behind) ?? []), clientOrderId]);
    }
    return [...bySignal]
      .filter(([behind, ids]) => ids.length > 1 || behind.endsWith("none"))
      .map(([behind, ids]) => `${behind}: ${ids.join(" ")}`);
  }

  #look(): void {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = null;
    });
  }

  async #lookOnce(): Promise<void> {
    const { positions, stops } = await venueBook(this.origin);
    const nowMs = wall.monoNs() / 1e6;
    this.#looks++;
    const bare = positions.filter(({ symbol, amount }) => {
      const side = Number(amount) > 0 ? "SELL" : "BUY";
      const size = Math.abs(Number(amount));
      return !stops.some(
        (stop) =>
          stop.symbol === symbol &&
          stop.side === side &&
          (stop.isClosePosition || Number(stop.amount) >= size),
      );
    });
    const names = new Set(bare.map(({ symbol }) => symbol));
    for (const symbol of this.#bare.keys()) if (!names.has(symbol)) this.#bare.delete(symbol);
    for (const symbol of names) {
      const span = this.#bare.get(symbol) ?? { fromMs: nowMs, toMs: nowMs };
      if (!this.#bare.has(symbol)) this.#bareSpans.push(span);
      this.#bare.set(symbol, span);
      span.toMs = nowMs;
    }
  }

  async #signed(path: string, values: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const { key, secret } = this.#parts.key;
    const given = { ...values, recvWindow: "60000", timestamp: String(Math.floor(wall.nowMs())) };
    const text = new URLSearchParams(given).toString();
    const signature = createHmac("sha256", secret).update(text).digest("hex");
    const reply = await fetch(`${this.origin}${path}?${text}&signature=${signature}`, {
      headers: { "X-MBX-APIKEY": key },
    });
    const body: unknown = await reply.json();
    if (!reply.ok) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return body;
  }
}

/** What a host has said and written, for whoever looks for what went wrong. */
function show(folder: string, { name, said, file }: TradingHost): void {
  writeFileSync(join(folder, `${name}.log`), said);
  for (const ending of ["", "-wal", "-shm"])
    if (existsSync(file + ending)) copyFileSync(file + ending, join(folder, `${name}.db${ending}`));
}

/** By the venue's time: what an older epoch entered behind something of a newer one. */
function lateOf(entries: readonly OrderRow[]): readonly string[] {
  let newest = 0;
  const late: string[] = [];
  for (const { clientOrderId: id } of entries.toSorted((a, b) => a.time - b.time)) {
    const epoch = Number.parseInt(madeBy(id)?.engineId ?? "", 36);
    if (epoch < newest) late.push(`${id} behind epoch ${newest}`);
    newest = Math.max(newest, epoch);
  }
  return late;
}
