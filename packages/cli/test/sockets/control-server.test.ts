import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askEngine } from "../../src/control/control-client.ts";
import {
  CLIENTS_MAX,
  type ControlAnswers,
  ControlRefusal,
  LINE_BYTES_MAX,
  parseRequest,
} from "../../src/control/protocol.ts";
import { controlSocketPath } from "../../src/control/socket-path.ts";
import { ControlServer } from "../../src/run/control/control-server.ts";

const HALTED: ControlAnswers["halt"] = {
  state: "HALTED",
  stateSinceMs: 1,
  reasons: [{ reason: "operator", sinceMs: 1 }],
  isHaltFile: false,
};

const UMASK = process.umask();
let folder: string;
let path: string;
let server: ControlServer;
let heard: unknown[];
let held: Promise<void> | null;
const clients: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "smcq-control-"));
  chmodSync(folder, 0o755);
  path = controlSocketPath(folder);
  heard = [];
  held = null;
  server = newServer();
  await server.listen();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server.close();
  rmSync(folder, { recursive: true });
});

function newServer(idleMs?: number): ControlServer {
  return new ControlServer({
    path,
    ...(idleMs === undefined ? {} : { idleMs }),
    logger: silentLogger,
    obey: (request) => {
      heard.push(request);
      if (held !== null) return held.then(() => HALTED);
      if (request.request === "close")
        return Promise.reject(new ControlRefusal("CONTROL_NOT_HELD", "nothing is held", "symbol"));
      return Promise.resolve(HALTED);
    },
  });
}

/** A connection that keeps what it is told; `ended` when the other side has closed it. */
class Client {
  readonly socket: Socket = createConnection(path);
  readonly ended: Promise<void>;
  text = "";

  constructor() {
    clients.push(this.socket);
    this.socket.setEncoding("utf8").on("data", (chunk: string) => (this.text += chunk));
    this.socket.on("error", () => {});
    this.ended = new Promise((resolve) => this.socket.once("close", () => resolve()));
  }

  async lines(count: number): Promise<readonly unknown[]> {
    while (this.text.split("\n").length <= count)
      await new Promise<void>((resolve) => this.socket.once("data", () => resolve()));
    return this.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
  }
}

