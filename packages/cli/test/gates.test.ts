import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadedConfig, loadConfig } from "@smcq/config";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitCodeOf, ExitCode } from "../src/exit-codes.ts";
import { closedGates, LIVE_WORD, requireGates } from "../src/modes/gates/closed-gates.ts";

const KEY = "k".repeat(64);
const SECRET = "s".repeat(64);
const OPEN_ENV = { SMCQ_LIVE: LIVE_WORD, BINANCE_API_KEY: KEY, BINANCE_API_SECRET: SECRET };

let folder = "";
let file = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-gates-"));
  file = join(folder, "live.json");
  writeFileSync(file, JSON.stringify({ mode: "live" }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Env = Readonly<Record<string, string | undefined>>;

function live(flags: Readonly<Record<string, unknown>> = {}): LoadedConfig {
  return loadConfig({ file, env: {}, flags: { mode: "live", ...flags } });
}

/** What each closed gate is named after. */
function namesOf(loaded: LoadedConfig, env: Env): readonly string[] {
  return closedGates({ loaded, env }).map((text) => text.split(/: | is missing/)[0] ?? text);
}

describe("the gates of mode live", () => {
  it("are open with flag, file, word, production hosts, checked TLS and keys, and leave the environment alone", () => {
    const env = { ...OPEN_ENV };
    expect(namesOf(live(), env)).toEqual([]);
    expect(env).toEqual(OPEN_ENV);
  });

  it("close one by one, each with words of its own", () => {
    const byFile = loadConfig({ file, env: {}, flags: {} });
    const byEnv = loadConfig({ file, env: { SMCQ_MODE: "live" }, flags: {} });
    const noFile = loadConfig({ env: {}, flags: { mode: "live" } });
    const cases: readonly (readonly [string, LoadedConfig, Env])[] = [
      ["flag", byFile, OPEN_ENV],
      ["flag", byEnv, OPEN_ENV],
      ["settings file", noFile, OPEN_ENV],
      ["SMCQ_LIVE", live(), { ...OPEN_ENV, SMCQ_LIVE: undefined }],
      ["SMCQ_LIVE", live(), { ...OPEN_ENV, SMCQ_LIVE: "yes" }],
      ["SMCQ_LIVE", live(), { ...OPEN_ENV, SMCQ_LIVE: "YES-REAL-MONEY" }],
      ["feed.wsBaseUrl", live({ "feed.wsBaseUrl": "wss://demo-fstream.binance.com" }), OPEN_ENV],
      ["feed.restBaseUrl", live({ "feed.restBaseUrl": "https://demo-fapi.binance.com" }), OPEN_ENV],
      ["feed.restBaseUrl", live({ "feed.restBaseUrl": "http://127.0.0.1:8080" }), OPEN_ENV],
      ["feed.restBaseUrl", live({ "feed.restBaseUrl": "https://fapi.binance.com.example.org" }), OPEN_ENV],
      ["feed.allowCustomHost", live({ "feed.allowCustomHost": true }), OPEN_ENV],
      ["NODE_TLS_REJECT_UNAUTHORIZED", live(), { ...OPEN_ENV, NODE_TLS_REJECT_UNAUTHORIZED: "1" }],
      ["NODE_TLS_REJECT_UNAUTHORIZED", live(), { ...OPEN_ENV, NODE_TLS_REJECT_UNAUTHORIZED: "" }],
      ["NODE_EXTRA_CA_CERTS", live(), { ...OPEN_ENV, NODE_EXTRA_CA_CERTS: "/tmp/ca.pem" }],
      ["API key", live(), { ...OPEN_ENV, BINANCE_API_KEY: undefined }],
      ["API secret", live(), { ...OPEN_ENV, BINANCE_API_SECRET: undefined }],
    ];
    const closed = cases.map(([, loaded, env]) => namesOf(loaded, env).join(", "));
    expect(closed).toEqual(cases.map(([name]) => name));
  });

  it("are told all at once, as wrong settings", () => {
    const loaded = loadConfig({ env: { SMCQ_MODE: "live" }, flags: {} });
    let thrown: unknown;
    try {
      requireGates({ loaded, env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } });
    } catch (error) {
      thrown = error;
    }
    expect(exitCodeOf(thrown)).toBe(ExitCode.Config);
    const { message } = thrown as Error;
    for (const part of ["6 gate(s)", "flag:", "--config", LIVE_WORD, "unset it", "API key", "API secret"])
      expect(message).toContain(part);
  });

  it("take keys from files that only their owner may read, and never show what stands in their place", () => {
    const [keyFile, secretFile] = [join(folder, "key"), join(folder, "secret")];
    writeFileSync(keyFile, KEY, { mode: 0o600 });
    writeFileSync(secretFile, SECRET, { mode: 0o600 });
    const named = live({ "account.keyFile": keyFile, "account.secretFile": secretFile });
    const env = { SMCQ_LIVE: LIVE_WORD };
    expect(closedGates({ loaded: named, env })).toEqual([]);
    chmodSync(secretFile, 0o644);
    expect(closedGates({ loaded: named, env }).join()).toContain("wanted 0600");
    const leaked = live({ "account.keyFile": KEY, "account.secretFile": SECRET });
    const said = closedGates({ loaded: leaked, env }).join();
    expect(said).toContain("looks like a key itself");
    expect([said.includes(KEY), said.includes(SECRET)]).toEqual([false, false]);
  });
});

describe("the gates of mode demo", () => {
  const demo = (flags: Readonly<Record<string, unknown>> = {}): LoadedConfig =>
    loadConfig({ env: {}, flags: { mode: "demo", ...flags } });
  const env = { BINANCE_API_KEY: KEY, BINANCE_API_SECRET: SECRET };

  it("want keys and the demo venue's hosts, which are its defaults, and nothing else", () => {
    expect(demo().config.feed).toMatchObject({
      wsBaseUrl: "wss://demo-fstream.binance.com",
      restBaseUrl: "https://demo-fapi.binance.com",
    });
    expect(namesOf(demo(), env)).toEqual([]);
    expect(namesOf(demo(), {})).toEqual(["API key", "API secret"]);
  });

  it("refuse the hosts where money is real, also behind a host of the user's own", () => {
    const real = "https://fapi.binance.com";
    expect(namesOf(demo({ "feed.restBaseUrl": real }), env)).toEqual(["feed.restBaseUrl"]);
    const own = { "feed.restBaseUrl": "https://proxy.example.org", "feed.allowCustomHost": true };
    expect(namesOf(demo(own), env)).toEqual(["feed.restBaseUrl"]);
  });
});

it("modes whose money is made up have no gates", () => {
  for (const mode of ["sim", "paper"])
    expect(closedGates({ loaded: loadConfig({ env: {}, flags: { mode } }), env: {} })).toEqual([]);
});

describe("the gates of a scanner", () => {
  it("want no key and no word, and refuse a key that is there", () => {
    const scanner = live({ role: "scanner", "bus.url": "nats://127.0.0.1:4222" });
    expect(namesOf(scanner, {})).toEqual([]);
    expect(namesOf(scanner, OPEN_ENV)).toEqual(["BINANCE_API_KEY", "BINANCE_API_SECRET"]);
    const elsewhere = live({
      role: "scanner",
      "bus.url": "nats://127.0.0.1:4222",
      "feed.wsBaseUrl": "wss://demo-fstream.binance.com",
    });
    expect(namesOf(elsewhere, {})).toEqual(["feed.wsBaseUrl"]);
  });

  it("are behind settings that name a key's file, or a market that no other host sees", () => {
    const load = (flags: Readonly<Record<string, unknown>>): LoadedConfig =>
      loadConfig({ env: {}, flags: { role: "scanner", "bus.url": "nats://127.0.0.1:4222", ...flags } });
    expect(() => load({ mode: "demo", "account.keyFile": "/k" })).toThrow(
      /account\.keyFile.*must be null: a scanner has no account and reads no key/,
    );
    expect(() => load({ mode: "sim" })).toThrow(/role.*needs a market that all hosts see/);
  });
});
