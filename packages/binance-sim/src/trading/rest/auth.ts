import { createHmac, timingSafeEqual, verify, type KeyObject } from "node:crypto";
import type { Access } from "../../http/endpoint.ts";
import { missing, type Parameters } from "../../http/parameters.ts";
import { VenueError } from "../../http/venue-error.ts";
import { readPublicKey, type TradingKey } from "../options.ts";

const RECV_WINDOW_MS = 5000;
const RECV_WINDOW_MS_MAX = 60_000;
/** A timestamp may lie so far ahead of the venue's clock. */
const AHEAD_MS_MAX = 1000;
/** A request needs so long on its way however fast the venue runs (docs/decisions.md 40). */
const WINDOW_WALL_MS_MIN = 250;
const SIGNATURE = "signature=";

interface KnownKey {
  readonly type: TradingKey["type"];
  readonly secret: string;
  readonly publicKey: KeyObject | null;
}

/** A request's parts as they were sent. */
export interface RawRequest {
  readonly query: string;
  readonly body: string;
  readonly apiKey: string | null;
}

/** Whether a request may pass: key, time and signature in the venue's order (docs/binance.md 4.5). */
export class Gatekeeper {
  readonly #keys = new Map<string, KnownKey>();
  readonly #slackMs: number;
  #isRevoked = false;

  /** `speed`: venue ms in a wall ms; faster than life, windows are never shorter than the wall's floor. */
  constructor(keys: readonly TradingKey[], speed: number) {
    this.#slackMs = speed > 1 ? WINDOW_WALL_MS_MIN * speed : 0;
    for (const key of keys)
      this.#keys.set(key.key, {
        type: key.type,
        secret: key.type === "hmac" ? key.secret : "",
        publicKey: key.type === "hmac" ? null : readPublicKey(key.publicKeyPem),
      });
  }

  /** From now on no key is accepted, or all are again. */
  setRevoked(isRevoked: boolean): void {
    this.#isRevoked = isRevoked;
  }

  /** Throws what is wrong with a request. */
  check(raw: RawRequest, access: Access, parameters: Parameters, nowMs: number): void {
    if (access === "public") return;
    if (raw.apiKey === null || !/^[A-Za-z0-9_-]{1,128}$/.test(raw.apiKey))
      throw new VenueError(-2014, "API-key format invalid.", 401);
    const key = this.#isRevoked ? undefined : this.#keys.get(raw.apiKey);
    if (key === undefined)
      throw new VenueError(-2015, "Invalid API-key, IP, or permissions for action.", 401);
    if (access === "key") return;
    checkTime(parameters, nowMs, this.#slackMs);
    if (parameters.text("signature") === null) throw missing("signature");
    if (!isSigned(key, raw)) throw new VenueError(-1022, "Signature for this request is not valid.");
  }
}

function checkTime(parameters: Parameters, nowMs: number, slackMs: number): void {
  parameters.needed("timestamp");
  const timestamp = parameters.integer("timestamp") ?? 0;
  const recvWindow = parameters.integer("recvWindow") ?? RECV_WINDOW_MS;
  if (recvWindow > RECV_WINDOW_MS_MAX) throw new VenueError(-1131, "recvWindow must be less than 60000");
  if (timestamp >= nowMs + Math.max(AHEAD_MS_MAX, slackMs))
    throw new VenueError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.");
  if (nowMs - timestamp > Math.max(recvWindow, slackMs))
    throw new VenueError(-1021, "Timestamp for this request is outside of the recvWindow.");
}

/** The bytes that are signed: query directly followed by body, without the signature, which must be the last of its part. */
function isSigned(key: KnownKey, { query, body }: RawRequest): boolean {
  const [inBody, inQuery] = [cut(body), cut(query)];
  const found = inBody ?? inQuery;
  if (found === null) return false;
  const payload = inBody === null ? found.rest + body : query + found.rest;
  const bytes = Buffer.from(payload, "latin1");
  let signature: string;
  try {
    signature = decodeURIComponent(found.signature);
  } catch {
    return false;
  }
  if (key.publicKey === null) {
    const wanted = createHmac("sha256", key.secret).update(bytes).digest();
    const given = Buffer.from(signature, "hex");
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
  const given = Buffer.from(signature, "base64");
  return verify(key.type === "rsa" ? "RSA-SHA256" : null, bytes, key.publicKey, given);
}

/** Null: this part has no signature at its end. */
function cut(text: string): { readonly rest: string; readonly signature: string } | null {
  const at = text.lastIndexOf(SIGNATURE);
  if (at < 0 || (at > 0 && text[at - 1] !== "&")) return null;
  const signature = text.slice(at + SIGNATURE.length);
  return signature.includes("&") ? null : { rest: text.slice(0, Math.max(0, at - 1)), signature };
}
