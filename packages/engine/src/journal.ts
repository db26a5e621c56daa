import type { Command, EngineEvent } from "./events.ts";

/**
 * The port of the journal: hears of every event in the order of its processing, with what the core answered, before
 * any of the commands leaves. The same events replayed give the same commands.
 */
export interface Journal {
  /** `seq` counts the events of the run from 1, without a hole. Throws when the run must not go on. */
  append(seq: number, event: EngineEvent, commands: readonly Command[]): void;
  /** Whatever could leave has left: the time for work that no command should wait for. Follows every drain. */
  write?(): void;
  /** Absent: what was appended is kept as well as it ever will be, nothing waits for it. */
  readonly durability?: Durability;
}

/** How far a journal has come that is kept elsewhere. */
export interface Durability {
  /** This event, and every one before it, outlives a power cut. */
  readonly durableSeq: number;
  /** `listener` hears when `durableSeq` has grown, never inside `append`. There is one listener. */
  onDurable(listener: () => void): void;
}

/** Keeps nothing: for runs whose events nobody has to prove. */
export const NO_JOURNAL: Journal = { append() {} };
