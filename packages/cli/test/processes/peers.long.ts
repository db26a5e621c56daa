import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type PeerReport, readReport } from "../../../../scripts/peers/report.ts";
import { OwnAccount } from "./own-account.ts";
import { ourStory, type Peer, theirStory } from "./peer-story.ts";
import { killVenue, startVenue, type Venue } from "./venue-process.ts";

const folder = join(import.meta.dirname, "../../../../scripts/peers");
const INSTALL_MS_MAX = 300_000;
const SESSION_MS_MAX = 180_000;
const SYMBOL = "BTCUSDT";

const PEERS: readonly Peer[] = [
  { file: "sdk.mjs", hasWholeIds: true, hearsEveryWord: true },
  { file: "ccxt.mjs", hasWholeIds: true, hearsEveryWord: false },
  { file: "tiagosiebler.mjs", hasWholeIds: false, hearsEveryWord: true },
];

let missing: string | null = null;
let account: OwnAccount | null = null;

beforeAll(() => {
  // Written last: half an installation is none.
  if (existsSync(join(folder, "node_modules/.package-lock.json"))) return;
  const flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  const { error, status, stderr } = spawnSync("npm", flags, {
    cwd: folder,
    timeout: INSTALL_MS_MAX,
    encoding: "utf8",
  });
  if (status === 0) return;
  missing = `the foreign clients cannot be installed in scripts/peers (npm ci): ${error?.message ?? stderr}`;
  process.stderr.write(`\n*** SKIPPED: ${missing} ***\n\n`);
});

afterEach(async () => {
  await account?.close();
  account = null;
  killVenue();
});

/** Runs a client's session; throws with what it said when it fails. */
async function runPeer({ file }: Peer, venue: Venue): Promise<PeerReport> {
  const rest = venue.value("REST");
  const child = spawn(process.execPath, [join(folder, file)], {
    cwd: folder,
    timeout: SESSION_MS_MAX,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      SMCQ_REST: rest,
      SMCQ_WS: rest.replace("http:", "ws:"),
      SMCQ_KEY: venue.value("key"),
      SMCQ_SECRET: venue.value("secret"),
      SMCQ_SYMBOL: SYMBOL,
    },
  });
  const texts = { out: "", error: "" };
  child.stdout.on("data", (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (texts.error += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${file} ended with code ${String(code)}: ${texts.error}`);
  return readReport(texts.out);
}

async function unexplained(venue: Venue): Promise<unknown> {
  const response = await fetch(`${venue.value("REST")}/sim/stats`);
  const stats = (await response.json()) as Readonly<Record<string, unknown>>;
  const { unexpected, unexpectedSamples, replies429, replies418 } = stats;
  return { unexpected, unexpectedSamples, replies429, replies418 };
}

describe("clients of others trade on `smcq venue`", () => {
  for (const peer of PEERS)
    it(`${peer.file} reads what we read, and asks for nothing that the venue does not know`, async ({
      skip,
    }) => {
      skip(missing !== null, missing ?? "");
      const venue = await startVenue();
      const own = (account = await OwnAccount.open(venue, SYMBOL));
      const report = await runPeer(peer, venue);
      const ours = await ourStory(peer, report, own);
      expect(theirStory(peer, report, own)).toEqual(ours);
      const { replies, streamedKlines, quote, trade } = report;
      expect(Object.fromEntries(Object.entries(replies).map(([name, { status }]) => [name, status]))).toEqual(
        {
          entry: "FILLED",
          resting: "NEW",
          cancelled: "CANCELED",
          waiting: "NEW",
          cancelledStop: "CANCELED",
          exit: "FILLED",
        },
      );
      expect(streamedKlines.map((kline) => [kline.symbol, kline.interval])).toEqual([
        [SYMBOL, "1m"],
        [SYMBOL, "5m"],
      ]);
      expect(streamedKlines.map(({ openTime }) => [openTime % 60_000, openTime % 300_000])).toEqual([
        [0, expect.any(Number)],
        [0, 0],
      ]);
      expect([quote.symbol, trade.symbol]).toEqual([SYMBOL, SYMBOL]);
      expect(Number(quote.ask)).toBeGreaterThan(Number(quote.bid));
      // There was something to read.
      expect(ours).toMatchObject({ leverage: 5, marginType: "isolated", positions: [expect.any(Array)] });
      expect(ours.klines).toHaveLength(4 * 6);
      expect(ours.openOrders).toHaveLength(2);
      expect(new Set(ours.words.map(([clientOrderId]) => clientOrderId)).size).toBe(6);
      expect(ours.trades.length).toBeGreaterThanOrEqual(2);
      expect(await unexplained(venue)).toEqual({
        unexpected: 0,
        unexpectedSamples: [],
        replies429: 0,
        replies418: 0,
      });
    });
});
