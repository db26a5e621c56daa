import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forkBinanceSim } from "@smcq/binance-sim";
import { SystemClock } from "@smcq/kernel";
import { type Contender, comparePaired } from "../lib/paired.ts";
import type { PartRecorder } from "../lib/results.ts";
import type { MicroContext } from "./micro-context.ts";

const clock = new SystemClock();

/** Requests of one measurement, and the rest before each, wall ms: both sides are asleep. */
const REQUESTS = 12;
const REST_MS = 20;

/** A key and its certificate for loopback; null: there is no openssl command. */
function makeCertificate(): { readonly key: string; readonly cert: string } | null {
  const folder = mkdtempSync(join(tmpdir(), "smcq-bench-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  try {
    execFileSync("openssl", ["req", ...kind, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function ping(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: "/fapi/v1/ping", agent }, (response) => {
      response.resume().once("end", resolve);
    }).once("error", reject);
  });
}

/** `agent` of each request: one for all whose socket stands, or a new one. */
function contender(name: string, port: number, agent: () => Agent): Contender {
  return {
    name,
    measure: async () => {
      let ns = 0;
      for (let request = 0; request < REQUESTS; request++) {
        await new Promise<void>((resolve) => void clock.after(REST_MS, resolve));
        const own = agent();
        const startNs = clock.monoNs();
        await ping(port, own);
        ns += clock.monoNs() - startNs;
      }
      return ns / REQUESTS / 1e3;
    },
  };
}

/** What a request pays for a connection of its own: handshake of TCP and TLS, at no distance. */
export async function benchHandshakes(context: MicroContext, recorder: PartRecorder): Promise<void> {
  const tls = makeCertificate();
  if (tls === null) {
    console.warn("SKIPPED: handshakes: no openssl command");
    return;
  }
  const sim = await forkBinanceSim({ symbols: 7, tls });
  const standing = new Agent({ ca: tls.cert, keepAlive: true, maxSockets: 1 });
  const fresh = (): Agent => new Agent({ ca: tls.cert, maxCachedSessions: 0 });
  try {
    const comparison = await comparePaired({
      id: "handshakes",
      title: "A request over TLS on loopback, from its start to its answer",
      unit: "us a request",
      rounds: context.rounds,
      calibration: context.calibration,
      contenders: [
        contender("by a socket that stands", sim.port, () => standing),
        contender("by a new one", sim.port, fresh),
      ],
    });
    recorder.compare(comparison);
  } finally {
    standing.destroy();
    await sim.stop();
  }
}
