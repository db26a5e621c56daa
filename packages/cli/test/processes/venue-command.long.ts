import { createHmac, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { runCommand } from "../support/run-command.ts";
import { killVenue, startVenue, type Venue } from "./venue-process.ts";

const folder = mkdtempSync(join(tmpdir(), "smcq-venue-"));
const start = (...flags: readonly string[]): Promise<Venue> => startVenue("--symbols", "5", ...flags);

afterEach(killVenue);

async function ask(venue: Venue, path: string, key: string, payload: string): Promise<unknown> {
  const response = await fetch(`${venue.value("REST")}${path}?${payload}`, {
    headers: { "X-MBX-APIKEY": key },
  });
  return await response.json();
}

it("says where it listens and with which key, trades by the machine's clock, and ends on SIGINT", async () => {
  const venue = await start("--equity", "2500");
  const [key, secret] = [venue.value("key"), venue.value("secret")];
  expect([key.length, secret.length]).toEqual([64, 64]);
  expect(venue.value("WebSocket")).toMatch(/^ws:.*\/market  ws:.*\/public  ws:.*\/private$/);
  expect(venue.value("data lasts")).toMatch(/^292\.[67] h at speed 1$/);
  expect(venue.value("wallet")).toBe("2500.00 USDT");
  const payload = `timestamp=${Date.now()}`;
  const signature = createHmac("sha256", secret).update(payload).digest("hex");
  const balance = await ask(venue, "/fapi/v3/balance", key, `${payload}&signature=${signature}`);
  expect(balance).toMatchObject([{ asset: "USDT", balance: "2500.00000000" }]);
  expect(await venue.end("SIGINT")).toBe(0);
  expect(venue.lines.at(-1)).toBe("stopped: SIGINT");
});

it("takes a public key instead of a secret, and ends on SIGTERM", async () => {
  const { publicKey } = generateKeyPairSync("ed25519");
  const file = join(folder, "key.pem");
  writeFileSync(file, publicKey.export({ type: "spki", format: "pem" }));
  const venue = await start("--key", "own", "--public-key", file, "--faults", "EX01=0.5");
  expect(venue.value("key")).toBe("own (ed25519)");
  expect(venue.value("faults")).toBe("EX01=0.5");
  expect(await venue.end("SIGTERM")).toBe(0);
});

it("goes on with the account and the key of its folder, until a new one is asked for", async () => {
  const dataDir = join(folder, "kept");
  const wallet = async (venue: Venue): Promise<unknown> => {
    const payload = `timestamp=${Date.now()}`;
    const signature = createHmac("sha256", venue.value("secret")).update(payload).digest("hex");
    return await ask(venue, "/fapi/v3/balance", venue.value("key"), `${payload}&signature=${signature}`);
  };
  const first = await start("--data-dir", dataDir, "--equity", "2500");
  const key = first.value("key");
  expect(await wallet(first)).toMatchObject([{ balance: "2500.00000000" }]);
  expect(await first.end("SIGTERM")).toBe(0);
  const again = await start("--data-dir", dataDir, "--equity", "9000");
  expect(again.value("key")).toBe(key);
  expect(await wallet(again)).toMatchObject([{ balance: "2500.00000000" }]);
  expect(await again.end("SIGTERM")).toBe(0);
  const fresh = await start("--data-dir", dataDir, "--fresh-account", "--equity", "9000");
  expect(fresh.value("key")).not.toBe(key);
  expect(await wallet(fresh)).toMatchObject([{ balance: "9000.00000000" }]);
  expect(await fresh.end("SIGTERM")).toBe(0);
  expect((await runCommand("venue", "--fresh-account")).code).toBe(2);
});

it("refuses what it cannot be, with the code of a wrong setting, of a missing file, of wrong use", async () => {
  const empty = join(folder, "empty.pem");
  writeFileSync(empty, "");
  expect(await runCommand("venue", "--speed", "-1")).toMatchObject({
    code: 3,
    said: expect.stringContaining("speed must be") as string,
  });
  expect((await runCommand("venue", "--equity", "much")).code).toBe(3);
  expect((await runCommand("venue", "--faults", "MD99")).code).toBe(3);
  expect((await runCommand("venue", "--public-key", empty)).code).toBe(3);
  expect((await runCommand("venue", "--public-key", join(folder, "absent"))).code).toBe(4);
  expect((await runCommand("venue", "--public-key", empty, "--secret", "s")).code).toBe(2);
  rmSync(folder, { recursive: true });
});
