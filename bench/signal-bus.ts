/**
 * What a signal and a symbol's minute cost on the bus, on a nats-server of its own (JetStream, files) on loopback:
 *
 *   node --conditions=@smcq/source bench/signal-bus.ts [--signals 20000] [--symbols 3000] [--parts 32] [--paced 500]
 *
 * Bytes a word, signals a second in a burst, CPU of this process a signal (published and heard), what the server writes, and how
 * long a signal of a calm stream takes from `publish` to the reader and to the server's word that it is kept. Absolute times are
 * this machine's. Exit code 2 where there is no nats-server.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BusConnection, NatsSignalBus } from "@smcq/bus-nats";
import { partOf, type ScannerWord, type SharedBar, type SharedSignal } from "@smcq/engine";
import { errorCode, MINUTE_MS, Rng, silentLogger, SystemClock } from "@smcq/kernel";

const { values } = parseArgs({
  options: {
    signals: { type: "string", default: "20000" },
    symbols: { type: "string", default: "3000" },
    parts: { type: "string", default: "32" },
    paced: { type: "string", default: "500" },
  },
});
const [signals, symbols, parts, paced] = (["signals", "symbols", "parts", "paced"] as const).map((name) => {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`--${name}: wanted a whole number of 1 or more`);
  return value;
}) as [number, number, number, number];

const clock = new SystemClock();
const rng = new Rng(16);
const START_MS = 28_000_000 * MINUTE_MS;
/** Words that are on their way at once in the burst: what a scanner's window lets through. */
const AHEAD_MAX = 4_096;

function signalOf(index: number): ScannerWord {
  const symbol = `S${index % symbols}USDT`;
  const signal: SharedSignal = {
    symbol,
    side: 1,
    setup: 2,
    openTimeMs: START_MS + Math.floor(index / symbols) * MINUTE_MS,
    score: rng.next(),
    features: Float32Array.from({ length: 12 }, () => rng.next()),
    scorerId: "m1-scalp-20261101",
    challenger: null,
    invalidationPrice: rng.next(),
    atr: rng.next(),
    medianTurnover: 1e5 * rng.next(),
    exchangeMs: START_MS,
    isRestConfirmed: false,
    receivedMs: clock.nowMs(),
    scoredMs: clock.nowMs(),
  };
  return { type: "signal", part: partOf(symbol, parts), run: "0123456789abcdef01234567", signal };
}

function minuteWords(minuteMs: number): readonly ScannerWord[] {
  const byPart = Array.from({ length: parts }, (): SharedBar[] => []);
  for (let index = 0; index < symbols; index++) {
    const symbol = `S${index}USDT`;
    const close = 1 + rng.next();
    const bar = { symbol, open: close, high: close, low: close, close, volume: rng.next(), isScanned: true };
    byPart[partOf(symbol, parts)]?.push(bar);
  }
  return byPart.map((bars, part) => ({ type: "bars", part, scanner: "host-1", minuteMs, bars }));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function open(url: string, client: string): Promise<{ bus: NatsSignalBus; connection: BusConnection }> {
  const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
  const connection = await BusConnection.open({
    ...files,
    url,
    name: "bench",
    connectTimeoutMs: 10_000,
    client,
    logger: silentLogger,
  });
  return { connection, bus: await NatsSignalBus.open({ connection, clock, logger: silentLogger }) };
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise<void>((resolve) => void clock.after(1, resolve));
}

function quantile(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(2);
}

async function measure(url: string): Promise<void> {
  const scanner = await open(url, "scanner");
  const executor = await open(url, "executor");
  const heardNs: number[] = [];
  await executor.bus.follow({
    reader: "executor",
    onWord: (_, acknowledge) => {
      heardNs.push(clock.monoNs());
      acknowledge();
    },
    onDisplaced() {},
  });

  const cpu = process.cpuUsage();
  const startNs = clock.monoNs();
  for (let index = 0; index < signals; index++) {
    scanner.bus.publish(signalOf(index));
    if (index % 256 === 0) await until(() => scanner.bus.counts.waiting < AHEAD_MAX);
  }
  await until(() => heardNs.length >= signals && scanner.bus.counts.waiting === 0);
  const tookMs = (clock.monoNs() - startNs) / 1e6;
  const used = process.cpuUsage(cpu);
  const { kept, dropped } = scanner.bus.counts;
  const stored = await storedBytes(scanner.connection);
  console.log(
    `burst: ${signals} signals in ${tookMs.toFixed(0)} ms, ${((signals / tookMs) * 1e3).toFixed(0)} a second; kept ${kept}, dropped ${dropped}`,
  );
  console.log(
    `CPU of both sides in one process: ${((used.user + used.system) / signals).toFixed(1)} us a signal; the server stores ${(stored / signals).toFixed(0)} bytes a signal`,
  );

  heardNs.length = 0;
  const toReader: number[] = [];
  const toKept: number[] = [];
  for (let index = 0; index < paced; index++) {
    const before = heardNs.length;
    const sentNs = clock.monoNs();
    scanner.bus.publish(signalOf(signals + index));
    await until(() => heardNs.length > before && scanner.bus.counts.waiting === 0);
    toReader.push(((heardNs[before] ?? sentNs) - sentNs) / 1e6);
    toKept.push((clock.monoNs() - sentNs) / 1e6);
  }
  toReader.sort((a, b) => a - b);
  toKept.sort((a, b) => a - b);
  console.log(
    `one at a time, publish to reader: p50 ${quantile(toReader, 0.5)} ms, p99 ${quantile(toReader, 0.99)} ms; to kept and heard: p50 ${quantile(toKept, 0.5)} ms, p99 ${quantile(toKept, 0.99)} ms`,
  );

  const before = await storedBytes(scanner.connection);
  const minuteCpu = process.cpuUsage();
  const heardBefore = heardNs.length;
  for (const word of minuteWords(START_MS)) scanner.bus.publish(word);
  await until(() => heardNs.length >= heardBefore + parts && scanner.bus.counts.waiting === 0);
  const own = process.cpuUsage(minuteCpu);
  const minuteBytes = (await storedBytes(scanner.connection)) - before;
  console.log(
    `a minute of ${symbols} symbols: ${parts} words, ${minuteBytes} bytes (${(minuteBytes / symbols).toFixed(1)} a symbol), ${((own.user + own.system) / symbols).toFixed(1)} us of CPU a symbol, both sides`,
  );
  for (const { bus, connection } of [executor, scanner]) {
    await bus.close();
    await connection.close();
  }
}

/** What the stream holds now. */
async function storedBytes({ nats }: BusConnection): Promise<number> {
  const reply = await nats.request("$JS.API.STREAM.INFO.bench_signals");
  return (JSON.parse(reply.string()) as { readonly state: { readonly bytes: number } }).state.bytes;
}

const folder = mkdtempSync(join(tmpdir(), "smcq-bus-bench-"));
const port = await freePort();
const server: ChildProcess = spawn(
  "nats-server",
  ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder],
  { stdio: "ignore" },
);
server.once("error", () => {
  console.error("no nats-server on the path; `apt-get install nats-server` brings one");
  process.exit(2);
});
try {
  for (let tries = 0; ; tries++) {
    try {
      await measure(`nats://127.0.0.1:${port}`);
      break;
    } catch (error) {
      // It needs a moment to listen.
      if (tries >= 50 || errorCode(error) !== "BUS_UNREACHABLE") throw error;
      await new Promise<void>((resolve) => void clock.after(100, resolve));
    }
  }
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}
