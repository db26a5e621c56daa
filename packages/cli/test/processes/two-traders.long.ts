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
const FAULTS = ["kill", "freeze", "cut-nats", "hold-nats", "cut-venue"] as const;
/** `protocol.protectMs` as it is preset. */
const PROTECT_MS = 1_500;
/** What lies between two looks at the account. */
const LOOK_MS = 250;
const SETTLE_MS_MAX = 60_000;
const clock = new SystemClock();

interface Round {
  readonly seed: number;
  readonly fault: string;
  readonly takeoverMs: number;
  readonly bareMs: number;
}

function monoMs(): number {
  return clock.monoNs() / 1e6;
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void clock.after(ms, resolve));
}

/** Something happens to who trades; the other one has the account, and it comes back as that one's standby. */
async function playRound(
  bed: TradingHosts,
  seed: number,
  holder: TradingHost,
  other: TradingHost,
): Promise<Round> {
  const rng = new Rng(seed);
  const fault = FAULTS[seed % FAULTS.length] ?? "kill";
  await until(() => holder.isActive, "the holder trades");
  await pause(1_000 + rng.next() * 4_000);
  bed.takeBareMs();
  const fromMs = monoMs();
  const [taken, followings] = [other.run.count("this host takes the account over"), holder.followings];
  if (fault === "kill") holder.signal("SIGKILL");
  if (fault === "freeze") holder.signal("SIGSTOP");
  if (fault === "cut-nats") holder.nats.cut(true);
  if (fault === "hold-nats") holder.nats.hold(true);
  if (fault === "cut-venue") {
    holder.venue.cut(true);
    await pause(1_000 + rng.next() * 3_000);
    holder.venue.cut(false);
    await until(() => holder.isActive, "the holder trades again");
    return { seed, fault, takeoverMs: monoMs() - fromMs, bareMs: bed.takeBareMs() };
  }
  await other.run.sees("this host takes the account over", taken + 1);
  await until(() => other.isActive, "the other one trades");
  const takeoverMs = monoMs() - fromMs;
  await pause(rng.next() * 2_000);
  if (fault === "kill") holder.again();
  if (fault === "freeze") holder.signal("SIGCONT");
  holder.nats.cut(false);
  holder.nats.hold(false);
  await until(() => holder.followings > (fault === "kill" ? 0 : followings), "it follows");
  return { seed, fault, takeoverMs, bareMs: bed.takeBareMs() };
}

/** What the ledger says that the account has, by its last equity row and its open positions. */
function standingOf(file: string): { readonly positions: readonly string[] } {
  const db = new DatabaseSync(file, { readOnly: true });
  const sql = `SELECT i.symbol AS symbol FROM positions p JOIN instruments i USING (run_key, symbol_id)
    WHERE p.qty_steps <> 0 ORDER BY 1`;
  const rows = db.prepare(sql).all();
  db.close();
  return { positions: rows.map((row) => String(row["symbol"])) };
}

it.skipIf(!hasNatsServer())(
  "two hosts with open positions: nothing twice, nothing bare, one account",
  async () => {
    const bed = await TradingHosts.start(FIRST_SEED, process.env["SMCQ_REPLICATED"] === "1");
    const rounds: Round[] = [];
    const [first, second] = bed.hosts as [TradingHost, TradingHost];
    let [holder, other] = [first, second];
    try {
      await other.run.sees("another host trades");
      for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
        const round = await playRound(bed, seed, holder, other);
        rounds.push(round);
        const { positions: held } = await venueBook(bed.origin);
        process.stdout.write(
          `${seed} ${round.fault} ${round.takeoverMs.toFixed(0)} ms, bare ${round.bareMs.toFixed(0)} ms, ${held.length} held\n`,
        );
        if (round.fault !== "cut-venue") [holder, other] = [other, holder];
      }
      await bed.tellNoMore();
      const { count, doubled } = await bed.entries();
      const now = holder;
      let found: readonly string[] = [];
      const look = async (): Promise<void> => {
        found = bookDifferences(now.file, await venueBook(bed.origin), 0);
      };
      const endMs = monoMs() + SETTLE_MS_MAX;
      for (await look(); found.length > 0 && monoMs() < endMs; await look()) await pause(500);
      const book = await venueBook(bed.origin);
      const positions = book.positions.map(({ symbol }) => symbol).toSorted();
      const sum = book.income.reduce((total, { amount }) => total + parseE8(amount), parseE8("100000"));
      process.stdout.write(
        `${rounds.length} rounds, ${count} entries, ${book.income.length} lines, ${bed.looks} looks, ${positions.length} held\n`,
      );
      const late = rounds.filter(({ bareMs, takeoverMs }) => bareMs > PROTECT_MS + takeoverMs + LOOK_MS);
      expect([doubled, found, late]).toEqual([[], [], []]);
      expect(e8Text(sum)).toBe(e8Text(parseE8(book.wallet)));
      expect(standingOf(now.file).positions).toEqual(positions);
      expect(verifyJournal(now.file).broken).toBeNull();
      expect(count).toBeGreaterThan(rounds.length);
    } finally {
      await bed.close();
    }
  },
);
