import { actFromMs, givenFromMs, holdEndMs, type LeaseTerms, takeFromMs } from "../../src/index.ts";

/**
 * A small world that is searched whole: host A holds the lease by epoch 1 and may sign one order after another, host B wants
 * it. Time goes by ticks, without an end. Whatever may happen late, happens at any tick or never: writes to the store, their
 * answers, orders to the venue. A host that is frozen or cut off is one that does nothing; as no step has to be taken, each
 * freeze and each partition is among the ways that are searched. The rules of time are those of the source
 * (`lease-terms.ts`), asked with ages: what happened `n` ticks ago was at 0, and now is `n`.
 */
export interface World {
  readonly terms: LeaseTerms;
  /** The venue refuses what is stamped more ticks ago. */
  readonly window: number;
  /** It refuses what is stamped more ticks ahead; A's knowledge of the venue's time is off by so much at most. */
  readonly ahead: number;
  /** Ticks that A's monotonic clock may lose against real time; infinite: it stands while a machine sleeps. */
  readonly lostMax: number;
  /** Ticks that B's may gain. */
  readonly gainedMax: number;
  /** Whether the store may once lose its last writes. */
  readonly reverts: boolean;
  /** Whether the holder may give it up. */
  readonly gives: boolean;
  /** By which clocks a holder knows its end. */
  readonly clocks: "both" | "monotonic" | "venue";
  /** What is wrong on purpose. */
  readonly mutation:
    | "none"
    | "no-wait"
    | "no-venue-fence"
    | "stamp-after-check"
    | "from-answer"
    | "wall-clock"
    | "blind-write"
    | "resume-at-once"
    | "seen-before"
    | "no-margin-when-given"
    | "signs-when-given";
}

/** Ages are ticks since, by A's monotonic clock (M), by the venue's time as A knows it (V), or by B's (B). */
interface State {
  lost: number;
  gained: number;
  /** A's wall clock was set back; used by a mutation alone. */
  setBack: number;
  /** The store: number of the last write, whose it is, and the one that it goes back to (0: none, -1: it has gone). */
  rev: number;
  owner: number;
  kept: number;
  /** A: number of its last write, when that left, how long it may not act yet, whether it has to look first. */
  aRev: number;
  aAgeM: number;
  aAgeV: number;
  aQuietM: number;
  aUnsure: number;
  aLost: number;
  /**
   * A's write: 0 none, 1 on its way, 2 its yes on the way back, 3 its no, 4 it gives the lease up; expected number, number that it
   * got.
   */
  write: number;
  writeExp: number;
  writeRev: number;
  writeAgeM: number;
  writeAgeV: number;
  aWaits: number;
  /** A's order: 0 none, 1 stamped, 2 checked but not stamped, 3 on its way; how long ago it was stamped. */
  order: number;
  stampAge: number;
  /** B: 0 it looks, 1 its write is on the way, 2 the yes is, 3 taken; what it saw and since when, how long it waits yet. */
  bStage: number;
  bRev: number;
  bSeenAgeB: number;
  bQuietB: number;
  bAgeB: number;
  /** Ticks since B acted last; -1: never. */
  bActedAge: number;
}

export interface Search {
  readonly states: number;
  /** States in which B acts, and in which an order of A is accepted: a world in which nothing happens proves nothing. */
  readonly acts: number;
  readonly accepted: number;
  /** The way to an order of A that was accepted where it must not be; null: there is none. */
  readonly violation: readonly string[] | null;
}

const FIRST: State = {
  lost: 0,
  gained: 0,
  setBack: 0,
  rev: 1,
  owner: 1,
  kept: 0,
  aRev: 1,
  aAgeM: 0,
  aAgeV: 0,
  aQuietM: 0,
  aUnsure: 0,
  aLost: 0,
  write: 0,
  writeExp: 0,
  writeRev: 0,
  writeAgeM: 0,
  writeAgeV: 0,
  aWaits: 0,
  order: 0,
  stampAge: 0,
  bStage: 0,
  bRev: 0,
  bSeenAgeB: 0,
  bQuietB: 0,
  bAgeB: 0,
  bActedAge: -1,
};

const NAMES = Object.keys(FIRST) as (keyof State)[];

type Step = readonly [string, State];

