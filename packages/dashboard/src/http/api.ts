import type { IncomingMessage, ServerResponse } from "node:http";
import type { ControlWords } from "../access/control-words.ts";
import type { OneTimeCode } from "../access/one-time-code.ts";
import type { AccessFiles } from "../access/token-files.ts";
import type { ApiAnswer, DashboardSource } from "../contract.ts";
import type { Gate } from "./gate.ts";
import { readBody } from "./read-body.ts";
import { Refusal } from "./refusal.ts";

const PREFIX = "/api/";

export interface ApiOptions {
  readonly gate: Gate;
  readonly code: OneTimeCode;
  readonly tokens: AccessFiles;
  readonly source: DashboardSource;
  readonly words: ControlWords;
}

/** Everything below `/api/` but the WebSocket. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Answers or throws Refusal or what the source refuses with. */
  async answer(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isChanging = request.method === "POST";
    if (!isChanging && request.method !== "GET")
      throw new Refusal(405, "DASHBOARD_METHOD", "there are GET and POST");
    this.#options.gate.names.requireOwnPage(request, isChanging);
    const name = url.pathname.slice(PREFIX.length);
    const answer = isChanging ? await this.#post(name, request) : await this.#get(name, url, request);
    const disposition =
      answer.fileName === undefined
        ? {}
        : { "content-disposition": `attachment; filename="${answer.fileName}"` };
    response.writeHead(200, {
      "content-type": `${answer.contentType}; charset=utf-8`,
      "cache-control": "no-store",
      ...disposition,
    });
    response.end(answer.body);
  }

  async #get(name: string, url: URL, request: IncomingMessage): Promise<ApiAnswer> {
    this.#options.gate.requireLook(request);
    const found = await this.#options.source.answer(name, new Map(url.searchParams));
    if (found === null) throw new Refusal(404, "DASHBOARD_PATH", "there is no such question");
    return found;
  }

  async #post(name: string, request: IncomingMessage): Promise<ApiAnswer> {
    const { gate, code, tokens, source, words } = this.#options;
    if (name === "session") {
      const { code: given } = await readBody(request);
      if (typeof given !== "string" || !code.take(given))
        gate.refuse("this link was opened already, or is too old: the token stands in the data folder");
      return json({ token: tokens.look });
    }
    if (name !== "nonce" && name !== "control")
      throw new Refusal(404, "DASHBOARD_PATH", "there is no such word");
    gate.requireControl(request);
    if (name === "nonce") return json({ nonce: words.giveNonce() });
    return json({ answer: await source.say(words.read(await readBody(request))) });
  }
}

function json(value: unknown): ApiAnswer {
  return { contentType: "application/json", body: JSON.stringify(value) };
}
