/**
 * How parts of the universe move when scanners come and go, without any server: `assignParts` on 100 scanners, seeded.
 *
 *   node --conditions=@smcq/source bench/rebalancing.ts [--scanners 100] [--parts 1024] [--symbols 50000] [--steps 400] [--seed 16]
 *
 * Prints parts moved a join and a leave against the fewest that there can be, the imbalance in parts and in symbols, and the time
 * of one reckoning. Exit code 1 when a bound does not hold that the README of bus-nats states.
 */
import { parseArgs } from "node:util";
import { assignParts } from "@smcq/bus-nats";
import { partOf } from "@smcq/engine";
import { Rng, SystemClock } from "@smcq/kernel";

const { values } = parseArgs({
  options: {
    scanners: { type: "string", default: "100" },
    parts: { type: "string", default: "1024" },
    symbols: { type: "string", default: "50000" },
    steps: { type: "string", default: "400" },
    seed: { type: "string", default: "16" },
  },
});

interface Step {
  readonly kind: "join" | "leave" | "batch of 10 lost";
  readonly moved: number;
  /** Parts that had to move: the newcomer's quota, or those of who has left. */
  readonly least: number;
}

const [scanners, parts, symbols, steps, seed] = (
  ["scanners", "parts", "symbols", "steps", "seed"] as const
).map((name) => whole(name)) as [number, number, number, number, number];
const rng = new Rng(seed);
const clock = new SystemClock();
let names = 0;
const newcomer = (): string => `host-${++names}-${rng.nextUint32().toString(16)}`;

const symbolsOf = Array.from({ length: parts }, () => 0);
for (let index = 0; index < symbols; index++) {
  const part = partOf(`S${index}USDT`, parts);
  symbolsOf[part] = (symbolsOf[part] ?? 0) + 1;
}

let members: string[] = Array.from({ length: scanners }, newcomer);
let owners = assignParts(
  members,
  Array.from({ length: parts }, () => null),
);
const done: Step[] = [];
let [partsApart, symbolRatioMax, reckonMs, overMax] = [0, 0, 0, 0];

for (let step = 0; step < steps; step++) {
  const kind = kindOf(step);
  const before = owners;
  const left = new Set<string>();
  if (kind === "join") members.push(newcomer());
  else {
    for (let count = kind === "leave" ? 1 : 10; count > 0; count--)
      left.add(members[Math.floor(rng.next() * members.length)] ?? "");
    members = members.filter((member) => !left.has(member));
  }
  const startNs = clock.monoNs();
  owners = assignParts(members, before);
  reckonMs += (clock.monoNs() - startNs) / 1e6;
  const moved = owners.filter((owner, part) => owner !== before[part]).length;
  const least =
    kind === "join"
      ? owners.filter((owner) => owner === members.at(-1)).length
      : before.filter((owner) => left.has(owner)).length;
  done.push({ kind, moved, least });
  const counts = members.map((member) => owners.filter((owner) => owner === member).length);
  partsApart = Math.max(partsApart, Math.max(...counts) - Math.min(...counts));
  symbolRatioMax = Math.max(
    symbolRatioMax,
    Math.max(...members.map(symbolsHeld)) / (symbols / members.length),
  );
  if (kind !== "batch of 10 lost") continue;
  while (members.length < scanners) members.push(newcomer());
  owners = assignParts(members, owners);
}

console.log(`${scanners} scanners, ${parts} parts, ${symbols} symbols, ${steps} steps, seed ${seed}`);
for (const kind of ["join", "leave", "batch of 10 lost"] as const) {
  const own = done.filter((step) => step.kind === kind);
  if (own.length === 0) continue;
  const mean = (of: (step: Step) => number): string =>
    (own.reduce((sum, step) => sum + of(step), 0) / own.length).toFixed(2);
  const over = Math.max(...own.map(({ moved, least }) => moved - least));
  overMax = Math.max(overMax, over);
  console.log(
    `${kind}: ${own.length} times, parts moved ${mean(({ moved }) => moved)} (the fewest: ${mean(({ least }) => least)}), at most ${over} more than the fewest; symbols moved ${(Number(mean(({ moved }) => moved)) * (symbols / parts)).toFixed(0)}`,
  );
}
console.log(
  `imbalance: ${partsApart} part between the most and the fewest; the fullest has ${symbolRatioMax.toFixed(2)} times the mean of symbols`,
);
console.log(`one reckoning: ${(reckonMs / steps).toFixed(2)} ms`);
if (partsApart > 1 || overMax > 2) process.exitCode = 1;

function symbolsHeld(member: string): number {
  return owners.reduce((sum, owner, part) => sum + (owner === member ? (symbolsOf[part] ?? 0) : 0), 0);
}

function kindOf(step: number): Step["kind"] {
  if (step % 40 === 39) return "batch of 10 lost";
  if (members.length <= scanners * 0.9) return "join";
  if (members.length >= scanners * 1.1) return "leave";
  return rng.next() < 0.5 ? "join" : "leave";
}

/** Refuses what is no whole number of at least 1. */
function whole(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`--${String(name)}: wanted a whole number of 1 or more`);
  return value;
}
