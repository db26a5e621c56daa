import { ManualClock, MINUTE_MS, silentLogger, SystemClock } from "@smcq/kernel";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { untilTrue } from "../../../engine/test/support/signal-bus-conformance.ts";
import { BusConnection, PartKeeper, type PartHost } from "../../src/index.ts";
import { CATCH_UP_MS_MAX } from "../../src/parts/part-keeper.ts";
import { hasNatsServer, NatsServer } from "../support/nats-server.ts";

const PARTS = 12;
const TTL_MS = 400;
const clock = new SystemClock();
const START_MS = 28_000_000 * MINUTE_MS;

/** Parts as a host has them, without their symbols. */
class Host implements PartHost {
  readonly warmed = new Map<number, number>();
  readonly released: number[] = [];
  isReady = true;
  told = START_MS - MINUTE_MS;

  warm(part: number, fromMs: number): void {
    this.warmed.set(part, fromMs);
  }
  isWarm(part: number): boolean {
    return this.isReady && this.warmed.has(part);
  }
  release(part: number): void {
    this.warmed.delete(part);
    this.released.push(part);
  }
  toldMs(): number {
    return this.told;
  }
  counts(): { readonly symbols: number; readonly ready: number } {
    return { symbols: this.warmed.size, ready: this.isReady ? this.warmed.size : 0 };
  }
}

interface Scanner {
  readonly keeper: PartKeeper;
  readonly host: Host;
  readonly connection: BusConnection;
}

