import { type AccountAnswer, type AccountQuery, REFUSALS, type Refusal } from "@smcq/exchange";
import { type Clock, parseE8, qtySteps, SmcqError } from "@smcq/kernel";
import {
  type CallAbout,
  type CallFate,
  type CallKind,
  type GatewayFaults,
  TIMEOUT_MS,
  TRUE_FATE,
  type WordAbout,
} from "./faults.ts";

/** How many of them a fault strikes, from which symbol's; it is over after so many, or after so long. */
interface Scope {
  /** Absent: one. 0: all, as long as it lasts. */
  readonly times?: number;
  /** Absent: until it has struck `times`. */
  readonly forMs?: number;
  /** A symbol's number; absent: any. */
  readonly symbol?: number;
}

/** One thing that goes wrong from a moment on; its name says what the venue, or the way to it, does. */
export type ScriptedFault = Scope &
  (
    | {
        readonly fault: "call-done-untold" | "call-never-arrives";
        readonly on: CallKind;
        /** Absent: that nobody knows is told. */
        readonly reply?: "unknown" | "lost";
      }
    /** Carried out so late; that nobody knows was told before. */
    | { readonly fault: "call-late"; readonly on: CallKind; readonly lateMs: number }
    | {
        readonly fault: "call-refused";
        readonly on: CallKind;
        readonly code: Refusal;
        /** Of stops: those that say a quantity, or those that close whatever is held; absent: both. */
        readonly form?: "quantity" | "close-position";
      }
    | { readonly fault: "reply-late"; readonly on: CallKind; readonly lateMs: number }
    /** The next stop is acked, and then not seen, asked for or cancelled. */
    | { readonly fault: "stop-hidden"; readonly hiddenMs: number }
    | { readonly fault: "word-lost"; readonly about: WordAbout["type"] | "any"; readonly status?: string }
    | {
        readonly fault: "word-late" | "word-doubled";
        readonly about: WordAbout["type"] | "any";
        readonly status?: string;
        readonly lateMs: number;
      }
    | {
        readonly fault: "answer-failed";
        readonly to: AccountQuery["type"] | "any";
        /** `KEY_REFUSED`: the venue says that it is for the key; others say nothing more. */
        readonly code?: Refusal;
      }
    | { readonly fault: "answer-late"; readonly to: AccountQuery["type"]; readonly lateMs: number }
    /** Without what is younger than so long. */
    | { readonly fault: "answer-lagging"; readonly to: "trades" | "income"; readonly lagMs: number }
    | { readonly fault: "answer-empty"; readonly to: "trades" | "income" | "positions" | "open-orders" }
    | { readonly fault: "answer-reversed"; readonly to: "trades" | "income" }
    /** What it would have said when the fault began, or nothing if it was not asked before. */
    | { readonly fault: "answer-frozen"; readonly to: "positions" | "wallet" | "open-orders" }
    | { readonly fault: "entry-price-zero" }
    | { readonly fault: "order-absent" }
    | { readonly fault: "order-expired-empty" }
    | { readonly fault: "wallet-is"; readonly wallet: string }
  );

export type ScriptedFaultName = ScriptedFault["fault"];

const SCOPE = ["fault", "times", "forMs", "symbol"];
const FIELDS: Readonly<Record<ScriptedFaultName, readonly string[]>> = {
  "call-done-untold": ["on", "reply?"],
  "call-never-arrives": ["on", "reply?"],
  "call-late": ["on", "lateMs"],
  "call-refused": ["on", "code", "form?"],
  "reply-late": ["on", "lateMs"],
  "stop-hidden": ["hiddenMs"],
  "word-lost": ["about", "status?"],
  "word-late": ["about", "status?", "lateMs"],
  "word-doubled": ["about", "status?", "lateMs"],
  "answer-failed": ["to", "code?"],
  "answer-late": ["to", "lateMs"],
  "answer-lagging": ["to", "lagMs"],
  "answer-empty": ["to"],
  "answer-reversed": ["to"],
  "answer-frozen": ["to"],
  "entry-price-zero": [],
  "order-absent": [],
  "order-expired-empty": [],
  "wallet-is": ["wallet"],
};
const NUMBERS: ReadonlySet<string> = new Set(["times", "forMs", "symbol", "lateMs", "hiddenMs", "lagMs"]);
const KINDS = ["entry", "exit", "stop", "target", "cancel", "setting", "question"];
const ABOUT = ["order", "stop", "fill", "income", "leverage", "any"];
const QUESTIONS = [
  "order",
  "open-orders",
  "positions",
  "wallet",
  "limits",
  "settings",
  "trades",
  "income",
  "any",
];
const WORDS: Readonly<Record<string, readonly string[]>> = {
  on: KINDS,
  about: ABOUT,
  to: QUESTIONS,
  code: REFUSALS,
  reply: ["unknown", "lost"],
  form: ["quantity", "close-position"],
};

