import {
  AckPolicy,
  DiscardPolicy,
  jetstream,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  RetentionPolicy,
} from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import { Objm, setSha256Backend } from "@nats-io/obj";
import { nanos } from "@nats-io/transport-node";
import type { Clock } from "@smcq/kernel";
import type { BusConnection } from "../connection.ts";
import { Blobs } from "./blobs.ts";
import { INPUT_BYTES_MAX, type JobLimits, RESULT_BYTES_MAX } from "./job.ts";
import { JobRecords } from "./job-records.ts";
import { type Patience, withPatience } from "./patience.ts";

/** Jobs that wait of all commands; a command holds `inFlightMax` at most. */
const WAITING_MAX = 100_000;
/** Jobs that one version's workers may be at. */
const TAKEN_MAX = 10_000;
const DAY_MS = 86_400_000;
/** What nobody asked for so long is gone. */
const JOB_AGE_MS = 7 * DAY_MS;
const KEPT_MS = 30 * DAY_MS;
/** A version without a worker for so long is forgotten. */
const VERSION_AGE_MS = DAY_MS;
const RECORD_BYTES_MAX = 65_536;

/** What commands and workers share at the servers; whoever comes first makes it. */
export class JobStores {
  readonly connection: BusConnection;
  readonly patience: Patience;
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly inputs: Blobs;
  readonly results: Blobs;
  readonly records: JobRecords;

  private constructor(
    connection: BusConnection,
    patience: Patience,
    made: Pick<JobStores, "js" | "manager" | "inputs" | "results"> & { readonly kv: KV },
  ) {
    this.connection = connection;
    this.patience = patience;
    this.js = made.js;
    this.manager = made.manager;
    this.inputs = made.inputs;
    this.results = made.results;
    this.records = new JobRecords(made.kv, patience);
  }

  /** Errors: BUS_REFUSED, BUS_UNREACHABLE, JOBS_STORE. */
  static async open(
    connection: BusConnection,
    {
      clock,
      limits,
      stop,
    }: { readonly clock: Clock; readonly limits: JobLimits; readonly stop?: AbortSignal },
  ): Promise<JobStores> {
    const patience: Patience = { clock, msMax: limits.outageMsMax, stop };
    const { nats, names, replicas } = connection;
    return await withPatience(patience, "no streams for jobs", async () => {
      const js = jetstream(nats);
      const manager = await js.jetstreamManager();
      await openStream(manager, connection);
      // The client's own is written in JavaScript, and hashes everything that is sent.
      setSha256Backend("native");
      const objects = new Objm(js);
      const inputs = await objects.create(names.store("inputs"), { replicas, ttl: nanos(KEPT_MS) });
      const results = await objects.create(names.store("results"), { replicas, ttl: nanos(KEPT_MS) });
      const kv = await new Kvm(js).create(names.store("done"), {
        history: 1,
        replicas,
        ttl: KEPT_MS,
        maxValueSize: RECORD_BYTES_MAX,
      });
      return new JobStores(connection, patience, {
        js,
        manager,
        kv,
        inputs: new Blobs(inputs, { what: "an input", bytesMax: INPUT_BYTES_MAX }, patience),
        results: new Blobs(results, { what: "a result", bytesMax: RESULT_BYTES_MAX }, patience),
      });
    });
  }

  get stream(): string {
    return this.connection.names.store("jobs");
  }

  /** The subject of a version's jobs, of one of its commands, of one job. */
  subject(...words: readonly string[]): string {
    return this.connection.names.subject("job", "todo", ...words);
  }

  /** The version's queue, which its workers share. */
  async openQueue(version: string, ackWaitMs: number): Promise<string> {
    const name = `jobs-${version}`;
    await withPatience(this.patience, "no queue of jobs", () =>
      this.manager.consumers.add(this.stream, {
        durable_name: name,
        filter_subject: this.subject(version, ">"),
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(ackWaitMs),
        max_deliver: -1,
        max_ack_pending: TAKEN_MAX,
        inactive_threshold: nanos(VERSION_AGE_MS),
      }),
    );
    return name;
  }
}

/** One that is there stays as it is. */
async function openStream(
  manager: JetStreamManager,
  { names, replicas }: Pick<BusConnection, "names" | "replicas">,
): Promise<void> {
  const name = names.store("jobs");
  try {
    await manager.streams.info(name);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound) throw error;
    await manager.streams.add({
      name,
      subjects: [names.subject("job", "todo", ">")],
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
      num_replicas: replicas,
      max_msgs: WAITING_MAX,
      max_age: nanos(JOB_AGE_MS),
    });
  }
}
