import type { EngineInput, OperatorSource, TradingCore } from "@smcq/engine";
import { afterTurn, type Clock } from "@smcq/kernel";
import {
  type ControlAnswers,
  ControlRefusal,
  type ControlRequest,
  type RestUse,
  type StateView,
  type HostView,
} from "../../control/protocol.ts";
import type { LogTail } from "../../output/log-tail.ts";
import type { SystemView } from "../../control/system-views.ts";
import type { Metric } from "../../output/metrics/metric.ts";
import type { RunEngine } from "../create-engine.ts";
import { modelView } from "./make-model-view.ts";
import { MarketAnswers, unknownSymbol } from "./market-answers.ts";
import { accountView, metricView, orderViews, positionViews, stateView } from "./make-views.ts";

/** Turns of the event loop that an answer waits for the core to have heard of a word. */
const TURNS_MAX = 64;

export interface OperatorOptions {
  readonly engine: Pick<RunEngine, "core" | "inbox" | "desk" | "coordinator" | "models" | "lastCandidates">;
  readonly run: { readonly modeName: string; readonly runId: string };
  readonly restUse: () => RestUse;
  readonly metrics: () => readonly Metric[];
  readonly system: () => SystemView;
  readonly logTail: Pick<LogTail, "look">;
  readonly isHaltFile: () => boolean;
  /** The run is ending. */
  readonly isStopping: () => boolean;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
}

type Answer = ControlAnswers[ControlRequest["request"]];

/** Answers a person: looks at the core without touching it, and puts words into its inbox as events like any others. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #market: MarketAnswers;
  readonly #startNs: number;

  constructor(options: OperatorOptions) {
    this.#options = options;
    const { engine, venueClock, wallClock } = options;
    const { core, coordinator, lastCandidates } = engine;
    this.#market = new MarketAnswers({
      memory: coordinator.memory,
      stageOf: (symbol) => coordinator.stageOf(symbol),
      lastCandidates,
      trading: () => core.trading,
      venueClock,
      wallClock,
    });
    this.#startNs = wallClock.monoNs();
  }

  /** The answer to a request; a word is answered when the core has heard it. Throws ControlRefusal. */
  async obey(request: ControlRequest): Promise<Answer> {
    switch (request.request) {
      case "status":
        return this.#status();
      case "positions":
        return { positions: positionViews(this.#core, this.#options.venueClock.nowMs()) };
      case "orders":
        return { orders: orderViews(this.#core, this.#options.venueClock.nowMs()) };
      case "metrics":
        return { metrics: this.#options.metrics().map(metricView) };
      case "system":
        return this.#options.system();
      case "model":
        return modelView(this.#options.engine.models, this.#options.venueClock.nowMs());
      case "log":
        return this.#options.logTail.look(request);
      case "market":
        return this.#market.market();
      case "symbol":
        return this.#market.symbol(request.symbol);
      case "halt":
        return this.#say({ type: "operator", word: "halt", by: speakerOf(request) });
      case "resume":
        if (this.#options.isHaltFile())
          throw new ControlRefusal(
            "CONTROL_HALT_FILE",
            "the file HALT stands in the data folder: take it away first, then resume",
          );
        return this.#say({ type: "operator", word: "resume", by: speakerOf(request) });
      case "flatten": {
        const leaving = this.#core.holdings.openTrades().map(({ symbol }) => symbol);
        const state = await this.#say({ type: "operator", word: "flatten", by: speakerOf(request) });
        return { ...state, leaving };
      }
      case "close":
        return this.#close(request.symbol, speakerOf(request));
      default:
        return request satisfies never;
    }
  }

  async #close(symbol: string, by: OperatorSource): Promise<ControlAnswers["close"]> {
    const trade = this.#core.holdings.openTrades().find((one) => one.symbol === symbol);
    if (trade !== undefined) {
      const { symbolId } = trade;
      const state = await this.#say({ type: "operator", word: "close", symbolId, by });
      return { ...state, leaving: [symbol] };
    }
    const { slots } = this.#options.engine.coordinator.memory;
    if (slots.of(symbol) !== null)
      throw new ControlRefusal("CONTROL_NOT_HELD", `nothing of ${symbol} is held or on its way`, "symbol");
    throw unknownSymbol(symbol, slots);
  }

  #status(): ControlAnswers["status"] {
    const { engine, run, restUse, isStopping, venueClock, wallClock } = this.#options;
    const { core, desk, coordinator } = engine;
    const { symbols, ready, warming, shardsRunning, shardsOff } = coordinator.health();
    const account =
      core.trading === null || desk === null ? null : accountView(core.trading, desk.orders, this.#state());
    return {
      ...run,
      nowMs: venueClock.nowMs(),
      uptimeMs: Math.round((wallClock.monoNs() - this.#startNs) / 1e6),
      isStopping: isStopping(),
      feed: { pairs: symbols, ready, warming, shardsRunning, shardsOff },
      rest: restUse(),
      account,
      ...hostOf(this.#options.system()),
    };
  }

  /** Puts a word into the inbox; resolves with what the state is when the core has heard it. */
  async #say(word: EngineInput): Promise<StateView> {
    // Without an account there is nobody to say it to.
    void this.#core;
    const { inbox } = this.#options.engine;
    inbox.put(word);
    for (let turns = 0; turns < TURNS_MAX && (turns === 0 || inbox.size > 0); turns++)
      await new Promise<void>((resolve) => afterTurn(resolve));
    return this.#state();
  }

  #state(): StateView {
    return stateView(this.#core, this.#options.isHaltFile());
  }

  get #core(): TradingCore {
    const { trading } = this.#options.engine.core;
    if (trading === null)
      throw new ControlRefusal("CONTROL_NOT_TRADING", "nobody trades in this run (simTrading.isOn)");
    return trading;
  }
}

/** Who says a word; whoever does not say so came by the socket. */
function speakerOf({ by = "socket" }: { readonly by?: OperatorSource }): OperatorSource {
  return by;
}

/** What a person wants to know of other hosts first; the rest stands in `system`. */
function hostOf({ bus, duty }: Pick<SystemView, "bus" | "duty">): { readonly host?: HostView } {
  const met = duty ?? bus;
  if (met === null) return {};
  const { role, isConnected } = met;
  const lease =
    duty === null ? null : { state: duty.lease.state, epoch: duty.lease.epoch, heldMs: duty.lease.heldMs };
  const parts = bus?.parts ?? null;
  return {
    host: {
      role,
      isConnected,
      lease,
      rowsWaiting: duty?.copy?.waitingRows ?? null,
      parts: parts === null ? null : { held: parts.held, of: parts.parts },
    },
  };
}
