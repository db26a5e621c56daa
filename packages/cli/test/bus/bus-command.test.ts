import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { runCommand } from "../support/run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "smcq-bus-"));
const seed = join(folder, "host.nk");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("smcq bus", () => {
  it("makes a key for its owner alone, prints the public half, and leaves what is there", async () => {
    const made = await runCommand("bus", "key", seed);
    expect(made.text).toMatch(/^U[A-Z2-7]{55}\n$/);
    const kept = readFileSync(seed, "utf8");
    expect(kept).toMatch(/^SU[A-Z2-7]{56}\n$/);
    expect(statSync(seed)["mode"] & 0o777).toBe(0o600);
    const again = await runCommand("bus", "key", seed);
    expect([again.code, again.said]).toEqual([ExitCode.Config, expect.stringContaining("cannot be written")]);
    expect(readFileSync(seed, "utf8")).toBe(kept);
  });

  it("says where nobody answers, and what to set", async () => {
    const nowhere = await runCommand("bus", "check", "--set", "bus.url=nats://127.0.0.1:1");
    expect([nowhere.code, nowhere.said]).toEqual([ExitCode.Bus, expect.stringContaining("no connection to")]);
    expect((await runCommand("bus", "check")).said).toContain("Set bus.url");
  });

  it.runIf(hasNatsServer())("says what it meets, and who it is there", async () => {
    const { text: key } = await runCommand("bus", "key", join(folder, "known.nk"));
    const server = await NatsServer.start([`authorization { users: [ { nkey: ${key.trim()} } ] }`]);
    try {
      const url = `bus.url=${server.url}`;
      const known = await runCommand(
        "bus",
        "check",
        "--set",
        url,
        `bus.nkeyFile=${join(folder, "known.nk")}`,
      );
      expect([known.code, known.text]).toEqual([ExitCode.Ok, expect.stringContaining(key.trim())]);
      expect(known.text).toContain("JetStream is on");
      const stranger = await runCommand("bus", "check", "--set", url);
      expect(stranger.code).toBe(ExitCode.Bus);
    } finally {
      await server.stop();
    }
  });
});
