import { createHash } from "node:crypto";

/** Of bytes, in hex. */
export function sha256OfBytes(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
