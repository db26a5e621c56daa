import type { IncomingMessage } from "node:http";
import type { AttemptLimit } from "../access/attempt-limit.ts";
import { isSameText } from "../access/same-text.ts";
import type { AccessFiles } from "../access/token-files.ts";
import { CONTROL_HEADER, LIVE_PROTOCOL, TOKEN_PROTOCOL_PREFIX } from "../contract.ts";
import type { OwnNames } from "./own-names.ts";
import { Refusal } from "./refusal.ts";

const BEARER = "Bearer ";

export interface GateOptions {
  readonly names: OwnNames;
  readonly tokens: AccessFiles;
  readonly limit: AttemptLimit;
}

/** Lets in who means us, comes from our page and has the token; throws Refusal for everybody else. */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get names(): OwnNames {
    return this.#options.names;
  }

  /** To look. */
  requireLook(request: IncomingMessage): void {
    const { authorization = "" } = request.headers;
    const given = authorization.startsWith(BEARER) ? authorization.slice(BEARER.length) : "";
    if (!isSameText(given, this.#options.tokens.look)) this.refuse("the token is missing or wrong");
  }

  /** To tell the engine something. */
  requireControl(request: IncomingMessage): void {
    this.requireLook(request);
    const given = request.headers[CONTROL_HEADER];
    if (typeof given !== "string" || !isSameText(given, this.#options.tokens.control))
      this.refuse("the control token is missing or wrong");
  }

  /** To look at what moves: the token is a subprotocol, as browsers send no header of ours here. */
  requireLive(request: IncomingMessage): void {
    this.names.requireOwnPage(request, true);
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
    const token = offered.find((one) => one.startsWith(TOKEN_PROTOCOL_PREFIX));
    const given = token?.slice(TOKEN_PROTOCOL_PREFIX.length) ?? "";
    if (!isSameText(given, this.#options.tokens.look)) this.refuse("the token is missing or wrong");
    if (!offered.includes(LIVE_PROTOCOL))
      throw new Refusal(400, "DASHBOARD_PROTOCOL", `the subprotocol is ${LIVE_PROTOCOL}`);
  }

  /** Somebody had a wrong token or code. */
  refuse(why: string): never {
    if (this.#options.limit.noteWrong()) throw new Refusal(401, "DASHBOARD_TOKEN", why);
    throw new Refusal(429, "DASHBOARD_TOKEN", "too many wrong tokens; wait a minute");
  }
}
