import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, silentLogger, SystemClock } from "@smcq/kernel";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { readTokens } from "../src/access/token-files.ts";
import { type ControlWord, type DashboardSource, LIVE_PROTOCOL, type LiveState } from "../src/contract.ts";
import { DashboardServer } from "../src/http/dashboard-server.ts";

export const EMPTY: LiveState = {
  engine: { isReachable: true, problem: null, heardMs: 1 },
  status: {},
  positions: {},
  incidents: {},
};

/** A source that answers one question, remembers what it was told, and shows what the test says. */
export class TestSource implements DashboardSource {
  readonly said: ControlWord[] = [];
  state: LiveState = EMPTY;
  looks = 0;
  /** The engine behind it does not answer, nor refuse. */
  isSilent = false;

  answer(name: string): ReturnType<DashboardSource["answer"]> {
    if (name === "broken") return Promise.reject(new Error("a secret of the inside"));
    return Promise.resolve(
      name === "trades" ? { contentType: "application/json", body: '{"total":3}' } : null,
    );
  }

  live(): Promise<LiveState> {
    this.looks++;
    return this.isSilent ? new Promise(() => {}) : Promise.resolve(this.state);
  }

  say(word: ControlWord): Promise<unknown> {
    this.said.push(word);
    return Promise.resolve({ state: "HALTED" });
  }
}

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "smcq-dashboard-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A page that is as small as one can be. */
export function smallPage(): string {
  const folder = join(temporaryFolder(), "page");
  mkdirSync(join(folder, "assets"), { recursive: true });
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>smcq</title>");
  writeFileSync(join(folder, "assets", "a.js"), "0;");
  return folder;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A running server with a browser's habits around it. */
export class Bench {
  readonly source = new TestSource();
  readonly dataDir: string = temporaryFolder();
  readonly tokens: ReturnType<typeof readTokens>;
  readonly server: DashboardServer;
  port = 0;
  link = "";

  constructor(options: { readonly wallClock?: Clock; readonly publicOrigin?: string } = {}) {
    this.tokens = readTokens(this.dataDir);
    this.server = new DashboardServer({
      host: "127.0.0.1",
      port: 0,
      publicOrigin: options.publicOrigin ?? null,
      pageFolder: smallPage(),
      tokens: this.tokens,
      source: this.source,
      wallClock: options.wallClock ?? new SystemClock(),
      logger: silentLogger,
    });
    onTestFinished(() => this.server.close());
  }

  async open(): Promise<this> {
    const { port, link } = await this.server.listen();
    this.port = port;
    this.link = link;
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get look(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.tokens.look}` };
  }

  get both(): Readonly<Record<string, string>> {
    return { ...this.look, "x-smcq-control": this.tokens.control, origin: this.origin };
  }

  ask(path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const send = method === "GET" ? get : httpRequest;
      const request = send(
        { host: "127.0.0.1", port: this.port, path, method, headers, agent: false },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          );
        },
      );
      request.on("error", reject);
      request.end(body);
    });
  }

  post(path: string, body: unknown, headers: Readonly<Record<string, string>> = this.both): Promise<Reply> {
    const text = JSON.stringify(body);
    return this.ask(path, {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": String(text.length), ...headers },
      body: text,
    });
  }

  async nonce(): Promise<string> {
    const { text } = await this.post("/api/nonce", {});
    return (JSON.parse(text) as { readonly nonce: string }).nonce;
  }

  socket(
    protocols: readonly string[] = [LIVE_PROTOCOL, `token.${this.tokens.look}`],
    headers: Readonly<Record<string, string>> = { origin: this.origin },
  ): WebSocket {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}/api/live`, [...protocols], { headers });
    socket.on("error", () => {});
    onTestFinished(() => socket.terminate());
    return socket;
  }
}

/** The status with which an upgrade was refused; 101: it was not. */
export function upgraded(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => {
    socket.once("open", () => resolve(101));
    socket.once("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
  });
}
