import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { startBinanceSim, type BinanceSim } from "../../src/index.ts";
import { Client, eventually } from "../support/client.ts";

const folder = mkdtempSync(join(tmpdir(), "smcq-tls-"));

/** A key and a self-signed certificate for the loopback address, or null without the openssl command. */
function makeCertificate(): { key: string; cert: string } | null {
  const files = { key: join(folder, "key.pem"), cert: join(folder, "cert.pem") };
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  try {
    execFileSync("openssl", ["req", ...kind, ...subject, "-keyout", files.key, "-out", files.cert], {
      stdio: "ignore",
    });
  } catch {
    return null;
  }
  return { key: readFileSync(files.key, "utf8"), cert: readFileSync(files.cert, "utf8") };
}

const tls = makeCertificate();
if (tls === null) console.warn("SKIPPED: no openssl command, the TLS option is not tried");
const running: BinanceSim[] = [];

afterAll(async () => {
  for (const sim of running) await sim.stop();
  rmSync(folder, { recursive: true });
});

describe.skipIf(tls === null)("the venue over TLS", () => {
  it("serves REST and klines to who trusts its certificate, and nobody else", async () => {
    const sim = await startBinanceSim({ symbols: 7, speed: 300, tls: tls! });
    running.push(sim);
    expect(sim.restUrl).toMatch(/^https:/);
    const status = await new Promise((resolve, reject) => {
      get(`${sim.restUrl}/fapi/v1/ping`, { ca: tls!.cert, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on("error", reject);
    });
    expect(status).toBe(200);
    const trusting = new Client(`${sim.wsUrl}/market/ws/algousdt@kline_1m`, { ca: tls!.cert });
    await trusting.open();
    await eventually("klines", () => trusting.finals().length > 1);
    const careful = new Client(`${sim.wsUrl}/market/stream`);
    await careful.ended();
    expect(careful.error).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
    await trusting.close();
  });
});
