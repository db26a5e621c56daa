import { type Clock, createClock, type Logger, MeasuredOffset, OffsetClock, SystemClock } from "@smcq/kernel";
import type { EnginePayload } from "../../modes/engine-payload.ts";
import { modeOf } from "../../modes/mode-of.ts";
import type { Ports } from "../../modes/ports.ts";
import type { LogTail } from "../../output/log-tail.ts";
import type { Closers } from "./closers.ts";
import { StartUp } from "./start-up.ts";

export interface RunDeps {
  readonly logger: Logger;
  /** What that logger has written last. */
  readonly logTail: LogTail;
  /** Aborted: drain, close the ledger and return. */
  readonly signal: AbortSignal;
  /** Aborted: what a stop waits for is skipped. */
  readonly hurry: AbortSignal;
  /** Called once the run is READY. */
  readonly onReady: () => void;
}

/** How the run comes to its end. */
export interface Ending {
  /** A person or the settings wanted it; a run that fails leaves its positions to their stops. */
  isWanted: boolean;
  exitCode: number;
}

/** What every step of a run stands on. */
export interface Ground {
  readonly payload: EnginePayload;
  readonly ports: Ports;
  readonly logger: Logger;
  readonly logTail: LogTail;
  readonly signal: AbortSignal;
  readonly hurry: AbortSignal;
  readonly onReady: () => void;
  readonly ending: Ending;
  /** This machine's clock at the run's speed. */
  readonly machineClock: Clock;
  /** The venue's minus this machine's, measured again and again. */
  readonly offset: MeasuredOffset;
  /** The venue's time: expiry and shadows of models go by it, and every decision. */
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly startUp: StartUp;
  readonly closers: Closers;
  /** Rejected by what nothing of this process can mend: a ledger's file that is lost, a scan that never ends. */
  readonly failure: PromiseWithResolvers<never>;
}

/** The clocks and ports of a run, and what it is ended by. */
export function groundOf(
  payload: EnginePayload,
  deps: RunDeps,
  { closers, ending }: Pick<Ground, "closers" | "ending">,
): Ground {
  const ports = modeOf(payload.config).ports(payload);
  const machineClock = createClock(ports.clockSpec);
  const offset = new MeasuredOffset();
  const wallClock = new SystemClock();
  const failure = Promise.withResolvers<never>();
  // While it starts, the steps that need the ledger fail by themselves.
  failure.promise.catch(() => {});
  return {
    ...deps,
    payload,
    ports,
    ending,
    machineClock,
    offset,
    venueClock: new OffsetClock(machineClock, () => offset.offsetMs),
    wallClock,
    startUp: new StartUp(deps.logger, wallClock, deps.signal),
    closers,
    failure,
  };
}
