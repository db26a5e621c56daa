import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const scripts = join(import.meta.dirname, "../../../../scripts/train");

/** All that the script finds on its machine: whatever else is installed here, pnpm or a Python, is out of sight. */
const TOOLS = ["bash", "chmod", "dirname", "ls", "mkdir", "realpath", "rm", "sed"];

let folder = "";
let root = "";
const at = (name: string): string => join(folder, name);

/** Puts a command of this name before the machine's own; each call of it is a line of `calls`, words between bars. */
function command(name: string, body: string = ""): void {
  const file = at(`bin/${name}`);
  writeFileSync(file, `#!/bin/sh\n{ printf '%s' ${name}; printf '|%s' "$@"; echo; } >>"$CALLS"\n${body}\n`);
  chmodSync(file, 0o755);
}

/** Makes `python -m venv DIR` leave a Python behind that does `body`, then end with a code. */
function pythonThatMakes(body: string, code: number): void {
  const made = `#!/bin/sh\n{ printf venv; printf '|%s' "$@"; echo; } >>"$CALLS"\n${body}\n`;
  const script = `mkdir -p "$3/bin"; printf '%s' '${made.replaceAll("'", String.raw`'\''`)}' >"$3/bin/python"`;
  command("python3", `${script}; chmod +x "$3/bin/python"; exit ${code}`);
}

function train(
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): {
  code: number | null;
  err: string;
  calls: string[][];
} {
  writeFileSync(at("calls"), "");
  const { status, stderr } = spawnSync(
    join(root, "scripts/train/train.sh"),
    ["--out", at("made here"), ...flags, at("A B-1m-x.csv")],
    { encoding: "utf8", env: { PATH: `${at("bin")}:${at("tools")}`, CALLS: at("calls"), ...env } },
  );
  const calls = readFileSync(at("calls"), "utf8").split("\n").slice(0, -1);
  return { code: status, err: stderr, calls: calls.map((line) => line.split("|")) };
}

describe("train.sh", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "smcq-train-"));
    root = at("a checkout");
    mkdirSync(join(root, "scripts/train"), { recursive: true });
    for (const name of ["train.sh", "requirements.txt"])
      copyFileSync(join(scripts, name), join(root, "scripts/train", name));
    copyFileSync(join(scripts, "../../package.json"), join(root, "package.json"));
    mkdirSync(at("bin"));
    mkdirSync(at("tools"));
    for (const tool of TOOLS) {
      const place = ["/usr/bin", "/bin"].map((where) => join(where, tool)).find((file) => existsSync(file));
      if (place !== undefined) symlinkSync(place, at(`tools/${tool}`));
    }
    writeFileSync(at("A B-1m-x.csv"), "");
    command("pnpm");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("takes each step, whatever spaces the paths have", () => {
    pythonThatMakes("", 0);
    const { code, err, calls } = train();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const smcq = ["pnpm", "--silent", "--dir", root, "run", "smcq"];
    const out = at("made here");
    expect(calls.filter(([name]) => name === "pnpm")).toEqual([
      [...smcq, "dataset", "--klines", at("A B-1m-x.csv"), "--out", `${out}/dataset`],
      [...smcq, "dataset", "--random-walk", "12x60", "--seed", "1", "--out", `${out}/null`],
      [...smcq, "model", "import", `${out}/lgbm_smc.txt`, "--out", `${out}/lgbm_smc.onnx`],
      [...smcq, "model", "verify", `${out}/lgbm_smc.onnx`],
    ]);
    const [, script, ...args] = calls.findLast(([name]) => name === "venv") ?? [];
    expect(script).toBe(join(root, "scripts/train/train.py"));
    expect(args).toEqual([`${out}/dataset`, "--null", `${out}/null`, "--out", out, "--seed", "7"]);
  });

  it("hands the feature set to both data sets, and the target to the training", () => {
    pythonThatMakes("", 0);
    const flags = ["--features", "v2", "--target", "net-r", "--abstain-r", "0.1"];
    const { code, err, calls } = train({}, flags);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const datasets = calls.filter((words) => words.includes("dataset"));
    expect(datasets.map((words) => words.slice(words.indexOf("--features"), -2))).toEqual([
      ["--features", "v2"],
      ["--features", "v2"],
    ]);
    expect(calls.findLast(([name]) => name === "venv")?.slice(-4)).toEqual(flags.slice(2));
  });

  it("does without an installed pnpm, as the README's commands do", () => {
    rmSync(at("bin/pnpm"));
    command("npx");
    pythonThatMakes("", 0);
    const { code, err, calls } = train();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly packageManager: string;
    };
    const called = calls.filter(([name]) => name === "npx").map((words) => words.slice(1, 7));
    expect(called).toHaveLength(4);
    expect(called[0]).toEqual(["--yes", packageManager, "--silent", "--dir", root, "run"]);
  });

  it("leaves no half-made virtual environment behind, and says what else would do", () => {
    pythonThatMakes("exit 1", 1);
    for (const _attempt of [1, 2]) {
      const { code, err, calls } = train();
      expect(code).toBe(2);
      expect(err).toMatch(/train\.sh: .*python3-venv.*SMCQ_PYTHON/s);
      expect(calls.filter(([name]) => name === "python3")).toHaveLength(1);
      expect(existsSync(join(root, "var/train/venv"))).toBe(false);
    }
  });

  it("tells before any work that the packages cannot be had, or that a named Python lacks them", () => {
    pythonThatMakes('[ "$3" = install ] && exit 1; exit 0', 0);
    const offline = train();
    expect(offline.code).toBe(2);
    expect(offline.err).toMatch(/train\.sh: .*lightgbm.*SMCQ_PYTHON/s);
    command("bare-python", "exit 1");
    const bare = train({ SMCQ_PYTHON: "bare-python" });
    expect(bare.code).toBe(2);
    expect(bare.err).toMatch(/train\.sh: bare-python has no lightgbm/);
    expect([...offline.calls, ...bare.calls].filter(([name]) => name === "pnpm")).toEqual([]);
  });
});
