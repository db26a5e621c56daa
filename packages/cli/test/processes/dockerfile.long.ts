import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { type Stage, stagesOf, wordsOf } from "./dockerfile.ts";
import { until } from "./engine-run.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const NPM = [
  "/usr/lib/node_modules/npm",
  "/usr/local/lib/node_modules/npm",
  join(dirname(process.execPath), "../lib/node_modules/npm"),
].find((path) => existsSync(path));
const isPossible =
  process.getuid?.() === 0 && spawnSync("debootstrap", ["--version"]).status === 0 && NPM !== undefined;
/** A machine that trusts more than the usual authorities. */
const EXTRA_CA = process.env["NODE_EXTRA_CA_CERTS"];
const CA_PLACE = "/etc/extra-ca.pem";
const USER = "10001";
/** Namespaces of its own, which end with it. */
const ALONE = ["--mount", "--pid", "--fork", "--kill-child"];
const BARE = [
  "env",
  "-i",
  "HOME=/root",
  `NODE_EXTRA_CA_CERTS=${CA_PLACE}`,
  "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
];
/** What the image's own folder is in compose.yaml: everything else cannot be written. */
const DATA = "/var/lib/smc-quant";

const folder = mkdtempSync(join(tmpdir(), "smcq-image-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(program: string, args: readonly string[]): void {
  const { status, stderr, stdout } = spawnSync(program, [...args], {
    encoding: "utf8",
    maxBuffer: 64 * 1_048_576,
  });
  if (status !== 0)
    throw new Error(
      `${program} ${args.join(" ").slice(0, 300)}: ${stdout.slice(-2_000)}${stderr.slice(-2_000)}`,
    );
}

/** A Debian with Node in it, as the image that ours is made from; `SMCQ_DEBIAN` is a folder with one that is there already. */
function base(): string {
  const path = join(folder, "base");
  const ready = process.env["SMCQ_DEBIAN"];
  if (ready === undefined) run("debootstrap", ["--variant=minbase", "bookworm", path]);
  else run("cp", ["-a", ready, path]);
  cpSync(realpathSync(process.execPath), join(path, "usr/local/bin/node"));
  cpSync(realpathSync(NPM ?? ""), join(path, "usr/local/lib/node_modules/npm"), { recursive: true });
  run("ln", ["-s", "../lib/node_modules/npm/bin/npm-cli.js", join(path, "usr/local/bin/npm")]);
  cpSync("/etc/resolv.conf", join(path, "etc/resolv.conf"));
  cpSync("/etc/hosts", join(path, "etc/hosts"));
  // Where packages come from is the machine's matter.
  for (const name of [".npmrc", ".config/pnpm/rc"]) {
    if (!existsSync(join(homedir(), name))) continue;
    mkdirSync(dirname(join(path, "root", name)), { recursive: true });
    cpSync(join(homedir(), name), join(path, "root", name));
  }
  if (EXTRA_CA !== undefined) cpSync(realpathSync(EXTRA_CA), join(path, CA_PLACE));
  return path;
}

/** Does what a stage says, in a folder of its own, as root. */
function made(stage: Stage, from: string, others: ReadonlyMap<string, string>): string {
  const root = mkdtempSync(join(folder, "stage-"));
  run("cp", ["-a", `${from}/.`, root]);
  let place = "/";
  for (const { name, text } of stage.instructions) {
    if (name === "WORKDIR") {
      place = text;
      mkdirSync(join(root, place), { recursive: true });
    } else if (name === "RUN")
      run("unshare", [
        `--root=${root}`,
        `--wd=${place}`,
        ...ALONE,
        "--mount-proc",
        ...BARE,
        "sh",
        "-ec",
        text,
      ]);
    else if (name === "COPY") copy(text, { root, place, others });
  }
  return root;
}

function copy(
  text: string,
  where: { readonly root: string; readonly place: string; readonly others: ReadonlyMap<string, string> },
): void {
  const [, stage, source = "", target = ""] = /^(?:--from=(\S+) )?(\S+) (\S+)$/.exec(text) ?? [];
  const to = join(where.root, target.startsWith("/") ? target : join(where.place, target));
  if (stage !== undefined) {
    run("cp", ["-a", join(where.others.get(stage) ?? "", source), to]);
    return;
  }
  // What is committed is what a clone has; `.dockerignore` leaves out the rest.
  run("sh", [
    "-c",
    `git -C '${ROOT}' ls-files -z --cached --others --exclude-standard | tar -C '${ROOT}' --null -T - -c | tar -x -C '${to}'`,
  ]);
}

/** Starts a command of the image as compose.yaml does: process 1, its user, a root that cannot be written, a data folder. */
function contained(root: string, words: readonly string[], data: string) {
  const mounts = [
    `mount --bind '${root}' '${root}'`,
    `mount -o remount,bind,ro '${root}'`,
    `mount --bind '${data}' '${root}${DATA}'`,
    `mount -t tmpfs tmpfs '${root}/tmp'`,
    `mount -t proc proc '${root}/proc'`,
  ];
  const enter = `exec chroot --userspec=${USER}:${USER} '${root}' env -i NODE_ENV=production PATH=/usr/local/bin:/usr/bin:/bin sh -c 'cd ${DATA}; exec "$@"' sh "$@"`;
  const script = [...mounts, enter].join(" && ");
  return spawn(
    "unshare",
    ["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", script, "sh", ...words],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
}

/** The first process inside: the only child of `unshare`. */
function first(pid: number | undefined): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
}

it.skipIf(!isPossible)(
  "the image's steps run in a Debian of their own, and its engine trades, is healthy and ends there (skipped without root and debootstrap)",
  async () => {
    const stages = stagesOf(readFileSync(join(ROOT, "deploy/Dockerfile"), "utf8"));
    const debian = base();
    const roots = new Map<string, string>();
    for (const stage of stages) roots.set(stage.name, made(stage, debian, roots));
    const last = stages.at(-1);
    const root = roots.get("") ?? "";
    if (last === undefined) throw new Error("the Dockerfile has no stage");
    const data = join(folder, "data");
    run("install", ["-d", "-o", USER, "-g", USER, "-m", "0700", data]);
    const words = [...wordsOf(last, "ENTRYPOINT"), ...wordsOf(last, "CMD")];
    const engine = contained(root, [...words, "--symbols", "24", "--shards", "2"], data);
    let said = "";
    for (const stream of [engine.stdout, engine.stderr])
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
    await until(() => said.includes("READY") || engine.exitCode !== null, "READY").catch(() => {});
    expect(said).toContain("READY");
    // The health check is another process of the same container.
    const inside = [
      "-t",
      String(first(engine.pid)),
      "-m",
      "-p",
      "chroot",
      `--userspec=${USER}:${USER}`,
      root,
    ];
    const health = spawnSync("nsenter", inside.concat(BARE, wordsOf(last, "HEALTHCHECK")), {
      encoding: "utf8",
    });
    expect([health.status, health.stderr]).toEqual([0, ""]);
    process.kill(first(engine.pid), "SIGTERM");
    await until(() => engine.exitCode !== null, "the end");
    expect(engine.exitCode).toBe(0);
  },
);
