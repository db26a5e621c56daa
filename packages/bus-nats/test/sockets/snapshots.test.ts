import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { silentLogger } from "@smcq/kernel";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BusConnection, Snapshots } from "../../src/index.ts";
import { hasNatsServer, NatsServer } from "../support/nats-server.ts";

let folder = "";
let nats: NatsServer;
let bus: BusConnection;

beforeEach(async () => {
  if (!hasNatsServer()) return;
  folder = mkdtempSync(join(tmpdir(), "smcq-snapshots-"));
  nats = await NatsServer.start();
  const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
  const own = { name: "smcq", connectTimeoutMs: 10_000, client: "test", logger: silentLogger };
  bus = await BusConnection.open({ ...files, ...own, url: nats.url });
});

afterEach(async () => {
  if (folder === "") return;
  await bus.close();
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
});

it.skipIf(!hasNatsServer())(
  "a copy whose pieces were taken away while it was read is given up, and the next one is had",
  async () => {
    const snapshots = await Snapshots.open(bus, 1);
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    writeFileSync(from, Buffer.alloc(1_000_000, 7));
    await snapshots.put(from, { streamSeq: 3, epoch: 1 });
    const jsm = await jetstreamManager(bus.nats);
    await jsm.streams.purge("OBJ_smcq_snapshots", { filter: "$O.smcq_snapshots.C.>" });
    await expect(snapshots.get(to)).rejects.toMatchObject({ message: expect.stringContaining("no piece") });
    rmSync(to, { force: true });
    await snapshots.put(from, { streamSeq: 4, epoch: 1 });
    expect(await snapshots.get(to)).toMatchObject({ streamSeq: 4, bytes: 1_000_000 });
    expect(existsSync(to) && readFileSync(to).equals(readFileSync(from))).toBe(true);
  },
);

it.skipIf(!hasNatsServer())(
  "a copy of an older epoch takes no newer one's place, and what killed holders left of theirs goes",
  async () => {
    const snapshots = await Snapshots.open(bus, 1);
    const from = join(folder, "from");
    writeFileSync(from, Buffer.alloc(300_000, 7));
    await snapshots.put(from, { streamSeq: 3, epoch: 7 });
    await jetstream(bus.nats).publish("$O.smcq_snapshots.C.killed", Buffer.alloc(100_000));
    await snapshots.put(from, { streamSeq: 5, epoch: 8 });
    const { streams } = await jetstreamManager(bus.nats);
    const pieces = { subjects_filter: "$O.smcq_snapshots.C.>" };
    const subjects = async (): Promise<readonly string[]> =>
      Object.keys((await streams.info("OBJ_smcq_snapshots", pieces)).state.subjects ?? {});
    expect(await subjects()).toHaveLength(1);
    // It stood in the middle of copying, and goes on.
    await expect(snapshots.put(from, { streamSeq: 4, epoch: 7 })).rejects.toMatchObject({
      code: "BUS_LEASE_LOST",
    });
    expect(await snapshots.last()).toMatchObject({ streamSeq: 5, epoch: 8 });
    expect(await subjects()).toHaveLength(1);
  },
);