describe("the control socket", () => {
  it("is its owner's alone from the first moment, and gone when it is closed", async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(UMASK);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  it("answers a line by a line, in order, also where requests come in pieces", async () => {
    const client = new Client();
    client.socket.write('{"request":"ha');
    client.socket.write('lt"}\n{"request":"close","symbol":"AUSDT"}\n{"request":"status"}\n');
    expect(await client.lines(3)).toEqual([
      { ok: true, answer: HALTED },
      { ok: false, code: "CONTROL_NOT_HELD", field: "symbol", message: "nothing is held" },
      { ok: true, answer: HALTED },
    ]);
    expect(heard).toEqual([
      { request: "halt" },
      { request: "close", symbol: "AUSDT" },
      { request: "status" },
    ]);
  });

  it.each([
    ["no JSON", "halt", "CONTROL_JSON", null],
    ["no object", "[1]", "CONTROL_JSON", null],
    ["another word", '{"request":"sell"}', "CONTROL_FIELD", "request"],
    ["no word", "{}", "CONTROL_FIELD", "request"],
    ["a field that nobody knows", '{"request":"halt","now":true}', "CONTROL_FIELD", "now"],
    ["a symbol too much", '{"request":"halt","symbol":"A"}', "CONTROL_FIELD", "symbol"],
    ["a symbol that is none", '{"request":"close","symbol":7}', "CONTROL_FIELD", "symbol"],
    ["no symbol", '{"request":"close"}', "CONTROL_FIELD", "symbol"],
    ["who is nobody", '{"request":"halt","by":"me"}', "CONTROL_FIELD", "by"],
    ["who comes another way", '{"request":"flatten","by":"signal"}', "CONTROL_FIELD", "by"],
    ["who is the file", '{"request":"close","symbol":"A","by":"file"}', "CONTROL_FIELD", "by"],
    ["who is no text", '{"request":"resume","by":["dashboard"]}', "CONTROL_FIELD", "by"],
    ["who looks", '{"request":"status","by":"dashboard"}', "CONTROL_FIELD", "by"],
    ["too long a symbol", `{"request":"close","symbol":"${"A".repeat(65)}"}`, "CONTROL_FIELD", "symbol"],
  ])("refuses %s, and names the field", async (_what, line, code, field) => {
    const client = new Client();
    client.socket.write(`${line}\n{"request":"halt"}\n`);
    expect(await client.lines(2)).toEqual([
      { ok: false, code, field, message: expect.any(String) },
      { ok: true, answer: HALTED },
    ]);
    expect(() => parseRequest(line)).toThrow(ControlRefusal);
  });

  it("takes a line of the greatest length, and lets go who sends a longer one", async () => {
    const padded = (bytes: number): string => '{"request":"halt"}'.padEnd(bytes, " ");
    const good = new Client();
    good.socket.write(`${padded(LINE_BYTES_MAX)}\n`);
    expect(await good.lines(1)).toEqual([{ ok: true, answer: HALTED }]);
    for (const tail of ["\n", ""]) {
      const bad = new Client();
      bad.socket.write(`${padded(LINE_BYTES_MAX + 1)}${tail}`);
      expect(await bad.lines(1)).toEqual([
        { ok: false, code: "CONTROL_LINE", field: null, message: expect.any(String) },
      ]);
      await bad.ended;
    }
    expect(heard).toHaveLength(1);
  });

  it("serves eight at once and says so to one more; a place that is left is another's", async () => {
    const served = Array.from({ length: CLIENTS_MAX }, () => new Client());
    let release = (): void => {};
    held = new Promise((resolve) => {
      release = () => resolve();
    });
    for (const client of served) client.socket.write('{"request":"halt"}\n');
    while (heard.length < CLIENTS_MAX) await new Promise((resolve) => setImmediate(resolve));
    const late = new Client();
    expect(await late.lines(1)).toMatchObject([{ ok: false, code: "CONTROL_BUSY" }]);
    await late.ended;
    release();
    for (const client of served) await client.lines(1);
    expect(await askEngine(folder, { request: "halt" })).toEqual(HALTED);
  });

  it("lets go who has been silent for longest where somebody comes with a halt", async () => {
    const silent = Array.from({ length: CLIENTS_MAX }, () => new Client());
    for (const client of silent) await new Promise((resolve) => client.socket.once("connect", resolve));
    for (const client of silent.slice(1)) client.socket.write('{"request":"halt"}\n');
    for (const client of silent.slice(1)) await client.lines(1);
    for (let time = 0; time < 3; time++) expect(await askEngine(folder, { request: "halt" })).toEqual(HALTED);
    await silent[0]?.ended;
    expect(silent[0]?.text).toBe("");
  });

  it("lets go who says nothing for a while, also in the middle of a line", async () => {
    await server.close();
    server = newServer(50);
    await server.listen();
    const [silent, halfway] = [new Client(), new Client()];
    halfway.socket.write('{"request":"ha');
    await Promise.all([silent.ended, halfway.ended]);
    expect([silent.text, halfway.text, heard]).toEqual(["", "", []]);
  });

  it("takes the place of a dead engine's socket, and of nothing else", async () => {
    await server.close();
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(path, resolve));
    // As kill -9 leaves it: the file stands, and nobody listens.
    const copy = `${path}.left`;
    linkSync(path, copy);
    await new Promise<void>((resolve) => dead.close(() => resolve()));
    linkSync(copy, path);
    await expect(askEngine(folder, { request: "halt" })).rejects.toMatchObject({
      code: "CONTROL_NO_ENGINE",
    });
    server = newServer();
    await server.listen();
    expect(await askEngine(folder, { request: "halt" })).toEqual(HALTED);
    await server.close();
    writeFileSync(path, "kept");
    await expect(newServer().listen()).rejects.toMatchObject({ code: "CONTROL_SOCKET" });
    expect(statSync(path).size).toBe(4);
  });

  it("tells its client the engine's refusals, and that there is no engine", async () => {
    await expect(askEngine(folder, { request: "close", symbol: "AUSDT" })).rejects.toMatchObject({
      code: "CONTROL_NOT_HELD",
      field: "symbol",
    });
    await server.close();
    await expect(askEngine(folder, { request: "status" })).rejects.toMatchObject({
      code: "CONTROL_NO_ENGINE",
    });
  });

  it("fits a path of 107 bytes, and refuses a longer one by name", async () => {
    const room = 107 - Buffer.byteLength(join(folder, "", "control.sock")) - 1;
    const fits = join(folder, "d".repeat(room));
    mkdirSync(fits);
    path = controlSocketPath(fits);
    expect(Buffer.byteLength(path)).toBe(107);
    const second = newServer();
    await second.listen();
    expect(await askEngine(fits, { request: "halt" })).toEqual(HALTED);
    await second.close();
    expect(() => controlSocketPath(`${fits}d`)).toThrow(/control\.sock has 108 bytes/u);
  });
});
