import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SmcqError } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  CONFIG_FILE_BYTES_MAX,
  canonicalJson,
  configKeys,
  configValue,
  loadConfig,
  sha256Hex,
  orchestratorVariables,
} from "../src/index.ts";
import type { LoadConfigOptions } from "../src/index.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-config-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function settingsFile(text: string): string {
  const file = join(folder, "settings.json");
  writeFileSync(file, text);
  return file;
}

function load(options: Partial<LoadConfigOptions> = {}): ReturnType<typeof loadConfig> {
  return loadConfig({ env: {}, flags: {}, ...options });
}

function refusal(options: Partial<LoadConfigOptions>): SmcqError {
  try {
    load(options);
  } catch (error) {
    if (error instanceof SmcqError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

function faultsOf(options: Partial<LoadConfigOptions>): readonly string[] {
  const error = refusal(options);
  expect(error.code).toBe("CONFIG_INVALID");
  return error.context["faults"] as readonly string[];
}

describe("odd input", () => {
  it.each(["/dev/zero", "/dev/null", "/tmp"])("refuses %s as a settings file at once", (file) => {
    expect(refusal({ file })).toMatchObject({ code: "CONFIG_FILE_UNREADABLE" });
  });

  it("refuses a pipe that nobody writes to", () => {
    const file = join(folder, "pipe");
    execFileSync("mkfifo", [file]);
    expect(refusal({ file })).toMatchObject({ code: "CONFIG_FILE_UNREADABLE" });
  });

  it.each(["[", '{"a":'])("refuses 100,000 levels of %s", (level) => {
    expect(refusal({ file: settingsFile(level.repeat(100_000)) })).toMatchObject({
      code: "CONFIG_FILE_MALFORMED",
      message: expect.stringMatching(/32 levels/),
    });
  });

  it.each([
    ['{"risk":{"leverage":5},"risk":{"streakStops":3}}', '"risk"'],
    ['{"risk":{"leverage":5,"leverage":7}}', '"leverage"'],
    ['{"seed":1,"se\\u0065d":2}', '"seed"'],
  ])("refuses a name that is given twice: %s", (text, name) => {
    expect(refusal({ file: settingsFile(text) })).toMatchObject({
      code: "CONFIG_FILE_MALFORMED",
      message: expect.stringContaining(`${name} twice`) as string,
    });
  });

  it("takes the same name in different objects, and colons in a text", () => {
    const text = '{"risk":{"leverage":5},"metrics":{"port":1},"universe":{"symbols":["A"]},"x":"a:a:{a:"}';
    expect(faultsOf({ file: settingsFile(text) })).toHaveLength(1);
  });

  it("takes brackets in a text for a text", () => {
    expect(faultsOf({ file: settingsFile(JSON.stringify({ x: `\\"${"[".repeat(100)}` })) })).toHaveLength(1);
  });

  it("names 20 of very many faults and counts the rest", () => {
    const many = Object.fromEntries(Array.from({ length: 60_000 }, (_, at) => [`k${at}`, 1]));
    const faults = faultsOf({ file: settingsFile(JSON.stringify(many)) });
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)).toBe("and 59980 more");
  });

  it("leaves an orchestrator's own variables alone, and no typo of ours", () => {
    const env = {
      SMCQ_SERVICE_HOST: "10.0.0.1",
      SMCQ_SERVICE_PORT: "80",
      SMCQ_SERVICE_PORT_HTTP: "80",
      SMCQ_PORT: "tcp://10.0.0.1:80",
      SMCQ_METRICS_PORT: "tcp://10.0.0.1:80",
      SMCQ_PORT_80_TCP: "tcp://10.0.0.1:80",
      SMCQ_PORT_80_TCP_PROTO: "tcp",
      SMCQ_PORT_80_TCP_PORT: "80",
      SMCQ_PORT_80_TCP_ADDR: "10.0.0.1",
    };
    expect(load({ env }).config.mode).toBe("sim");
    expect(orchestratorVariables({ ...env, SMCQ_SHARDS: "2" })).toEqual(Object.keys(env));
    const wrong = {
      SMCQ_METRICS_PORT: "9464",
      SMCQ_PORT: "9464",
      SMCQ_SERVICE: "x",
      SMCQ_PORT_80: "tcp://x",
    };
    expect(faultsOf({ env: wrong })).toHaveLength(4);
  });
});

describe("layers", () => {
  it("needs nothing: every default is valid and says so", () => {
    const { config, sources } = load();
    expect(config.mode).toBe("sim");
    expect(config.shards).toBe(8);
    expect(config.feed.wsBaseUrl).toBe("wss://fstream.binance.com");
    expect(config.runForMs).toBeNull();
    expect(new Set(Object.values(sources))).toEqual(new Set(["default"]));
    expect(Object.keys(sources)).toEqual(configKeys().map((key) => key.path));
  });

  it("lets file win over defaults, environment over file, flags over all", () => {
    const file = settingsFile(
      '{"shards":2,"seed":5,"speed":60,"feed":{"symbolsPerConnection":40,"rotationHours":12}}',
    );
    const env = { SMCQ_SEED: "6", SMCQ_SPEED: "61", SMCQ_FEED__SYMBOLS_PER_CONNECTION: "41" };
    const { config, sources } = load({ file, env, flags: { speed: 62, seed: undefined } });
    expect([config.shards, config.seed, config.speed]).toEqual([2, 6, 62]);
    expect([config.feed.symbolsPerConnection, config.feed.rotationHours]).toEqual([41, 12]);
    expect(sources["shards"]).toBe("file");
    expect(sources["seed"]).toBe("env");
    expect(sources["speed"]).toBe("flag");
    expect(sources["feed.symbolsPerConnection"]).toBe("env");
    expect(sources["feed.boundaryGraceMs"]).toBe("default");
  });

  it("reads numbers, booleans, lists, null and auto from texts", () => {
    const env = {
      SMCQ_SHARDS: "auto",
      SMCQ_LOOP: "true",
      SMCQ_UNIVERSE__SYMBOLS: "BTCUSDT, ETHUSDT ,币安人生USDT",
      SMCQ_LEDGER__QUEUE_MAX: "50_000",
      SMCQ_SPEED: "1e2",
    };
    const { config } = load({ env, flags: { scanThreads: "4", runForMs: "null", "sim.faults": "12" } });
    expect(config.shards).toBe("auto");
    expect(config.loop).toBe(true);
    expect(config.universe.symbols).toEqual(["BTCUSDT", "ETHUSDT", "币安人生USDT"]);
    expect(config.ledger.queueMax).toBe(50_000);
    expect(config.speed).toBe(100);
    expect(config.scanThreads).toBe(4);
    expect(config.runForMs).toBeNull();
    expect(config.sim.faults).toBe("12");
  });

  it("leaves variables of tests, benches and other programs alone", () => {
    const env = { SMCQ_SHARED: "/x", SMCQ_LONG: "1", SMCQ_TEST_UPDATE: "1", PATH: "/bin", SHARDS: "3" };
    expect(load({ env }).config.shards).toBe(8);
  });

  it("accepts $schema in a file and a byte order mark before it", () => {
    expect(load({ file: settingsFile('\uFEFF{"$schema":"./x.json","seed":7}') }).config.seed).toBe(7);
  });

  it("takes every setting from the environment under its documented name", () => {
    const unread = configKeys().filter((key) => {
      const value = configValue(load().config, key.path);
      // Lists are parted by commas.
      const text =
        typeof value === "string" ? value : Array.isArray(value) ? value.join() : JSON.stringify(value);
      return load({ env: { [key.envName]: text } }).sources[key.path] !== "env";
    });
    expect(unread).toEqual([]);
  });
});

describe("refusals", () => {
  it("reports all faults at once, each with path, source, value and allowed range", () => {
    const file = settingsFile('{"seed":-1,"feed":{"boundaryGraceMs":"3s"},"log":{"level":"loud"}}');
    const flags = { shards: 65, speed: Number.NaN, "scan.scoreMin": Infinity };
    const faults = faultsOf({ file, env: { SMCQ_LOOP: "maybe" }, flags });
    expect(faults).toHaveLength(7);
    const all = faults.join("\n");
    expect(all).toContain("seed (file): -1 is not allowed: integer 0..4294967295");
    expect(all).toContain('feed.boundaryGraceMs (file): "3s" is not allowed: integer 500..30000');
    expect(all).toContain('log.level (file): "loud" is not allowed: one of debug, info, warn, error');
    expect(all).toContain('shards (flag): 65 is not allowed: "auto" or integer 1..64');
    expect(all).toContain("speed (flag): NaN is not allowed: number 0.1..1000");
    expect(all).toContain("scan.scoreMin (flag): Infinity is not allowed: number 0..1");
    expect(all).toContain('loop (env): "maybe" is not allowed: true or false');
  });

  it("refuses unknown keys in every layer and names the nearest known one", () => {
    const file = settingsFile('{"shard":2,"feed":{"symbolPerConnection":1,"zzz":0},"sim":5}');
    const all = faultsOf({ file, env: { SMCQ_SPEEED: "3" }, flags: { "scan.scoremin": 1 } }).join("\n");
    expect(all).toContain('"shard" (file): unknown setting (did you mean shards?)');
    expect(all).toContain("(did you mean feed.symbolsPerConnection?)");
    expect(all).toContain('"feed.zzz" (file): unknown setting');
    expect(all).toContain("sim (file): is a group of settings and must be an object");
    expect(all).toContain("(did you mean SMCQ_SPEED?)");
    expect(all).toContain("(did you mean scan.scoreMin?)");
  });

  it("never touches Object.prototype, whatever the file names", () => {
    const file = settingsFile(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"feed":{"__proto__":{"polluted":1}}}',
    );
    const faults = faultsOf({ file, flags: { "__proto__.polluted": 1, __proto__x: 1 } });
    expect(faults).toHaveLength(5);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("does not take a dotted key of a file for a path", () => {
    expect(faultsOf({ file: settingsFile('{"feed.rotationHours":1}') })).toHaveLength(1);
  });

  it("checks the rules between settings, on top of range faults elsewhere", () => {
    const flags = {
      "feed.boundaryGraceMs": 7_000,
      "feed.backoffMinMs": 400_000,
      "warmup.barsReadyMin": 400,
      "warmup.historyBars": 350,
      "sim.symbols": 2_000,
      "universe.symbols": "A,B,A",
      "feed.wsBaseUrl": "ws://example.com",
      "feed.restBaseUrl": "https://",
      seed: -3,
    };
    const all = faultsOf({ flags }).join("\n");
    expect(all).toContain("feed.boundarySecondMs (flag): must be above feed.boundaryGraceMs (7000)");
    expect(all).toContain("feed.backoffMaxMs (flag): must not be below feed.backoffMinMs (400000)");
    expect(all).toContain("warmup.historyBars (flag): 350 must not be below warmup.barsReadyMin (400)");
    expect(all).toContain("sim.symbols (flag): 2000 must not be above universe.maxSymbols (1000)");
    expect(all).toContain('feed.wsBaseUrl (flag): "ws://example.com" may be unencrypted on loopback only');
    expect(all).toContain("feed.restBaseUrl (flag)");
    expect(all).toContain('universe.symbols (flag): ["A","B","A"] names a symbol twice');
    expect(all).toContain("seed (flag): -3");
    const few = { "universe.symbols": "A,B", "universe.maxSymbols": 1, mode: "paper" };
    expect(faultsOf({ flags: few }).join()).toContain("has more symbols than universe.maxSymbols (1)");
  });

  it("refuses what is asked of a model where the heuristic scores", () => {
    const flags = { "scan.challenger": "c.onnx", "scan.scorer": "ort" };
    const rule = "needs a model (scan.model)";
    for (const heuristic of [{}, { mode: "paper", "scan.model": "heuristic" }]) {
      const all = faultsOf({ flags: { ...flags, ...heuristic } });
      expect(all).toHaveLength(2);
      expect(all[0]).toContain(`scan.challenger (flag): "c.onnx" ${rule}`);
      expect(all[1]).toContain(`scan.scorer (flag): "ort" ${rule}`);
    }
    expect(() => load({ flags: { ...flags, mode: "paper" } })).not.toThrow();
    expect(() => load({ flags: { ...flags, "scan.model": "m.onnx" } })).not.toThrow();
  });

  it("does not blame a rule on a value that is out of range itself", () => {
    expect(faultsOf({ flags: { "feed.backoffMinMs": 0, "feed.backoffMaxMs": 1_000 } })).toHaveLength(1);
  });

  it("allows plain text to loopback, and elsewhere when custom hosts are allowed", () => {
    expect(load({ flags: { "feed.wsBaseUrl": "ws://127.0.0.1:9" } }).config.feed.wsBaseUrl).toBe(
      "ws://127.0.0.1:9",
    );
    const flags = { "feed.restBaseUrl": "http://lab.example:80", "feed.allowCustomHost": true };
    expect(load({ flags }).config.feed.restBaseUrl).toBe("http://lab.example:80");
  });

  it("tells unreadable, malformed and oversized files apart", () => {
    expect(refusal({ file: join(folder, "absent.json") }).code).toBe("CONFIG_FILE_UNREADABLE");
    expect(refusal({ file: folder }).code).toBe("CONFIG_FILE_UNREADABLE");
    expect(refusal({ file: settingsFile("{seed:1}") }).code).toBe("CONFIG_FILE_MALFORMED");
    expect(refusal({ file: settingsFile("[1]") }).code).toBe("CONFIG_FILE_MALFORMED");
    const padding = " ".repeat(CONFIG_FILE_BYTES_MAX - 1);
    expect(load({ file: settingsFile(`{${padding.slice(1)}}`) }).config.seed).toBe(1);
    expect(refusal({ file: settingsFile(`{${padding}}`) }).code).toBe("CONFIG_FILE_MALFORMED");
  });
});

describe("the dashboard", () => {
  it.each([
    ["sim", true],
    ["paper", false],
    ["demo", false],
    ["live", false],
  ])("is on by itself in mode sim alone: %s", (mode, isOn) => {
    expect(load({ flags: { mode } }).config.dashboard).toMatchObject({
      enabled: isOn,
      host: "127.0.0.1",
      behindTlsProxy: false,
    });
    expect(load({ flags: { mode, "dashboard.enabled": true } }).config.dashboard.enabled).toBe(true);
    expect(
      load({ flags: { mode }, env: { SMCQ_DASHBOARD__ENABLED: "false" } }).config.dashboard.enabled,
    ).toBe(false);
  });

  it.each(["0.0.0.0", "192.168.1.7", "::", "localhost", "127.0.0.2", "desk.example.org"])(
    "listens on %s behind a proxy that speaks TLS alone",
    (host) => {
      const flags = { "dashboard.host": host };
      expect(faultsOf({ flags })).toEqual([
        expect.stringMatching(
          /^dashboard\.host \(flag\): .* must be one of 127\.0\.0\.1, ::1: .*--behind-tls-proxy$/u,
        ),
      ]);
      const proxied = {
        "dashboard.behindTlsProxy": true,
        "dashboard.publicOrigin": "https://desk.example.org",
      };
      expect(load({ flags: { ...flags, ...proxied } }).config.dashboard.host).toBe(host);
    },
  );

  it.each([
    [{ "dashboard.behindTlsProxy": true }, /^dashboard\.publicOrigin .*both or neither$/u],
    [{ "dashboard.publicOrigin": "https://desk.example.org" }, /both or neither$/u],
    [
      { "dashboard.behindTlsProxy": true, "dashboard.publicOrigin": "http://desk.example.org" },
      /not allowed/u,
    ],
    [
      { "dashboard.behindTlsProxy": true, "dashboard.publicOrigin": "https://desk.example.org/" },
      /not allowed/u,
    ],
    [{ "dashboard.port": 65_536 }, /not allowed: integer 0\.\.65535$/u],
  ])("is refused as %j", (flags, fault) => {
    expect(faultsOf({ flags })).toEqual([expect.stringMatching(fault)]);
  });
});

describe("result", () => {
  it("is frozen all the way down", () => {
    const { config, sources } = load({ flags: { "universe.symbols": ["BTCUSDT"] } });
    expect(() => Object.assign(config, { seed: 2 })).toThrow(TypeError);
    expect(() => Object.assign(config.feed, { rotationHours: 2 })).toThrow(TypeError);
    expect(() => (config.universe.symbols as string[]).push("X")).toThrow(TypeError);
    expect(() => Object.assign(sources, { seed: "flag" })).toThrow(TypeError);
  });

  it("hashes the values, not where they came from nor their order", () => {
    const one = load({ file: settingsFile('{"seed":9,"shards":3}') });
    const two = load({ flags: { shards: 3, seed: 9 } });
    expect(one.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(two.hash).toBe(one.hash);
    expect(load({ flags: { shards: 3, seed: 10 } }).hash).not.toBe(one.hash);
    expect(sha256Hex(one.json)).toBe(one.hash);
    expect(JSON.parse(one.json)).toEqual(one.config);
  });

  it("writes canonical JSON with sorted keys at every level", () => {
    expect(canonicalJson({ b: [{ z: 1, a: null }], a: "x" })).toBe('{"a":"x","b":[{"a":null,"z":1}]}');
  });
});

describe("the address of the ledger's mirror", () => {
  const said = (mirrorUrl: unknown, env: Record<string, string> = {}): string => {
    try {
      return loadConfig({ env, flags: { "ledger.mirrorUrl": mirrorUrl } }).config.ledger.mirrorUrl ?? "null";
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each([
    "postgres://me@db.example:5433/book?sslmode=require",
    "postgresql://db/book",
    "postgres:///book?host=/run/pg",
  ])("is taken: %s", (url) => {
    expect(said(url)).toBe(url);
  });

  it.each([
    "postgres://me:hunter2@db.example/book",
    "postgres://me:hun/ter2@db.example/book",
    "postgres://:hunter2@db.example/book",
    "postgres://me@db.example/book?password=hunter2",
    "postgres://me@db.example/book?sslmode=require&PASSWORD=hunter2",
    "mysql://me:hunter2@db.example/book",
    "hunter2",
    `postgres://me:${"hunter2".repeat(1_000)}@db.example/book`,
  ])("is refused with a password in it, which is never shown: %s", (url) => {
    for (const text of [said(url), said(undefined, { SMCQ_LEDGER__MIRROR_URL: url })]) {
      expect(text).toContain("ledger.mirrorUrl");
      expect(text).not.toContain("hunter2");
    }
  });
});

describe("the bus", () => {
  const saidOf = (flags: Record<string, unknown>): string => {
    try {
      loadConfig({ env: {}, flags });
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each([
    ["nats://user:hunter2@host:4222", /must be nats:\/\/host:port/],
    ["http://host", /must be nats:\/\/host:port/],
    ["nats://a,b", /must be nats:\/\/host:port/],
  ])("refuses %s without repeating it", (url, text) => {
    expect(saidOf({ "bus.url": url })).toMatch(text);
    expect(saidOf({ "bus.url": url })).not.toContain("hunter2");
  });

  it("takes several servers", () => {
    expect(saidOf({ mode: "demo", "bus.url": "nats://a:4222, tls://b", role: "executor" })).toBe("");
  });

  it("is needed by every role but all, and wants certificate and key together", () => {
    expect(saidOf({ role: "standby" })).toMatch(/role.* needs bus\.url/s);
    expect(saidOf({ role: "standby", mode: "paper", "bus.url": "nats://a" })).toContain("mode demo or live");
    expect(saidOf({ "bus.certFile": "/x" })).toMatch(/belongs to bus\.keyFile/);
  });
});

describe("the alerts", () => {
  const webhook = { "alerts.channels": ["webhook"], "alerts.webhook.url": "https://hooks.example.org/x" };

  it("are off until a channel is named, and hold no secret", () => {
    const { alerts } = load().config;
    expect(alerts).toMatchObject({ channels: [], severityMin: "warning", quietHours: null });
    expect(
      load({ env: { SMCQ_ALERTS__CHANNELS: "webhook", SMCQ_ALERTS__WEBHOOK__URL: "https://a.example/x" } })
        .config.alerts,
    ).toMatchObject({
      channels: ["webhook"],
    });
  });

  it.each([
    [{ "alerts.channels": ["pigeon"] }, /^alerts\.channels .*telegram, slack, discord, webhook/u],
    [{ "alerts.channels": ["slack", "slack"] }, /^alerts\.channels .*names a channel twice$/u],
    [{ "alerts.channels": ["telegram"] }, /^alerts\.telegram\.chatIds .*needs a chat/u],
    [{ "alerts.channels": ["webhook"] }, /^alerts\.webhook\.url .*is missing/u],
    [
      { ...webhook, "alerts.webhook.url": "http://hooks.example.org/x" },
      /^alerts\.webhook\.url .*must be https, or on loopback$/u,
    ],
    [
      { "alerts.telegram.baseUrl": "https://telegram.example.org" },
      /^alerts\.telegram\.baseUrl .*api\.telegram\.org/u,
    ],
    [{ "alerts.telegram.chatIds": ["@me"] }, /^alerts\.telegram\.chatIds/u],
    [{ "alerts.quietHours": "7-9" }, /^alerts\.quietHours/u],
  ])("refuse %j", (flags, text) => {
    expect(faultsOf({ flags })).toEqual([expect.stringMatching(text)]);
  });

  it.each([
    webhook,
    { ...webhook, "alerts.webhook.url": "http://127.0.0.1:9/x" },
    { "alerts.telegram.baseUrl": "http://localhost:9" },
    { "alerts.telegram.baseUrl": "https://telegram.example.org", "alerts.allowCustomHost": true },
  ])("take %j", (flags) => {
    expect(load({ flags }).config.alerts).toBeDefined();
  });
});
