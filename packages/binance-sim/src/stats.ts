import type { KnobId } from "@smcq/exchange-sim";

/** What the simulator counted since its start. */
export interface SimStats {
  /** Frames and bytes handed to sockets (WebSocket headers included), control frames excluded. */
  frames: number;
  bytes: number;
  formings: number;
  /** Frames with `x:true`, by kind; `total` is their sum. */
  finals: {
    total: number;
    regular: number;
    late: number;
    duplicate: number;
    differing: number;
    correction: number;
    replayed: number;
    bad: number;
  };
  /** Minutes without trades in which the stream stayed silent. */
  emptyMinutes: number;
  /** How often each knob struck. */
  faults: Partial<Record<KnobId, number>>;
  /** Highest weight used in one window of the venue's clock, and the limit. */
  usedWeightMax: number;
  weightLimit: number;
  requests: number;
  replies429: number;
  replies418: number;
  /** Requests and handshakes that no client of this venue has a reason to send; the first 20 in words. */
  unexpected: number;
  unexpectedSamples: string[];
  connections: {
    handshakes: number;
    opened: number;
    open: number;
    refused: number;
    closed1008: number;
    expired: number;
    slow: number;
  };
  subscriptions: number;
  /** Bursts longer than a tick behind their time, and the worst in wall ms. */
  lagMsMax: number;
}

/** Returns counters at zero. */
export function createStats(weightLimit: number): SimStats {
  return {
    frames: 0,
    bytes: 0,
    formings: 0,
    finals: { total: 0, regular: 0, late: 0, duplicate: 0, differing: 0, correction: 0, replayed: 0, bad: 0 },
    emptyMinutes: 0,
    faults: {},
    usedWeightMax: 0,
    weightLimit,
    requests: 0,
    replies429: 0,
    replies418: 0,
    unexpected: 0,
    unexpectedSamples: [],
    connections: { handshakes: 0, opened: 0, open: 0, refused: 0, closed1008: 0, expired: 0, slow: 0 },
    subscriptions: 0,
    lagMsMax: 0,
  };
}

const SAMPLES_MAX = 20;

/** Counts a strike of a knob. */
export function countFault(stats: SimStats, id: KnobId): void {
  stats.faults[id] = (stats.faults[id] ?? 0) + 1;
}

/** Counts a request without a reason. */
export function countUnexpected(stats: SimStats, what: string): void {
  stats.unexpected++;
  if (stats.unexpectedSamples.length < SAMPLES_MAX) stats.unexpectedSamples.push(what);
}
