import { lastAudit } from "../../offline/audit/audits-file.ts";
import { INBOX_EVENTS_MAX, type UniverseFollower } from "@smcq/cluster";
import type { EngineConfig } from "@smcq/config";
import type { FeedConnection } from "@smcq/exchange";
import { type CancelTimer, type Clock, repeat } from "@smcq/kernel";
import { JOURNAL_ROWS_MAX, type LedgerStats } from "@smcq/ledger";
import type { RestUse } from "../../control/protocol.ts";
import type { ConnectionView, QueueView, RestSample, SystemView } from "../../control/system-views.ts";
import { type Outlet, WAITING_BYTES_MAX } from "../../output/outlet.ts";
import type { RunEngine } from "../create-engine.ts";

/** How often the use of REST is written down, wall ms, and how many times are kept: an hour. */
const SAMPLE_MS = 15_000;
const SAMPLES_MAX = 240;

export interface SystemWatchOptions {
  readonly config: Pick<EngineConfig, "compute" | "dataDir" | "ledger">;
  readonly engine: Pick<RunEngine, "coordinator" | "inbox" | "journal" | "desk" | "side">;
  readonly ledger: () => LedgerStats;
  readonly log: Pick<Outlet, "waitingBytes" | "dropped">;
  readonly restUse: () => RestUse;
  readonly duty: () => SystemView["duty"];
  readonly venueClock: Clock;
  readonly wallClock: Clock;
}

/** What the engine runs on, for whoever asks: read where it is, without disturbing it. Of REST it writes an hour down. */
export class SystemWatch {
  readonly #options: SystemWatchOptions;
  readonly #samples: RestSample[] = [];
  readonly #cancel: CancelTimer;
  #follower: Pick<UniverseFollower, "connection"> | null = null;

  constructor(options: SystemWatchOptions) {
    this.#options = options;
    this.#sample();
    this.#cancel = repeat(options.wallClock, SAMPLE_MS, () => this.#sample());
  }

  /** The contracts' news are followed from now on. */
  follows(follower: Pick<UniverseFollower, "connection">): void {
    this.#follower = follower;
  }

  stop(): void {
    this.#cancel();
  }

  view(): SystemView {
    const { config, engine, venueClock } = this.#options;
    const { shards, scanThreads } = engine.coordinator.report();
    return {
      nowMs: venueClock.nowMs(),
      shards,
      scan: { compute: config.compute, threads: scanThreads },
      connections: [
        ...shards.map(({ shardId, feed, feedSinceMs, reconnects }): ConnectionView => ({
          kind: `klines, shard ${shardId}`,
          open: feed.open,
          wanted: feed.connections,
          sinceMs: feedSinceMs,
          reconnects,
          words: feed.words,
        })),
        ...this.#ownConnections(),
      ],
      queues: this.#queues(),
      bus: engine.side.status(),
      duty: this.#options.duty(),
      audit: auditOf(this.#options.config.dataDir),
      rest: { stepMs: SAMPLE_MS, samples: [...this.#samples] },
    };
  }

  #ownConnections(): ConnectionView[] {
    const { desk } = this.#options.engine;
    const found: ConnectionView[] = [];
    if (desk !== null) {
      const { isLive, sinceMs, losses } = desk.stream;
      const account = { kind: "account", open: Number(isLive), wanted: 1, sinceMs, reconnects: losses };
      found.push({ ...account, words: "" }, viewOf("best prices", desk.prices));
    }
    if (this.#follower !== null) found.push(viewOf("contracts' news", this.#follower.connection));
    return found;
  }

  #queues(): QueueView[] {
    const { engine, ledger, log, config } = this.#options;
    const { inbox, journal } = engine;
    const { pending, overflowed, lost } = ledger();
    const dropped = Object.values(inbox.counts).reduce((sum, own) => sum + own.dropped, 0);
    return [
      queue("inbox of the core", "events", [inbox.size, INBOX_EVENTS_MAX, dropped]),
      ...(journal === null
        ? []
        : [queue("journal", "rows", [journal.stats.waiting, JOURNAL_ROWS_MAX, journal.stats.eventsLost])]),
      queue("signals for the ledger", "signals", [pending, config.ledger.queueMax, overflowed + lost]),
      queue("log", "bytes", [log.waitingBytes, WAITING_BYTES_MAX, log.dropped]),
    ];
  }

  #sample(): void {
    const { restUse, wallClock } = this.#options;
    const { weightUsed, weightLimit } = restUse();
    this.#samples.push({ atMs: wallClock.nowMs(), weightUsed, weightLimit });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }
}

function auditOf(dataDir: string): SystemView["audit"] {
  const audit = lastAudit(dataDir);
  return audit === null ? null : { atMs: audit.atMs, parity: audit.parity };
}

/** `lost` of the log is lines, of the others what waits there. */
function queue(
  name: string,
  unit: QueueView["unit"],
  [waiting, waitingMax, lost]: readonly [number, number, number],
): QueueView {
  return { name, unit, waiting, waitingMax, lost };
}

function viewOf(kind: string, { isOpen, sinceMs, connects, words }: FeedConnection): ConnectionView {
  return { kind, open: Number(isOpen), wanted: 1, sinceMs, reconnects: Math.max(0, connects - 1), words };
}