/** Searches all states of `world`, breadth first. */
export function search(world: World): Search {
  const seen = new Map<string, number>();
  const queue: { readonly state: State; readonly step: string; readonly from: number }[] = [];
  const tally = { acts: 0, accepted: 0 };
  const put = ([step, given]: Step, from: number): void => {
    const state = plain(given, world);
    const key = keyOf(state);
    if (seen.has(key)) return;
    seen.set(key, queue.length);
    queue.push({ state, step, from });
  };
  for (const off of errors(world))
    put([`A has renewed, its clock off by ${off}`, { ...FIRST, aAgeV: -off }], -1);
  for (let index = 0; index < queue.length; index++) {
    const { state } = queue[index]!;
    if (state.bActedAge === 0) tally.acts++;
    if (state.order === 3 && isAccepted(state, world)) {
      tally.accepted++;
      if (isWrong(state, world)) {
        const violation = ["the venue accepts A's order"];
        for (let at = index; at >= 0; at = queue[at]!.from) violation.unshift(queue[at]!.step);
        return { states: queue.length, ...tally, violation };
      }
    }
    for (const step of steps(state, world)) put(step, index);
  }
  return { states: queue.length, ...tally, violation: null };
}

/** The same state without what makes no difference: numbers by their order, old ages as one, nothing of what is over. */
function plain(given: State, { reverts, mutation, window, ahead, terms }: World): State {
  const state = { ...given };
  const isFenced = mutation !== "no-venue-fence";
  if (state.aLost === 1)
    Object.assign(state, { aRev: 0, aAgeM: 0, aAgeV: 0, aQuietM: 0, aUnsure: 0, aWaits: 0 });
  if (state.aLost === 1 && state.order !== 3) state.order = 0;
  // Nobody hears the answer any more.
  if (state.write > 1 && state.write < 4 && state.aWaits === 0) state.write = 0;
  if (state.write === 0) Object.assign(state, { writeExp: 0, writeRev: 0, writeAgeM: 0, writeAgeV: 0 });
  if (state.stampAge > window && isFenced) state.order = 0;
  if (state.order === 0 || state.order === 2) state.stampAge = 0;
  if (state.bStage >= 2) Object.assign(state, { bRev: 0, bSeenAgeB: 0 });
  if (state.bStage < 2 || !reverts) state.bAgeB = 0;
  const revs = [state.rev, state.kept, state.aRev, state.writeExp, state.writeRev, state.bRev];
  const ranks = [...new Set(revs.filter((rev) => rev > 0))].sort((a, b) => a - b);
  const rankOf = (rev: number): number => (rev > 0 ? ranks.indexOf(rev) + 1 : rev);
  for (const name of ["rev", "kept", "aRev", "writeExp", "writeRev", "bRev"] as const)
    state[name] = rankOf(state[name]);
  // Older than these, nothing differs.
  state.aAgeM = Math.min(state.aAgeM, terms.leaseMs);
  state.writeAgeM = Math.min(state.writeAgeM, terms.leaseMs);
  state.aAgeV = Math.min(state.aAgeV, terms.leaseMs + ahead);
  state.writeAgeV = Math.min(state.writeAgeV, terms.leaseMs + ahead);
  state.stampAge = Math.min(state.stampAge, window + 1);
  state.bSeenAgeB = Math.min(state.bSeenAgeB, actFromMs(0, terms));
  state.bAgeB = Math.min(state.bAgeB, terms.leaseMs);
  state.bActedAge = Math.min(state.bActedAge, reverts ? window + ahead + 1 : 1);
  return state;
}

/** All numbers are small: one character each. */
function keyOf(state: State): string {
  let key = "";
  for (const name of NAMES) key += String.fromCharCode(state[name] + 40);
  return key;
}

function errors({ ahead }: World): readonly number[] {
  return [-ahead, ahead];
}

function isAccepted({ stampAge }: State, { window, ahead, mutation }: World): boolean {
  return mutation === "no-venue-fence" || (stampAge >= -ahead && stampAge <= window);
}

/** After B's first, no order of A; where a store may lose what it said, A may come again, but never while B's may arrive. */
function isWrong({ bActedAge }: State, { reverts, window, ahead }: World): boolean {
  return bActedAge >= 0 && (!reverts || bActedAge <= window + ahead);
}

/** `stampAge`: how long ago the order was stamped, by A's own knowledge then. */
function isHeld(state: State, { terms, clocks, mutation }: World): boolean {
  if (state.aLost === 1 || state.aQuietM > 0) return false;
  const byMono = state.aAgeM < holdEndMs(0, terms);
  const byVenue = state.aAgeV - state.stampAge < holdEndMs(0, terms);
  if (mutation === "wall-clock") return byVenue || state.setBack === 1;
  if (clocks === "both") return byMono && byVenue;
  return clocks === "monotonic" ? byMono : byVenue;
}

