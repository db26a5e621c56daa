/**
 * What a host pays for meeting others: the real nats-server of this machine, its store on this machine's disk.
 *
 *   node --conditions=@smcq/source bench/bus.ts [--signals 20000] [--symbols 1000] [--rounds 400]
 *
 * Prints the bytes of a word, what a signal and a part's bars cost the process that sends and the one that hears, how long a
 * signal is on its way alone and in a burst, how long a renewal of a lease takes, and what the store keeps of it on the disk.
 */
import { statSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BusConnection, Lease, LeaseBucket, leaseTerms, NatsSignalBus } from "@smcq/bus-nats";
import type { ScannerWord } from "@smcq/engine";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { NatsServer } from "../packages/bus-nats/test/support/nats-server.ts";
import { barsWord, signalWord } from "../packages/engine/test/support/signal-bus-conformance.ts";
import { describeMachine } from "./lib/machine.ts";

const { values } = parseArgs({
  options: {
    signals: { type: "string", default: "20000" },
    symbols: { type: "string", default: "1000" },
    rounds: { type: "string", default: "400" },
  },
});
const signals = Number(values.signals);
const symbols = Number(values.symbols);
const rounds = Number(values.rounds);
const clock = new SystemClock();
const MINUTE_MS = 60_000;
/** A window of the sender holds so many: a burst is sent in pieces of it. */
const BURST = 500;

const nowUs = (): number => clock.monoNs() / 1e3;

function quantiles(sample: readonly number[]): string {
  const sorted = sample.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(0);
  return `p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)} us`;
}

function bytesIn(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  return bytes;
}

async function connect(server: NatsServer, client: string): Promise<BusConnection> {
  const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
  const where = { url: server.url, name: "bench", connectTimeoutMs: 5_000, client, logger: silentLogger };
  return BusConnection.open({ ...files, ...where });
}

/** Hears everything, and says when so much has come. */
class Ear {
  heard = 0;
  #wanted = 0;
  #done: (() => void) | null = null;

  take(acknowledge: () => void): void {
    this.heard++;
    acknowledge();
    if (this.heard >= this.#wanted) this.#done?.();
  }

  until(count: number): Promise<void> {
    this.#wanted = count;
    return new Promise((resolve) => {
      this.#done = resolve;
      if (this.heard >= count) resolve();
    });
  }
}

let made = 0;
const nextSignal = (): ScannerWord => signalWord({ openTimeMs: (28_000_000 + ++made) * MINUTE_MS });

/** One after another, each when the one before was heard: us each. */
async function alone(bus: NatsSignalBus, ear: Ear): Promise<readonly number[]> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startUs = nowUs();
    bus.publish(nextSignal());
    await ear.until(ear.heard + 1);
    took.push(nowUs() - startUs);
    await new Promise<void>((resolve) => void clock.after(2, resolve));
  }
  return took;
}

/** In bursts of `BURST`: wall us and this process's CPU us a word, both sides together. */
async function burst(
  bus: NatsSignalBus,
  { ear, words, next }: { readonly ear: Ear; readonly words: number; readonly next: () => ScannerWord },
): Promise<{ readonly wallUs: number; readonly cpuUs: number }> {
  const startUs = nowUs();
  const cpu = process.cpuUsage();
  for (let sent = 0; sent < words; sent += BURST) {
    const count = Math.min(BURST, words - sent);
    const heard = ear.until(ear.heard + count);
    for (let word = 0; word < count; word++) bus.publish(next());
    await heard;
  }
  const { user, system } = process.cpuUsage(cpu);
  return { wallUs: (nowUs() - startUs) / words, cpuUs: (user + system) / words };
}

async function renewals(connection: BusConnection): Promise<readonly number[]> {
  const bucket = await LeaseBucket.open({
    bus: connection,
    clock,
    logger: silentLogger,
    answerMs: 500,
    replicas: 1,
  });
  const held = Promise.withResolvers<void>();
  const lease = new Lease({
    store: bucket,
    key: "bench",
    label: "bench",
    terms: leaseTerms(300),
    clock,
    newOwner: () => "bench",
    wallMs: null,
    onChange: () => held.resolve(),
    logger: silentLogger,
  });
  while ((await lease.take()).type !== "taken")
    await new Promise<void>((resolve) => void clock.after(50, resolve));
  await held.promise;
  const took: number[] = [];
  for (let seen = lease.renewals; took.length < 40;) {
    await new Promise<void>((resolve) => void clock.after(5, resolve));
    if (lease.renewals === seen) continue;
    seen = lease.renewals;
    took.push(lease.answerMs * 1e3);
  }
  await lease.release(0);
  bucket.close();
  return took;
}

const { cpu, cores, kernel, node, load } = describeMachine();
process.stdout.write(`${cpu}, ${cores} cores, Linux ${kernel}, Node ${node}, load ${load.toFixed(1)}\n`);
const server = await NatsServer.start();
try {
  const [sender, hearer] = [await connect(server, "scanner"), await connect(server, "executor")];
  const bus = await NatsSignalBus.open({ connection: sender, clock, logger: silentLogger });
  const other = await NatsSignalBus.open({ connection: hearer, clock, logger: silentLogger });
  const ear = new Ear();
  await other.follow({
    reader: "bench",
    onWord: (_, acknowledge) => ear.take(acknowledge),
    onDisplaced() {},
  });
  await burst(bus, { ear, words: 2_000, next: nextSignal });
  const bytes0 = bytesIn(server.folder);
  const many = await burst(bus, { ear, words: signals, next: nextSignal });
  const kept = (bytesIn(server.folder) - bytes0) / signals;
  process.stdout.write(
    `a signal in a burst: ${many.wallUs.toFixed(0)} us of time, ${many.cpuUs.toFixed(0)} us of CPU (sender and hearer), ${kept.toFixed(0)} bytes on the disk\n`,
  );
  process.stdout.write(`a signal alone, published to heard: ${quantiles(await alone(bus, ear))}\n`);
  const one = barsWord(28_000_000);
  if (one.type !== "bars") throw new Error("bars are wanted");
  const bars = Array.from({ length: symbols }, (_, at) => ({ ...one.bars[0]!, symbol: `S${at}USDT` }));
  let minute = 28_000_000;
  const nextBars = (): ScannerWord => ({ ...one, bars, minuteMs: ++minute * MINUTE_MS });
  const bytes1 = bytesIn(server.folder);
  const whole = await burst(bus, { ear, words: 200, next: nextBars });
  const barBytes = (bytesIn(server.folder) - bytes1) / 200 / symbols;
  process.stdout.write(
    `a bar of ${symbols} in a word: ${(whole.cpuUs / symbols).toFixed(2)} us of CPU, ${barBytes.toFixed(0)} bytes on the disk\n`,
  );
  process.stdout.write(`a lease's renewal, sent to answered: ${quantiles(await renewals(sender))}\n`);
  await Promise.all([bus.close(), other.close()]);
  await Promise.all([sender.close(), hearer.close()]);
} finally {
  await server.stop();
}
