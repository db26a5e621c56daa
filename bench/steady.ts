import { SystemClock } from "@smcq/kernel";
import type { Calibration } from "./lib/calibration.ts";
import type { BenchOptions } from "./lib/options.ts";
import { comparisonOf } from "./lib/paired.ts";
import type { PartRecorder } from "./lib/results.ts";
import { median } from "./lib/statistics.ts";
import { cpuNs } from "./pipeline/cpu.ts";
import { setting } from "./pipeline/pipeline.ts";
import { Session, type SessionSetting } from "./pipeline/session.ts";

const clock = new SystemClock();
/** The venue's own cadence at most: an update in 250 ms a symbol. */
const UPDATES_PER_SECOND = 4;
const LEAD_MS = 200;
const WARM_MESSAGES_PER_SECOND = 20_000;
const TRIES_MAX = 3;

interface Sample {
  readonly cpuUsPerMessage: number;
  readonly coreRatio: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

/** CPU of the engine's process while the venue sends updates at a rate, over the messages that it read. */
async function sample(session: Session, messagesPerSecond: number, seconds: number): Promise<Sample> {
  await session.venue.steady(messagesPerSecond);
  await pause(LEAD_MS);
  const before = await session.counters();
  const startNs = clock.monoNs();
  const cpuBeforeNs = cpuNs(session.engine.pid);
  await pause(seconds * 1e3);
  const usedNs = cpuNs(session.engine.pid) - cpuBeforeNs;
  const tookNs = clock.monoNs() - startNs;
  const messages = (await session.counters()).messages - before.messages;
  await session.venue.steady(0);
  return { cpuUsPerMessage: usedNs / 1e3 / messages, coreRatio: usedNs / tookNs };
}

function contenders(symbols: number, isQuick: boolean): readonly SessionSetting[] {
  // One write a frame and millisecond: as near to the real cadence as a timer comes.
  const names = { symbols, tickMs: 1 };
  const both = [
    setting({ ...names, name: "naive, 2 shard threads", path: "naive" }),
    setting({ ...names, name: "own, 2 shard threads" }),
    setting({ ...names, name: "own, 1 shard thread", shards: 1 }),
  ];
  if (isQuick) return both;
  return [
    ...both,
    setting({ ...names, name: "naive, 1 shard thread", path: "naive", shards: 1 }),
    setting({ ...names, name: "own, 8 shard threads", shards: 8 }),
    setting({
      ...names,
      name: "own, 1 shard thread, 200 symbols a connection",
      shards: 1,
      symbolsPerConnection: 200,
    }),
  ];
}

/** CPU a message between closes, at the real cadence (docs/performance.md G3). */
export async function runSteady(
  options: BenchOptions,
  calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const symbols = options.isQuick ? 300 : 600;
  const rate = symbols * UPDATES_PER_SECOND;
  const seconds = options.isQuick ? 1 : 5;
  const sessions: Session[] = [];
  const rounds: Sample[][] = [];
  try {
    for (const contender of contenders(symbols, options.isQuick))
      sessions.push(await Session.open(contender));
    for (const session of sessions) await sample(session, WARM_MESSAGES_PER_SECOND, options.isQuick ? 1 : 5);
    for (let round = 0; round < Math.min(5, options.rounds); round++)
      rounds.push(await calibration.around(() => sampleAll(sessions, rate, seconds), TRIES_MAX));
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
  const costs = sessions.map(({ setting: { name } }, which) => ({
    name,
    rounds: rounds.map((round) => round[which]?.cpuUsPerMessage ?? Number.NaN),
  }));
  const title = `Steady: CPU of the engine's process a message, ${symbols} symbols, ${rate} messages/s`;
  recorder.compare(comparisonOf({ id: "steady", title, unit: "us", sameAgainstSame: Number.NaN, costs }));
  sessions.forEach(({ setting: { name } }, which) =>
    recorder.figure({
      id: `steady-core-${which}`,
      title: `Share of a core at ${rate} messages/s: ${name}`,
      unit: "of 1",
      value: median(rounds.map((round) => round[which]?.coreRatio ?? Number.NaN)),
    }),
  );
  recorder.note(
    "Updates leave the venue one write a frame, in groups every millisecond, spread over all connections.",
  );
}

async function sampleAll(sessions: readonly Session[], rate: number, seconds: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const session of sessions) samples.push(await sample(session, rate, seconds));
  return samples;
}
