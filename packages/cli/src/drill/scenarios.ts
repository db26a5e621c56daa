import { SmcqError } from "@smcq/kernel";

/** What goes wrong in a drill. */
export interface Scenario {
  readonly name: string;
  /** What happens, for who reads the list. */
  readonly title: string;
  /** What the operator should see, and what of it is his to do. */
  readonly guide: string;
  /** Knobs of the simulated venue (docs/venue.md), set at the strike; "": none. */
  readonly plan: string;
  /** `engine`: its process is killed; `all`: every process is, and the command is given again. Absent: nobody. */
  readonly kill?: "engine" | "all";
  /** How long it lasts before the knobs are taken back, venue ms. */
  readonly lastsMs: number;
  /** A position that was filled in the very moment may stand without a stop while nobody can be reached. */
  readonly isCutOff?: boolean;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** The named drills, in the order in which the list shows them. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "exchange-outage",
    title: "neither REST nor any stream of the venue answers for three minutes",
    guide:
      "entries stop within seconds (account-stream); stops rest at the venue; who was filled in that very moment has no stop until the venue is back, which halts the engine (protection)",
    plan: "NW10=0:3m",
    lastsMs: 3 * MINUTE_MS,
    isCutOff: true,
  },
  {
    name: "silent-feed",
    title: "the market's connections stay open and say nothing for two minutes",
    guide: "connections are ended and opened anew; bars that were missed come by REST",
    plan: "NW03=1:2m",
    lastsMs: 2 * MINUTE_MS,
  },
  {
    name: "dead-streams",
    title: "no stream can be opened for 90 seconds, REST answers",
    guide: "entries stop (account-stream); positions are asked for by REST; nothing is to be done",
    plan: "NW09=10s:90s",
    lastsMs: 100 * SECOND_MS,
    isCutOff: true,
  },
  {
    name: "dead-rest",
    title: "REST does not answer for two minutes, the streams go on",
    guide: "orders have no outcome (outcome-unknown), entries stop; afterwards each order is asked for",
    plan: "NW08=10s:2m",
    lastsMs: 130 * SECOND_MS,
    isCutOff: true,
  },
  {
    name: "slow-venue",
    title: "every frame and reply takes half a second more, with as much jitter, for five minutes",
    guide: "signals may come late and are then counted, not traded; nothing is to be done",
    plan: "NW06=500ms:500ms",
    lastsMs: 5 * MINUTE_MS,
  },
  {
    name: "silent-account",
    title: "the account's own stream goes silent without an end",
    guide: "its silence is seen (account-stream), a new key and a new stream are made",
    plan: "AC07=0:1h:1",
    lastsMs: 3 * MINUTE_MS,
  },
  {
    name: "double-ack",
    title: "every event of the account comes twice, and before the reply to its order",
    guide: "nothing is to be seen: no fill counts twice",
    plan: "EX05=1,EX04=1",
    lastsMs: 5 * MINUTE_MS,
  },
  {
    name: "lost-replies",
    title: "half of all orders are carried out and nobody hears of it: the connection is cut",
    guide: "orders without an outcome are asked for by their ids, never sent again; entries stop meanwhile",
    plan: "EX01=0.5",
    lastsMs: 5 * MINUTE_MS,
  },
  {
    name: "unknown-outcomes",
    title: "half of all orders meet a 503, carried out or not",
    guide:
      "as lost-replies; a position whose stop is not confirmed in time is left, which may halt the engine (protection)",
    plan: "EX22=0.5",
    lastsMs: 5 * MINUTE_MS,
  },
  {
    name: "refused-stops",
    title: "the next two stops are refused: they would fire at once",
    guide:
      "a position whose stop cannot be placed is left at the market; twice in ten minutes stops entries (protection)",
    plan: "EX08=1:2",
    lastsMs: 5 * MINUTE_MS,
  },
  {
    name: "rate-limited",
    title: "the address is banned (418) for two minutes",
    guide: "nothing is asked until the ban ends; stops rest at the venue; nothing is to be done",
    plan: "EX20=0:2m",
    lastsMs: 2 * MINUTE_MS,
    isCutOff: true,
  },
  {
    name: "orders-locked",
    title: "the venue takes no order for two minutes (-4402)",
    guide: "entries stop (trading-locked) until it takes orders again",
    plan: "EX27=0:2m",
    lastsMs: 2 * MINUTE_MS,
    isCutOff: true,
  },
  {
    name: "foreign-hand",
    title: "a person sells two fifths of the largest position, and drags a stop",
    guide: "what the person did is adopted and guarded; each difference is an incident",
    plan: "AC03=0:1h,AC14=30s:1h:2",
    lastsMs: 3 * MINUTE_MS,
  },
  {
    name: "refused-key",
    title: "the key is refused (-2015) for two minutes",
    guide: "the engine halts (key-refused) and stays halted: look at the key, then `smcq resume`",
    plan: "AC10=0:2m",
    lastsMs: 2 * MINUTE_MS,
    isCutOff: true,
  },
  {
    name: "engine-crash",
    title: "the engine's process is killed (SIGKILL)",
    guide: "the supervisor starts it again; it goes on with its run, every position guarded before it trades",
    plan: "",
    kill: "engine",
    lastsMs: 0,
    isCutOff: true,
  },
  {
    name: "power-cut",
    title: "every process is killed at once (SIGKILL), and the engine is started again",
    guide: "the same command again: it goes on with its run and its positions",
    plan: "",
    kill: "all",
    lastsMs: 0,
    isCutOff: true,
  },
];

/** The drill of a name; throws USAGE_DRILL with the names that there are. */
export function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = SCENARIOS.map((one) => one.name).join(", ");
  throw new SmcqError("USAGE_DRILL", `there is no drill ${JSON.stringify(name.slice(0, 64))}: ${names}`);
}

/** A drill of faults by their ids, such as `EX01=0.2,NW06=1s`. */
export function ownScenario(plan: string, lastsMs: number): Scenario {
  return {
    name: "faults",
    title: `${plan}, for ${lastsMs / 1_000} s of the venue's time`,
    guide: "docs/faults.md says what each of them is, and docs/reliability.md what is right",
    plan,
    lastsMs,
    isCutOff: true,
  };
}
