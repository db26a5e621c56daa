import { ClusterMemory, CommandRouter, EngineLoop, EVENT_LOOP_DEFERRAL, Inbox } from "@smcq/cluster";
import { Engine, NO_JOURNAL, partOf, type Signal } from "@smcq/engine";
import { MarketData } from "@smcq/exchange-sim";
import {
  type Clock,
  createClock,
  MINUTE_MS,
  minuteOf,
  present,
  Rng,
  silentLogger,
  SystemClock,
} from "@smcq/kernel";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { TcpProxy } from "../../../bus-nats/test/support/tcp-proxy.ts";
import { untilTrue } from "../../../engine/test/support/signal-bus-conformance.ts";
import { NatsSignalBus } from "@smcq/bus-nats";
import { BusSource } from "../../src/bus/executor/bus-source.ts";
import { SeenSignals, signalKey } from "../../src/bus/executor/seen-signals.ts";
import { SignalIntake } from "../../src/bus/executor/signal-intake.ts";
import { ToldBars } from "../../src/bus/executor/told-bars.ts";
import { BusAuditor } from "../support/bus-auditor.ts";
import { LabBars, labConnection, ScanHost } from "../support/scan-host.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 16);
const PARTS = 8;
const TTL_MS = 500;
/** Half a second a minute. */
const SPEED = 120;
const MINUTES = 12;
const HISTORY = 330;
const wallClock = new SystemClock();

describe.runIf(hasNatsServer())("scanners of one universe", () => {
  let server: NatsServer;
  let proxy: TcpProxy;
  const closers: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    server = await NatsServer.start();
    proxy = await TcpProxy.to(server.port);
  });
  afterAll(async () => {
    await proxy.close();
    await server.stop();
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  const market = new MarketData({ seed: 3 });
  const bars = new LabBars(
    market,
    market.symbols.slice(0, 24).map(({ symbol }) => symbol),
    HISTORY + 8 * MINUTES,
  );

  async function trader(venueClock: Clock): Promise<Signal[]> {
    const connection = await labConnection(server.url, "smcq", "executor");
    const signals = await NatsSignalBus.open({ connection, clock: wallClock, logger: silentLogger });
    const inbox = new Inbox();
    const memory = new ClusterMemory({
      symbols: bars.symbols,
      shards: PARTS,
      place: { shardOf: (symbol) => partOf(symbol, PARTS), slotsPerShard: bars.symbols.length },
    });
    const intake = new SignalIntake({
      inbox,
      parts: PARTS,
      idOf: (symbol) => memory.slots.of(symbol)?.symbolId ?? null,
      scanName: () => "lab",
      seen: new SeenSignals(),
      wallClock,
      logger: silentLogger,
    });
    const source = new BusSource({
      memory,
      inbox,
      signals,
      isConnected: () => connection.isConnected,
      reader: "executor",
      intake,
      bars: new ToldBars({ memory, parts: PARTS, venueClock, wallClock }),
      parts: PARTS,
      wallClock,
      logger: silentLogger,
    });
    const taken: Signal[] = [];
    const onSignals = (batch: readonly Signal[]): void => {
      taken.push(...batch);
      intake.taken(batch);
    };
    new EngineLoop({
      engine: new Engine({ scoreMin: 0.2, decisionWindowNs: 1e6, signalAgeMsMax: 60_000 }),
      inbox,
      journal: NO_JOURNAL,
      router: new CommandRouter({ onSignals, onDecision() {}, onInvalidScores() {} }, { inbox, wallClock }),
      venueClock,
      wallClock,
      deferral: EVENT_LOOP_DEFERRAL,
    });
    await source.start();
    closers.push(async () => {
      await source.stop();
      await signals.close();
      await connection.close();
    });
    return taken;
  }

  it(`scan every bar, and each signal comes once, while they die, come and are cut off (seed ${seed})`, async () => {
    const rng = new Rng(seed);
    const anchorVenueMs = bars.startMs + HISTORY * MINUTE_MS;
    const venueClock = createClock({
      type: "scaled",
      speed: SPEED,
      anchorVenueMs,
      anchorWallMs: wallClock.nowMs(),
    });
    const auditor = await BusAuditor.open(server.url);
    closers.push(() => auditor.close());
    for (const symbol of bars.symbols) auditor.symbols.add(symbol);
    const taken = await trader(venueClock);
    const hosts: ScanHost[] = [];
    closers.push(async () => {
      await Promise.all(hosts.map((host) => host.stop()));
    });
    let names = 0;
    const begin = async (port: number): Promise<void> => {
      const member = `host-${++names}`;
      const url = `nats://127.0.0.1:${port}`;
      const deps = { url, name: "smcq", member, parts: PARTS, ttlMs: TTL_MS, bars, venueClock };
      hosts.push(await ScanHost.start(deps));
    };
    await Promise.all([begin(server.port), begin(server.port), begin(proxy.port)]);
    // Before a part has its first owner nobody scans it.
    await untilTrue(() =>
      expect([auditor.tellers.size, auditor.told.size]).toEqual([3, bars.symbols.length]),
    );
    const fromMs = minuteOf(venueClock.nowMs()) + MINUTE_MS;
    const minutes = (count: number): Promise<void> =>
      new Promise((resolve) => void venueClock.after(count * MINUTE_MS, resolve));
    const disturb = [
      async () => {
        const [dead] = hosts.splice(rng.int(2), 1);
        await present(dead, "Invariant: there are two to choose from").die();
      },
      async () => begin(server.port),
      async () => {
        proxy.cut(true);
        await minutes(3);
        proxy.cut(false);
      },
    ];
    for (let left = disturb.length; left > 0; left--) {
      const at = rng.int(left);
      const [next] = disturb.splice(at, 1);
      await next?.();
      await minutes(1 + rng.int(2));
    }
    // How many minutes that took depends on the machine.
    await untilTrue(() => expect(taken.length).toBeGreaterThan(3));
    const toMs = minuteOf(venueClock.nowMs());
    await untilTrue(() => expect(auditor.missing(fromMs, toMs)).toEqual([]));
    expect((toMs - fromMs) / MINUTE_MS).toBeGreaterThanOrEqual(5);
    const keys = taken.map((signal) => signalKey(signal));
    expect(new Set(keys).size).toBe(keys.length);
    expect([...auditor.signals.values()].filter((times) => times !== 1)).toEqual([]);
    await untilTrue(() =>
      expect(new Set(taken.map((signal) => signalKey(signal)))).toEqual(new Set(auditor.signals.keys())),
    );
  }, 60_000);
});
