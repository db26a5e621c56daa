import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import { ScanCache } from "../../src/offline/backtest/cache/scan-cache.ts";
import { captureOutput } from "../support/capture-output.ts";
import { richModel } from "../support/rich-model.ts";

const MARGIN = join(import.meta.dirname, "../fixtures/backtest-margin");

let folder = "";
let klines: readonly string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-backtest-cache-"));
  captureOutput();
  klines = ["BTCUSDT", "ETHUSDT"].map((symbol) => {
    const lines = gunzipSync(readFileSync(join(MARGIN, `klines/${symbol}-1m-slice.csv.gz`)))
      .toString()
      .split("\n");
    const path = join(folder, `${symbol}-1m-part.csv`);
    writeFileSync(path, lines.slice(0, 2_000).join("\n"));
    return path;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const cacheFolder = (): string => join(folder, "var/cache/backtest");

function kept(): readonly string[] {
  return readdirSync(cacheFolder()).toSorted();
}

let runs = 0;
/** Runs the command; everything that it has written, without the page. */
async function backtest(...flags: readonly string[]): Promise<readonly string[]> {
  const out = join(folder, `out${runs++}`);
  const input = ["--klines", ...klines, "--instruments", join(MARGIN, "instruments.json")];
  expect(
    await main(["backtest", `--out=${out}`, ...input, `--set=dataDir=${join(folder, "var")}`, ...flags]),
  ).toBe(0);
  return ["trades.csv", "decisions.csv", "equity.csv", "report.json"].map((name) =>
    readFileSync(join(out, name), "utf8"),
  );
}

describe("the cache of scans", () => {
  it("gives another run the same result, and is written once whatever the risk settings are", async () => {
    const first = await backtest();
    const files = kept();
    expect(files.length).toBe(2);
    const inodes = files.map((name) => statSync(join(cacheFolder(), name)).ino);
    expect(await backtest("--scan-threads=2")).toEqual(first);
    expect(await backtest("--equity=500", "--set=risk.leverage=3")).not.toEqual(first);
    expect(kept()).toEqual(files);
    expect(files.map((name) => statSync(join(cacheFolder(), name)).ino)).toEqual(inodes);
  });

  it("is not believed where it is damaged, cut short, or another's", async () => {
    const first = await backtest();
    const [one = "", two = ""] = kept().map((name) => join(cacheFolder(), name));
    const bytes = readFileSync(one);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 9] = (flipped[bytes.length - 9] as number) ^ 1;
    const damages = [
      flipped,
      bytes.subarray(0, 5_000),
      Buffer.alloc(0),
      readFileSync(two),
      Buffer.from("SMQSCAN1"),
    ];
    for (const damage of damages) {
      writeFileSync(one, damage);
      expect(await backtest()).toEqual(first);
      expect(readFileSync(one).equals(bytes)).toBe(true);
    }
  });

  it("tells other bars, other rows and another end from those that it knows", async () => {
    await backtest();
    await backtest("--rows=1500");
    expect(kept().length).toBe(4);
    await backtest("--to=2100-01-01");
    expect(kept().length).toBe(6);
    const [path = ""] = klines;
    writeFileSync(path, readFileSync(path, "utf8").split("\n").slice(0, -3).join("\n"));
    await backtest();
    expect(kept().length).toBe(7);
  });

  it("is left alone with --no-cache, and does without where it cannot be written", async () => {
    const first = await backtest("--no-cache");
    expect(() => kept()).toThrow(/ENOENT/);
    mkdirSync(join(folder, "var"));
    writeFileSync(join(folder, "var/cache"), "a file where the folder would be");
    expect(await backtest()).toEqual(first);
  });

  it("keeps what was used last within its bounds, and no drafts", async () => {
    await backtest();
    const [one = "", two = ""] = kept();
    const draft = join(cacheFolder(), `${one}.123`);
    writeFileSync(draft, "a draft of a run that was killed long ago");
    utimesSync(draft, 1_000, 1_000);
    const size = statSync(join(cacheFolder(), one)).size;
    new ScanCache(cacheFolder(), 2_000_000_000_000).read(two.replace(".scan", ""), null);
    new ScanCache(cacheFolder(), statSync(join(cacheFolder(), one)).mtimeMs + 7_200_000).prune(size + 1_000);
    expect(kept()).toEqual([two]);
    // Another run beside this one is still writing it.
    writeFileSync(draft, "a draft");
    new ScanCache(cacheFolder(), statSync(draft).mtimeMs).prune();
    expect(kept()).toEqual([`${one}.123`, two].toSorted());
  });

  it("serves a model of feature set v2 too, until the bars of any symbol are others", async () => {
    const flags = [`--model=${richModel(folder)}`, "--set=scan.scoreMin=0"];
    const first = await backtest(...flags);
    expect(first).not.toEqual(await backtest("--set=scan.scoreMin=0"));
    const files = kept();
    expect(await backtest(...flags, "--scan-threads=2")).toEqual(first);
    expect(kept()).toEqual(files);
    const [btc = "", eth = ""] = klines;
    // The same bars of BTC in a market of other bars.
    writeFileSync(eth, readFileSync(eth, "utf8").split("\n").slice(0, 1_900).join("\n"));
    await backtest(...flags);
    expect(btc).toContain("BTCUSDT");
    expect(kept().length).toBe(files.length + 2);
  });
});
