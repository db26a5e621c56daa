import { generateKeyPairSync } from "node:crypto";
import { startBinanceSim, type BinanceSim, type BinanceSimOptions, type TradingKey } from "@smcq/binance-sim";
import { tradingRules } from "@smcq/exchange";
import { type Instrument, Rng, type SymbolId, SystemClock, symbolId } from "@smcq/kernel";
import { assertRouted, BinanceReferenceData } from "../../src/index.ts";
import {
  BinanceGateway,
  type Credentials,
  type KeyKind,
  loadCredentials,
  MarginTypes,
  type SymbolDirectory,
  type TradedSymbol,
} from "../../src/trading.ts";
import { type LogLine, recordingLogger } from "./sim-harness.ts";

export const API_KEY = "canaryKey0123456789abcdef";
export const API_SECRET = "canarySecret0123456789abcdef";

/** A key pair of each kind: what the venue knows, and what we have. */
export interface KeyPair {
  readonly venue: TradingKey;
  readonly secretText: string;
}

const made = new Map<KeyKind, KeyPair>();

/** Made once: an RSA key takes a while. */
export function keyPair(kind: KeyKind): KeyPair {
  const known = made.get(kind);
  if (known !== undefined) return known;
  const pair = makePair(kind);
  made.set(kind, pair);
  return pair;
}

function makePair(kind: KeyKind): KeyPair {
  if (kind === "hmac")
    return { venue: { key: API_KEY, type: "hmac", secret: API_SECRET }, secretText: API_SECRET };
  const { publicKey, privateKey } =
    kind === "rsa" ? generateKeyPairSync("rsa", { modulusLength: 2_048 }) : generateKeyPairSync("ed25519");
  const publicKeyPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const secretText = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { venue: { key: API_KEY, type: kind, publicKeyPem }, secretText };
}

export function credentialsOf({ secretText }: KeyPair): Credentials {
  return loadCredentials({ env: { BINANCE_API_KEY: API_KEY, BINANCE_API_SECRET: secretText } });
}

/** The symbols of a run: numbers in the order of the list. */
export function directoryOf(instruments: readonly Instrument[]): SymbolDirectory {
  const symbols = instruments.map((instrument, index): TradedSymbol => {
    const { symbol, tickSize, stepSize, marketMinQty, marketMaxQty, minNotional } = instrument;
    const rules = tradingRules({
      symbol,
      tickSize,
      stepSize,
      minQty: marketMinQty,
      marketMaxQty,
      minNotional,
    });
    return { symbolId: symbolId(index), symbol, rules };
  });
  const bySymbol = new Map(symbols.map((symbol) => [symbol.symbol, symbol]));
  return {
    byId: (id: SymbolId) => symbols[id] ?? null,
    bySymbol: (text) => bySymbol.get(text) ?? null,
  };
}

/** Awaits a condition, a minute at most. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const untilMs = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > untilMs) throw new Error(`waited a minute for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export interface TradingBench {
  readonly sim: BinanceSim;
  readonly gateway: BinanceGateway;
  /** Cross is wanted; it knows of no symbol until it learns. */
  readonly marginTypes: MarginTypes;
  readonly symbols: readonly TradedSymbol[];
  readonly reference: BinanceReferenceData;
  readonly lines: LogLine[];
  /** Resolves when nothing is on its way any more, in either direction. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

/** Known to the venue, to no run: its leverage comes last on the stream, and is told to nobody. */
const BARRIER = 2;

/** A gateway and a venue in the same process, over real sockets, whose clock runs as the wall's and whose prices stand. */
export async function openTradingBench(
  kind: KeyKind = "hmac",
  options: Partial<BinanceSimOptions> = {},
): Promise<TradingBench> {
  const pair = keyPair(kind);
  const sim = await startBinanceSim({
    speed: 1,
    symbols: 3,
    weightLimit: 100_000,
    trading: { keys: [pair.venue], prices: "held", equity: "5000", leverage: 10 },
    ...options,
  });
  const lines: LogLine[] = [];
  const log = recordingLogger(lines);
  const bases = { wsBase: sim.wsUrl, restBase: sim.restUrl };
  const { clock } = sim;
  const origin = assertRouted(bases).restOrigin;
  const reference = new BinanceReferenceData({ origin, clock, rng: new Rng(1), log });
  const { instruments } = await reference.universe();
  const directory = directoryOf(instruments.slice(0, BARRIER));
  const symbols = [0, 1].map((index) => directory.byId(symbolId(index)) as TradedSymbol);
  const marginTypes = new MarginTypes("cross");
  const gateway = new BinanceGateway({
    bases,
    credentials: credentialsOf(pair),
    rest: reference.rest,
    symbols: directory,
    clock,
    wallClock: new SystemClock(),
    rng: new Rng(2),
    log,
    marginTypes,
  });
  gateway.start();
  await until(() => gateway.stats.isStreamLive && gateway.stats.calls === 0, "the account's stream");
  const isIdle = (): boolean => gateway.stats.calls === 0 && gateway.stats.untold === 0;
  const barrierSymbol = instruments[BARRIER]?.symbol ?? "";
  let leverage = 1;
  return {
    sim,
    gateway,
    marginTypes,
    symbols,
    reference,
    lines,
    settle: async () => {
      do {
        await until(isIdle, "calls and words");
        const before = gateway.stats.unknownSymbols;
        const parameters = { symbol: barrierSymbol, leverage: String((leverage = (leverage % 5) + 1)) };
        await gateway.rest.send({ method: "POST", path: "/fapi/v1/leverage", parameters, weight: 1 });
        await until(() => gateway.stats.unknownSymbols > before, "the end of the stream");
      } while (!isIdle());
    },
    dispose: async () => {
      await gateway.close();
      await reference.close();
      await sim.stop();
    },
  };
}
