import { randomUUID } from "node:crypto";
import { assert, type CancelTimer, type Clock, type Logger, repeat, SmcqError } from "@smcq/kernel";
import type { BusConnection } from "../connection.ts";
import {
  JOB_LIMITS,
  type JobInput,
  jobKey,
  type JobLimits,
  type JobSpec,
  type JobVersion,
  type PostedJob,
  sha256Of,
} from "./job.ts";
import { JobErrorCode } from "./job-errors.ts";
import { HERE_MS, type JobNews, JobNewsWire } from "./job-news.ts";
import type { FailedRecord } from "./job-records.ts";
import { JobStores } from "./job-stores.ts";
import { withPatience } from "./patience.ts";
import { Slots } from "./slots.ts";
import { WorkerWatch } from "./worker-watch.ts";

export interface JobQueueOptions {
  readonly connection: BusConnection;
  readonly version: JobVersion;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<JobLimits>;
}

/** A job that waits, or is worked on. */
interface Flight {
  readonly key: string;
  readonly spec: JobSpec;
  losses: number;
  /** Of the last post that was kept, ns; null: it is on its way. */
  postedNs: number | null;
  isLooking: boolean;
  /** Why the last try has failed. */
  fault: string | null;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A command's side of the jobs: what is asked for is done by whoever has time, once, however often workers or servers die.
 * A result that is kept already is not made again, so that a command that was stopped goes on where it was.
 */
export class JobQueue {
  readonly #stores: JobStores;
  /** Ends what would still wait for servers. */
  readonly #closing: AbortController;
  readonly #version: JobVersion;
  readonly #clock: Clock;
  readonly #limits: JobLimits;
  readonly #news: JobNewsWire;
  readonly #watch: WorkerWatch;
  readonly #run: string = randomUUID().replaceAll("-", "");
  readonly #slots: Slots;
  readonly #flights = new Map<string, Flight>();
  /** Jobs by key: one that is asked for twice at once is done once. */
  readonly #asked = new Map<string, Promise<Uint8Array>>();
  /** Of all that was asked for. */
  readonly #keys = new Set<string>();
  /** Inputs that are kept, or on their way. */
  readonly #sent = new Map<string, Promise<void>>();
  readonly #stops: CancelTimer[] = [];
  #isLookingAround = false;
  /** Why no job can be done any more; null: they can. */
  #fault: unknown = null;