const NO_PRICE = { entryPriceE8: 0n };

function refuse(text: string): never {
  throw new SmcqError("SIM_FAULTS", `faults: ${text}`);
}

/** Reads a scripted fault from its JSON; SIM_FAULTS names what is unknown, missing or of another kind. */
export function parseScriptedFault(value: Readonly<Record<string, unknown>>): ScriptedFault {
  const name = String(value["fault"]);
  const fields = Object.hasOwn(FIELDS, name) ? FIELDS[name as ScriptedFaultName] : undefined;
  if (fields === undefined)
    refuse(`"${name}" is no scripted fault; known are ${Object.keys(FIELDS).join(", ")}`);
  const known = new Set([...SCOPE, ...fields.map((field) => field.replace("?", ""))]);
  for (const field of fields)
    if (!field.endsWith("?") && value[field] === undefined) refuse(`${name} needs "${field}"`);
  for (const [key, given] of Object.entries(value)) {
    if (!known.has(key)) refuse(`${name} knows no "${key}"`);
    const words = WORDS[key];
    const isRight = NUMBERS.has(key)
      ? Number.isInteger(given) && Number(given) >= 0
      : typeof given === "string" && (words === undefined || words.includes(given));
    if (!isRight) refuse(`${name}: "${key}" is ${JSON.stringify(given)}`);
  }
  return value as unknown as ScriptedFault;
}

interface Live {
  readonly fault: ScriptedFault;
  readonly sinceMs: number;
  struck: number;
  /** Of a frozen answer: what it says. */
  frozen: AccountAnswer | null;
}

/** Faults at named moments: each strikes its next calls, words or answers, and nothing is left to chance. */
export class FaultScript implements GatewayFaults {
  readonly #clock: Clock;
  readonly #faults: Live[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on this goes wrong. */
  add(fault: ScriptedFault): void {
    this.#faults.push({ fault, sinceMs: this.#clock.nowMs(), struck: 0, frozen: null });
  }

  /** From now on nothing goes wrong. */
  clear(): void {
    this.#faults.length = 0;
  }

  call(about: CallAbout): CallFate {
    const fault = this.#next(about.symbolId, (live) => isOfCall(live.fault, about))?.fault;
    if (fault === undefined || !isCallFault(fault)) return TRUE_FATE;
    if (fault.fault === "call-refused") return { ...TRUE_FATE, refusal: fault.code };
    if (fault.fault === "reply-late") return { ...TRUE_FATE, replyLateMs: fault.lateMs };
    const untold = { ...TRUE_FATE, reply: "unknown", replyLateMs: TIMEOUT_MS } as const;
    if (fault.fault === "call-late") return { ...untold, lateMs: fault.lateMs };
    const { reply = "unknown" } = fault;
    return fault.fault === "call-never-arrives" ? { ...untold, reply, lateMs: null } : { ...untold, reply };
  }

  hidesStopMs(): number {
    const live = this.#next(null, ({ fault }) => fault.fault === "stop-hidden");
    return live?.fault.fault === "stop-hidden" ? live.fault.hiddenMs : 0;
  }

  word(about: WordAbout): readonly number[] {
    const live = this.#next(about.symbolId, ({ fault }) => isOfWord(fault, about));
    if (live === null) return [0];
    const { fault } = live;
    if (fault.fault === "word-late") return [fault.lateMs];
    return fault.fault === "word-doubled" ? [0, fault.lateMs] : [];
  }

