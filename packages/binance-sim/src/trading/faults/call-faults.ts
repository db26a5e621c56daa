import type { CallKind, Endpoint } from "../../http/endpoint.ts";
import { type FalseReply, type Fate, TRUE_FATE } from "../../http/guard.ts";
import type { Parameters } from "../../http/parameters.ts";
import type { Strikes } from "./strikes.ts";
import type { Troubles } from "./troubles.ts";

const UNKNOWN = says(503, -1000, "Unknown error, please check your request or try again later.");
const UNAVAILABLE = says(503, -1016, "Service Unavailable.");
const INTERNAL = says(503, -1001, "Internal error; unable to process your request. Please try again.");
const THROTTLED = says(
  503,
  -1008,
  "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.",
);
const TIMEOUT = says(
  408,
  -1007,
  "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
);
const TOO_MANY_REQUESTS = says(429, -1003, "Too many requests; current limit of IP(127.0.0.1) is used up.");
const TOO_MANY_ORDERS = says(429, -1015, "Too many new orders.");
const PAUSED = says(
  400,
  -4402,
  "Dear user, as per our Terms of Use and compliance with local regulations, this feature is currently not available in your region.",
);
const LOCKED = says(
  400,
  -4400,
  "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later.",
);

const LEVERAGE_REFUSED = says(
  400,
  -4161,
  "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
);
const FORM_REFUSED = says(400, -1106, "Parameter 'reduceonly' sent when not required.");
/** Cut in the middle. */
const TORN: FalseReply = { status: 200, body: '{"algoId":8389765' };

