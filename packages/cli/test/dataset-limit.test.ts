import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { M1_SCALP } from "@smcq/features";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../src/cli.ts";
import { captureOutput } from "./support/capture-output.ts";

const FIXTURE = join(import.meta.dirname, "../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");
const TICK = 0.0001;
const EXPIRY = 4;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-limit-"));
  captureOutput();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

interface Bar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

const LINES = gunzipSync(readFileSync(FIXTURE)).toString().trim().split(/\r?\n/);
const BARS: readonly Bar[] = LINES.slice(1).map((line) => {
  const [, open = 0, high = 0, low = 0, close = 0] = line.split(",").map(Number);
  return { open, high, low, close };
});

interface Row {
  readonly i: number;
  readonly side: number;
  readonly entry: number;
  readonly d: number;
  readonly exitBar: number;
  readonly reason: string;
  readonly r: number;
}

async function labelsOf(name: string, flags: readonly string[]): Promise<readonly Row[]> {
  const out = join(folder, name);
  const file = join(folder, "ALGOUSDT-1m-fixture.csv");
  writeFileSync(file, LINES.join("\n"));
  expect(await main(["dataset", "--klines", file, "--out", out, ...flags])).toBe(0);
  const [header = "", ...lines] = readFileSync(join(out, "labels.csv"), "utf8").trim().split("\n");
  const names = header.split(",");
  return lines.map((line) => {
    const cells = Object.fromEntries(line.split(",").map((cell, k) => [names[k], cell]));
    return {
      i: Number(cells["i"]),
      side: Number(cells["side"]),
      entry: Number(cells["entry"]),
      d: Number(cells["stop_distance"]),
      exitBar: Number(cells["exit_bar"]),
      reason: cells["reason"] ?? "",
      r: Number(cells["r"]),
    };
  });
}

function summary(name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(folder, name, "dataset.json"), "utf8")) as Record<string, unknown>;
}

/** What became of a resting entry, told over again from the bars alone: prices are compared in ticks and halves. */
function retold({ i, side, entry, d }: Row): string {
  // Half a tick where it is more than the plan's slippage.
  const taking = 0.0005 + Math.max(0.0002, TICK / 2 / entry);
  const beyond = (price: number, level: number): boolean => side * (level - price) > 0;
  const reaches = (price: number, level: number): boolean => side * (level - price) >= 0;
  const stop = entry - side * d;
  const target = entry + side * 1.5 * d;
  let isIn = false;
  for (let bar = i + 1; bar < BARS.length; bar++) {
    const { open, high, low, close } = BARS[bar] as Bar;
    const [worst, best] = side > 0 ? [low, high] : [high, low];
    const isEntryBar = !isIn;
    if (!isIn && bar > i + EXPIRY) return "expired";
    if (!isIn) isIn = side * (entry - worst) >= TICK * 0.999;
    if (!isIn) continue;
    if (beyond(open, stop)) return `${bar} stop ${result(open)}`;
    if (!isEntryBar && beyond(target, open)) return `${bar} target ${result(open)}`;
    if (reaches(worst, stop)) return `${bar} stop ${result(stop)}`;
    if (!isEntryBar && reaches(target, best)) return `${bar} target ${result(target)}`;
    const net = (side * (close - entry)) / entry - (0.0002 + taking);
    if (bar - i > 30 && Math.abs(net) < 0.001) return `${bar} stagnation ${result(close)}`;
    if (bar - i >= 120) return `${bar} time ${result(close)}`;
  }
  return "open";

  function result(price: number): string {
    return ((side * (price - entry) - 0.0002 * entry - taking * price) / d).toFixed(6);
  }
}

