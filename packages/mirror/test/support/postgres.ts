import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemClock } from "@smcq/kernel";
import { Client } from "pg";

const ROOT = "/usr/lib/postgresql";
const UP_MS_MAX = 60_000;

/** The folder of the newest server on this machine; null: none (Debian: apt-get install postgresql). */
export function serverPrograms(): string | null {
  if (!existsSync(ROOT)) return null;
  const versions = readdirSync(ROOT).toSorted((left, right) => Number(right) - Number(left));
  return (
    versions.map((version) => join(ROOT, version, "bin")).find((bin) => existsSync(join(bin, "initdb"))) ??
    null
  );
}

/** Says aloud that tests do not run; true when there is a server. */
export function hasServer(): boolean {
  if (serverPrograms() !== null) return true;
  process.stderr.write(
    "\nSKIPPED: no PostgreSQL server in /usr/lib/postgresql; `apt-get install postgresql` brings one\n\n",
  );
  return false;
}

/** PostgreSQL refuses root: then it runs as a user of the system without rights. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync("/etc/passwd", "utf8").match(/^(?:postgres|nobody):[^:]*:(\d+):(\d+):/m);
  return { uid: Number(line?.[1] ?? 65_534), gid: Number(line?.[2] ?? 65_534) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export interface ServerOptions {
  /** Lines of its configuration. */
  readonly settings?: readonly string[];
  /** How it knows who connects by TCP; `trust` unless said. Its superuser is `smcq`, the password `PASSWORD`. */
  readonly auth?: "trust" | "scram-sha-256";
}

export const PASSWORD = "correct horse%&=battery";

/** A real server on a port of loopback, its files in a temporary folder. */
export class PostgresServer {
  readonly folder: string;
  readonly port: number;
  #child: ChildProcess | null = null;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  static async start({ settings = [], auth = "trust" }: ServerOptions = {}): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), "smcq-pg-"));
    const { uid, gid } = unprivileged();
    chmodSync(folder, 0o755);
    if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
    const server = new PostgresServer(folder, await freePort());
    server.#run("sh", ["-c", 'umask 077; printf %s "$1" > "$0"', join(folder, "password"), PASSWORD]);
    server.#run(
      join(serverPrograms() ?? "", "initdb"),
      [
        ["-D", server.#data, "-U", "smcq", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
        [`--auth-host=${auth}`, "--auth-local=trust", `--pwfile=${join(folder, "password")}`],
      ].flat(),
    );
    server.#run("sh", [
      "-c",
      'printf "%s\\n" "$@" >> "$0"',
      join(server.#data, "postgresql.conf"),
      ...settings,
    ]);
    await server.up();
    return server;
  }

  get #data(): string {
    return join(this.folder, "data");
  }

  /** The address of the database `smcq`, or of another one. */
  url(database = "postgres"): string {
    return `postgres://smcq@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts it, and waits until it answers. */
  async up(): Promise<void> {
    const argv = [
      "-D",
      this.#data,
      "-p",
      String(this.port),
      "-k",
      this.folder,
      "-c",
      "listen_addresses=127.0.0.1",
    ];
    const child = spawn(join(serverPrograms() ?? "", "postgres"), argv, {
      ...unprivileged(),
      stdio: "ignore",
      cwd: "/",
    });
    this.#child = child;
    const clock = new SystemClock();
    const endMs = clock.nowMs() + UP_MS_MAX;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server has ended with ${child.exitCode}`);
      if (clock.nowMs() > endMs) throw new Error("the server did not come up in time");
      const client = this.client();
      try {
        await client.connect();
        await client.end();
        return;
      } catch {
        // It is starting, or puts itself right after a crash.
        await new Promise<void>((resolve) => void clock.after(20, resolve));
      }
    }
  }

  /** A connection over its socket, which asks for no password; not connected yet. */
  client(database = "postgres"): Client {
    const client = new Client({ host: this.folder, port: this.port, user: "smcq", database });
    client.on("error", () => {});
    return client;
  }

  async query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const client = this.client();
    await client.connect();
    try {
      return (await client.query<Row>(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Kills the server and all of its processes at once, as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.pid === undefined) return;
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    for (const pid of children.filter((text) => text !== "")) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It was faster.
      }
    }
    await exited;
    this.#child = null;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGINT");
      await exited;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(program: string, argv: readonly string[]): void {
    const { status, stderr } = spawnSync(program, argv, { ...unprivileged(), encoding: "utf8", cwd: "/" });
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
  }
}
