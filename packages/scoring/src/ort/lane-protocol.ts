/*
 * How a scan thread has its rows scored by the ONNX Runtime process, through its lane of the models' memory:
 *
 *   scan thread                         main thread (OrtHost)                 child process
 *   rows, count, epoch ─► lane
 *   state = asked, ring the doorbell ─► copies the rows, sends them ────────► scores
 *   Atomics.wait on state               writes margins, state = answered ◄─── margins
 *   margins ◄─ lane                     (or failed)
 *
 * The state counts the requests of the lane in its upper bits: an answer to a thread that is gone, or that has given
 * up waiting, changes nothing for the next request of the lane.
 */

/** Words of a lane's control block. */
export const Control = { State: 0, Count: 1, Epoch: 2 } as const;

/** Lowest two bits of the state. */
export const Phase = { Idle: 0, Asked: 1, Answered: 2, Failed: 3 } as const;

/** The doorbell of a host that is closed; rings count up from here in vain. */
export const DOORBELL_CLOSED: number = -(2 ** 31);

const PHASE_MASK = 3;

export function phaseOf(state: number): number {
  return state & PHASE_MASK;
}

/** The state of the request that `state` is about, in another phase. */
export function inPhase(state: number, phase: number): number {
  return (state & ~PHASE_MASK) | phase;
}

/** The state of the lane's next request. */
export function nextAsked(state: number): number {
  return inPhase((state + PHASE_MASK + 1) | 0, Phase.Asked);
}
