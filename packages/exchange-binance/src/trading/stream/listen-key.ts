import { z } from "zod";
import { Secret } from "../keys/secret.ts";
import type { Call, CallResult, SignedRest } from "../wire/signed-rest.ts";

const Reply = z.looseObject({ listenKey: z.string().regex(/^[A-Za-z0-9_-]{8,256}$/) });

/** What became of keeping a key alive: it lives, the venue does not know it, or nobody knows. */
export type KeepAlive = "alive" | "dead" | "unknown";

/** The key of the account's stream. Whoever has it hears the account, so it is a secret. */
export class ListenKeys {
  readonly #rest: SignedRest;
  #current: Secret | null = null;

  constructor(rest: SignedRest) {
    this.#rest = rest;
  }

  /** A key that lives for an hour: the present one made younger, or a new one; null: the venue gives none now. */
  async take(): Promise<Secret | null> {
    const result = await this.#send("POST");
    const parsed = result.isOk ? Reply.safeParse(result.body) : null;
    if (parsed?.success !== true) return null;
    const { listenKey } = parsed.data;
    const isSame = this.#current?.reveal() === listenKey;
    if (this.#current !== null && isSame) return this.#current;
    this.#current = new Secret(listenKey);
    this.#rest.hide(this.#current);
    return this.#current;
  }

  /** Ends the present key at the venue, so that the next one is another: whoever else listens under it has to begin again. */
  async discard(): Promise<void> {
    if (this.#current === null) return;
    this.#current = null;
    await this.#send("DELETE");
  }

  /** True when an event speaks of the key in use. */
  isCurrent(listenKey: string): boolean {
    return listenKey === "" || this.#current === null || this.#current.reveal() === listenKey;
  }

  async keepAlive(): Promise<KeepAlive> {
    const result = await this.#send("PUT");
    if (result.isOk) return "alive";
    return result.verdict.act === "renew-key" ? "dead" : "unknown";
  }

  drop(): void {
    this.#current?.drop();
    this.#current = null;
  }

  #send(method: Call["method"]): Promise<CallResult> {
    return this.#rest.send({
      method,
      path: "/fapi/v1/listenKey",
      weight: 1,
      access: "key",
      isReserved: true,
    });
  }
}
