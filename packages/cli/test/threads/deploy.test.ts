import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { stagesOf, wordsOf } from "../processes/dockerfile.ts";
import { runCommand } from "../support/run-command.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const UNIT = readFileSync(join(ROOT, "deploy/systemd/smc-quant.service"), "utf8");
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** What systemd says of itself is looked at where it is installed. */
const hasAnalyse = spawnSync("systemd-analyze", ["--version"]).status === 0;
/** Exposure by `systemd-analyze security`, 0 (none) to 100: what is left is the network, and code that is made while it runs. */
const EXPOSURE_MAX = 15;

const folder = mkdtempSync(join(tmpdir(), "smcq-deploy-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the unit of systemd", () => {
  it("does not start again what a restart does not mend, and starts everything else again", () => {
    const codes = /^RestartPreventExitStatus=(.*)$/m.exec(UNIT)?.[1]?.split(" ").map(Number);
    const { Usage, Config, Locked, Model, Account, Key } = ExitCode;
    expect(codes).toEqual([Usage, Config, Locked, Model, Account, Key]);
  });

  it.skipIf(!hasAnalyse)("is verified by systemd (skipped without systemd-analyze)", () => {
    const file = join(folder, "smc-quant.service");
    const [, program = ""] = /^ExecStart=(\S+)/m.exec(UNIT) ?? [];
    writeFileSync(file, UNIT.replace(program, process.execPath));
    const { stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
    expect(stderr.split("\n").filter((line) => line.includes("smc-quant"))).toEqual([]);
    const security = spawnSync(
      "systemd-analyze",
      ["security", "--offline=yes", `--threshold=${EXPOSURE_MAX}`, file],
      { encoding: "utf8" },
    );
    expect([security.status, /exposure level .*: ([\d.]+)/.exec(security.stdout)?.[1]]).toEqual([
      0,
      expect.stringMatching(/^[01]\.\d$/),
    ]);
  });
});

describe("the container", () => {
  const last = stagesOf(readFileSync(join(ROOT, "deploy/Dockerfile"), "utf8")).at(-1);

  it("runs as a user of its own and starts with flags that the command knows", () => {
    expect(last?.instructions.find(({ name }) => name === "USER")?.text).toBe("smc-quant");
    if (last === undefined) return;
    for (const words of [wordsOf(last, "CMD"), wordsOf(last, "HEALTHCHECK").slice(2)]) {
      const args = ["--conditions=@smcq/source", MAIN, words[0] ?? "", "--help"];
      const help = spawnSync(process.execPath, args, { encoding: "utf8" }).stdout;
      for (const flag of words.filter((word) => word.startsWith("--"))) expect(help).toContain(flag);
    }
  });

  it("cannot write its root, and has no rights of the machine's", () => {
    const compose = readFileSync(join(ROOT, "deploy/compose.yaml"), "utf8");
    expect(compose).toMatch(/read_only: true/);
    expect(compose).toMatch(/cap_drop:\n\s+- ALL/);
    expect(compose).toMatch(/no-new-privileges:true/);
  });
});

describe("two engines in containers", () => {
  it.each(["a", "b"])("have settings that the program takes (settings-%s.json)", async (host) => {
    const { code, text } = await runCommand(
      "config",
      "--config",
      join(ROOT, `deploy/nats/settings-${host}.json`),
      "--json",
    );
    expect([code, text]).toEqual([ExitCode.Ok, expect.stringContaining("standby")]);
  });

  it("run as the one engine does: a root that cannot be written, no rights, their own data folder", () => {
    const compose = readFileSync(join(ROOT, "deploy/nats/compose.yaml"), "utf8");
    expect(compose.split("- engine-a:/var/lib/smc-quant").length).toBe(2);
    expect(compose.split("- engine-b:/var/lib/smc-quant").length).toBe(2);
    expect(compose).toMatch(/read_only: true[^]*cap_drop:\n\s+- ALL[^]*no-new-privileges:true/);
  });
});

it("everything that a deployed package reads is in it", () => {
  // `pnpm deploy` copies what `files` names: data that lies beside `dist` is easily forgotten.
  const files = (name: string): readonly string[] =>
    (JSON.parse(readFileSync(join(ROOT, `packages/${name}/package.json`), "utf8")) as { files: string[] })
      .files;
  expect(files("exchange-sim")).toContain("data");
  expect(files("scoring")).toContain("wasm");
});
