import { availableParallelism, loadavg } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { e8Text, parseE8, Rng, SystemClock } from "@smcq/kernel";
import { verifyJournal } from "@smcq/ledger";
import { expect, it } from "vitest";
import { hasNatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { bookDifferences, venueBook } from "../support/book-differences.ts";
import { type TradingHost, TradingHosts } from "../support/trading-hosts.ts";
import { until } from "./engine-run.ts";

const ROUNDS = Number(process.env["SMCQ_RUNS"] ?? "40");
const FIRST_SEED = Number(process.env["SMCQ_SEED"] ?? "0");
const FAULTS = ["kill", "freeze", "cut-nats", "hold-nats", "cut-venue", "step", "lose-venue"] as const;
type Fault = (typeof FAULTS)[number];
/** `SMCQ_FAULTS=kill,step`: these alone. */
const PLAYED = FAULTS.filter((fault) => (process.env["SMCQ_FAULTS"] ?? fault).split(",").includes(fault));
/** After these the same host trades on. */
const KEPT: ReadonlySet<Fault> = new Set<Fault>(["cut-venue", "step"]);
/** Here the holder has to see by itself that the venue is silent, for `bus.venueLostMs`. */
const GIVEN: ReadonlySet<Fault> = new Set<Fault>(["lose-venue"]);
/** `protocol.protectMs` as it is preset. */
const PROTECT_MS = 1_500;
/** An order that was lost on the way is known to be so long after it was sent, at most (docs/trading.md 5), and sent anew. */
const LOST_MS = 9_000;
/** What lies between two looks at the account. */
const LOOK_MS = 250;
const FROZEN_MS = 30_000;
const SETTLE_MS_MAX = 60_000;
/** Entries of a campaign, a round, at least: with fewer it would prove little. */
const ENTRIES_MIN = 3;
const TAKES_OVER = "this host takes the account over";
const JUMPED = "the machine's clock jumped";
const clock = new SystemClock();

interface Round {
  readonly seed: number;
  readonly fault: Fault;
  /** When it began, mono ms. */
  readonly fromMs: number;
  /** From the fault until a host trades, ms. */
  readonly untilMs: number;
  /** Requests that who had lost the account sent all the same. */
  readonly sent: number;
  /** Who has the account now enters nothing for a while. */
  readonly isHeldBack: boolean;
}

interface Pair {
  readonly holder: TradingHost;
  readonly other: TradingHost;
}

function monoMs(): number {
  return clock.monoNs() / 1e6;
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void clock.after(ms, resolve));
}

function strike(fault: Fault, { holder }: Pair): void {
  if (fault === "kill") holder.signal("SIGKILL");
  if (fault === "freeze") holder.signal("SIGSTOP");
  if (fault === "cut-nats") holder.nats.cut(true);
  if (fault === "hold-nats") holder.nats.hold(true);
  if (fault === "cut-venue" || fault === "lose-venue") holder.venue.cut(true);
}

/** The other one takes the account over, or is given it; then who had it comes back. Returns when that was, and what the loser sent. */
async function takeOver(
  fault: Fault,
  { holder, other }: Pair,
  rng: Rng,
): Promise<{ readonly atMs: number; readonly sent: number }> {
  const fromMs = monoMs();
  const [taken, followings] = [other.run.count(TAKES_OVER), fault === "kill" ? 0 : holder.followings];
  strike(fault, { holder, other });
  await other.run.sees(TAKES_OVER, taken + 1);
  const { changes } = holder.venue;
  await until(() => other.isTrading, "the other one trades");
  const atMs = monoMs();
  const backMs = fault === "freeze" ? fromMs + FROZEN_MS : atMs + rng.next() * 2_000;
  await pause(Math.max(0, backMs - monoMs()));
  if (fault === "kill") holder.again();
  if (fault === "freeze") holder.signal("SIGCONT");
  holder.nats.cut(false);
  holder.nats.hold(false);
  holder.venue.cut(false);
  await until(() => holder.followings > followings, "it follows");
  return { atMs, sent: holder.venue.changes - changes };
}

/** The venue goes and comes back. */
async function leaveVenue(pair: Pair, rng: Rng): Promise<void> {
  strike("cut-venue", pair);
  await pause(1_000 + rng.next() * 3_000);
  pair.holder.venue.cut(false);
  await until(() => pair.holder.isTrading, "the holder trades again");
}

/** A person sets the holder's clock, and every other time the standby's too. */
async function stepClocks({ holder, other }: Pair, rng: Rng): Promise<void> {
  const jumps = holder.run.count(JUMPED);
  const draw = (): number => (rng.chance(0.5) ? -1 : 1) * Math.round(1_500 + rng.next() * 8_500);
  holder.stepClock(draw());
  if (rng.chance(0.5)) other.stepClock(draw());
  await holder.run.sees(JUMPED, jumps + 1);
  await until(() => holder.isTrading, "the holder trades again");
}

