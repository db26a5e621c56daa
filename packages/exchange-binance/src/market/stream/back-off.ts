import { backOffMs } from "@smcq/kernel";
import type { Rng } from "@smcq/kernel";

/** After "too many requests" the venue wants rest: start where others are after four failures. */
const POLICY_FIRST_MS = 60_000;
/** The wait stops to grow here, however wide the range is. */
const DOUBLINGS_MAX = 16;
const JITTER_RATIO = 0.25;

/** Why a connection ended, as far as it decides when to come back. */
export type EndKind =
  /** The network or the venue dropped it, or it never stood. */
  | "network"
  /** The venue closed it in good order (24 h, restart). */
  | "closed"
  /** Data or pongs stopped. */
  | "silent"
  /** 1008, 403, 418 or 429: we asked for too much. */
  | "policy"
  /** The certificate was refused: never downgraded. */
  | "tls"
  /** Frames that nobody can read. */
  | "garbage"
  /** We closed it ourselves. */
  | "stopped";

/** Shortest and longest wait, venue ms; docs/mission.md S4: 5 s and 5 min. */
export interface BackOffRange {
  readonly backOffMinMs: number;
  readonly backOffMaxMs: number;
}

/** The rule of docs/mission.md S4: the first retry at once, then longer and longer inside the range, with jitter. */
export class BackOff {
  readonly #rng: Rng;
  readonly #range: BackOffRange;
  #failures = 0;

  constructor(rng: Rng, range: BackOffRange) {
    this.#rng = rng;
    this.#range = range;
  }

  /** Ms until the next try after a connection ended this way. */
  nextMs(kind: EndKind): number {
    const failures = this.#failures++;
    if (kind !== "policy" && failures === 0) return 0;
    const { backOffMinMs, backOffMaxMs } = this.#range;
    const firstMs = kind === "policy" ? Math.max(POLICY_FIRST_MS, backOffMinMs) : backOffMinMs;
    const policy = { firstMs, msMax: backOffMaxMs };
    const jitter = { rng: this.#rng, ratio: JITTER_RATIO };
    return Math.max(backOffMinMs, backOffMs(Math.min(DOUBLINGS_MAX + 1, failures), policy, jitter));
  }

  /** The connection has been healthy for a while: the next failure is a first one again. */
  reset(): void {
    this.#failures = 0;
  }
}

/** Sorts the end of a socket by close code, handshake status and error code. */
export function endKind(end: {
  readonly closeCode: number;
  readonly httpStatus: number;
  readonly errorCode: string;
}): EndKind {
  if (end.httpStatus === 403 || end.httpStatus === 418 || end.httpStatus === 429) return "policy";
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME|ERR_TLS|ERR_SSL/.test(end.errorCode)) return "tls";
  if (end.errorCode.startsWith("WS_ERR")) return "garbage";
  switch (end.closeCode) {
    case 1000:
    case 1001:
    case 1012:
      return "closed";
    case 1008:
    case 1013:
      return "policy";
    default:
      return "network";
  }
}
