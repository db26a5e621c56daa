import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemClock } from "@smcq/kernel";

const UP_MS_MAX = 20_000;
const LOOK_MS = 10;

/** Says aloud that tests do not run; true when there is a server (Debian: apt-get install nats-server). */
export function hasNatsServer(): boolean {
  if (spawnSync("nats-server", ["--version"], { stdio: "ignore" }).status === 0) return true;
  process.stderr.write("\nSKIPPED: no nats-server on the path; `apt-get install nats-server` brings one\n\n");
  return false;
}

/** A real nats-server with JetStream on a port of loopback, its files in a temporary folder. */
export class NatsServer {
  readonly folder: string;
  /** Lines of its configuration beside port and store. */
  #settings: readonly string[];
  #port = -1;
  #child: ChildProcess | null = null;

  private constructor(folder: string, settings: readonly string[]) {
    this.folder = folder;
    this.#settings = settings;
  }

  static async start(settings: readonly string[] = []): Promise<NatsServer> {
    const server = new NatsServer(mkdtempSync(join(tmpdir(), "smcq-nats-")), settings);
    await server.up();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Of its next start. */
  set settings(settings: readonly string[]) {
    this.#settings = settings;
  }

  /** Starts it, on the port that it had before if there was one, and waits until it takes connections. */
  async up(): Promise<void> {
    const config = join(this.folder, "nats.conf");
    const lines = [
      `listen: "127.0.0.1:${this.#port}"`,
      `jetstream { store_dir: ${JSON.stringify(this.folder)} }`,
    ];
    writeFileSync(config, [...lines, ...this.#settings, ""].join("\n"));
    rmSync(this.#portsFile, { force: true });
    const child = spawn("nats-server", ["-c", config, "--ports_file_dir", this.folder], { stdio: "ignore" });
    this.#child = child;
    this.#port = await this.#portOf(child);
  }

  /** Kills it at once, as a power cut would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Of a server that is down: all that it kept is lost. */
  lose(): void {
    rmSync(join(this.folder, "jetstream"), { recursive: true, force: true });
  }

  /** Freezes it, and lets it go on. */
  freeze(isFrozen: boolean): void {
    this.#child?.kill(isFrozen ? "SIGSTOP" : "SIGCONT");
  }

  async stop(): Promise<void> {
    this.freeze(false);
    await this.#end("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #portsFile(): string {
    return join(this.folder, `nats-server_${this.pid}.ports`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }

  /** The server writes the file when it listens. */
  async #portOf(child: ChildProcess): Promise<number> {
    const clock = new SystemClock();
    const endMs = clock.nowMs() + UP_MS_MAX;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`nats-server has ended with ${child.exitCode}`);
      if (clock.nowMs() > endMs) throw new Error("nats-server did not come up in time");
      try {
        const { nats } = JSON.parse(readFileSync(this.#portsFile, "utf8")) as {
          readonly nats: readonly string[];
        };
        const [url = ""] = nats;
        return Number(new URL(url).port);
      } catch {
        await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
      }
    }
  }
}
