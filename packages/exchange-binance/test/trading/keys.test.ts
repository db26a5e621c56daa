import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createHmac, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadCredentials, Secret, Signer, signerOf } from "../../src/trading.ts";
import { afterTurn } from "@smcq/kernel";
import { encodeQuery, encodeValue } from "../../src/rest/query.ts";

const TEXT = "canary0123456789canary0123456789";
const KEY = "key0123456789abcdefkey";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-keys-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string, permissions = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, permissions);
  return path;
}

const pem = (type: "rsa" | "ed25519"): string =>
  (type === "rsa"
    ? generateKeyPairSync("rsa", { modulusLength: 2_048 })
    : generateKeyPairSync("ed25519")
  ).privateKey
    .export({ type: "pkcs8", format: "pem" })
    .toString();

describe("Secret", () => {
  const secret = new Secret(TEXT);

  it("is shown by nothing that prints", () => {
    const wrapped = { deep: { secret, list: [secret] } };
    const shown = [
      String(secret),
      [secret].join(),
      (secret as unknown as string) + "",
      JSON.stringify(wrapped),
      inspect(wrapped, { depth: 9, showHidden: true }),
      inspect(secret, { customInspect: false, showHidden: true, getters: true }),
      JSON.stringify(Object.entries(secret)),
      JSON.stringify(Object.assign({}, secret)),
    ];
    for (const text of shown) expect(text).not.toContain("canary");
  });

  it("crosses no thread", () => {
    expect(() => structuredClone(secret)).toThrow(/could not be cloned/);
  });

  it("is gone after drop", () => {
    const dropped = new Secret(TEXT);
    dropped.drop();
    expect(() => dropped.reveal()).toThrow(/dropped/);
  });
});

