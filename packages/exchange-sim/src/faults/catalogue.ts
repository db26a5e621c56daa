/** One number of a knob, with the range the parser accepts. */
export interface KnobParameter {
  readonly name: string;
  readonly unit: "ratio" | "ms" | "count" | "bytes";
  readonly min: number;
  readonly max: number;
  /** The value of a knob that is named without one. */
  readonly initial: number;
}

/** A named fault of the simulated venue. */
export interface KnobDefinition {
  readonly fault: string;
  readonly parameters: readonly KnobParameter[];
}

/** Names of all knobs, in the catalogue's order. */
export const KNOB_IDS = [
  "MD01",
  "MD02",
  "MD03",
  "MD04",
  "MD05",
  "MD06",
  "MD07",
  "MD08",
  "MD09",
  "MD10",
  "MD11",
  "MD12",
  "MD13",
  "MD14",
  "MD15",
  "MD16",
  "MD17",
  "MD18",
  "MD19",
  "MD20",
  "MD21",
  "MD22",
  "NW01",
  "NW02",
  "NW03",
  "NW06",
  "NW07",
  "NW08",
  "NW09",
  "NW10",
  "NW11",
  "NW12",
] as const;

/** Name of a knob. */
export type KnobId = (typeof KNOB_IDS)[number];

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const ratio = (initial: number, name = "ratio"): KnobParameter => ({
  name,
  unit: "ratio",
  min: 0,
  max: 1,
  initial,
});
const time = (name: string, initial: number, min: number, max: number): KnobParameter => ({
  name,
  unit: "ms",
  min,
  max,
  initial,
});
const period = (initial: number): KnobParameter => time("period", initial, 10 * SECOND_MS, DAY_MS);
const after = (initial: number): KnobParameter => time("after", initial, 0, 7 * DAY_MS);
const duration = (initial: number): KnobParameter => time("duration", initial, SECOND_MS, 7 * DAY_MS);
const window = (initial: number): KnobParameter => time("window", initial, 10 * SECOND_MS, DAY_MS);
const knob = (fault: string, ...parameters: readonly KnobParameter[]): KnobDefinition => ({
  fault,
  parameters,
});

/**
 * The market and network faults of the catalogue that a market-data venue can show, each with its numbers in the
 * order in which text gives them (`MD05=0.02:24s`). All times are venue time. NW04 (name server) and NW05 (TLS)
 * are no knobs: they need a name server and the server's certificate option.
 */
export const KNOBS: Readonly<Record<KnobId, KnobDefinition>> = {
  MD01: knob("a symbol silent for a window, its socket alive", ratio(0.01), window(180 * SECOND_MS)),
  MD02: knob(
    "a connection silent from some window on, no FIN, pings answered",
    ratio(0.05),
    window(300 * SECOND_MS),
  ),
  MD03: knob("a subscription ACKed that never flows", ratio(0.01)),
  MD04: knob("x:true missing for a minute", ratio(0.01)),
  MD05: knob("x:true late; delay 0 draws 2, 10 or 24 s", ratio(0.01), time("delay", 0, 0, 600 * SECOND_MS)),
  MD06: knob("x:true twice", ratio(0.02)),
  MD07: knob("x:true of a minute after that of the next", ratio(0.005)),
  MD08: knob(
    "x:true differs from what REST serves; corrected later (0: never)",
    ratio(0.005),
    time("correction", 5 * SECOND_MS, 0, 600 * SECOND_MS),
  ),
  MD09: knob(
    "one connection cut, none accepted for a while: a gap",
    period(30 * MINUTE_MS),
    duration(3 * MINUTE_MS),
  ),
  MD10: knob("no WebSocket for longer than a ring holds", after(10 * MINUTE_MS), duration(600 * MINUTE_MS)),
  MD11: knob("an extra frame that is truncated, no JSON, binary or huge", ratio(0.005), {
    name: "huge",
    unit: "bytes",
    min: 1000,
    max: 64_000_000,
    initial: 256_000,
  }),
  MD12: knob("NaN, infinite, negative, zero, 1e-30 or high below low, half of them in x:true", ratio(0.002)),
  MD13: knob(
    "a price 100 times too high in a forming kline, or in x:true and corrected 5 s later",
    ratio(0.002),
    ratio(0, "finalRatio"),
  ),
  MD14: knob(
    "no trades for a window: flat bars without volume, on REST too",
    ratio(0.01),
    window(2 * HOUR_MS),
  ),
  MD15: knob(
    "event time in the future or in the past",
    ratio(0.005),
    time("offset", HOUR_MS, SECOND_MS, DAY_MS),
  ),
  MD16: knob("frames of unknown and of COIN-M symbols (st 2), a connection and minute", ratio(0.2)),
  MD17: knob("a symbol with a non-ASCII name is listed", after(2 * MINUTE_MS)),
  MD18: knob("a symbol is listed, again each period", after(3 * MINUTE_MS), period(15 * MINUTE_MS)),
  MD19: knob(
    "a delisting is announced and carried out after the lead",
    after(5 * MINUTE_MS),
    time("lead", 30 * MINUTE_MS, 0, DAY_MS),
  ),
  MD20: knob(
    "a symbol in TRADING_HALT for a while: no trades",
    after(4 * MINUTE_MS),
    duration(5 * MINUTE_MS),
    period(30 * MINUTE_MS),
  ),
  MD21: knob("all x:true of a minute at once, each with extra frames", ratio(0.1), {
    name: "extra",
    unit: "count",
    min: 1,
    max: 20,
    initial: 2,
  }),
  MD22: knob(
    "the consumer stalls (done by the engine, not by the venue)",
    period(10 * MINUTE_MS),
    time("stall", 2 * SECOND_MS, 10, 60 * SECOND_MS),
  ),
  NW01: knob("RST during the WebSocket handshake", ratio(0.2)),
  NW02: knob("all connections closed at once by the server", period(30 * MINUTE_MS)),
  NW03: knob(
    "a connection half-open from some window on: no frame, no pong",
    ratio(0.05),
    window(300 * SECOND_MS),
  ),
  NW06: knob(
    "latency and jitter on every frame and reply",
    time("latency", 50, 0, 10 * SECOND_MS),
    time("jitter", 200, 0, 10 * SECOND_MS),
  ),
  NW07: knob("the frames of the last two closes once more, a symbol and minute", ratio(0.01)),
  NW08: knob("REST dead, WebSocket alive", period(30 * MINUTE_MS), duration(2 * MINUTE_MS)),
  NW09: knob("WebSocket dead, REST alive", period(30 * MINUTE_MS), duration(90 * SECOND_MS)),
  NW10: knob("everything dead", after(10 * MINUTE_MS), duration(10 * MINUTE_MS)),
  NW11: knob(
    "connections cut one by one, accepted again in random order",
    period(30 * MINUTE_MS),
    time("step", 2 * SECOND_MS, 10, 600 * SECOND_MS),
  ),
  NW12: knob("all connections reset in one instant: a reconnect storm", period(30 * MINUTE_MS)),
};

/** Returns the definition of a knob. */
export function knobOf(id: KnobId): KnobDefinition {
  return KNOBS[id];
}
