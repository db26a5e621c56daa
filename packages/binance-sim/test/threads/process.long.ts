import { spawn, type ChildProcess } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createClock, SmcqError } from "@smcq/kernel";
import { afterEach, describe, expect, it } from "vitest";
import { MinuteReport } from "../../src/alone.ts";
import {
  forkBinanceSim,
  runBinanceSimAlone,
  startBinanceSim,
  type SimChild,
  type SimReport,
} from "../../src/index.ts";
import { Client, eventually } from "../support/client.ts";

const children: SimChild[] = [];
const parents: ChildProcess[] = [];

async function fork(options: Parameters<typeof forkBinanceSim>[0]): Promise<SimChild> {
  const child = await forkBinanceSim(options);
  children.push(child);
  return child;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

afterEach(async () => {
  for (const child of children.splice(0)) await child.stop();
  for (const parent of parents.splice(0)) parent.kill("SIGKILL");
});

describe("the simulator's process", () => {
  it("listens on a free port, shares its clock, serves, follows control messages and stops with 0", async () => {
    const child = await fork({ symbols: 5, speed: 300 });
    const base = `http://127.0.0.1:${child.port}`;
    const clock = createClock(child.clockSpec);
    const askedMs = clock.nowMs();
    const response = await fetch(`${base}/fapi/v1/time`);
    const { serverTime } = (await response.json()) as { serverTime: number };
    // Two processes, one clock: the venue's time lies between the question and the answer, give or take how well two
    // processes know the wall's time.
    expect(serverTime).toBeGreaterThanOrEqual(askedMs - 300 * 20);
    expect(serverTime).toBeLessThanOrEqual(clock.nowMs() + 300 * 20);
    const reports: SimReport[] = [];
    child.onReport((report) => reports.push(report));
    child.send({ type: "list", symbol: "COMINGUSDT" });
    child.send({ type: "delist", symbol: "NOSUCHUSDT" });
    child.send({ type: "faults", faults: "MD04=1" });
    child.send({ type: "stats" });
    await eventually("four reports", () => reports.length === 4);
    expect(reports).toMatchObject([
      { type: "done", control: "list" },
      { type: "refused", control: "delist", error: { code: "SIM_UNIVERSE" } },
      { type: "done", control: "faults" },
      { type: "stats", stats: { requests: 1 } },
    ]);
    const document = await (await fetch(`${base}/fapi/v1/exchangeInfo`)).text();
    expect(document).toContain("COMINGUSDT");
    expect(await child.stop()).toBe(0);
    await expect(fetch(`${base}/fapi/v1/time`)).rejects.toThrow("fetch failed");
  });

  it("closes bars by hand over IPC and reports the burst", async () => {
    const child = await fork({ symbols: 5, clock: "manual" });
    const client = await new Client(`ws://127.0.0.1:${child.port}/market/stream`).open();
    await client.subscribe(["ALGOUSDT", "AVAXUSDT"]);
    const reports: SimReport[] = [];
    child.onReport((report) => reports.push(report));
    child.send({ type: "prepare-close" });
    child.send({ type: "close-now" });
    await eventually("the burst", () => client.finals().length === 2);
    await eventually("its report", () => reports.some((report) => report.type === "burst"));
    expect(reports.at(-1)).toMatchObject({ type: "burst", burst: { minute: 2600, frames: 2 } });
    await client.close();
  });

  it("reports the end of the data", async () => {
    const child = await fork({ symbols: 5, speed: 2000, startMinute: 20_060 });
    const reports: SimReport[] = [];
    child.onReport((report) => reports.push(report));
    await eventually("the end", () => reports.some((report) => report.type === "end-of-data"));
    expect(isAlive(child.pid)).toBe(true);
  });

  it("lives through signals of the whole group while its parent lives, and ends with 0 when that lets it go", async () => {
    const child = await fork({ symbols: 5 });
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.kill(child.pid, signal);
      expect((await fetch(`http://127.0.0.1:${child.port}/fapi/v1/ping`)).status).toBe(200);
    }
    await child.stop();
    expect(await child.exited).toBe(0);
  });

  it("ends when its parent is killed", async () => {
    const parent = spawn(
      process.execPath,
      [...process.execArgv, fileURLToPath(new URL("../support/parent.ts", import.meta.url))],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    parents.push(parent);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const { pid } = JSON.parse(line.toString("utf8")) as { pid: number };
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await eventually("the simulator ends", () => !isAlive(pid));
  });

  it("says why it cannot start: a port in use, a bad option, a bad fault plan", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address() as AddressInfo;
    const failure = async (options: Parameters<typeof forkBinanceSim>[0]): Promise<string> => {
      try {
        await fork(options);
        return "started";
      } catch (error) {
        return error instanceof SmcqError ? error.code : String(error);
      }
    };
    expect(await failure({ port, symbols: 5 })).toBe("EADDRINUSE");
    expect(await failure({ speed: -1 })).toBe("SIM_OPTION");
    expect(await failure({ faults: "MD99" })).toBe("SIM_FAULTS");
    blocker.close();
  });

  it("trades for whoever knows its key: the account crosses the process as options", async () => {
    const secret = "its-secret";
    const trading = { keys: [{ key: "its-key", type: "hmac", secret }], equity: "500" } as const;
    const child = await fork({ symbols: 5, speed: 1, trading });
    const payload = `timestamp=${createClock(child.clockSpec).nowMs()}`;
    const signature = createHmac("sha256", secret).update(payload).digest("hex");
    const response = await fetch(
      `http://127.0.0.1:${child.port}/fapi/v3/balance?${payload}&signature=${signature}`,
      { headers: { "X-MBX-APIKEY": "its-key" } },
    );
    expect(await response.json()).toMatchObject([{ asset: "USDT", balance: "500.00000000" }]);
    await expect(fork({ symbols: 5, trading: { keys: [] } })).rejects.toThrow(
      "trading.keys must be a list of 1..16 keys",
    );
  });

  it("tells a person once a minute what has happened since, and keeps still while nothing does", async () => {
    const lines: string[] = [];
    const keys = [{ key: "its-key", type: "hmac", secret: "s" }] as const;
    const sim = await startBinanceSim({ symbols: 5, clock: "manual", trading: { keys } });
    const report = new MinuteReport(sim);
    const tell = (): void => report.tell((line) => lines.push(line));
    await fetch(`${sim.restUrl}/fapi/v1/nothing`);
    for (let minute = 0; minute < 12; minute++) tell();
    await sim.stop();
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /UTC {2}requests 1 {2}frames 0 {2}connections 0 {2}unexpected 1 {2}429\/418 0 {2}wallet 10000\.00000000 {2}positions 0 {2}orders 0\+0$/,
    );
    expect(lines[1]).toContain("requests 0");
  });

  it("can be ended by whoever has read where it listens", async () => {
    const signals = ["SIGINT", "SIGTERM"] as const;
    const heard = (): number[] => signals.map((signal) => process.listenerCount(signal));
    const before = heard();
    const atBanner: number[] = [];
    const say = (): void => void atBanner.push(...(atBanner.length === 0 ? heard() : []));
    await runBinanceSimAlone({ symbols: 5, speed: 5000, startMinute: 20_158 }, say);
    expect(atBanner).toEqual(before.map((count) => count + 1));
    expect(heard()).toEqual(before);
  });

  it("runs alone for a person, to the end of the data", async () => {
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    await runBinanceSimAlone({ symbols: 5, speed: 5000, startMinute: 20_158 }, say);
    expect(lines[0]).toMatch(/^REST +http:\/\/127\.0\.0\.1:\d+$/);
    expect(lines.at(-1)).toBe("stopped: end of data");
    await expect(runBinanceSimAlone({ symbols: 0 }, say)).rejects.toThrow(/symbols must be an integer/);
  });
});
