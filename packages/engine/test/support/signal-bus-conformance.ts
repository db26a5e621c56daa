import { SystemClock, symbolId } from "@smcq/kernel";
import { afterEach, expect, it } from "vitest";
import type { Following, ScannerWord, SharedSignal, SignalBus } from "../../src/index.ts";

const MINUTE_MS = 60_000;
const WAIT_MS_MAX = 15_000;
const LOOK_MS = 5;

/** A signal of everything that its form has; numbers that no decimal text keeps. */
export function sharedSignal(given: Partial<SharedSignal> = {}): SharedSignal {
  return {
    symbol: "BTCUSDT",
    side: 1,
    setup: 2,
    openTimeMs: 28_000_000 * MINUTE_MS,
    score: 0.1 + 0.2,
    features: Float32Array.from({ length: 12 }, (_, index) => (index === 3 ? -0 : Math.sqrt(index) - 1)),
    scorerId: "m1-scalp-7",
    challenger: { scorerId: "m1-scalp-8", score: 1 / 3 },
    invalidationPrice: 61_234.567_8,
    atr: Math.PI,
    medianTurnover: 123_456.789,
    exchangeMs: 28_000_001 * MINUTE_MS + 17,
    isRestConfirmed: true,
    receivedMs: 28_000_001 * MINUTE_MS + 21.25,
    scoredMs: 0,
    ...given,
  };
}

export const signalWord = (given: Partial<SharedSignal> = {}, part = 3): ScannerWord => ({
  type: "signal",
  part,
  run: "plan-1",
  signal: sharedSignal(given),
});

export const barsWord = (minute: number, part = 3): ScannerWord => ({
  type: "bars",
  part,
  scanner: "host-1",
  minuteMs: minute * MINUTE_MS,
  bars: [
    { symbol: "BTCUSDT", open: 1.1, high: 1 / 0.3, low: 1e-7, close: 2.2, volume: 0, isScanned: true },
    { symbol: "币安人生USDT", open: 5, high: 6, low: 4, close: 5, volume: 1e12, isScanned: false },
  ],
});