  answer(answer: AccountAnswer): { readonly answer: AccountAnswer; readonly lateMs: number } {
    const { query } = answer;
    const symbolId = "symbolId" in query ? query.symbolId : null;
    const live = this.#next(symbolId, ({ fault }) => isOfAnswer(fault, query.type));
    if (live === null) return { answer, lateMs: 0 };
    const lateMs = live.fault.fault === "answer-late" ? live.fault.lateMs : 0;
    return { answer: this.#changed(answer, live), lateMs };
  }

  #changed(answer: AccountAnswer, live: Live): AccountAnswer {
    const { fault } = live;
    const { query, askedMs } = answer;
    if (fault.fault === "answer-failed")
      return {
        type: "failed",
        query,
        askedMs,
        text: "simulated: no answer",
        ...(fault.code === "KEY_REFUSED" ? { refusal: fault.code } : {}),
      };
    if (fault.fault === "answer-empty") return changed(answer, () => []);
    if (fault.fault === "answer-reversed") return changed(answer, (rows) => rows.toReversed());
    if (fault.fault === "answer-lagging") {
      const untilMs = this.#clock.nowMs() - fault.lagMs;
      return changed(answer, (rows) => rows.filter(({ timeMs }) => timeMs <= untilMs));
    }
    if (fault.fault === "answer-frozen") {
      live.frozen ??= answer;
      return { ...live.frozen, query, askedMs };
    }
    return untrue(answer, fault);
  }

  /** The oldest fault that strikes this, counted. */
  #next(symbolId: number | null, isMeant: (live: Live) => boolean): Live | null {
    const nowMs = this.#clock.nowMs();
    for (const live of this.#faults) {
      const { times = live.fault.forMs === undefined ? 1 : 0, forMs, symbol } = live.fault;
      if (times > 0 && live.struck >= times) continue;
      if (forMs !== undefined && nowMs >= live.sinceMs + forMs) continue;
      if (symbol !== undefined && symbolId !== null && symbol !== symbolId) continue;
      if (!isMeant(live)) continue;
      live.struck++;
      return live;
    }
    return null;
  }
}

/** What is asked for, and said as it is not. */
function untrue(answer: AccountAnswer, fault: ScriptedFault): AccountAnswer {
  const { query, askedMs } = answer;
  if (fault.fault === "entry-price-zero" && answer.type === "positions")
    return { ...answer, positions: answer.positions.map((held) => Object.assign({}, held, NO_PRICE)) };
  if (fault.fault === "wallet-is" && answer.type === "wallet")
    return { ...answer, walletE8: parseE8(fault.wallet) };
  if (answer.type !== "order" || query.type !== "order") return answer;
  if (fault.fault === "order-absent") return { ...answer, update: null };
  if (fault.fault !== "order-expired-empty") return answer;
  const { clientOrderId, symbolId } = query;
  const status = "expired";
  const update = {
    clientOrderId,
    symbolId,
    status,
    fill: null,
    timeMs: askedMs,
    cumQtySteps: qtySteps(0),
  } as const;
  return { ...answer, update };
}

function isCallFault(fault: ScriptedFault): fault is Extract<ScriptedFault, { on: CallKind }> {
  return "on" in fault;
}

function isOfCall(fault: ScriptedFault, { kind, isClosePosition }: CallAbout): boolean {
  if (!("on" in fault) || fault.on !== kind) return false;
  if (fault.fault !== "call-refused" || fault.form === undefined) return true;
  return (fault.form === "close-position") === isClosePosition;
}

function isOfWord(fault: ScriptedFault, { type, status }: WordAbout): boolean {
  if (!("about" in fault) || (fault.about !== "any" && fault.about !== type)) return false;
  return fault.status === undefined || fault.status === status;
}

function isOfAnswer(fault: ScriptedFault, type: AccountQuery["type"]): boolean {
  if (fault.fault === "entry-price-zero") return type === "positions";
  if (fault.fault === "order-absent" || fault.fault === "order-expired-empty") return type === "order";
  if (fault.fault === "wallet-is") return type === "wallet";
  return "to" in fault && (fault.to === "any" || fault.to === type);
}

/** Rows with a time, changed where the answer has such. */
function changed(
  answer: AccountAnswer,
  change: <Row extends { readonly timeMs: number }>(rows: readonly Row[]) => readonly Row[],
): AccountAnswer {
  if (answer.type === "trades") return { ...answer, fills: change(answer.fills) };
  if (answer.type === "income") return { ...answer, rows: change(answer.rows) };
  if (answer.type === "positions") return { ...answer, positions: [] };
  if (answer.type === "open-orders") return { ...answer, orders: [] };
  return answer;
}
