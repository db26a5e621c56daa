import { SYMBOLS_MAX } from "@smcq/exchange-sim";
import { SmcqError } from "@smcq/kernel";
import { resolveTrading, type TradingOptions, type TradingSettings } from "./trading/options.ts";

/** A point of a scaled clock: the venue's time at a time of the machine's wall clock. */
export interface ClockAnchor {
  readonly anchorVenueMs: number;
  readonly anchorWallMs: number;
}

/** How the simulated venue runs; plain data, so that it crosses a process. Everything has a default. */
export interface BinanceSimOptions {
  /** Loopback address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** 0 (default): any free port, reported. */
  readonly port?: number;
  /** Seed of derived series, paths and faults; default 1. */
  readonly seed?: number;
  /** How many symbols pass the filter of docs/mission.md U1; default 297. */
  readonly symbols?: number;
  /** Venue ms in a wall ms; default 30 (a close every 2 s). */
  readonly speed?: number;
  /** `manual`: time stands still, `closeNow` and `steady` move the market (benches). Default `scaled`. */
  readonly clock?: "scaled" | "manual";
  /** The bundle's minute at which the run starts; default 2600: enough history for 499 bars of M5. */
  readonly startMinute?: number;
  /** `wall`: the venue's clock starts at the machine's time, the bars are moved there; default `recorded`. */
  readonly epoch?: "recorded" | "wall";
  /** Goes on with the clock of a venue that ended, instead of starting at `startMinute`. */
  readonly resume?: ClockAnchor;
  /** True: after the last minute the bars start over. */
  readonly loop?: boolean;
  /** Fault plan as text (`parseFaults` of exchange-sim); default none. */
  readonly faults?: string;
  /** REQUEST_WEIGHT limit a venue minute; default 2400. */
  readonly weightLimit?: number;
  /** First 418 ban, venue ms; doubles with each. Default 120,000. */
  readonly banMs?: number;
  /** True: 429 and 418 carry Retry-After (the venue's futures side does not). */
  readonly hasRetryAfter?: boolean;
  /** Forming updates of a symbol in a wall second at most; default 1.5 (never more than 4 in a venue second). */
  readonly updatesPerSecondWall?: number;
  /** `batched` (default): one write a connection and tick; `frame-per-write`: a write for each frame. */
  readonly burst?: "batched" | "frame-per-write";
  /** When `x:true` comes after the boundary: delay +- spread/2, venue ms; defaults 2000 and 200. */
  readonly finalDelayMs?: number;
  readonly finalSpreadMs?: number;
  /** Share of finals that come up to `finalTailMs` later still; default 0. */
  readonly finalTailRatio?: number;
  readonly finalTailMs?: number;
  /** What the stream does in a minute without trades; default `silent`. */
  readonly emptyMinutes?: "silent" | "final";
  /** Lifetime of a connection, venue ms; default 24 h. */
  readonly lifetimeMs?: number;
  /** Server pings, venue ms; default 3 min. */
  readonly pingEveryMs?: number;
  /** A connection without a pong for so long is closed, venue ms; default 10 min. */
  readonly pongDeadlineMs?: number;
  /** Wall times below which speed shrinks neither pings nor the pong deadline; defaults 1 s and 10 s. */
  readonly pingWallMsMin?: number;
  readonly pongWallMsMin?: number;
  /** Messages a client may send in a wall second; default 10. */
  readonly messagesPerSecondMax?: number;
  /** Connections accepted in 5 venue minutes; default 300. */
  readonly connectsPer5MinMax?: number;
  /** Milliseconds of wall time between two turns of the market; default 10. */
  readonly tickMs?: number;
  /** Certificate and key in PEM: HTTPS and WSS instead of plain text. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The order path and its account; absent: market data alone. */
  readonly trading?: TradingOptions;
}

/** Options with every default filled in. */
export type SimSettings = Required<Omit<BinanceSimOptions, "tls" | "resume" | "trading">> &
  Pick<BinanceSimOptions, "tls" | "resume"> & { readonly trading: TradingSettings | null };