/** Resolves when `look` no longer throws; rejects with what it threw last. */
export async function untilTrue(look: () => void): Promise<void> {
  const clock = new SystemClock();
  const endMs = clock.nowMs() + WAIT_MS_MAX;
  for (;;) {
    try {
      look();
      return;
    } catch (error) {
      if (clock.nowMs() > endMs) throw error;
    }
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
}

/** A reader that writes down what it hears, and acknowledges when it is told to. */
export class Reader {
  readonly words: ScannerWord[] = [];
  readonly #acknowledgements: (() => void)[] = [];
  isDisplaced = false;
  following: Following | null = null;

  async follow(bus: SignalBus, reader = "executor-1"): Promise<this> {
    this.following = await bus.follow({
      reader,
      onWord: (word, acknowledge) => {
        this.words.push(word);
        this.#acknowledgements.push(acknowledge);
      },
      onDisplaced: () => {
        this.isDisplaced = true;
      },
    });
    return this;
  }

  acknowledge(count: number): void {
    for (const acknowledge of this.#acknowledgements.splice(0, count)) acknowledge();
  }

  get symbols(): readonly string[] {
    return this.words.map((word) => (word.type === "signal" ? word.signal.symbol : `part ${word.part}`));
  }
}

/** What every bus must do. `open` gives a bus over the same store as those that the same test has opened before. */
export function signalBusConformance(open: () => Promise<SignalBus>, isShared: boolean): void {
  const buses: SignalBus[] = [];
  const opened = async (): Promise<SignalBus> => {
    const bus = isShared || buses.length === 0 ? await open() : (buses[0] as SignalBus);
    buses.push(bus);
    return bus;
  };
  afterEach(async () => {
    for (const bus of buses.splice(0)) await bus.close();
  });
  const named = (...symbols: readonly string[]): ScannerWord[] =>
    symbols.map((symbol) => signalWord({ symbol }));

  it("tells words as they were given, bit by bit", async () => {
    const bus = await opened();
    const reader = await new Reader().follow(bus);
    const words = [
      signalWord(),
      barsWord(28_000_000),
      signalWord({ side: -1, challenger: null, isRestConfirmed: false }),
    ];
    expect(words.map((word) => bus.publish(word))).toEqual([1, 2, 3]);
    await untilTrue(() => expect(reader.words).toStrictEqual(words));
    await untilTrue(() => expect(bus.settledTo).toBe(3));
    const [first] = reader.words;
    expect(first?.type === "signal" && Object.is(first.signal.features[3], -0)).toBe(true);
  });

  it("tells in order, whoever publishes", async () => {
    const [first, second] = [await opened(), await opened()];
    const reader = await new Reader().follow(first);
    const symbols = Array.from({ length: 200 }, (_, index) => `S${index}USDT`);
    for (const word of named(...symbols)) second.publish(word);
    await untilTrue(() => expect(reader.symbols).toEqual(symbols));
  });

  it("keeps a signal once, however often and by whomever it is found", async () => {
    const [first, second] = [await opened(), await opened()];
    const reader = await new Reader().follow(first);
    for (const word of named("AUSDT", "BUSDT", "AUSDT")) first.publish(word);
    await untilTrue(() => expect(first.counts.kept + first.counts.known).toBe(3));
    for (const word of named("BUSDT", "CUSDT")) second.publish(word);
    await untilTrue(() => expect(reader.symbols).toEqual(["AUSDT", "BUSDT", "CUSDT"]));
    expect(first.counts.known + (isShared ? second.counts.known : 0)).toBe(2);
  });

  it("takes another bar, side or run for another signal", async () => {
    const bus = await opened();
    const reader = await new Reader().follow(bus);
    const { signal } = signalWord() as Extract<ScannerWord, { type: "signal" }>;
    bus.publish(signalWord());
    bus.publish(signalWord({ side: -1 }));
    bus.publish(signalWord({ openTimeMs: signal.openTimeMs + MINUTE_MS }));
    bus.publish({ type: "signal", part: 3, run: "plan-2", signal });
    await untilTrue(() => expect(reader.words).toHaveLength(4));
  });

  it("tells again what was not acknowledged, to who follows next under the name", async () => {
    const bus = await opened();
    const first = await new Reader().follow(bus);
    for (const word of named("AUSDT", "BUSDT", "CUSDT")) bus.publish(word);
    await untilTrue(() => expect(first.words).toHaveLength(3));
    first.acknowledge(1);
    await first.following?.stop();
    await first.following?.stop();
    bus.publish(signalWord({ symbol: "DUSDT" }));
    const second = await new Reader().follow(await opened());
    await untilTrue(() => expect(second.symbols).toEqual(["BUSDT", "CUSDT", "DUSDT"]));
    expect(first.words).toHaveLength(3);
  });

  it("tells each name all of it", async () => {
    const bus = await opened();
    const readers = [await new Reader().follow(bus), await new Reader().follow(bus, "executor-2")];
    for (const word of named("AUSDT", "BUSDT")) bus.publish(word);
    for (const reader of readers) await untilTrue(() => expect(reader.symbols).toEqual(["AUSDT", "BUSDT"]));
  });

  it("tells who follows that another follows under its name, and tells it nothing more", async () => {
    const first = await new Reader().follow(await opened());
    const bus = await opened();
    const second = await new Reader().follow(bus);
    await untilTrue(() => expect(first.isDisplaced).toBe(true));
    bus.publish(signalWord());
    await untilTrue(() => expect(second.words).toHaveLength(1));
    expect([first.words.length, second.isDisplaced]).toEqual([0, false]);
  });
}

/** For tests that need a candidate's number. */
export const ANY_ID = symbolId(7);