describe.runIf(hasNatsServer())("PartKeeper", () => {
  let server: NatsServer;
  let tests = 0;
  let venueClock = new ManualClock(START_MS);
  const scanners: Scanner[] = [];
  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const scanner of scanners.splice(0)) await end(scanner);
    tests++;
    venueClock = new ManualClock(START_MS);
  });

  async function begin(member: string, parts = PARTS): Promise<Scanner> {
    const connection = await BusConnection.open({
      nkeyFile: null,
      caFile: null,
      certFile: null,
      keyFile: null,
      url: server.url,
      name: `p${tests}`,
      connectTimeoutMs: 5_000,
      client: member,
      logger: silentLogger,
    });
    const host = new Host();
    const deps = { connection, member, parts, ttlMs: TTL_MS, host };
    const keeper = await PartKeeper.open({ ...deps, clock, venueClock, logger: silentLogger });
    const scanner = { keeper, host, connection };
    scanners.push(scanner);
    await keeper.start();
    return scanner;
  }

  async function end({ keeper, connection }: Scanner): Promise<void> {
    await keeper.stop();
    await connection.close();
  }

  /** As a power cut would. */
  async function die(scanner: Scanner): Promise<void> {
    scanners.splice(scanners.indexOf(scanner), 1);
    await scanner.connection.nats.close();
    await scanner.keeper.stop();
  }

  const held = (): readonly number[] => scanners.map(({ keeper }) => keeper.view().held);
  /** How many tell of each part. */
  const telling = (): readonly number[] =>
    Array.from({ length: PARTS }, (_, part) => scanners.filter(({ keeper }) => keeper.isTold(part)).length);

  it("gives all parts to one that is alone, and to several as many each", async () => {
    const first = await begin("a");
    await untilTrue(() => expect(held()).toEqual([PARTS]));
    expect([...first.host.warmed.values()]).toEqual(Array.from({ length: PARTS }, () => START_MS));
    await Promise.all([begin("b"), begin("c")]);
    // Who had them goes on until the bars of that minute are told.
    await untilTrue(() => expect(held()).toEqual([4, 4, 4]));
    expect(Math.max(...telling())).toBe(2);
    first.host.told = START_MS;
    await untilTrue(() => expect(telling()).toEqual(Array.from({ length: PARTS }, () => 1)));
    expect(first.host.released).toHaveLength(8);
  });

  it("leaves a part with its owner until the new one is warm", async () => {
    const first = await begin("a");
    await untilTrue(() => expect(held()).toEqual([PARTS]));
    const second = await begin("b");
    second.host.isReady = false;
    await untilTrue(() => expect(second.keeper.view().warming).toBe(PARTS / 2));
    expect([first.keeper.view().held, first.keeper.view().leaving]).toEqual([PARTS, 0]);
    second.host.isReady = true;
    await untilTrue(() => expect(held()).toEqual([PARTS / 2, PARTS / 2]));
  });

  it("takes over what a dead one has not told, and what one that goes has not", async () => {
    const [first, second, third] = [await begin("a"), await begin("b"), await begin("c")];
    await untilTrue(() => expect(held()).toEqual([4, 4, 4]));
    const toldMs = START_MS;
    for (const { host } of scanners) host.told = toldMs;
    await untilTrue(() => expect(telling()).toEqual(Array.from({ length: PARTS }, () => 1)));
    await untilTrue(() => expect(scanners.map(({ keeper }) => keeper.view().untold)).toEqual([0, 0, 0]));
    await die(second);
    await untilTrue(() => expect(held()).toEqual([6, 6]));
    const from = [first, third].flatMap(({ host }) => Array.from(host.warmed.values()));
    expect(from.filter((fromMs) => fromMs === toldMs + MINUTE_MS).length).toBeGreaterThanOrEqual(4);
    scanners.splice(scanners.indexOf(third), 1);
    await end(third);
    await untilTrue(() => expect(held()).toEqual([PARTS]));
  });

  it("leaves no minute out when who has just taken a part dies before it has told one", async () => {
    const first = await begin("a");
    await untilTrue(() => expect(held()).toEqual([PARTS]));
    await die(first);
    venueClock.advance(3 * MINUTE_MS);
    const second = await begin("b");
    await untilTrue(() => expect(held()).toEqual([PARTS]));
    expect(new Set(second.host.warmed.values())).toEqual(new Set([START_MS]));
  });

  it("moves a part when its owner has told all that the new one has not scanned, and leaves it nothing to tell", async () => {
    const first = await begin("a");
    await untilTrue(() => expect(held()).toEqual([PARTS]));
    venueClock.advance(2 * MINUTE_MS);
    first.host.told = START_MS;
    const second = await begin("b");
    await untilTrue(() => expect(second.keeper.view().warming).toBe(PARTS / 2));
    const parts = [...second.host.warmed.keys()];
    expect(new Set(second.host.warmed.values())).toEqual(new Set([START_MS + 2 * MINUTE_MS]));
    expect(parts.map((part) => [second.keeper.isScanned(part), second.keeper.isTold(part)])).toEqual(
      parts.map(() => [true, false]),
    );
    venueClock.advance(2 * MINUTE_MS);
    await untilTrue(() => expect(first.keeper.view().untold).toBe(0));
    expect(second.keeper.view().warming).toBe(PARTS / 2);
    first.host.told = START_MS + 2 * MINUTE_MS;
    await untilTrue(() => expect(held()).toEqual([PARTS / 2, PARTS / 2]));
    expect(new Set(second.host.warmed.values())).toEqual(new Set([START_MS + 3 * MINUTE_MS]));
  });

  it("catches up with a quarter of an hour at most", async () => {
    const first = await begin("a");
    await untilTrue(() => expect(held()).toEqual([PARTS]));
    await die(first);
    venueClock.advance(86_400_000);
    const second = await begin("b");
    await untilTrue(() => expect(held()).toEqual([PARTS]));
    const fromMs = START_MS + 86_400_000 - CATCH_UP_MS_MAX + MINUTE_MS;
    expect(new Set(second.host.warmed.values())).toEqual(new Set([fromMs]));
  });

  it("takes nothing from others while the bus is away, and none is taken when it comes back", async () => {
    const [first, second] = [await begin("a"), await begin("b")];
    await untilTrue(() => expect(held()).toEqual([6, 6]));
    for (const { host } of scanners) host.told = START_MS + MINUTE_MS;
    await untilTrue(() => expect(telling()).toEqual(Array.from({ length: PARTS }, () => 1)));
    const before = scanners.map(({ keeper }) => keeper.view().taken);
    await server.kill();
    await untilTrue(() => expect(second.connection.isConnected || first.connection.isConnected).toBe(false));
    await new Promise<void>((resolve) => void clock.after(3 * TTL_MS, resolve));
    await server.up();
    await untilTrue(() => expect(scanners.map(({ keeper }) => keeper.view().members.length)).toEqual([2, 2]));
    await new Promise<void>((resolve) => void clock.after(2 * TTL_MS, resolve));
    expect([held(), scanners.map(({ keeper }) => keeper.view().taken)]).toEqual([[6, 6], before]);
    // A server that stands still has not closed anything: who hears nothing of itself judges nobody.
    server.freeze(true);
    await new Promise<void>((resolve) => void clock.after(3 * TTL_MS, resolve));
    server.freeze(false);
    await untilTrue(() => expect(scanners.map(({ keeper }) => keeper.view().members.length)).toEqual([2, 2]));
    await new Promise<void>((resolve) => void clock.after(2 * TTL_MS, resolve));
    expect([held(), scanners.map(({ keeper }) => keeper.view().taken)]).toEqual([[6, 6], before]);
  });

  it("claims its parts again when servers have lost all claims, and takes those of one that dies then", async () => {
    const [first, second] = [await begin("a"), await begin("b")];
    await untilTrue(() => expect(held()).toEqual([6, 6]));
    for (const { host } of scanners) host.told = START_MS + MINUTE_MS;
    await untilTrue(() => expect(telling()).toEqual(Array.from({ length: PARTS }, () => 1)));
    await server.kill();
    server.lose();
    await server.up();
    // The same ones, or others where the loss outlasted the members' beats: each has one owner, who tells of it.
    await untilTrue(() => {
      expect(scanners.map(({ keeper }) => keeper.view().untold)).toEqual([0, 0]);
      expect(held()).toEqual([6, 6]);
      expect(telling()).toEqual(Array.from({ length: PARTS }, () => 1));
    });
    const parts = [...first.host.warmed.keys(), ...second.host.warmed.keys()];
    expect(parts.sort((one, other) => one - other)).toEqual(Array.from({ length: PARTS }, (_, part) => part));
    await die(second);
    await untilTrue(() => expect(held()).toEqual([PARTS]));
  });

  it("scans the next minute of a part whose last owner told minutes that have not come", async () => {
    const first = await begin("a");
    await untilTrue(() => expect(held()).toEqual([PARTS]));
    first.host.told = START_MS + 60 * MINUTE_MS;
    await untilTrue(() => expect(first.keeper.view().untold).toBe(0));
    await die(first);
    const second = await begin("b");
    await untilTrue(() => expect(held()).toEqual([PARTS]));
    expect(new Set(second.host.warmed.values())).toEqual(new Set([START_MS + MINUTE_MS]));
  });

  it("shares nothing with one that cuts the universe into other parts", async () => {
    await begin("a");
    await begin("b", PARTS + 1);
    await untilTrue(() => expect(held()).toEqual([PARTS, PARTS + 1]));
  });
});