function steps(state: State, world: World): Step[] {
  return [
    ...ticks(state, world),
    ...storeSteps(state, world),
    ...holderSteps(state, world),
    ...orderSteps(state, world),
    ...wanterSteps(state, world),
  ];
}

function ticks(state: State, { lostMax, gainedMax, mutation }: World): Step[] {
  const found: Step[] = [["a tick", tick(state, { a: 1, b: 1 })]];
  const lost = Number.isFinite(lostMax) ? state.lost + 1 : 0;
  if (lost <= lostMax) found.push(["a tick, A's clock stands", { ...tick(state, { a: 0, b: 1 }), lost }]);
  if (state.gained < gainedMax)
    found.push(["a tick, B's clock makes two", { ...tick(state, { a: 1, b: 2 }), gained: state.gained + 1 }]);
  if (mutation === "wall-clock") found.push(["A's wall clock is set back", { ...state, setBack: 1 }]);
  return found;
}

function tick(state: State, { a, b }: { readonly a: number; readonly b: number }): State {
  return {
    ...state,
    aAgeM: state.aAgeM + a,
    aAgeV: state.aAgeV + 1,
    aQuietM: Math.max(0, state.aQuietM - a),
    writeAgeM: state.writeAgeM + a,
    writeAgeV: state.writeAgeV + 1,
    stampAge: state.stampAge + 1,
    bSeenAgeB: state.bSeenAgeB + b,
    bQuietB: Math.max(0, state.bQuietB - b),
    bAgeB: state.bAgeB + b,
    bActedAge: state.bActedAge < 0 ? -1 : state.bActedAge + 1,
  };
}

function storeSteps(state: State, { reverts, mutation }: World): Step[] {
  const found: Step[] = [];
  if (state.write === 1) {
    const isTaken = state.writeExp === state.rev;
    const rev = isTaken ? state.rev + 1 : state.rev;
    const owner = isTaken ? 1 : state.owner;
    const write = isTaken ? 2 : 3;
    found.push([
      `the store says ${isTaken ? "yes" : "no"} to A`,
      { ...state, rev, owner, write, writeRev: rev },
    ]);
    found.push(["A's write is lost", { ...state, write: 0 }]);
  }
  if (state.write === 4) {
    const isTaken = state.writeExp === state.rev;
    const given = isTaken ? { rev: state.rev + 1, owner: 0 } : {};
    found.push(["the store has it from A that it is free", { ...state, ...given, write: 0 }]);
    found.push(["A's word that it is free is lost", { ...state, write: 0 }]);
  }
  if (reverts && state.kept === 0 && state.owner === 1)
    found.push(["the store keeps what it has", { ...state, kept: state.rev }]);
  // A server that loses its end was started anew: B's connection broke, and it counts from when there was one again.
  if (state.kept > 0 && state.kept < state.rev)
    found.push([
      "the store goes back to it",
      {
        ...state,
        rev: state.kept,
        owner: 1,
        kept: -1,
        bSeenAgeB: mutation === "seen-before" ? state.bSeenAgeB : 0,
      },
    ]);
  return found;
}

function holderSteps(state: State, world: World): Step[] {
  if (state.aLost === 1) return [];
  if (state.aWaits === 1) return answerSteps(state, world);
  return [...givingSteps(state, world), ...keepingSteps(state, world)];
}

/** It signs nothing from then on, and says so to the store. */
function givingSteps(state: State, { mutation, gives }: World): Step[] {
  if (!gives) return [];
  const given = {
    aLost: mutation === "signs-when-given" ? 0 : 1,
    write: 4,
    writeExp: state.aRev,
    writeAgeM: 0,
  };
  return [["A gives it up", { ...state, ...given }]];
}

function keepingSteps(state: State, world: World): Step[] {
  const isSure = state.aUnsure === 0 && state.aAgeM < holdEndMs(0, world.terms);
  if (isSure) return renewals(state, world, "A renews");
  if (state.owner === 1 && state.rev >= state.aRev)
    return renewals({ ...state, aRev: state.rev, aUnsure: 0 }, world, "A looks, and renews");
  return [["A looks, and has lost it", { ...state, aLost: 1 }]];
}

function answerSteps(state: State, world: World): Step[] {
  const found: Step[] = [["A gives the answer up", { ...state, aWaits: 0, aUnsure: 1 }]];
  if (state.write === 3) found.push(["A hears no", { ...state, aWaits: 0, write: 0, aUnsure: 1 }]);
  if (state.write === 2) found.push(["A hears yes", heardYes(state, world)]);
  return found;
}