  private constructor(
    stores: JobStores,
    closing: AbortController,
    { connection, version, clock, logger, limits }: JobQueueOptions,
  ) {
    this.#stores = stores;
    this.#closing = closing;
    this.#version = version;
    this.#clock = clock;
    this.#limits = { ...JOB_LIMITS, ...limits };
    this.#news = new JobNewsWire(connection);
    this.#slots = new Slots(this.#limits.inFlightMax);
    this.#watch = new WorkerWatch({ clock, logger, version, limits: this.#limits });
    this.#stops.push(
      this.#news.onHere((here) => this.#watch.hear(here)),
      this.#news.onNews((news) => this.#hear(news)),
      connection.onChange((isConnected) => isConnected && void this.#lookAround()),
      repeat(clock, HERE_MS, () => this.#watchWorkers()),
      repeat(clock, this.#limits.lookMs, () => void this.#lookAround()),
    );
    this.#callWorkers();
  }

  /** Errors: BUS_REFUSED, BUS_UNREACHABLE, JOBS_STORE. */
  static async open(options: JobQueueOptions): Promise<JobQueue> {
    const limits = { ...JOB_LIMITS, ...options.limits };
    const { connection, clock, version } = options;
    const closing = new AbortController();
    const stores = await JobStores.open(connection, { clock, limits, stop: closing.signal });
    await stores.openQueue(version.id, limits.ackWaitMs);
    return new JobQueue(stores, closing, options);
  }

  /**
   * The result of a job. Rejects with the code by which the job itself refuses its input, JOBS_GIVEN_UP, JOBS_NO_WORKER,
   * JOBS_SIZE, JOBS_STORE, BUS_UNREACHABLE.
   */
  run(spec: JobSpec): Promise<Uint8Array> {
    const key = jobKey(this.#version, spec);
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    this.#keys.add(key);
    const doing = this.#do(key, spec).finally(() => this.#asked.delete(key));
    this.#asked.set(key, doing);
    return doing;
  }

  /** Refuses (JOBS_UNEQUAL) when workers did not agree on a job that was asked for; it is done anew the next time. */
  async verify(): Promise<void> {
    const odd = (await this.#stores.records.unequalKeys()).filter((key) => this.#keys.has(key));
    const [key] = odd;
    if (key === undefined) return;
    const record = await this.#stores.records.unequal(key);
    for (const own of odd) await this.#stores.records.forgetUnequal(own);
    throw new SmcqError(
      JobErrorCode.Unequal,
      `${odd.length} jobs came to different results at ${(record?.workers ?? []).join(" and ")}: one of these hosts computes wrongly; nothing was written, and another run does them anew`,
    );
  }

  /** Takes back what nobody is at yet. The connection stays. */
  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#closing.abort();
    if (!this.#stores.connection.isConnected) return;
    try {
      const filter = this.#stores.subject(this.#version.id, this.#run, "*");
      await this.#stores.manager.streams.purge(this.#stores.stream, { filter });
    } catch {
      // Workers find nobody's jobs, do them, and their results are kept for the next run.
    }
  }

  async #do(key: string, spec: JobSpec): Promise<Uint8Array> {
    await this.#slots.take(1);
    try {
      if (this.#fault !== null) throw this.#fault;
      const found = await this.#result(key);
      if (found !== null) return found;
      await this.#send(spec.inputs);
      return await this.#await(key, spec);
    } finally {
      this.#flights.delete(key);
      this.#slots.free(1);
    }
  }

  #await(key: string, spec: JobSpec): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const state = { losses: 0, postedNs: null, isLooking: false, fault: null };
      const flight: Flight = { key, spec, ...state, resolve, reject };
      this.#flights.set(key, flight);
      this.#post(flight).catch(reject);
    });
  }

  async #post(flight: Flight): Promise<void> {
    const { key, spec, losses } = flight;
    const { kind, label, task, hint } = spec;
    const inputs = spec.inputs.map(({ sha256 }) => sha256);
    const job: PostedJob = { key, kind, label, task, hint, inputs, run: this.#run, losses };
    flight.postedNs = null;
    const subject = this.#stores.subject(this.#version.id, this.#run, key);
    const { patience, js } = this.#stores;
    await withPatience(patience, `job ${label} is not posted`, () =>
      js.publish(subject, JSON.stringify(job), { msgID: `${this.#run}.${key}.${losses}` }),
    );
    flight.postedNs = this.#clock.monoNs();
  }

  /** Parts first: what names them comes when they are there. */
  async #send(inputs: readonly JobInput[], isLost = false): Promise<void> {
    for (const input of inputs) {
      const sent = this.#sent.get(input.sha256) ?? this.#sendOne(input, isLost);
      this.#sent.set(input.sha256, sent);
      await sent;
    }
  }

  /** `isLost`: somebody did not get what the servers said to keep; its bytes are looked at. */
  async #sendOne(input: JobInput, isLost: boolean): Promise<void> {
    await this.#send(input.parts ?? [], isLost);
    const { sha256 } = input;
    const { inputs } = this.#stores;
    if (isLost ? (await inputs.get(sha256)) !== null : await inputs.has(sha256)) return;
    const bytes = await input.read();
    if (sha256Of(bytes) !== sha256)
      throw new SmcqError(JobErrorCode.Input, `input ${sha256} has changed while it was read`);
    await inputs.put(bytes);
  }

