import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ledgerFile } from "@smcq/ledger";
import { type LogLine, MAIN, partsOf, SmcqRun, SOURCE_FLAGS, storedSignals, until } from "./engine-run.ts";
import { bookDifferences, readLedger, venueBook } from "../support/book-differences.ts";
import type { KillPoint } from "./kill-points.ts";

const here = (name: string): string => pathToFileURL(fileURLToPath(new URL(name, import.meta.url))).href;
/** As `known-keys.mjs` makes them. */
const [KEY, SECRET] = ["canary of the key, 32 bytes long", "canary of the secret, 32 bytes l"].map((text) =>
  Buffer.from(text, "latin1").toString("hex"),
) as [string, string];

export const KILL_POINTS: readonly KillPoint[] = [
  "before-write",
  "after-write",
  "after-send",
  "after-ack",
  "between-fill-and-stop",
];

/** Longer nobody waits for a stop, and for the ledger to know all, wall ms. */
const COVER_MS_MAX = 5_000;
const AGREE_MS_MAX = 20_000;
const HOLD_MS_MAX = 60_000;
/** So young a line of the account book may be on its way to us, venue ms. */
const UNHEARD_MS = 120_000;
/** How long a moment by lot is waited for at most, wall ms. */
const ANYWHERE_MS = 3_000;

/** What a death came to. */
export interface Death {
  readonly point: KillPoint;
  /** The entry that it cut off. */
  readonly clientOrderId: string;
  readonly atMs: number;
}

interface PositionRow {
  readonly symbol: string;
  readonly positionAmt: string;
}

interface AlgoRow {
  readonly symbol: string;
  readonly side: "BUY" | "SELL";
  readonly quantity: string;
  readonly closePosition: boolean;
}

/** An engine in mode sim whose process kills itself where it is told to, and the account that it trades on, seen from outside. */
export class KilledEngine {
  readonly run: SmcqRun;
  readonly dataDir: string;
  readonly #folder: string;

  constructor(folder: string, flags: readonly string[]) {
    this.#folder = folder;
    this.dataDir = join(folder, "var");
    this.run = new SmcqRun(["engine", ...flags, "--log-format", "json", "--data-dir", this.dataDir], {
      preloads: [
        here("./known-keys.mjs"),
        `${here("./kill-points.ts")}?folder=${encodeURIComponent(folder)}`,
      ],
      env: {
        SMCQ_SUPERVISOR__RESTARTS_MAX: "100",
        SMCQ_SUPERVISOR__WINDOW_MS: "1000",
        // The venue's answers take their time: between an order and its reply there is room for a death.
        SMCQ_SIM__FAULTS: "NW06=60ms:90ms",
        // Nobody who loses for hours is kept from entering.
        SMCQ_RISK__DAY_LOSS_STOP_RATIO: "0.1",
        SMCQ_RISK__DAY_LOSS_FLATTEN_RATIO: "0.15",
        SMCQ_RISK__DRAWDOWN_FACTOR_MIN: "0",
      },
    });
  }

  get deaths(): readonly Death[] {
    const file = join(this.#folder, "killed");
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Death);
  }

