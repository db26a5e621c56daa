import { once } from "node:events";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { type ScanPool, TaskPool } from "@smcq/cluster";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { type Contender, comparePaired } from "../lib/paired.ts";
import type { PartRecorder } from "../lib/results.ts";
import type { MicroContext } from "./micro-context.ts";

const clock = new SystemClock();

/** Trips of one measurement; a trip is there and back, so two hops. */
const TRIPS = 400;

interface Partner {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly cell: Int32Array;
}

function startPartner(isAtomics: boolean): Partner {
  const { port1, port2 } = new MessageChannel();
  const cell = new SharedArrayBuffer(4);
  const worker = new Worker(new URL("./hop.worker.ts", import.meta.url), {
    workerData: { port: port2, cell, isAtomics },
    transferList: [port2],
  });
  return { worker, port: port1, cell: new Int32Array(cell) };
}

function portContender({ port }: Partner): Contender {
  return {
    name: "MessagePort",
    measure: async () => {
      const startNs = clock.monoNs();
      for (let trip = 0; trip < TRIPS; trip++) {
        const answered = once(port, "message");
        port.postMessage(trip);
        await answered;
      }
      return (clock.monoNs() - startNs) / (TRIPS * 2) / 1e3;
    },
  };
}

function atomicsContender({ cell }: Partner): Contender {
  let value = 0;
  return {
    name: "Atomics.wait and notify",
    measure: () => {
      const startNs = clock.monoNs();
      for (let trip = 0; trip < TRIPS; trip++) {
        Atomics.store(cell, 0, value + 1);
        Atomics.notify(cell, 0);
        while (Atomics.load(cell, 0) === value + 1) Atomics.wait(cell, 0, value + 1);
        value += 2;
      }
      return (clock.monoNs() - startNs) / (TRIPS * 2) / 1e3;
    },
  };
}

function poolContender(pool: ScanPool): Contender {
  return {
    name: "piscina task",
    measure: async () => {
      const startNs = clock.monoNs();
      for (let trip = 0; trip < TRIPS; trip++) await pool.run({ shardId: 0, seeds: [] });
      return (clock.monoNs() - startNs) / (TRIPS * 2) / 1e3;
    },
  };
}

/** Thread hops: one trip after the other, both sides asleep in between. */
export async function benchHops(context: MicroContext, recorder: PartRecorder): Promise<void> {
  const byPort = startPartner(false);
  const byCell = startPartner(true);
  const pool: ScanPool = new TaskPool({
    entry: { url: new URL("./echo-scan.worker.ts", import.meta.url), data: {} },
    name: "scan",
    threads: 1,
    logger: silentLogger,
  });
  const comparison = await comparePaired({
    id: "hops",
    title: "A hop between two threads, busy",
    unit: "us a hop",
    rounds: context.rounds,
    calibration: context.calibration,
    contenders: [portContender(byPort), atomicsContender(byCell), poolContender(pool)],
  });
  recorder.compare(comparison);
  const ended = [once(byPort.worker, "exit"), once(byCell.worker, "exit")];
  byPort.port.postMessage(-1);
  Atomics.store(byCell.cell, 0, -1);
  Atomics.notify(byCell.cell, 0);
  await Promise.all(ended);
  byCell.port.close();
  await pool.close();
}
