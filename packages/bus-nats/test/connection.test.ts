import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nkeys } from "@nats-io/transport-node";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BusConnection, type BusOptions, serversOf } from "../src/index.ts";
import { hasNatsServer, NatsServer } from "./support/nats-server.ts";

const folder = mkdtempSync(join(tmpdir(), "smcq-bus-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function optionsOf(given: Partial<BusOptions>): BusOptions {
  return {
    url: "nats://127.0.0.1:1",
    name: "smcq",
    nkeyFile: null,
    caFile: null,
    certFile: null,
    keyFile: null,
    connectTimeoutMs: 5_000,
    client: "test",
    logger: silentLogger,
    ...given,
  };
}

function fileOf(name: string, text: string, permissions = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, permissions);
  return path;
}

describe("serversOf", () => {
  it("takes several addresses apart by commas", () => {
    expect(serversOf("nats://a:4222, tls://b:4223")).toEqual(["nats://a:4222", "tls://b:4223"]);
  });

  it.each(["", "http://a", "nats://", "a:4222", "nats://a,", "nats://a,,nats://b"])("refuses %j", (url) => {
    expect(() => serversOf(url)).toThrow(/^bus\.url holds no address of a server/);
  });

  it.each(["nats://user@a:4222", "nats://user:hush@a:4222"])("refuses %j, and does not repeat it", (url) => {
    expect(() => serversOf(url)).toThrow(/^(?!.*hush)bus\.url holds a user or a password/);
  });
});

describe("BusConnection.open without a server", () => {
  it.each([
    [{ nkeyFile: join(folder, "none") }, /bus\.nkeyFile .* cannot be opened/],
    [{ nkeyFile: fileOf("open", "SUA", 0o644) }, /has mode 0644, wanted 0600/],
    [{ nkeyFile: fileOf("word", "no seed") }, /holds no seed of a user/],
    [{ caFile: fileOf("ca", "x") }, /bus\.caFile .* is no PEM/],
    [{ certFile: fileOf("cert", "x") }, /belong together/],
    [{ nkeyFile: fileOf("large", "x".repeat(65_537)) }, /is larger than 65536 bytes/],
    [{ nkeyFile: folder }, /is no file/],
    [{ name: "Two Words" }, /bus\.name "Two Words" is none/],
    [{}, /no connection to nats:\/\/127\.0\.0\.1:1/],
  ])("says what is wrong with %j", async (given, text) => {
    await expect(BusConnection.open(optionsOf(given))).rejects.toThrow(text);
  });
});

describe.skipIf(!hasNatsServer())("BusConnection on a server", () => {
  const user = nkeys.createUser();
  const seedFile = fileOf("seed", `${new TextDecoder().decode(user.getSeed())}\n`);
  let server: NatsServer;

  beforeAll(async () => {
    server = await NatsServer.start([`authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`]);
  });
  afterAll(() => server.stop());

  it("is known by its seed, hears of a server that goes, and finds it again", async () => {
    const bus = await BusConnection.open(optionsOf({ url: server.url, nkeyFile: seedFile }));
    const heard: boolean[] = [];
    const changes = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    bus.onChange((isConnected) => {
      heard.push(isConnected);
      changes[heard.length - 1]?.resolve();
    });
    await server.kill();
    await changes[0]?.promise;
    await server.up();
    await changes[1]?.promise;
    expect(heard).toEqual([false, true]);
    expect(bus.losses).toBe(1);
    await bus.nats.flush();
    await bus.close();
    await bus.close();
  });

  it("is let in again when a server was started without its key for a while", async () => {
    const bus = await BusConnection.open(optionsOf({ url: server.url, nkeyFile: seedFile }));
    await server.kill();
    const other = nkeys.createUser().getPublicKey();
    server.settings = [`authorization { users: [ { nkey: ${other} } ] }`];
    await server.up();
    await new Promise<void>((resolve) => void new SystemClock().after(2_500, resolve));
    expect(bus.isConnected).toBe(false);
    await server.kill();
    server.settings = [`authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`];
    const isBack = new Promise<boolean>((resolve) => void bus.onChange(resolve));
    await server.up();
    expect([await isBack, bus.nats.isClosed()]).toEqual([true, false]);
    await bus.close();
  });

  it("closes although its server is frozen, or dies meanwhile", async () => {
    for (const isKilled of [false, true]) {
      const bus = await BusConnection.open(optionsOf({ url: server.url, nkeyFile: seedFile }));
      bus.nats.subscribe("a");
      await bus.nats.flush();
      server.freeze(true);
      const closing = bus.close();
      if (isKilled) await server.kill();
      await closing;
      expect(bus.nats.isClosed()).toBe(true);
      if (isKilled) await server.up();
      else server.freeze(false);
    }
  });

  it("is refused without it", async () => {
    await expect(BusConnection.open(optionsOf({ url: server.url }))).rejects.toMatchObject({
      code: "BUS_REFUSED",
    });
  });
});

const HAS_OPENSSL = spawnSync("openssl", ["version"], { stdio: "ignore" }).status === 0;
if (!HAS_OPENSSL)
  process.stderr.write("\nSKIPPED: no openssl, which makes certificates for a test of TLS\n\n");

describe.skipIf(!hasNatsServer() || !HAS_OPENSSL)("BusConnection over TLS", () => {
  let server: NatsServer;
  const ca = join(folder, "tls.crt");
  const key = join(folder, "tls.key");

  beforeAll(async () => {
    const made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost";
    const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const argv = [...made.split(" "), ...names, "-keyout", key, "-out", ca];
    spawnSync("openssl", argv, { stdio: "ignore" });
    chmodSync(key, 0o600);
    server = await NatsServer.start([
      `tls { cert_file: "${ca}", key_file: "${key}", ca_file: "${ca}", verify: true }`,
    ]);
  });
  afterAll(() => server.stop());

  it("is known by its certificate", async () => {
    const url = server.url.replace("nats:", "tls:");
    const bus = await BusConnection.open(optionsOf({ url, caFile: ca, certFile: ca, keyFile: key }));
    await bus.nats.flush();
    expect(bus.nats.info?.tls_verify).toBe(true);
    await bus.close();
  });

  it("does not believe a server that nobody vouches for", async () => {
    const url = server.url.replace("nats:", "tls:");
    await expect(BusConnection.open(optionsOf({ url }))).rejects.toMatchObject({ code: "BUS_REFUSED" });
  });
});
