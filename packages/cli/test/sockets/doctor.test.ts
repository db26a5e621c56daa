import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ledgerFile } from "@smcq/ledger";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Finding } from "../../src/doctor/finding.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { AccountBench, KEY, ledgerOf, SECRET, temporaryFolder } from "../support/account-bench.ts";
import { runCommand } from "../support/run-command.ts";

type Told = Readonly<Record<string, Finding["verdict"]>>;

/** Verdict by name, and the exit code. */
async function doctor(
  ...flags: readonly string[]
): Promise<{ readonly code: number; readonly told: Told; readonly said: string }> {
  const { code, text: said } = await runCommand("doctor", "--json", ...flags);
  const findings = JSON.parse(said) as readonly Finding[];
  return { code, told: Object.fromEntries(findings.map(({ name, verdict }) => [name, verdict])), said };
}

/** The flags of mode demo on a venue of the test, with its key in the environment. */
function demoOn(bench: AccountBench, dataDir = temporaryFolder(), secret = SECRET): readonly string[] {
  vi.stubEnv("BINANCE_API_KEY", KEY);
  vi.stubEnv("BINANCE_API_SECRET", secret);
  onTestFinished(() => void vi.unstubAllEnvs());
  const sets = [
    `feed.restBaseUrl=${bench.sim.restUrl}`,
    `feed.wsBaseUrl=${bench.sim.wsUrl}`,
    `account.leaseDir=${bench.leaseDir}`,
  ];
  const base = ["--mode", "demo", "--model", "heuristic", "--data-dir", dataDir];
  return [...base, ...sets.flatMap((set) => ["--set", set])];
}

describe("smcq doctor", () => {
  it("in mode sim starts a venue, looks at everything, and tries orders that leave nothing behind", async () => {
    const flags = ["--test-order", "--data-dir", join(temporaryFolder(), "var")];
    const { code, told } = await doctor(...flags);
    expect(code).toBe(ExitCode.Ok);
    expect(told).toEqual({
      node: "ok",
      "data folder": "ok",
      disk: "ok",
      ledger: "ok",
      model: "ok",
      gates: "ok",
      venue: "ok",
      clock: expect.any(String) as string,
      "REST budget": "ok",
      filters: "ok",
      key: "ok",
      "IP list": "ok",
      account: "ok",
      symbols: "ok",
      "ledger's own": "skip",
      "second engine": "ok",
      "test limit": "ok",
      "test stop": "ok",
    });
    const { text } = await runCommand("doctor", ...flags);
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("in mode demo asks the account of the key, and its test orders are gone when it ends", async () => {
    const bench = await AccountBench.open();
    const { code, told } = await doctor(...demoOn(bench), "--test-order");
    expect(code).toBe(ExitCode.Ok);
    expect(told).toMatchObject({
      model: "warn",
      key: "skip",
      account: "ok",
      "ledger's own": "ok",
      "test stop": "ok",
    });
    expect(bench.asked.filter((call) => !call.startsWith("GET "))).toEqual([
      "POST /fapi/v1/order",
      "DELETE /fapi/v1/order",
      "POST /fapi/v1/algoOrder",
      "DELETE /fapi/v1/algoOrder",
    ]);
    expect([bench.sim.trading?.openOrders(), bench.sim.trading?.openAlgos()]).toEqual([[], []]);
  });

  it("says that an engine trades on the account, and whose the ledger is", async () => {
    const bench = await AccountBench.open();
    await bench.enter({ orders: "binance-demo" });
    const { code, told, said } = await doctor(
      ...demoOn(bench, await ledgerOf("binance-demo/Another", "aaaa")),
    );
    expect([code, told["second engine"], told["ledger's own"]]).toEqual([ExitCode.Doctor, "warn", "fail"]);
    expect(said).toContain("binance-demo/Another");
  });

  it("with a key that the venue refuses fails in its own words, and tries no order", async () => {
    const bench = await AccountBench.open({ keys: [{ key: "another", type: "hmac", secret: SECRET }] });
    const { code, told, said } = await doctor(...demoOn(bench));
    expect([code, told["account"], told["venue"]]).toEqual([ExitCode.Doctor, "fail", "ok"]);
    expect(said).toContain("production and demo have different keys");
    expect(said).not.toContain(SECRET);
  });

  it("without a key sends nothing that is signed", async () => {
    const bench = await AccountBench.open();
    const flags = demoOn(bench);
    vi.stubEnv("BINANCE_API_SECRET", undefined);
    const { code, told } = await doctor(...flags, "--test-order");
    expect([code, told["gates"], told["account"], told["test limit"]]).toEqual([
      ExitCode.Doctor,
      "fail",
      "skip",
      undefined,
    ]);
    expect(bench.sim.trading?.requests().filter(({ apiKey }) => apiKey !== null)).toEqual([]);
  });

  it("in mode paper says what it cannot look at without a key", async () => {
    const bench = await AccountBench.open();
    const flags = demoOn(bench).map((flag) => (flag === "demo" ? "paper" : flag));
    const { code, told } = await doctor(...flags, "--test-order");
    expect([code, told["account"], told["filters"], told["test limit"]]).toEqual([
      ExitCode.Ok,
      "skip",
      "ok",
      undefined,
    ]);
    expect(bench.sim.trading?.requests().filter(({ apiKey }) => apiKey !== null)).toEqual([]);
  });

  it("in mode live sends nothing to hosts that are not the venue's, and lists each closed gate", async () => {
    const bench = await AccountBench.open();
    const flags = demoOn(bench).map((flag) => (flag === "demo" ? "live" : flag));
    const { code, said } = await doctor(...flags, "--test-order", "--yes");
    expect(code).toBe(ExitCode.Doctor);
    for (const words of ["--config FILE", "yes-real-money", "feed.restBaseUrl"])
      expect(said).toContain(words);
    expect(bench.sim.trading?.requests().filter(({ apiKey }) => apiKey !== null)).toEqual([]);
  });

  it("names a venue that is away, a ledger that is none, and still looks at the rest", async () => {
    const dataDir = temporaryFolder();
    mkdirSync(join(dataDir, "x"), { recursive: true });
    writeFileSync(ledgerFile(dataDir), "no database, but long enough to be looked at as one".repeat(40));
    const none = ["--set", "feed.restBaseUrl=http://127.0.0.1:9", "--set", "feed.wsBaseUrl=ws://127.0.0.1:9"];
    const { code, told } = await doctor(
      "--mode",
      "paper",
      "--model",
      "heuristic",
      "--data-dir",
      dataDir,
      ...none,
    );
    expect([code, told["venue"], told["ledger"], told["node"]]).toEqual([
      ExitCode.Doctor,
      "fail",
      "fail",
      "ok",
    ]);
  });
});