describe("smcq dataset with entries that rest", () => {
  const flags = ["--set", "strategy.entry.kind=limit", "--set", `strategy.entry.expiryBars=${EXPIRY}`];

  it("labels what a bar trades through by a tick, at its own price and costs, and nothing else", async () => {
    const rows = await labelsOf("limit", [...flags, "--set", "strategy.entry.offsetAtr=0.3"]);
    expect(rows.length).toBeGreaterThan(15);
    for (const row of rows) {
      expect(retold(row), `candidate of bar ${row.i}`).toBe(
        `${row.exitBar} ${row.reason} ${row.r.toFixed(6)}`,
      );
      const open = BARS[row.i + 1]?.open ?? Number.NaN;
      expect(row.side * (open - row.entry)).toBeGreaterThanOrEqual(0);
      expect(Math.abs(row.entry / TICK - Math.round(row.entry / TICK))).toBeLessThan(1e-6);
    }
    const market = await labelsOf("market", []);
    const { totals, tradePlanParameters, featureSchemaSha256 } = summary("limit");
    expect(totals).toMatchObject({ candidates: expect.any(Number), labelled: rows.length });
    const { candidates, labelled, notFilled, stopTooWide, openAtEnd, openAtHole } = totals as Record<
      string,
      number
    >;
    expect(notFilled).toBeGreaterThan(0);
    expect([labelled, notFilled, stopTooWide, openAtEnd, openAtHole].reduce((sum, n) => sum! + n!, 0)).toBe(
      candidates,
    );
    expect(rows.length).toBeLessThan(market.length);
    expect(tradePlanParameters).toMatchObject({ version: 2, entry: { kind: "limit", offsetAtr: 0.3 } });
    expect(featureSchemaSha256).not.toBe(summary("market")["featureSchemaSha256"]);
  });

  it("takes the ticks from the rules that are named, and says which symbol has none", async () => {
    const rules = join(folder, "rules.json");
    const entry = { stepSize: "1", minQty: "1", marketMaxQty: "1000", minNotional: "5" };
    writeFileSync(rules, JSON.stringify({ ALGOUSDT: { tickSize: "0.0002", ...entry } }));
    const coarse = await labelsOf("coarse", [...flags, "--instruments", rules]);
    expect(coarse.length).toBeGreaterThan(0);
    for (const { entry: price } of coarse)
      expect(Math.abs(price / 0.0002 - Math.round(price / 0.0002))).toBeLessThan(1e-6);
    writeFileSync(rules, JSON.stringify({ BTCUSDT: { tickSize: "0.01", ...entry } }));
    const file = join(folder, "ALGOUSDT-1m-fixture.csv");
    const own = ["dataset", "--klines", file, "--out", join(folder, "none"), "--instruments", rules];
    expect(await main([...own, ...flags])).toBe(4);
    // At the market a tick counts where the rules are named, and nobody asks for it where they are not.
    expect(await main(own)).toBe(4);
    expect(await main(own.slice(0, -2))).toBe(0);
  });

  it("at the market counts half a tick as slippage, and leaves out what is too coarse for the plan", async () => {
    const rules = join(folder, "ticks.json");
    const own = ["--instruments", rules];
    const more = { stepSize: "1", minQty: "1", marketMaxQty: "1000", minNotional: "5" };
    const rulesWith = (tickSize: string): void =>
      writeFileSync(rules, JSON.stringify({ ALGOUSDT: { tickSize, ...more } }));
    const plain = await labelsOf("plain", []);
    rulesWith("0.00001");
    expect(await labelsOf("fine", own)).toEqual(plain);
    rulesWith("0.0002");
    const dear = new Map((await labelsOf("dear", own)).map((row) => [row.i, row]));
    const both = plain.filter(({ i }) => dear.has(i));
    expect(both.length).toBeGreaterThan(5);
    const moved = both.filter(({ i, d }) => (dear.get(i)?.d ?? 0) > d);
    expect(moved.length).toBeGreaterThan(5);
    const plan = join(folder, "plan.json");
    writeFileSync(plan, JSON.stringify({ ...M1_SCALP, name: "fine", tickRatioMax: 0.0003 }));
    const coarse = ["--out", join(folder, "none-left"), ...own, "--set", `strategy.plan=${plan}`];
    const file = join(folder, "ALGOUSDT-1m-fixture.csv");
    expect(await main(["dataset", "--klines", file, ...coarse])).toBe(4);
  });

  it("labels random walks too, so that a training has its null test", async () => {
    const out = join(folder, "walk");
    expect(await main(["dataset", "--random-walk", "1x3", "--out", out, ...flags])).toBe(0);
    expect(summary("walk")["totals"]).toMatchObject({ symbols: 1 });
  });
});
