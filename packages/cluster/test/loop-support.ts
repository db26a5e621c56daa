import { Engine, type EngineOptions, type Journal, NO_JOURNAL } from "@smcq/engine";
import { afterTurn, type Clock } from "@smcq/kernel";
import { type CommandHandlers, CommandRouter, EngineLoop, Inbox } from "../src/index.ts";

/** A loop with its inbox; what nobody listens to is thrown away. */
export function buildLoop(options: {
  readonly engine: EngineOptions;
  readonly clock: Clock;
  readonly handlers?: Partial<CommandHandlers>;
  readonly journal?: Journal;
  readonly inbox?: Inbox;
  /** `afterTurn` unless given; a test that drains by itself gives one that does nothing. */
  readonly defer?: (drain: () => void) => void;
}): { readonly inbox: Inbox; readonly loop: EngineLoop; readonly core: Engine } {
  const { clock, inbox = new Inbox() } = options;
  const handlers = { onSignals() {}, onDecision() {}, onInvalidScores() {}, ...options.handlers };
  const core = new Engine(options.engine);
  const loop = new EngineLoop({
    engine: core,
    inbox,
    journal: options.journal ?? NO_JOURNAL,
    router: new CommandRouter(handlers, { inbox, wallClock: clock }),
    venueClock: clock,
    wallClock: clock,
    defer: options.defer ?? afterTurn,
  });
  return { inbox, loop, core };
}