  /** Dies at the next entry that comes to this point, and is there again. */
  async dieAt(point: KillPoint): Promise<Death> {
    const before = this.deaths.length;
    const ready = this.run.count("READY");
    writeFileSync(join(this.#folder, `armed-${point}`), "");
    await until(() => this.deaths.length > before || this.run.child.exitCode !== null, `a death ${point}`);
    await this.run.sees("READY", ready + 1);
    return this.deaths.at(-1) as Death;
  }

  /** Dies at a moment that is drawn by lot, whatever it is about, and is there again. */
  async dieAnywhere(): Promise<null> {
    const ready = this.run.count("READY");
    await new Promise<void>((resolve) => {
      setTimeout(resolve, Math.random() * ANYWHERE_MS);
    });
    this.killEngine();
    await this.run.sees("READY", ready + 1);
    return null;
  }

  /** Waits until every position has a stop of its whole size resting at the venue; returns how long it took, wall ms. */
  async covered(): Promise<number> {
    const startMs = Date.now();
    let bare = await this.bare();
    while (bare.length > 0) {
      if (Date.now() - startMs > COVER_MS_MAX) throw new Error(`bare: ${bare.join(", ")}`);
      bare = await this.bare();
    }
    return Date.now() - startMs;
  }

  /** Waits until at least so many positions are held, each with its stop. */
  async holds(count: number): Promise<void> {
    const endMs = Date.now() + HOLD_MS_MAX;
    while ((await this.amounts()).size < count || (await this.bare()).length > 0)
      if (Date.now() > endMs) throw new Error(`waited ${HOLD_MS_MAX} ms for ${count} guarded positions`);
  }

  /** Ends as a service ends it. */
  async stop(): Promise<number | null> {
    this.run.child.kill("SIGTERM");
    return this.run.ends();
  }

  /** What the venue holds for the account: signed quantities by symbol. */
  async amounts(): Promise<ReadonlyMap<string, number>> {
    const positions = (await this.#signed("GET", "/fapi/v3/positionRisk")) as readonly PositionRow[];
    return new Map(
      positions
        .map(({ symbol, positionAmt }) => [symbol, Number(positionAmt)] as const)
        .filter(([, amount]) => amount !== 0),
    );
  }

  /** kill -9 of the engine's own process, whatever it is about. */
  killEngine(): void {
    process.kill(partsOf(this.run).engine, "SIGKILL");
  }

  /** Symbols whose positions the ledger's run has taken over from others, or from an engine that it does not know. */
  adopted(): readonly string[] {
    const db = new DatabaseSync(ledgerFile(this.dataDir), { readOnly: true });
    const sql = `SELECT DISTINCT i.symbol FROM positions p JOIN instruments i USING (run_key, symbol_id)
      WHERE p.qty_steps <> 0 AND NOT EXISTS (SELECT 1 FROM orders o
        WHERE o.run_key = p.run_key AND o.symbol_id = p.symbol_id AND o.role = 'entry') ORDER BY 1`;
    const rows = db.prepare(sql).all();
    db.close();
    return rows.map((row) => String(row["symbol"]));
  }

  /** A person's own market order. */
  async order(symbol: string, side: "BUY" | "SELL", quantity: string): Promise<void> {
    await this.#signed("POST", "/fapi/v1/order", { symbol, side, type: "MARKET", quantity });
  }

  /** Positions without a stop of their size, by name. */
  async bare(): Promise<readonly string[]> {
    const stops = (await this.#signed("GET", "/fapi/v1/openAlgoOrders")) as readonly AlgoRow[];
    const positions = (await this.#signed("GET", "/fapi/v3/positionRisk")) as readonly PositionRow[];
    return positions
      .filter(({ symbol, positionAmt }) => {
        const amount = Number(positionAmt);
        const side = amount > 0 ? "SELL" : "BUY";
        const isCover = (stop: AlgoRow): boolean =>
          stop.symbol === symbol &&
          stop.side === side &&
          (stop.closePosition || Number(stop.quantity) >= Math.abs(amount));
        return amount !== 0 && !stops.some(isCover);
      })
      .map(({ symbol, positionAmt }) => `${symbol} ${positionAmt}`);
  }

  /** How many of the venue's orders have this id: of an entry that was cut off, one or none. */
  async ordersOf(clientOrderId: string): Promise<number> {
    const orders = (await this.#signed("GET", "/fapi/v1/allOrders", {
      symbol: this.#symbolOf(clientOrderId),
    })) as readonly {
      readonly clientOrderId: string;
    }[];
    return orders.filter((order) => order.clientOrderId === clientOrderId).length;
  }

  /** Waits until the ledger has every line of the venue's account book, to the last unit. */
  async agrees(): Promise<void> {
    const endMs = Date.now() + AGREE_MS_MAX;
    let found = await this.differences(0);
    // What is younger is on its way.
    while (found.length > 0 && Date.now() < endMs) found = await this.differences(UNHEARD_MS);
    if (found.length > 0) throw new Error(`${found.length} lines differ: ${found.slice(0, 5).join("; ")}`);
    const unexplained = readLedger(
      ledgerFile(this.dataDir),
      "SELECT trade_id AS id, 0 AS e8 FROM fills WHERE trade_id LIKE 'unexplained%'",
    );
    if (unexplained.size > 0) throw new Error(`unexplained: ${[...unexplained.keys()].join(", ")}`);
  }

  /** What was told at level error, but that a process was killed. */
  troubles(): readonly LogLine[] {
    return this.run.lines.filter(
      ({ level, msg, signal }) =>
        level === "error" && !(msg.startsWith("process crashed") && signal === "SIGKILL"),
    );
  }

  /** Runs of the ledger, and exit codes of its proofs. */
  proofs(): Readonly<Record<string, number | null>> {
    const of = (what: string): number | null =>
      spawnSync(process.execPath, [...SOURCE_FLAGS, MAIN, "ledger", what, "--data-dir", this.dataDir], {
        env: { PATH: process.env["PATH"] ?? "" },
      }).status;
    const { runs } = storedSignals(this.dataDir);
    return { runs, verify: of("verify"), rebuild: of("rebuild"), replay: of("replay") };
  }

  /** Lines of the venue's account book that the ledger has otherwise, or not at all once they are so old, venue ms. */
  async differences(unheardMs: number): Promise<readonly string[]> {
    return bookDifferences(ledgerFile(this.dataDir), await venueBook(this.#rest), unheardMs);
  }

  get #rest(): string {
    return String(this.run.lines.find((line) => line["step"] === "venue")?.["rest"]);
  }

  #symbolOf(clientOrderId: string): string {
    const db = new DatabaseSync(ledgerFile(this.dataDir), { readOnly: true });
    const row = db.prepare("SELECT symbol FROM orders WHERE client_order_id = ?").get(clientOrderId);
    db.close();
    return String(row?.["symbol"] ?? "BTCUSDT");
  }

  async #signed(
    method: "GET" | "POST",
    path: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const { serverTime } = (await (await fetch(`${this.#rest}/fapi/v1/time`)).json()) as {
      readonly serverTime: number;
    };
    const text = new URLSearchParams({
      ...query,
      recvWindow: "60000",
      timestamp: String(serverTime),
    }).toString();
    const signature = createHmac("sha256", SECRET).update(text).digest("hex");
    const reply = await fetch(`${this.#rest}${path}?${text}&signature=${signature}`, {
      method,
      headers: { "X-MBX-APIKEY": KEY },
    });
    const body: unknown = await reply.json();
    if (!reply.ok) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return body;
  }
}