/** One write is on its way at a time: a later one takes the place of one that was given up. */
function renewals(state: State, world: World, name: string): Step[] {
  return errors(world).map((off) => [
    `${name}, its clock off by ${off}`,
    {
      ...state,
      aWaits: 1,
      write: 1,
      writeExp: state.aRev,
      writeRev: 0,
      writeAgeM: 0,
      writeAgeV: -off,
    },
  ]);
}

function heardYes(state: State, { terms, mutation }: World): State {
  const isFromAnswer = mutation === "from-answer";
  const isLate = state.aAgeM >= terms.leaseMs && mutation !== "resume-at-once";
  return {
    ...state,
    aWaits: 0,
    write: 0,
    aUnsure: 0,
    aRev: state.writeRev,
    aAgeM: isFromAnswer ? 0 : state.writeAgeM,
    aAgeV: isFromAnswer ? 0 : state.writeAgeV,
    aQuietM: isLate ? actFromMs(0, terms) : state.aQuietM,
  };
}

function orderSteps(state: State, world: World): Step[] {
  const isStampLast = world.mutation === "stamp-after-check";
  const found: Step[] = [];
  if (state.order === 0 && isStampLast && isHeld(state, world))
    found.push(["A may send", { ...state, order: 2 }]);
  for (const off of errors(world)) {
    if (state.order === 0 && !isStampLast)
      found.push([`A stamps an order, off by ${off}`, { ...state, order: 1, stampAge: -off }]);
    if (state.order === 2)
      found.push([`A stamps it, off by ${off}, and sends`, { ...state, order: 3, stampAge: -off }]);
  }
  if (state.order === 1)
    found.push(
      isHeld(state, world)
        ? ["A may send, and sends", { ...state, order: 3 }]
        : ["A may not send", { ...state, order: 0 }],
    );
  if (state.order === 3) found.push(["A's order is over", { ...state, order: 0 }]);
  return found;
}

function givenFrom({ terms, mutation }: World): number {
  return mutation === "no-margin-when-given"
    ? terms.tailMs
    : givenFromMs({ seenMs: 0, tailMs: terms.tailMs }, terms);
}

function wanterSteps(state: State, world: World): Step[] {
  const { terms, mutation, reverts } = world;
  const found: Step[] = [];
  const isUnlike = state.rev !== state.bRev;
  if (state.bStage === 0 && isUnlike)
    found.push(["B sees a change", { ...state, bRev: state.rev, bSeenAgeB: 0 }]);
  const isGiven = state.owner === 0 && !isUnlike;
  if (state.bStage === 0 && state.bRev > 0 && (isGiven || state.bSeenAgeB >= takeFromMs(0, terms)))
    found.push(["B writes", { ...state, bStage: 1, bAgeB: 0 }]);
  if (state.bStage === 1 && (!isUnlike || mutation === "blind-write")) {
    const untilMs = isGiven ? givenFrom(world) : actFromMs(0, terms);
    const quiet = mutation === "no-wait" ? 0 : Math.max(0, untilMs - state.bSeenAgeB);
    found.push([
      "the store says yes to B",
      { ...state, bStage: 2, bQuietB: quiet, rev: state.rev + 1, owner: 2 },
    ]);
  }
  if (state.bStage === 1 && isUnlike) found.push(["the store says no to B", { ...state, bStage: 0 }]);
  if (state.bStage === 2) found.push(["B has taken it", { ...state, bStage: 3 }]);
  // Where nothing is lost it may have renewed as often as it likes; else each renewal needs that the key is still its own.
  if (reverts && state.bStage === 3 && state.owner === 2 && state.bAgeB > 0)
    found.push(["B renews", { ...state, rev: state.rev + 1, bAgeB: 0 }]);
  const isOver = reverts && state.bAgeB >= holdEndMs(0, terms);
  if (state.bStage === 3 && state.bQuietB === 0 && !isOver && state.bActedAge !== 0)
    found.push(["B acts", { ...state, bActedAge: 0 }]);
  return found;
}

/** Times as small as they can be: a lease of three ticks, a window and an error of one. */
export const SMALL_WORLD: World = {
  terms: { leaseMs: 3, marginMs: 1, renewMs: 1, answerMs: 1, tailMs: 2 },
  window: 1,
  ahead: 1,
  lostMax: 0,
  gainedMax: 0,
  reverts: false,
  gives: true,
  clocks: "both",
  mutation: "none",
};
