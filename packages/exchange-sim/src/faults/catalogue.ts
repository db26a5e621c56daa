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
  "EX01",
  "EX02",
  "EX03",
  "EX04",
  "EX05",
  "EX06",
  "EX07",
  "EX08",
  "EX09",
  "EX10",
  "EX11",
  "EX12",
  "EX13",
  "EX14",
  "EX15",
  "EX17",
  "EX19",
  "EX20",
  "EX21",
  "EX22",
  "EX23",
  "EX24",
  "EX27",
  "EX28",
  "EX29",
  "AC01",
  "AC02",
  "AC03",
  "AC04",
  "AC05",
  "AC06",
  "AC07",
  "AC08",
  "AC09",
  "AC10",
  "AC11",
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
/** How many it strikes at most since the plan was set; 0: all that chance chooses. */
const times: KnobParameter = { name: "times", unit: "count", min: 0, max: 1_000_000, initial: 0 };
const late = (name: string, initial: number): KnobParameter => time(name, initial, 0, 10 * MINUTE_MS);
const whole = (name: string, initial: number, max: number): KnobParameter => ({
  name,
  unit: "count",
  min: 0,
  max,
  initial,
});
const knob = (fault: string, ...parameters: readonly KnobParameter[]): KnobDefinition => ({
  fault,
  parameters,
});

/**
 * The faults of the catalogue that a venue, or the way to it, can show, each with its numbers in the order in which text
 * gives them (`MD05=0.02:24s`). All times are venue time. `EX01=1:1` strikes the next call, and no other. NW04 (name
 * server) and NW05 (TLS) are no knobs: they need a name server and the server's certificate option. EX16, EX18, EX25 and
 * EX26 are none either: dust, a refusal that comes again, long ids and acks without a price are what the venue does anyhow.
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
  EX01: knob(
    "an order is carried out, so much later, and nobody hears: the connection is cut",
    ratio(0.02),
    times,
    late("late", 0),
  ),
  EX02: knob("an order never arrives: the connection is cut", ratio(0.02), times),
  EX03: knob(
    "an order is carried out, so much later, and answered with -1007",
    ratio(0.02),
    times,
    late("late", 0),
  ),
  EX04: knob("an order's events come before its reply", ratio(0.1), times, late("delay", 300)),
  EX05: knob("an event of the account comes twice", ratio(0.1), times),
  EX06: knob("a market order is filled in part and its rest expires", ratio(0.05), times),
  EX07: knob("a market order is filled in 20 pieces", ratio(0.05), times),
  EX08: knob("a conditional order is refused: it would fire at once (-2021)", ratio(0.05), times),
  EX09: knob("a conditional order is taken, and rejected when it fires", ratio(0.05), times),
  EX10: knob("a person cancels a conditional order", ratio(0.02), times, late("delay", 5 * SECOND_MS)),
  EX11: knob("conditional orders have moved to another path (-4120)", ratio(0.05), times),
  EX12: knob("200 conditional orders wait already (-4045)", ratio(0.05), times),
  EX13: knob("an order that only reduces is refused (-2022)", ratio(0.05), times),
  EX14: knob("a market order finds no price inside its band (-4131)", ratio(0.05), times),
  EX15: knob("an order does not fit filters that have changed (-1111)", ratio(0.05), times),
  EX17: knob("an order that opens finds no margin (-2019)", ratio(0.05), times),
  EX19: knob("a signed call meets 429", ratio(0.02), times),
  EX20: knob("the address is banned (418) for a while", after(5 * MINUTE_MS), duration(2 * MINUTE_MS)),
  EX21: knob("an order is one too many (-1015)", ratio(0.02), times),
  EX22: knob(
    "503: 1 unknown and carried out, 2 unknown and not, 3 unavailable, 4 internal error; 0 draws one",
    ratio(0.02),
    times,
    whole("kind", 0, 4),
  ),
  EX23: knob("-1008 for orders; what closes and cancels is exempt", ratio(0.05), times),
  EX24: knob("a limit order is filled while it is being cancelled", ratio(0.1), times),
  EX27: knob("no order is taken for a while (-4402)", after(5 * MINUTE_MS), duration(2 * MINUTE_MS)),
  EX28: knob(
    "indicators are locked for a while (apiTradingStatus): orders that open meet -4400",
    after(5 * MINUTE_MS),
    duration(10 * MINUTE_MS),
  ),
  EX29: knob(
    "an acked order is not found (-2013), a conditional one neither cancelled nor told of, for a while",
    ratio(0.05),
    times,
    duration(5 * SECOND_MS),
  ),
  AC01: knob("the largest position is deleveraged", after(5 * MINUTE_MS), period(HOUR_MS)),
  AC02: knob("the largest position that can be is liquidated", after(5 * MINUTE_MS), period(HOUR_MS)),
  AC03: knob("a person sells 40 % of the largest position", after(5 * MINUTE_MS), period(HOUR_MS)),
  AC04: knob(
    "so many USDT come, at the next time they go",
    after(5 * MINUTE_MS),
    period(HOUR_MS),
    whole("usdt", 100, 1_000_000),
  ),
  AC05: knob(
    "a person sets the leverage of the symbol that was traded last",
    after(5 * MINUTE_MS),
    period(HOUR_MS),
    whole("leverage", 3, 125),
  ),
  AC06: knob("hedge mode is on from then on: orders meet -4061", after(5 * MINUTE_MS)),
  AC07: knob(
    "the private stream's key expires; kind 1: the stream goes silent instead, for good",
    after(5 * MINUTE_MS),
    period(HOUR_MS),
    whole("kind", 0, 1),
  ),
  AC08: knob(
    "every position pays funding of that rate beside the usual times",
    after(5 * MINUTE_MS),
    period(HOUR_MS),
    ratio(0.001, "rate"),
  ),
  AC09: knob("commissions are paid in BNB, so much cheaper", ratio(0.1, "discount")),
  AC10: knob("keys are refused (-2015) for a while", after(5 * MINUTE_MS), duration(DAY_MS)),
  AC11: knob(
    "somebody else's order waits 4 % away in the symbol that was traded last",
    after(5 * MINUTE_MS),
    period(HOUR_MS),
  ),
};

/** Returns the definition of a knob. */
export function knobOf(id: KnobId): KnobDefinition {
  return KNOBS[id];
}