describe("Signer", () => {
  it("signs the venue's own example (docs/binance.md 4.5)", () => {
    const signer = signerOf("2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9", "here");
    const payload = encodeQuery({
      symbol: "BTCUSDT",
      side: "BUY",
      type: "LIMIT",
      quantity: "1",
      price: "9000",
      timeInForce: "GTC",
      recvWindow: "5000",
      timestamp: "1591702613943",
    });
    expect(signer.sign(payload)).toBe("3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9");
  });

  it("signs each request by itself, however many a turn has", async () => {
    const signer = signerOf(TEXT, "here");
    for (const payloads of [["a"], ["b", "c", "b"], ["a", "a"], ["d"]]) {
      expect(payloads.map((payload) => signer.sign(payload))).toEqual(
        payloads.map((payload) => createHmac("sha256", TEXT).update(payload).digest("hex")),
      );
      await new Promise<void>((resolve) => {
        afterTurn(resolve);
      });
    }
    signer.sign("dropped in the turn that it signs in");
    signer.drop();
    await new Promise<void>((resolve) => {
      afterTurn(resolve);
    });
    expect(() => signer.sign("a")).toThrow(/dropped/);
  });

  it.each(["rsa", "ed25519"] as const)("signs with a private key of type %s", (type) => {
    const text = pem(type);
    const signer = signerOf(`\n${text}\n`, "here");
    const signature = Buffer.from(signer.sign("a=1&b=%20"), "base64");
    const algorithm = type === "rsa" ? "sha256" : null;
    expect(signer.kind).toBe(type);
    expect(verify(algorithm, Buffer.from("a=1&b=%20"), createPublicKey(text), signature)).toBe(true);
  });

  it("is shown by nothing that prints, and signs nothing after drop", () => {
    const signer = signerOf(TEXT, "here");
    expect(inspect({ signer }, { showHidden: true, depth: 9 })).toContain("[hmac key]");
    expect(inspect({ signer }, { showHidden: true, depth: 9, customInspect: false })).not.toContain("canary");
    expect(JSON.stringify({ signer })).not.toContain("canary");
    expect(JSON.stringify(structuredClone(Object.assign({}, signer)))).not.toContain("canary");
    signer.drop();
    expect(() => signer.sign("a")).toThrow(/dropped/);
    expect(signer).toBeInstanceOf(Signer);
  });

  const otherCurve = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const short = generateKeyPairSync("rsa", { modulusLength: 1_024 });
  const publicPem = createPublicKey(pem("ed25519")).export({ type: "spki", format: "pem" }).toString();
  it.each<[string, string, RegExp]>([
    ["spaces in a secret", `${TEXT} ${TEXT}`, /letters and digits/],
    ["a short secret", "abc", /16 to 256/],
    ["nothing", "", /16 to 256/],
    ["a public key", publicPem, /no private key/],
    [
      "an elliptic curve",
      otherCurve.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      /RSA and Ed25519/,
    ],
    [
      "a short RSA key",
      short.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      /1024 bits, wanted 2048/,
    ],
    ["a broken PEM", pem("rsa").replace(/[A-Za-z]{20}/, "canarycanarycanary"), /cannot be read as a PKCS#8/],
    ["an encrypted PEM", "-----BEGIN ENCRYPTED PRIVATE KEY-----\ncanary\n", /encrypted/],
  ])("refuses %s, names the place and never the text", (_, text, reason) => {
    const attempt = (): Signer => signerOf(text, "file /x");
    expect(attempt).toThrow(reason);
    expect(attempt).toThrow(/file \/x/);
    expect(attempt).not.toThrow(/canary/);
  });
});

describe("loadCredentials", () => {
  it("takes texts of the environment, and clears them there", () => {
    const env: Record<string, string | undefined> = {
      BINANCE_API_KEY: KEY,
      BINANCE_API_SECRET: TEXT,
      X: "1",
    };
    const { apiKey, signer } = loadCredentials({ env });
    expect([apiKey.reveal(), signer.kind]).toEqual([KEY, "hmac"]);
    expect(env).toEqual({ X: "1" });
  });

  it("takes files, those of the config first, and finds out what they hold", () => {
    const env = {
      BINANCE_API_KEY_FILE: file("key", `${KEY}\n`),
      BINANCE_API_SECRET_FILE: join(folder, "none"),
    };
    const { apiKey, signer } = loadCredentials({ env, secretFile: file("pem", pem("ed25519"), 0o400) });
    expect([apiKey.reveal(), signer.kind]).toEqual([KEY, "ed25519"]);
  });

  it.each<[string, number]>([
    ["the group", 0o640],
    ["everybody", 0o604],
    ["a writing group", 0o620],
  ])("refuses a file that is open to %s, and says how to mend it", (_, permissions) => {
    const secretFile = file("secret", TEXT, permissions);
    const env = { BINANCE_API_KEY: KEY };
    expect(() => loadCredentials({ env, secretFile })).toThrow(`chmod 600 ${secretFile}`);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["no key", { BINANCE_API_SECRET: TEXT }, /API key is missing: set BINANCE_API_KEY/],
    ["no secret", { BINANCE_API_KEY: KEY }, /API secret is missing: set BINANCE_API_SECRET/],
    [
      "a key with spaces",
      { BINANCE_API_KEY: "canary canary", BINANCE_API_SECRET: TEXT },
      /letters and digits/,
    ],
    [
      "a secret in two places",
      { BINANCE_API_KEY: KEY, BINANCE_API_SECRET: TEXT, BINANCE_API_SECRET_FILE: "/x" },
      /twice/,
    ],
    [
      "a file that is none",
      { BINANCE_API_KEY: KEY, BINANCE_API_SECRET_FILE: "/nonexistent/x" },
      /cannot be opened/,
    ],
    ["a folder", { BINANCE_API_KEY: KEY, BINANCE_API_SECRET_FILE: tmpdir() }, /is no file/],
  ])("refuses %s without saying a value", (_, env, reason) => {
    const attempt = () => loadCredentials({ env: { ...env } });
    expect(attempt).toThrow(reason);
    expect(attempt).not.toThrow(/canary/);
  });
});

describe("encodeValue", () => {
  it("encodes as RFC 3986 does, in UTF-8", () => {
    expect(encodeValue("a b!'()*~-._/+=&币")).toBe("a%20b%21%27%28%29%2A~-._%2F%2B%3D%26%E5%B8%81");
  });
});