/** Something happens to who trades; where the other one has the account then, it comes back as that one's standby. */
async function playRound(seed: number, pair: Pair): Promise<Round> {
  const rng = new Rng(seed);
  const fault = PLAYED[seed % PLAYED.length] ?? "kill";
  const round = { seed, fault, fromMs: monoMs() };
  await until(() => pair.holder.isTrading, "the holder trades");
  await pause(1_000 + rng.next() * 4_000);
  const fromMs = monoMs();
  if (KEPT.has(fault)) {
    await (fault === "step" ? stepClocks(pair, rng) : leaveVenue(pair, rng));
    return { ...round, untilMs: monoMs() - fromMs, sent: 0, isHeldBack: pair.holder.isHeldBack };
  }
  const { atMs, sent } = await takeOver(fault, pair, rng);
  return { ...round, untilMs: atMs - fromMs, sent, isHeldBack: pair.other.isHeldBack };
}

/**
 * How long a position may be bare that became so in this round, ms. Who keeps the account while the venue is away may lose the
 * stop, and the exit that takes its place.
 */
function bareMsMax({ fault, untilMs }: Round): number {
  return PROTECT_MS + (fault === "cut-venue" ? Math.max(untilMs, LOST_MS) : untilMs) + LOOK_MS;
}

/** Symbols that a ledger has an open position in. */
function openIn(file: string): readonly string[] {
  const db = new DatabaseSync(file, { readOnly: true });
  const sql = `SELECT i.symbol AS symbol FROM positions p JOIN instruments i USING (run_key, symbol_id)
    WHERE p.qty_steps <> 0 ORDER BY 1`;
  const rows = db.prepare(sql).all();
  db.close();
  return rows.map((row) => String(row["symbol"]));
}

/** What the core said to signals, and how often. */
function decisionsIn(file: string): string {
  const db = new DatabaseSync(file, { readOnly: true });
  const sql = "SELECT outcome, count(*) AS n FROM decisions GROUP BY 1 ORDER BY 2 DESC";
  const rows = db.prepare(sql).all();
  db.close();
  return rows.map((row) => `${String(row["outcome"])} ${String(row["n"])}`).join(", ");
}

function figuresOf(rounds: readonly Round[]): string {
  const taken = rounds
    .filter(({ fault }) => !KEPT.has(fault) && !GIVEN.has(fault))
    .map(({ untilMs }) => untilMs);
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0).toFixed(0);
  const load = loadavg().map((mean) => mean.toFixed(1));
  return `${sorted.length} takeovers, until the next host trades: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms; load ${load.join(" ")} on ${availableParallelism()} cores`;
}

async function settled(bed: TradingHosts, { file }: TradingHost): Promise<readonly string[]> {
  const endMs = monoMs() + SETTLE_MS_MAX;
  for (;;) {
    const found = bookDifferences(file, await venueBook(bed.origin), 0);
    if (found.length === 0 || monoMs() > endMs) return found;
    await pause(500);
  }
}

it.skipIf(!hasNatsServer())(
  "two hosts with open positions: nothing twice, nothing bare, one account",
  async () => {
    const bed = await TradingHosts.start(FIRST_SEED, process.env["SMCQ_REPLICATED"] === "1");
    const rounds: Round[] = [];
    const [first, second] = bed.hosts as [TradingHost, TradingHost];
    let pair: Pair = { holder: first, other: second };
    try {
      await second.run.sees("another host trades");
      for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
        const round = await playRound(seed, pair);
        rounds.push(round);
        const { positions: held } = await venueBook(bed.origin);
        process.stdout.write(
          `${seed} ${round.fault} ${round.untilMs.toFixed(0)} ms, bare ${bed.bareMs(round.fromMs, monoMs()).toFixed(0)} ms, ${held.length} held\n`,
        );
        if (!KEPT.has(round.fault)) pair = { holder: pair.other, other: pair.holder };
      }
      await bed.tellNoMore();
      const { count, doubled, late } = await bed.ordered();
      const { file } = pair.holder;
      const found = await settled(bed, pair.holder);
      const book = await venueBook(bed.origin);
      const positions = book.positions.map(({ symbol }) => symbol).toSorted();
      const sum = book.income.reduce((total, { amount }) => total + parseE8(amount), parseE8("100000"));
      process.stdout.write(
        `${rounds.length} rounds, ${count} entries, ${book.income.length} lines, ${bed.looks} looks, ${positions.length} held, ${rounds.filter(({ isHeldBack }) => isHeldBack).length} ended with entries held back\n` +
          `${figuresOf(rounds)}\ndecisions: ${decisionsIn(file)}\n`,
      );
      const bare = rounds
        .map((round, index) => ({
          ...round,
          bareMs: bed.bareMs(round.fromMs, rounds[index + 1]?.fromMs ?? monoMs()),
        }))
        .filter((round) => round.bareMs > bareMsMax(round));
      const zombies = rounds.filter(({ sent }) => sent > 0);
      expect({ doubled, late, found, bare, zombies }).toEqual({
        doubled: [],
        late: [],
        found: [],
        bare: [],
        zombies: [],
      });
      expect(e8Text(sum)).toBe(e8Text(parseE8(book.wallet)));
      expect(openIn(file)).toEqual(positions);
      expect(verifyJournal(file).broken).toBeNull();
      expect(count).toBeGreaterThanOrEqual(ENTRIES_MIN * rounds.length);
    } finally {
      await bed.close();
    }
  },
);
