import { expect, it } from "vitest";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { type RunResult, runTwoHosts, SharedVenue } from "../support/two-hosts.ts";

const RUNS = Number(process.env["SMCQ_RUNS"] ?? "200");
const AT_ONCE = 4;
const FIRST_SEED = Number(process.env["SMCQ_SEED"] ?? "0");

it.skipIf(!hasNatsServer())(
  "no order of an older epoch is accepted after the newer one's first",
  async () => {
    const nats = await NatsServer.start();
    const results: RunResult[] = [];
    const faults: string[] = [];
    try {
      for (let done = 0; done < RUNS; done += AT_ONCE) {
        const shared = await SharedVenue.start(AT_ONCE + 2);
        const runs = Array.from(
          { length: Math.min(AT_ONCE, RUNS - done) },
          (_, at) => done + at + FIRST_SEED,
        );
        await Promise.all(
          runs.map(async (seed, at) => {
            try {
              const given = { natsPort: nats.port, shared, name: `run-${seed}` };
              const result = await runTwoHosts(given, seed, at);
              results.push(result);
              const sorted = result.epochs.toSorted((a, b) => a - b);
              if (result.epochs.join() !== sorted.join())
                faults.push(`seed ${seed} (${result.fault}): ${result.epochs.join()}`);
            } catch (error) {
              faults.push(`seed ${seed}: ${String(error)}`);
            }
          }),
        );
        await shared.sim.stop();
      }
    } finally {
      await nats.stop();
    }
    const takeovers = results.flatMap(({ takeoverMs }) => takeoverMs ?? []).toSorted((a, b) => a - b);
    const at = (share: number): string =>
      (takeovers[Math.floor((takeovers.length - 1) * share)] ?? 0).toFixed(0);
    const orders = results.reduce((sum, { epochs }) => sum + epochs.length, 0);
    const refusals = results.reduce((sum, { refusals: own }) => sum + own, 0);
    process.stdout.write(
      `${results.length} runs, ${orders} orders, ${refusals} not signed, ${takeovers.length} takeovers: ` +
        `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms\n`,
    );
    const refused = new Map<string, number>();
    for (const { outcomes } of results)
      for (const [name, count] of Object.entries(outcomes))
        refused.set(name, (refused.get(name) ?? 0) + count);
    process.stdout.write(`${JSON.stringify([...refused])}\n`);
    expect(faults).toEqual([]);
    expect(takeovers.length).toBeGreaterThan(RUNS / 3);
  },
);
