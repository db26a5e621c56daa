import { Engine, type EngineOptions, type Journal, NO_JOURNAL } from "@smcq/engine";
import type { Clock } from "@smcq/kernel";
import { type CommandHandlers, CommandRouter, EngineLoop, EVENT_LOOP_DEFERRAL, Inbox } from "../src/index.ts";

/** A loop with its inbox; what nobody listens to is thrown away. */
export function buildLoop(options: {
  readonly engine: EngineOptions;
  readonly clock: Clock;
  readonly handlers?: Partial<CommandHandlers>;
  readonly journal?: Journal;
  readonly inbox?: Inbox;
  /** The event loop's unless given; a test that drains by itself gives one that does nothing. */
  readonly defer?: (drain: () => void) => void;
}): { readonly inbox: Inbox; readonly loop: EngineLoop; readonly core: Engine } {
  const { clock, defer, inbox = new Inbox() } = options;
  const handlers = { onSignals() {}, onDecision() {}, onInvalidScores() {}, ...options.handlers };
  const core = new Engine(options.engine);
  const loop = new EngineLoop({
    engine: core,
    inbox,
    journal: options.journal ?? NO_JOURNAL,
    router: new CommandRouter(handlers, { inbox, wallClock: clock }),
    venueClock: clock,
    wallClock: clock,
    deferral: defer === undefined ? EVENT_LOOP_DEFERRAL : { soon: defer, later: defer },
  });
  return { inbox, loop, core };
}
