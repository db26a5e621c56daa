import { lstatSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { errorCode, errorMessage, type Logger, SmcqError } from "@smcq/kernel";
import {
  CLIENTS_MAX,
  type ControlReply,
  ControlRefusal,
  type ControlRequest,
  IDLE_MS_MAX,
  LINE_BYTES_MAX,
  parseRequest,
} from "../../control/protocol.ts";

const NEWLINE = 10;
/** Nobody but the owner reads or writes what is made under it. */
const OWNER_ONLY_UMASK = 0o177;

export interface ControlServerOptions {
  readonly path: string;
  /** Carries a request out; throws ControlRefusal where the answer is no. */
  readonly obey: (request: ControlRequest) => Promise<Extract<ControlReply, { ok: true }>["answer"]>;
  readonly logger: Logger;
  /** Wall ms after which a silent client is let go; for tests of it. */
  readonly idleMs?: number;
}

/**
 * The control socket of a running engine: a line asks, a line answers, in order. Only whoever may open the socket's file
 * (its owner) is heard. The run lock says that nobody else serves the folder: what is left of a dead engine's is replaced.
 */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  /** Who has been silent for longest is first. */
  readonly #clients = new Set<Socket>();
  /** Whose request is being carried out. */
  readonly #busy = new Set<Socket>();

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.unref();
  }

  /** Resolves when clients are heard. Refuses with CONTROL_SOCKET. */
  async listen(): Promise<void> {
    const { path } = this.#options;
    removeStale(path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error) => reject(refusedPath(path, errorMessage(error), error)));
      // The file comes to be inside `listen`: at no moment may anybody else open it.
      const before = process.umask(OWNER_ONLY_UMASK);
      try {
        this.#server.listen(path, resolve);
      } finally {
        process.umask(before);
      }
    });
    this.#server.on("error", (error) =>
      this.#options.logger.error({ code: errorCode(error) }, `control socket: ${errorMessage(error)}`),
    );
  }

  /** Lets everybody go; the file is gone afterwards. Idempotent. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    // Somebody who goes away is no failure.
    socket.on("error", () => socket.destroy());
    if (this.#clients.size >= CLIENTS_MAX && !this.#makeRoom()) {
      const message = `${CLIENTS_MAX} clients are connected already`;
      socket.end(lineOf({ ok: false, code: "CONTROL_BUSY", field: null, message }));
      return;
    }
    this.#clients.add(socket);
    socket.once("close", () => {
      this.#clients.delete(socket);
      this.#busy.delete(socket);
    });
    socket.setTimeout(this.#options.idleMs ?? IDLE_MS_MAX, () => socket.destroy());
    let rest: Buffer = Buffer.alloc(0);
    const answerAll = async (): Promise<void> => {
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        const line = rest.subarray(0, end);
        rest = rest.subarray(end + 1);
        if (line.length > LINE_BYTES_MAX) return tooLong(socket);
        const isTaken = socket.write(lineOf(await this.#reply(line.toString("utf8"))));
        // Who does not read his answers gets no more of them.
        if (!isTaken) await drained(socket);
      }
      if (rest.length > LINE_BYTES_MAX) tooLong(socket);
    };
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      if (this.#busy.has(socket)) return;
      this.#busy.add(socket);
      // Who speaks is behind those who are silent.
      if (this.#clients.delete(socket)) this.#clients.add(socket);
      // Nothing more is read until what was asked is answered.
      socket.pause();
      void answerAll().finally(() => {
        this.#busy.delete(socket);
        socket.resume();
      });
    });
  }

  /** Lets go the client that has been silent for longest: whoever hangs on must not keep a halt away. False: all are served. */
  #makeRoom(): boolean {
    for (const client of this.#clients)
      if (!this.#busy.has(client)) {
        this.#clients.delete(client);
        client.destroy();
        return true;
      }
    return false;
  }

  async #reply(line: string): Promise<ControlReply> {
    try {
      const request = parseRequest(line);
      return { ok: true, answer: await this.#options.obey(request) };
    } catch (error) {
      if (error instanceof ControlRefusal)
        return { ok: false, code: error.code, field: error.field, message: error.message };
      this.#options.logger.error(
        { code: errorCode(error) },
        `a control request failed: ${errorMessage(error)}`,
      );
      return { ok: false, code: "CONTROL_FAILED", field: null, message: errorMessage(error) };
    }
  }
}

/** Resolves when what was written has left, or the client has. */
function drained(socket: Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}

function tooLong(socket: Socket): void {
  const message = `a request has at most ${LINE_BYTES_MAX} bytes`;
  socket.end(lineOf({ ok: false, code: "CONTROL_LINE", field: null, message }));
}

function lineOf(reply: ControlReply): string {
  return `${JSON.stringify(reply)}\n`;
}

/** Takes away the socket of an engine that is gone; anything else of that name is left alone, and refused. */
function removeStale(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw refusedPath(path, "there is something else of that name");
  rmSync(path);
}

function refusedPath(path: string, why: string, cause?: unknown): SmcqError {
  return new SmcqError("CONTROL_SOCKET", `cannot listen on the control socket ${path}: ${why}`, {
    context: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