const STOP_REFUSALS = [
  ["EX08", says(400, -2021, "Order would immediately trigger.")],
  [
    "EX11",
    says(
      400,
      -4120,
      "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    ),
  ],
  ["EX12", says(400, -4045, "Reach max stop order limit.")],
] as const;

function says(status: number, code: number, msg: string): FalseReply {
  return { status, body: JSON.stringify({ code, msg }) };
}

/** What goes wrong with a signed call, decided before it is carried out (docs/reliability.md 4.5, EX). */
export class CallFaults {
  readonly #strikes: Strikes;
  readonly #troubles: Troubles;

  constructor(strikes: Strikes, troubles: Troubles) {
    this.#strikes = strikes;
    this.#troubles = troubles;
  }

  fate({ access, kind, name }: Endpoint, parameters: Parameters, nowMs: number): Fate {
    if (access === "signed" && this.#strikes.next("EX19")) return refused(TOO_MANY_REQUESTS);
    if (name === "POST /fapi/v1/leverage") return this.#leverage();
    if (name.endsWith("/positionRisk") && this.#strikes.next("PR12"))
      return { ...TRUE_FATE, replyLateMs: this.#strikes.value("PR12", "late") };
    if (kind !== "order" && kind !== "stop") return TRUE_FATE;
    const isClosing = parameters.names.some((flag) => isSet(parameters, flag));
    const refusal = this.#refusal(kind, parameters, isClosing, nowMs);
    if (refusal !== null) return refused(refusal);
    return (kind === "stop" ? this.#lostStop() : this.#denied(parameters)) ?? this.#lost();
  }

  #leverage(): Fate {
    if (!this.#strikes.next("EX43")) return TRUE_FATE;
    const kind = this.#strikes.value("EX43", "kind") || 1 + this.#strikes.pick("EX43", 4);
    if (kind === 3) return refused(LEVERAGE_REFUSED);
    if (kind <= 2) return { ...TRUE_FATE, lateMs: kind === 1 ? 0 : -1, reply: "cut" };
    this.#troubles.isHalving = true;
    return TRUE_FATE;
  }

  #lostStop(): Fate | null {
    if (!this.#strikes.next("EX30")) return null;
    const kind = this.#strikes.value("EX30", "kind") || 1 + this.#strikes.pick("EX30", 4);
    if (kind === 2) return { ...TRUE_FATE, reply: UNKNOWN };
    if (kind === 3) return { ...TRUE_FATE, reply: TORN };
    return { ...TRUE_FATE, lateMs: kind === 1 ? 0 : -1, reply: "cut" };
  }

  #denied(parameters: Parameters): Fate | null {
    if (!isMarket(parameters) || !this.#strikes.next("EX38")) return null;
    this.#troubles.isDenying = true;
    return { ...TRUE_FATE, reply: "cut" };
  }

  #refusal(kind: CallKind, parameters: Parameters, isClosing: boolean, nowMs: number): FalseReply | null {
    const { pausedUntilMs, lockedUntilMs } = this.#troubles;
    if (nowMs < pausedUntilMs) return PAUSED;
    if (!isClosing && nowMs < lockedUntilMs) return LOCKED;
    if (this.#strikes.next("EX21")) return TOO_MANY_ORDERS;
    if (!isClosing && this.#strikes.next("EX23")) return THROTTLED;
    if (kind === "stop") return this.#stopRefusal(parameters, nowMs);
    if (isClosing && isMarket(parameters) && this.#isExitRefused()) return INTERNAL;
    if (isClosing && this.#strikes.next("EX13")) return says(400, -2022, "ReduceOnly Order is rejected.");
    if (isMarket(parameters) && this.#strikes.next("EX14"))
      return says(400, -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.");
    if (this.#strikes.next("EX15"))
      return says(400, -1111, "Precision is over the maximum defined for this asset.");
    if (!isClosing && this.#strikes.next("EX17")) return says(400, -2019, "Margin is insufficient.");
    return null;
  }

  #stopRefusal(parameters: Parameters, nowMs: number): FalseReply | null {
    if (nowMs < this.#troubles.stoplessUntilMs) return UNAVAILABLE;
    const isAnyForm = this.#strikes.value("EX41", "kind") === 1;
    if ((isAnyForm || !isSet(parameters, "closePosition")) && this.#strikes.next("EX41")) return FORM_REFUSED;
    return STOP_REFUSALS.find(([id]) => this.#strikes.next(id))?.[1] ?? null;
  }

  /** Its other kind is done by the market (`CallDeeds`). */
  #isExitRefused(): boolean {
    if (!this.#strikes.isOn("EX34") || this.#strikes.value("EX34", "kind") === 1) return false;
    const isEither = this.#strikes.value("EX34", "kind") === 0;
    return (!isEither || this.#strikes.pick("EX34", 2) === 1) && this.#strikes.next("EX34");
  }

  /** Carried out or not, and what is heard of it. */
  #lost(): Fate {
    const lateMs = (id: "EX01" | "EX03"): number => this.#strikes.value(id, "late");
    if (this.#strikes.next("EX01")) return { ...TRUE_FATE, lateMs: lateMs("EX01"), reply: "cut" };
    if (this.#strikes.next("EX02")) return { ...TRUE_FATE, lateMs: -1, reply: "cut" };
    if (this.#strikes.next("EX03")) return { ...TRUE_FATE, lateMs: lateMs("EX03"), reply: TIMEOUT };
    if (this.#strikes.next("EX22")) {
      const kind = this.#strikes.value("EX22", "kind") || 1 + this.#strikes.pick("EX22", 4);
      if (kind === 1) return { ...TRUE_FATE, reply: UNKNOWN };
      return refused(kind === 2 ? UNKNOWN : kind === 3 ? UNAVAILABLE : INTERNAL);
    }
    if (this.#strikes.next("EX04"))
      return { ...TRUE_FATE, replyLateMs: this.#strikes.value("EX04", "delay") };
    return TRUE_FATE;
  }
}

function refused(refusal: FalseReply): Fate {
  return { ...TRUE_FATE, refusal };
}

function isMarket(parameters: Parameters): boolean {
  return parameters.search().get("type") === "MARKET";
}

function isSet(parameters: Parameters, name: string): boolean {
  return (name === "reduceOnly" || name === "closePosition") && parameters.search().get(name) === "true";
}
