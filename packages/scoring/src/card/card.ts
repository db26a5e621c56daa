import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { canonicalJson } from "@smcq/features";
import { errorMessage, SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import { integer, nullable, object, oneOf, parseJson, sha256, text } from "./json-reader.ts";
import type { Place, Read } from "./json-reader.ts";
import { readMetadata } from "./metadata.ts";
import type { ModelMetadata } from "./metadata.ts";

/** NAME.card.json: what belongs to NAME.onnx, for eyes and for the gate. */
export interface ModelCard {
  readonly cardVersion: 1;
  readonly onnxSha256: string;
  readonly onnxBytes: number;
  readonly goldenSha256: string;
  /** The same as in the ONNX file. */
  readonly metadata: ModelMetadata;
  /** ed25519 over the card's canonical JSON with a signature of null, base64; null when the model is not signed. */
  readonly signature: string | null;
}

/** The largest card that is read. */
export const CARD_BYTES_MAX: number = 4 * 2 ** 20;

const readCard: Read<ModelCard> = object<ModelCard>({
  cardVersion: oneOf(1),
  onnxSha256: sha256,
  onnxBytes: integer(1),
  goldenSha256: sha256,
  metadata: readMetadata,
  signature: nullable(text("a signature in base64", /^[A-Za-z0-9+/]+=*$/)),
});

/** Reads a card; refuses with MODEL_CARD and the name of the key that is wrong. */
export function parseCard(json: string, source: string): ModelCard {
  const place: Place = { code: ModelErrorCode.Card, source, key: "" };
  return readCard(parseJson(json, place), place);
}

/** The card as it stands in the file. */
export function cardText(card: ModelCard): string {
  return `${JSON.stringify(card, null, 2)}\n`;
}

function signedBytes(card: ModelCard): Uint8Array {
  return new TextEncoder().encode(canonicalJson({ ...card, signature: null }));
}

function keyOf(pem: string, create: (pem: string) => KeyObject, kind: string): KeyObject {
  let key: KeyObject;
  try {
    key = create(pem);
  } catch (error) {
    throw new SmcqError(ModelErrorCode.Signature, `this is no ${kind} key in PEM: ${errorMessage(error)}`);
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new SmcqError(
      ModelErrorCode.Signature,
      `the ${kind} key is ${key.asymmetricKeyType}, wanted is ed25519`,
    );
  return key;
}

/** Returns the card signed with an ed25519 private key (PEM, PKCS #8). */
export function signCard(card: ModelCard, privateKeyPem: string): ModelCard {
  const key = keyOf(privateKeyPem, createPrivateKey, "private");
  return { ...card, signature: sign(null, signedBytes(card), key).toString("base64") };
}

/** Refuses (MODEL_SIGNATURE) a card that was not signed by the owner of this ed25519 public key (PEM, SPKI). */
export function checkSignature(card: ModelCard, publicKeyPem: string): void {
  const key = keyOf(publicKeyPem, createPublicKey, "public");
  if (card.signature === null)
    throw new SmcqError(ModelErrorCode.Signature, "the card is not signed, and a key is set to check it");
  if (!verify(null, signedBytes(card), key, Buffer.from(card.signature, "base64")))
    throw new SmcqError(ModelErrorCode.Signature, "the card's signature was not made with the given key");
}
