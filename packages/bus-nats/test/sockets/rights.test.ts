import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Reader, signalWord, untilTrue } from "../../../engine/test/support/signal-bus-conformance.ts";
import {
  BusConnection,
  JobQueue,
  JobWorker,
  JournalFollower,
  type JournalMessage,
  JournalStream,
  JournalWriter,
  Lease,
  LeaseBucket,
  leaseTerms,
  NatsSignalBus,
  newIdentity,
  PartKeeper,
  Standbys,
  Snapshots,
} from "../../src/index.ts";
import { hasNatsServer, NatsServer } from "../support/nats-server.ts";

const ROLES = ["scanner", "trader", "worker", "asker"] as const;
type Role = (typeof ROLES)[number];
const clock = new SystemClock();
const folder = mkdtempSync(join(tmpdir(), "smcq-rights-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What deploy/nats/nats.conf allows, with keys of the test's own; their seeds lie in the folder. */
function accounts(): string {
  const conf = readFileSync(new URL("../../../../deploy/nats/nats.conf", import.meta.url), "utf8");
  let text = conf.slice(conf.indexOf("accounts {")).replace("max_file: 12GB", "max_file: 64MB");
  for (const role of ROLES) {
    const { seed, publicKey } = newIdentity();
    writeFileSync(join(folder, role), seed, { mode: 0o600 });
    text = text.replace(`${role.toUpperCase()}_PUBLIC_KEY`, publicKey);
  }
  return text;
}

const shard = { symbols: 0, ready: 0 };
/** A scanner without symbols. */
const host = { warm() {}, isWarm: () => true, release() {}, toldMs: () => 0, counts: () => shard };

describe.runIf(hasNatsServer())("the rights of deploy/nats/nats.conf", () => {
  let server: NatsServer;
  const hosts = {} as Record<Role, BusConnection>;

  beforeAll(async () => {
    server = await NatsServer.start([accounts()]);
    for (const role of ROLES)
      hosts[role] = await BusConnection.open({
        url: server.url,
        name: "smcq",
        nkeyFile: join(folder, role),
        caFile: null,
        certFile: null,
        keyFile: null,
        connectTimeoutMs: 5_000,
        client: role,
        inbox: role,
        logger: silentLogger,
      });
  });
  afterAll(async () => {
    for (const role of ROLES) await hosts[role].close();
    await server.stop();
  });

  const parts = { clock, logger: silentLogger };

  it("let a scanner tell signals and hold parts, and a trader hear them", async () => {
    const told = await NatsSignalBus.open({ connection: hosts.scanner, ...parts });
    const heard = await NatsSignalBus.open({ connection: hosts.trader, ...parts });
    const reader = await new Reader().follow(heard);
    told.publish(signalWord());
    await untilTrue(() => expect([told.counts.kept, reader.words.length]).toEqual([1, 1]));
    reader.acknowledge(1);
    const deps = { connection: hosts.scanner, member: "a", parts: 4, ttlMs: 400, host };
    const keeper = await PartKeeper.open({ ...deps, ...parts, venueClock: clock });
    await keeper.start();
    await untilTrue(() => expect(keeper.view().held).toBe(4));
    await keeper.stop();
    await Promise.all([told.close(), heard.close()]);
  });

  it("let a trader hold the lease, write the journal, follow it and copy the ledger", async () => {
    const bucket = await LeaseBucket.open({ bus: hosts.trader, ...parts, answerMs: 1_000, replicas: 1 });
    const lease = new Lease({
      store: bucket,
      key: "executor",
      label: "test",
      terms: leaseTerms(600),
      newOwner: () => "one",
      wallMs: null,
      onChange() {},
      ...parts,
    });
    await untilTakenBy(lease);
    await untilTrue(() => expect(lease.renewals).toBeGreaterThan(0));
    const [waiting, holder] = [new Standbys(hosts.trader, clock), new Standbys(hosts.trader, clock)];
    holder.listen();
    waiting.wait(() => true);
    await untilTrue(() => expect(holder.reaching).toBe(1));
    waiting.stop();
    holder.stop();
    const stream = await JournalStream.open({ bus: hosts.trader, answerMs: 1_000, replicas: 1 });
    const messages: JournalMessage[] = [];
    const follower = new JournalFollower({
      stream,
      ...parts,
      take: (message) => messages.push(message) > 0,
      onGap() {},
    });
    follower.startAt(1);
    const { lastSeq } = await stream.place();
    const writer = new JournalWriter(
      { stream, epoch: lease.epoch, ...parts, onAcked() {}, onSuperseded() {} },
      lastSeq,
    );
    writer.run({ type: "run", epoch: lease.epoch, isResumed: false, record: {}, before: null });
    await untilTrue(() => expect(messages).toHaveLength(1));
    await stream.purgeBefore(1);
    const snapshots = await Snapshots.open(hosts.trader, 1);
    const [file, back] = [join(folder, "ledger"), join(folder, "back")];
    writeFileSync(file, "x".repeat(300_000));
    await snapshots.put(file, { streamSeq: 1, epoch: 1 });
    await snapshots.put(file, { streamSeq: 2, epoch: 1 });
    expect(await snapshots.get(back)).toMatchObject({ streamSeq: 2, bytes: 300_000 });
    follower.stop();
    writer.close();
    await lease.release(0);
    bucket.close();
  });

  it("let a worker do a job that somebody asks for", async () => {
    const version = { id: "v1", text: "1" };
    const queue = await JobQueue.open({ connection: hosts.asker, version, ...parts });
    const worker = await JobWorker.open({
      connection: hosts.worker,
      version,
      id: "w",
      threads: 1,
      folder: join(folder, "w"),
      ...parts,
      execute: ({ task }) => Promise.resolve({ type: "done", bytes: Buffer.from(`did ${task}`) }),
    });
    const stop = new AbortController();
    const done = worker.run({ stop: stop.signal, hurry: new AbortController().signal });
    const bytes = await queue.run({ kind: "echo", label: "one", task: "1", inputs: [], hint: "" });
    expect(Buffer.from(bytes).toString()).toBe("did 1");
    stop.abort();
    await done;
    await queue.close();
  });

  /** Whether the server keeps what is published there. */
  async function isKept(role: Role, subject: string): Promise<boolean> {
    try {
      await jetstream(hosts[role].nats, { timeout: 1_000 }).publish(subject, "forged");
      return true;
    } catch {
      return false;
    }
  }

  async function isRead(role: Role, stream: string): Promise<boolean> {
    try {
      const jsm = await jetstreamManager(hosts[role].nats, { timeout: 1_000, checkAPI: false });
      await jsm.streams.getMessage(stream, { last_by_subj: ">" });
      return true;
    } catch (error) {
      // Nothing found would be an answer, too.
      return String(error).includes("no message found");
    }
  }

  async function isUndone(role: Role, stream: string): Promise<boolean> {
    try {
      const jsm = await jetstreamManager(hosts[role].nats, { timeout: 1_000, checkAPI: false });
      return await jsm.streams.delete(stream);
    } catch {
      return false;
    }
  }

  it.each([
    ["scanner", "smcq.executor.journal"],
    ["scanner", "$KV.smcq_leases.executor"],
    ["scanner", "smcq.job.todo.v1.r.k"],
    ["trader", "smcq.scanner.signals.1"],
    ["trader", "$KV.smcq_parts.p1"],
    ["worker", "smcq.scanner.signals.1"],
    ["worker", "smcq.executor.journal"],
    ["worker", "$KV.smcq_leases.executor"],
    ["asker", "smcq.scanner.signals.1"],
    ["asker", "$KV.smcq_leases.executor"],
    ["asker", "$O.smcq_results.C.x"],
  ] as const)("keep the %s from writing %s", async (role, subject) => {
    expect(await isKept(role, subject)).toBe(false);
  });

  it.each([
    ["scanner", "smcq_journal"],
    ["scanner", "KV_smcq_leases"],
    ["scanner", "smcq_signals"],
    ["worker", "smcq_journal"],
    ["worker", "smcq_signals"],
    ["asker", "smcq_journal"],
  ] as const)("keep the %s from reading %s", async (role, stream) => {
    expect(await isRead(role, stream)).toBe(false);
  });

  /** What a reader of its own making brings the role, of messages that the server delivers to `subject`. */
  async function isDelivered(
    role: Role,
    { stream, name, filter, subject }: Readonly<Record<"stream" | "name" | "filter" | "subject", string>>,
  ): Promise<boolean> {
    const { nats } = hosts[role];
    const config = { name, filter_subject: filter, deliver_subject: subject, ack_policy: "none" };
    const asked = JSON.stringify({ stream_name: stream, config });
    try {
      const answer = await nats.request(`$JS.API.CONSUMER.CREATE.${stream}.${name}.${filter}`, asked, {
        timeout: 1_000,
      });
      return answer.json<{ readonly error?: object }>().error === undefined;
    } catch {
      return false;
    }
  }

  it("keep a name from being a right: nobody makes a reader of a stream that is not its own", async () => {
    const filter = "smcq.executor.journal";
    const reading = { stream: "smcq_journal", filter, subject: "_INBOX_worker.read" };
    expect(await isDelivered("worker", { ...reading, name: "smcq_jobs" })).toBe(false);
    const claims = { stream: "KV_smcq_parts", filter: "$KV.smcq_parts.>", subject: "_INBOX_trader.read" };
    expect(await isDelivered("trader", { ...claims, name: "smcq_signals" })).toBe(false);
    expect(await isDelivered("trader", { ...claims, name: "smcq_journal" })).toBe(false);
  });

  it("keep a worker's own streams from being delivered to those who trade", async () => {
    const heard: string[] = [];
    const listening = hosts.trader.nats.subscribe("smcq.scanner.beat", {
      callback: (_error, message) => void heard.push(message.string()),
    });
    await hosts.trader.nats.flush();
    expect(await isKept("worker", "$KV.smcq_done.r.forged")).toBe(true);
    const given = { stream: "KV_smcq_done", name: "forger", filter: "$KV.smcq_done.r.forged" };
    await isDelivered("worker", { ...given, subject: "smcq.scanner.beat" });
    await new Promise<void>((resolve) => void clock.after(300, resolve));
    expect(heard).toEqual([]);
    listening.unsubscribe();
  });

  it("keep a scanner from what the trader is answered", async () => {
    const heard: string[] = [];
    for (const subject of ["_INBOX.>", "_INBOX_trader.>", "_INBOX*.>", ">"])
      hosts.scanner.nats.subscribe(subject, {
        callback: (error, { subject: to }) => void (error ?? heard.push(to)),
      });
    await hosts.scanner.nats.flush();
    await (await jetstreamManager(hosts.trader.nats)).streams.info("smcq_journal");
    await hosts.scanner.nats.flush();
    expect(heard).toEqual([]);
  });

  it("keep everybody from deleting a stream", async () => {
    const streams = "smcq_signals smcq_journal KV_smcq_leases KV_smcq_parts smcq_jobs".split(" ");
    for (const role of ROLES) for (const stream of streams) expect(await isUndone(role, stream)).toBe(false);
  });
});

async function untilTakenBy(lease: Lease): Promise<void> {
  for (;;) {
    const taking = await lease.take();
    if (taking.type === "taken") return;
    await new Promise<void>((resolve) => void clock.after(taking.waitMs, resolve));
  }
}
