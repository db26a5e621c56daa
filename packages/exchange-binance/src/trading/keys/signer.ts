import { createHmac, createPrivateKey, createSecretKey, type Hmac, type KeyObject, sign } from "node:crypto";
import { inspect } from "node:util";
import { afterTurn, SmcqError } from "@smcq/kernel";
import { BinanceErrorCode } from "../../errors.ts";

/** What the venue takes: a shared secret, or the private half of a pair. */
export type KeyKind = "hmac" | "rsa" | "ed25519";

/** Shorter RSA keys are refused by the venue. */
const RSA_BITS_MIN = 2_048;

/** Signs requests; the key lives in a `KeyObject`, never as text. */
export class Signer {
  readonly kind: KeyKind;
  #key: KeyObject | null;
  /** For the next request, made while nothing waits: making it takes longer than signing with it (docs/performance.md 7). */
  #hmac: Hmac | null = null;

  constructor(kind: KeyKind, key: KeyObject) {
    this.kind = kind;
    this.#key = key;
    this.#prepare();
    Object.defineProperty(this, inspect.custom, { value: () => this.toJSON() });
  }

  /** HMAC-SHA256 as hex; RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519, as base64. Not yet encoded for a URL. */
  sign(payload: string): string {
    if (this.#key === null) throw new Error("Invariant: nothing is signed after the key was dropped");
    switch (this.kind) {
      case "hmac":
        return this.#takeHmac(this.#key).update(payload, "utf8").digest("hex");
      case "rsa":
        return sign("sha256", Buffer.from(payload, "utf8"), this.#key).toString("base64");
      case "ed25519":
        return sign(null, Buffer.from(payload, "utf8"), this.#key).toString("base64");
      default:
        return this.kind satisfies never;
    }
  }

  /** Forgets the key. Idempotent. */
  drop(): void {
    this.#key = null;
    this.#hmac = null;
  }

  toJSON(): string {
    return `[${this.kind} key]`;
  }

  #takeHmac(key: KeyObject): Hmac {
    const hmac = this.#hmac ?? createHmac("sha256", key);
    if (this.#hmac !== null) afterTurn(() => this.#prepare());
    this.#hmac = null;
    return hmac;
  }

  #prepare(): void {
    if (this.kind === "hmac" && this.#key !== null) this.#hmac = createHmac("sha256", this.#key);
  }
}

/**
 * The signer of a key's text: PEM is a private key (RSA or Ed25519), letters and digits are a shared secret. `place` names
 * where the text came from; the error says what is allowed there, and nothing of the text.
 */
export function signerOf(text: string, place: string): Signer {
  const trimmed = text.trim();
  if (!trimmed.includes("-----BEGIN")) {
    if (!/^[A-Za-z0-9]{16,256}$/.test(trimmed))
      throw refused(place, "it is neither a PEM private key nor a secret of 16 to 256 letters and digits");
    return new Signer("hmac", createSecretKey(Buffer.from(trimmed, "utf8")));
  }
  if (trimmed.includes("ENCRYPTED"))
    throw refused(place, "the PEM is encrypted; give one without passphrase");
  if (!trimmed.includes("PRIVATE KEY")) throw refused(place, "the PEM holds no private key");
  const key = privateKey(trimmed, place);
  const type = key.asymmetricKeyType;
  if (type === "ed25519") return new Signer("ed25519", key);
  if (type !== "rsa")
    throw refused(place, `the PEM holds a key of type ${type}; Binance takes RSA and Ed25519`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < RSA_BITS_MIN)
    throw refused(place, `the RSA key has ${bits} bits, wanted ${RSA_BITS_MIN} or more`);
  return new Signer("rsa", key);
}

function privateKey(pem: string, place: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause could only repeat what it read.
    throw refused(place, "the PEM cannot be read as a PKCS#8 private key (RSA or Ed25519)");
  }
}

function refused(place: string, reason: string): SmcqError {
  return new SmcqError(BinanceErrorCode.KeyUnusable, `API secret from ${place} is refused: ${reason}`, {
    context: { place },
  });
}