  /** The result that is kept, if it is still what it was. */
  async #result(key: string): Promise<Uint8Array | null> {
    const { records, results } = this.#stores;
    const record = await records.done(key);
    if (record === null) return null;
    const bytes = await results.get(record.value.sha256);
    if (bytes === null) await records.forget(key, record);
    return bytes;
  }

  #hear({ run, key, worker, fault }: JobNews): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    if (fault === null) void this.#look(flight);
    else if (run === this.#run) {
      flight.fault = fault;
      this.#watch.tellFault(worker, flight.spec.label, fault);
    }
  }

  /** Ends a flight whose job is done, or failed; says whether it did. */
  async #look(flight: Flight): Promise<boolean> {
    if (flight.isLooking) return true;
    flight.isLooking = true;
    try {
      const found = await this.#result(flight.key);
      if (found !== null) {
        flight.resolve(found);
        return true;
      }
      const { key, losses } = flight;
      const failed = await this.#stores.records.failed({ run: this.#run, key, losses });
      if (failed === null) return false;
      if (failed.code === JobErrorCode.Input) await this.#postAgain(flight);
      else flight.reject(failureOf(failed, flight.fault));
      return true;
    } catch (error) {
      flight.reject(error);
      return true;
    } finally {
      flight.isLooking = false;
    }
  }

  /** The servers have lost the job, or what it needs. */
  async #postAgain(flight: Flight): Promise<void> {
    if (++flight.losses > this.#limits.lossesMax)
      throw new SmcqError(
        JobErrorCode.Store,
        `job ${flight.spec.label} was lost ${flight.losses} times by the servers, which said to keep it`,
      );
    flight.postedNs = null;
    this.#sent.clear();
    await this.#send(flight.spec.inputs, true);
    await this.#post(flight);
  }

  /**
   * Looks at every job: its end may have been told while nobody heard it, or it was lost. A server that was killed may keep a
   * job that its queue takes for done, and never hand it out again: one that is there counts as waiting only while the queue
   * has something to do.
   */
  async #lookAround(): Promise<void> {
    if (this.#isLookingAround || this.#flights.size === 0) return;
    this.#isLookingAround = true;
    try {
      const nowNs = this.#clock.monoNs();
      const waiting = (await this.#isQueueIdle()) ? new Set<string>() : await this.#waiting();
      for (const flight of this.#flights.values()) {
        if (flight.postedNs === null || flight.postedNs >= nowNs) continue;
        if ((await this.#look(flight)) || waiting.has(flight.key)) continue;
        if (this.#flights.has(flight.key)) await this.#postAgain(flight).catch(flight.reject);
      }
    } catch (error) {
      this.#failAll(error);
    } finally {
      this.#isLookingAround = false;
    }
  }

  /** Whether nothing waits in the version's queue, and nobody is at anything. */
  async #isQueueIdle(): Promise<boolean> {
    const { ackWaitMs } = this.#limits;
    const queue = await this.#stores.openQueue(this.#version.id, ackWaitMs);
    const { patience, manager, stream } = this.#stores;
    return await withPatience(patience, "no word on the queue", async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info(stream, queue);
      return num_pending === 0 && num_ack_pending === 0;
    });
  }

  /** Keys of this command's jobs that wait or are worked on. */
  async #waiting(): Promise<ReadonlySet<string>> {
    const { patience, manager, stream } = this.#stores;
    const filter = this.#stores.subject(this.#version.id, this.#run, "*");
    return await withPatience(patience, "no word on the jobs", async () => {
      const { state } = await manager.streams.info(stream, { subjects_filter: filter });
      return new Set(Object.keys(state.subjects ?? {}).map((subject) => subject.slice(filter.length - 1)));
    });
  }

  #watchWorkers(): void {
    const labels = [...this.#flights.values()].map(({ spec }) => spec.label);
    const error = this.#watch.turn(labels);
    if (error !== null) this.#failAll(error);
    this.#callWorkers();
  }

  #callWorkers(): void {
    const { id: version, text: versionText } = this.#version;
    this.#news.call({ run: this.#run, version, versionText });
  }

  /** Those that wait here for their turn fail when it comes. */
  #failAll(error: unknown): void {
    assert(error !== null, "Invariant: what fails all has a reason");
    this.#fault ??= error;
    for (const flight of this.#flights.values()) flight.reject(error);
  }
}

function failureOf({ code, message }: FailedRecord, fault: string | null): SmcqError {
  const isTold = code === JobErrorCode.GivenUp && fault !== null;
  return new SmcqError(code, isTold ? `${message}: ${fault}` : message);
}
