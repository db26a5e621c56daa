import type { CopyState, LeaseState } from "@smcq/bus-nats";
import type { EngineConfig } from "@smcq/config";

/** How the copy of the journal stands, for records and display. */
export interface CopyView {
  readonly state: CopyState;
  /** Rows that are in the ledger here, and not yet with the bus. */
  readonly waitingRows: number;
  readonly lostRows: number;
  readonly roundTripMs: number;
  /** Rows that were written since the whole ledger was copied last; null: it was not yet. */
  readonly rowsSinceSnapshot: number | null;
}

/** How a standby's ledger stands, for records and display. */
export interface FollowView {
  /** `follows`: it has all up to the message that it took last; `waits`: for a copy of the whole ledger, whose rows it lacks. */
  readonly state: "follows" | "waits";
  readonly takenSeq: number;
  readonly rows: number;
  /** Venue ms of the last row; null: none was taken. */
  readonly lastRowMs: number | null;
}

/** What a host is to the account that it shares with others, for records and display. */
export interface DutyView {
  readonly role: EngineConfig["role"];
  readonly isConnected: boolean;
  readonly losses: number;
  readonly lease: {
    readonly state: LeaseState;
    readonly epoch: number;
    readonly heldMs: number;
    readonly holder: string;
    readonly renewals: number;
    readonly failures: number;
    readonly answerMs: number;
    readonly reversions: number;
  };
  readonly refusals: number;
  /** Since the venue answered a small question last, ms awake. */
  readonly venueSilentMs: number;
  /** Hosts that wait, and that the venue answers; told to who holds the lease alone. */
  readonly standbys: number;
  readonly copy: CopyView | null;
  readonly follow: FollowView | null;
}
