import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

/** Bytes that a request may bring. */
export const BODY_BYTES_MAX = 8_192;

/** The JSON object in a request's body; throws Refusal. */
export async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  if (request.headers["content-type"] !== "application/json")
    throw new Refusal(415, "DASHBOARD_BODY", "the body is application/json");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX)
      throw new Refusal(413, "DASHBOARD_BODY", `a body has at most ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return objectOf(Buffer.concat(chunks).toString("utf8"));
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(400, "DASHBOARD_BODY", "the body is no JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Refusal(400, "DASHBOARD_BODY", "the body is a JSON object");
  return value as Readonly<Record<string, unknown>>;
}