const defaults: SimSettings = {
  host: "127.0.0.1",
  port: 0,
  seed: 1,
  symbols: 297,
  speed: 30,
  clock: "scaled",
  startMinute: 2600,
  epoch: "recorded",
  loop: false,
  faults: "none",
  weightLimit: 2400,
  banMs: 120_000,
  hasRetryAfter: false,
  updatesPerSecondWall: 1.5,
  burst: "batched",
  finalDelayMs: 2000,
  finalSpreadMs: 200,
  finalTailRatio: 0,
  finalTailMs: 24_000,
  emptyMinutes: "silent",
  lifetimeMs: 86_400_000,
  pingEveryMs: 180_000,
  pongDeadlineMs: 600_000,
  pingWallMsMin: 1000,
  pongWallMsMin: 10_000,
  messagesPerSecondMax: 10,
  connectsPer5MinMax: 300,
  tickMs: 10,
  trading: null,
};

/** Ranges of the numbers, both ends included; `true` wants an integer. */
const ranges: readonly (readonly [keyof SimSettings, number, number, boolean])[] = [
  ["port", 0, 65_535, true],
  ["seed", 0, 4_294_967_295, true],
  ["symbols", 1, SYMBOLS_MAX, true],
  ["speed", 0.001, 10_000, false],
  ["startMinute", 0, 1_000_000, true],
  ["weightLimit", 1, 1_000_000, true],
  ["banMs", 1, 259_200_000, false],
  ["updatesPerSecondWall", 0.01, 1000, false],
  ["finalDelayMs", 0, 59_000, false],
  ["finalSpreadMs", 0, 20_000, false],
  ["finalTailRatio", 0, 1, false],
  ["finalTailMs", 0, 600_000, false],
  ["lifetimeMs", 1000, 86_400_000, false],
  ["pingEveryMs", 1, 86_400_000, false],
  ["pongDeadlineMs", 1, 86_400_000, false],
  ["pingWallMsMin", 1, 600_000, false],
  ["pongWallMsMin", 1, 600_000, false],
  ["messagesPerSecondMax", 1, 100_000, true],
  ["connectsPer5MinMax", 1, 1_000_000, true],
  ["tickMs", 1, 1000, false],
];

/** Fills in defaults; throws SmcqError `SIM_OPTION` naming every value outside its range and every unknown key. */
export function resolveOptions(options: BinanceSimOptions): SimSettings {
  const faults: string[] = [];
  const trading = options.trading === undefined ? null : resolveTrading(options.trading, faults);
  const settings: SimSettings = { ...defaults, ...options, trading };
  for (const key of Object.keys(options))
    if (!(key in defaults) && key !== "tls" && key !== "resume")
      faults.push(`${key} is no option of the simulator`);
  for (const [key, min, max, isWhole] of ranges) {
    const value = settings[key];
    const isFit = typeof value === "number" && value >= min && value <= max;
    if (!isFit || (isWhole && !Number.isInteger(value)))
      faults.push(
        `${key} must be ${isWhole ? "an integer" : "a number"} ${min}..${max}, got ${JSON.stringify(value)}`,
      );
  }
  const choices: readonly (readonly ["clock" | "burst" | "emptyMinutes" | "epoch", readonly string[]])[] = [
    ["clock", ["scaled", "manual"]],
    ["epoch", ["recorded", "wall"]],
    ["burst", ["batched", "frame-per-write"]],
    ["emptyMinutes", ["silent", "final"]],
  ];
  for (const [key, allowed] of choices)
    if (!allowed.includes(settings[key]))
      faults.push(`${key} must be one of ${allowed.join(", ")}, got ${JSON.stringify(settings[key])}`);
  if (settings.epoch === "wall" && (settings.resume !== undefined || settings.clock === "manual"))
    faults.push("epoch wall goes neither with resume nor with a manual clock");
  if (settings.finalDelayMs + settings.finalSpreadMs / 2 >= 60_000)
    faults.push("finalDelayMs + finalSpreadMs / 2 must stay below a minute");
  if (faults.length > 0) throw new SmcqError("SIM_OPTION", `simulator options: ${faults.join("; ")}`);
  return settings;
}
