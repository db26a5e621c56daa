import { CandidateScanner } from "@smcq/features";
import { MarketData } from "@smcq/exchange-sim";
import { afterTurn, BAR_FIELDS } from "@smcq/kernel";
import { KlineRingWriter } from "@smcq/wire";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { ClusterMemory, MarketView } from "../../src/index.ts";
import { flatBars, seed } from "../support.ts";

const COUNT = 100_000;

/** What the detector says after each bar, by its open time. */
function toldBy(bars: Float64Array): ReadonlyMap<number, string> {
  const buffer = new ArrayBuffer(CandidateScanner.M1_BYTES + CandidateScanner.CARRY_BYTES);
  const scanner = new CandidateScanner({ m1Buffer: buffer, carryBuffer: buffer });
  scanner.attach(0, CandidateScanner.M1_BYTES);
  scanner.resetAll();
  const told = new Map<number, string>();
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const [openMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(
      at,
      at + BAR_FIELDS,
    );
    scanner.push(openMs, open, high, low, close, volume);
    told.set(openMs, JSON.stringify([scanner.trend, scanner.m5Trend, scanner.m5BarCount, scanner.objects()]));
  }
  return told;
}

it(`is whole at every look while another thread writes and scans (seed ${seed})`, async () => {
  const market = new MarketData({ seed });
  const [first] = market.symbols;
  if (first === undefined) throw new Error("the market has a symbol");
  const all = flatBars(market, first.symbol, 0, COUNT);
  const count = all.length / BAR_FIELDS;
  const told = toldBy(all);
  const byOpen = new Map(Array.from({ length: count }, (_, at) => [all[at * BAR_FIELDS] ?? 0, at]));
  const memory = new ClusterMemory({ symbols: [first.symbol], shards: 1 });
  const shard = memory.shard(0);
  new KlineRingWriter(shard.memory.rings).reset(0, 0);
  const view = new MarketView(memory);
  const entry = memory.slots.of(first.symbol);
  if (entry === null) throw new Error("the symbol has a slot");
  const worker = new Worker(new URL("./scan-ahead.worker.ts", import.meta.url), {
    workerData: { memory: shard.memory, bars: all, count },
  });
  let isOver = false;
  worker.once("exit", () => (isOver = true));
  const torn: string[] = [];
  let [whole, busy, looks] = [0, 0, 0];
  while (!isOver) {
    const look = view.look(entry);
    looks++;
    if (look === null) busy++;
    else if (look.detector !== null) {
      const { openTimeMs, m1Trend, m5Trend, m5Bars } = look.detector;
      // One comparison that is cheap: what is torn is no moment of the detector's life.
      const said = JSON.stringify([m1Trend, m5Trend, m5Bars, look.objects]);
      if (said !== told.get(openTimeMs)) torn.push(`${openTimeMs}: ${said}`);
      const at = byOpen.get(look.bars[0] ?? -1) ?? -1;
      const wanted = all.subarray(at * BAR_FIELDS, at * BAR_FIELDS + look.bars.length);
      if (at < 0 || !Buffer.from(look.bars.buffer).equals(Buffer.from(wanted.slice().buffer)))
        torn.push(`bars before ${openTimeMs}`);
      whole++;
    }
    if (looks % 32 === 0) await new Promise<void>((resolve) => afterTurn(resolve));
  }
  console.log(`${count} bars scanned beside ${looks} looks: ${whole} whole, ${busy} to be repeated`);
  expect(torn).toEqual([]);
  expect(whole).toBeGreaterThan(0);
});
