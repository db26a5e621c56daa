import { BusConnection, type MemberView, Members, NatsSignalBus } from "@smcq/bus-nats";
import type { ScannerWord } from "@smcq/engine";
import { MINUTE_MS, silentLogger, SystemClock } from "@smcq/kernel";
import { signalKey } from "../../src/bus/executor/seen-signals.ts";

const clock = new SystemClock();
const TTL_MS = 5_000;

/** Hears everything that scanners tell, and writes down what of the market was told, and when. */
export class BusAuditor {
  readonly #connection: BusConnection;
  readonly #members: Members;
  #bus: NatsSignalBus | null = null;
  /** By minute and symbol, ms from the bar's close to its word. */
  readonly #scanned = new Map<number, Map<string, number>>();
  readonly signals = new Map<string, number>();
  readonly tellers = new Set<string>();
  /** Symbols of which any bar was told as scanned. */
  readonly told = new Set<string>();
  symbols = new Set<string>();

  private constructor(connection: BusConnection) {
    this.#connection = connection;
    this.#members = new Members(connection, clock);
  }

  static async open(url: string): Promise<BusAuditor> {
    const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
    const connection = await BusConnection.open({
      ...files,
      url,
      name: "smcq",
      connectTimeoutMs: 5_000,
      client: "auditor",
      logger: silentLogger,
    });
    const auditor = new BusAuditor(connection);
    auditor.#members.start();
    auditor.#bus = await NatsSignalBus.open({ connection, clock, logger: silentLogger });
    await auditor.#bus.follow({
      reader: "auditor",
      onWord: (word, acknowledge) => {
        auditor.#hear(word);
        acknowledge();
      },
      onDisplaced() {},
    });
    return auditor;
  }

  /** Scanners that beat now. */
  members(): readonly MemberView[] {
    this.#members.look();
    return this.#members.within(TTL_MS);
  }

  /** Bars of these minutes that nobody has told as scanned. */
  missing(fromMs: number, toMs: number): readonly string[] {
    const found: string[] = [];
    for (let minuteMs = fromMs; minuteMs < toMs; minuteMs += MINUTE_MS)
      for (const symbol of this.symbols)
        if (this.#scanned.get(minuteMs)?.has(symbol) !== true)
          found.push(`${symbol} ${(minuteMs - fromMs) / MINUTE_MS}`);
    return found;
  }

  /** By minute, the longest from a bar's close to its word, ms. */
  delays(fromMs: number, toMs: number): readonly number[] {
    const delays: number[] = [];
    for (let minuteMs = fromMs; minuteMs < toMs; minuteMs += MINUTE_MS)
      delays.push(Math.round(Math.max(0, ...(this.#scanned.get(minuteMs)?.values() ?? []))));
    return delays;
  }

  async close(): Promise<void> {
    this.#members.stop();
    await this.#bus?.close();
    await this.#connection.close();
  }

  #hear(word: ScannerWord): void {
    if (word.type === "signal") {
      const key = signalKey(word.signal);
      this.signals.set(key, (this.signals.get(key) ?? 0) + 1);
      return;
    }
    this.tellers.add(word.scanner);
    const told = this.#scanned.get(word.minuteMs) ?? new Map<string, number>();
    this.#scanned.set(word.minuteMs, told);
    for (const { symbol, isScanned } of word.bars) {
      this.symbols.add(symbol);
      if (isScanned) this.told.add(symbol);
      if (isScanned && !told.has(symbol)) told.set(symbol, clock.nowMs() - word.minuteMs - MINUTE_MS);
    }
  }
}
