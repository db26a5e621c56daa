import { costs, costsBySymbol, type ApiRequest, type Endpoint } from "../../http/endpoint.ts";
import { missing, type Parameters } from "../../http/parameters.ts";
import { VenueError } from "../../http/venue-error.ts";
import type { AccountDesk, Switches } from "../account-desk.ts";
import type { OrderCounts } from "../order-counts.ts";
import type { RightsOptions } from "../options.ts";
import type { ListenKeys } from "../stream/listen-keys.ts";
import type { KeptPart } from "../keeping/rows.ts";
import { type OrderCalls, orThrow } from "./orders.ts";

const DONE = { code: 200, msg: "success" };

interface Parts {
  readonly desk: AccountDesk;
  readonly orders: OrderCalls;
  readonly counts: OrderCounts;
  readonly keys: ListenKeys;
  /** What a wish for a leverage becomes. */
  readonly leverage: (asked: number) => number;
}

/** Leverage, margin, modes, the dead man's switch, limits and the private stream's key. */
export class SettingCalls implements KeptPart {
  readonly name = "countdowns";
  readonly #parts: Parts;
  /** Symbols whose orders are all cancelled at a time, unless somebody puts it off. */
  readonly #countdowns = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  endpoints(): readonly Endpoint[] {
    return [...this.#symbolSettings(), ...this.#modes(), ...this.#limits(), ...this.#streamKeys()];
  }

  state(): unknown {
    return [...this.#countdowns];
  }

  takeUp(state: unknown): void {
    this.#countdowns.clear();
    for (const [symbol, atMs] of state as readonly (readonly [string, number])[])
      this.#countdowns.set(symbol, atMs);
  }

  /** Cancels what nobody has put off. */
  tick(nowMs: number): void {
    const { desk, orders } = this.#parts;
    for (const [symbol, atMs] of this.#countdowns) {
      if (nowMs < atMs) continue;
      this.#countdowns.delete(symbol);
      const traded = desk.find(symbol);
      if (traded === null) continue;
      desk.act(() => {
        desk.bring(traded.id, nowMs);
        orders.cancelAll(traded, nowMs);
      });
    }
  }

  #symbolSettings(): readonly Endpoint[] {
    const { desk } = this.#parts;
    const set = { access: "signed", kind: "setting", weight: costs(1) } as const;
    return [
      {
        ...set,
        name: "POST /fapi/v1/leverage",
        parameters: ["symbol", "leverage"],
        handle: ({ parameters, nowMs }) => {
          const { id, symbol } = desk.symbol(parameters.needed("symbol"));
          parameters.needed("leverage");
          const asked = this.#parts.leverage(parameters.integer("leverage") ?? 0);
          const { leverage, notionalMaxE8 } = orThrow(desk.exchange.setLeverage(id, asked, nowMs));
          return { symbol, leverage, maxNotionalValue: String(notionalMaxE8 / 100_000_000n) };
        },
      },
      {
        ...set,
        name: "POST /fapi/v1/marginType",
        parameters: ["symbol", "marginType"],
        handle: ({ parameters, nowMs }) => {
          const { id } = desk.symbol(parameters.needed("symbol"));
          const words = ["ISOLATED", "CROSSED"] as const;
          const word = parameters.word("marginType", words, new VenueError(-4139, "Invalid margin type."));
          if (word === null) throw missing("marginType");
          const wanted = word === "CROSSED" ? "cross" : "isolated";
          if (desk.exchange.settings(id).marginType === wanted)
            throw new VenueError(-4046, "No need to change margin type.");
          orThrow(desk.exchange.setMarginType(id, wanted, nowMs));
          return DONE;
        },
      },
      {
        ...set,
        name: "POST /fapi/v1/positionMargin",
        parameters: ["symbol", "positionSide", "amount", "type"],
        handle: (request) => this.#positionMargin(request),
      },
      {
        ...set,
        name: "POST /fapi/v1/countdownCancelAll",
        parameters: ["symbol", "countdownTime"],
        weight: costs(10),
        handle: ({ parameters, nowMs }) => {
          const { symbol } = desk.symbol(parameters.needed("symbol"));
          parameters.needed("countdownTime");
          const countdownMs = parameters.integer("countdownTime") ?? 0;
          if (countdownMs === 0) this.#countdowns.delete(symbol);
          else this.#countdowns.set(symbol, nowMs + countdownMs);
          return { symbol, countdownTime: String(countdownMs) };
        },
      },
    ];
  }

  #positionMargin({ parameters, nowMs }: ApiRequest): object {
    const { desk } = this.#parts;
    const { id } = desk.symbol(parameters.needed("symbol"));
    parameters.needed("amount");
    const amountE8 = parameters.decimalE8("amount", 8) ?? 0n;
    if (amountE8 <= 0n) throw new VenueError(-4055, "Amount must be positive.");
    const type = Number(parameters.needed("type"));
    if (type !== 1 && type !== 2) throw new VenueError(-1130, "Data sent for parameter 'type' is not valid.");
    orThrow(desk.exchange.movePositionMargin(id, type === 1 ? amountE8 : -amountE8, nowMs));
    return { amount: Number(amountE8) / 1e8, code: 200, msg: "Successfully modify position margin.", type };
  }

  #modes(): readonly Endpoint[] {
    const { desk } = this.#parts;
    const { switches } = desk;
    const get = { access: "signed", kind: "read", weight: costs(30), parameters: [] } as const;
    const post = { access: "signed", kind: "setting", weight: costs(1) } as const;
    return [
      {
        ...get,
        name: "GET /fapi/v1/positionSide/dual",
        handle: () => ({ dualSidePosition: switches.isDual }),
      },
      {
        ...post,
        name: "POST /fapi/v1/positionSide/dual",
        parameters: ["dualSidePosition"],
        handle: ({ parameters }) => this.#setDual(neededFlag(parameters, "dualSidePosition")),
      },
      { ...get, name: "GET /fapi/v1/multiAssetsMargin", handle: () => ({ multiAssetsMargin: false }) },
      {
        ...post,
        name: "POST /fapi/v1/multiAssetsMargin",
        parameters: ["multiAssetsMargin"],
        handle: ({ parameters }) => {
          if (!neededFlag(parameters, "multiAssetsMargin")) throw new VenueError(-4171, "No need to change.");
          // One asset alone is simulated.
          throw new VenueError(
            -4167,
            "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures.",
          );
        },
      },
      { ...get, name: "GET /fapi/v1/feeBurn", handle: () => ({ feeBurn: switches.isFeeBurnt }) },
      {
        ...post,
        name: "POST /fapi/v1/feeBurn",
        parameters: ["feeBurn"],
        handle: ({ parameters }) => {
          switches.isFeeBurnt = neededFlag(parameters, "feeBurn");
          return DONE;
        },
      },
    ];
  }

  #setDual(isDual: boolean): object {
    const { desk } = this.#parts;
    const { switches } = desk;
    if (switches.isDual === isDual) throw new VenueError(-4059, "No need to change position side.");
    if (desk.exchange.openOrders().length + desk.exchange.openAlgos().length > 0)
      throw new VenueError(-4067, "Position side cannot be changed if there exists open orders.");
    if (desk.exchange.positions().length > 0)
      throw new VenueError(-4068, "Position side cannot be changed if there exists position.");
    switches.isDual = isDual;
    return DONE;
  }

  #limits(): readonly Endpoint[] {
    const { desk, counts } = this.#parts;
    const { switches, settings } = desk;
    const read = { access: "signed", kind: "read" } as const;
    return [
      {
        ...read,
        // Of the wallet's API, whose host is another one at the venue itself.
        name: "GET /sapi/v1/account/apiRestrictions",
        parameters: [],
        weight: costs(1),
        handle: ({ nowMs }) => restrictions(settings.rights, nowMs),
      },
      {
        ...read,
        name: "GET /fapi/v1/rateLimit/order",
        parameters: [],
        weight: costs(1),
        handle: () => counts.limits,
      },
      {
        ...read,
        name: "GET /fapi/v1/apiTradingStatus",
        parameters: ["symbol"],
        weight: costsBySymbol(1, 10),
        handle: ({ parameters, nowMs }) => {
          const symbol = parameters.text("symbol");
          const names = symbol === null ? ["ACCOUNT"] : [desk.symbol(symbol).symbol];
          return {
            indicators: Object.fromEntries(names.map((name) => [name, indicators(switches, nowMs)])),
            updateTime: nowMs,
          };
        },
      },
    ];
  }

  #streamKeys(): readonly Endpoint[] {
    const { keys } = this.#parts;
    // There is one key: many clients name it all the same, and nobody minds.
    const call = {
      access: "key",
      kind: "stream-key",
      weight: costs(1),
      parameters: ["listenKey"],
    } as const;
    return [
      {
        ...call,
        name: "POST /fapi/v1/listenKey",
        parameters: [],
        handle: ({ nowMs }) => ({ listenKey: keys.post(nowMs) }),
      },
      {
        ...call,
        name: "PUT /fapi/v1/listenKey",
        handle: ({ nowMs }) => {
          const listenKey = keys.put(nowMs);
          if (listenKey === null) throw new VenueError(-1125, "This listenKey does not exist.");
          return { listenKey };
        },
      },
      {
        ...call,
        name: "DELETE /fapi/v1/listenKey",
        handle: () => {
          keys.end();
          return {};
        },
      },
    ];
  }
}

/** The rights of a key as the venue words them. */
function restrictions(
  { futures, withdrawals, internalTransfers, universalTransfers, isIpRestricted }: RightsOptions,
  nowMs: number,
): object {
  return {
    ipRestrict: isIpRestricted,
    createTime: nowMs,
    enableReading: true,
    enableWithdrawals: withdrawals,
    enableInternalTransfer: internalTransfers,
    enableMargin: false,
    enableFutures: futures,
    permitsUniversalTransfer: universalTransfers,
    enableVanillaOptions: false,
    enableFixApiTrade: false,
    enableFixReadOnly: false,
    enableSpotAndMarginTrading: false,
    enablePortfolioMarginTrading: false,
  };
}

/** Shares of orders that were cancelled, of those that expired, and of small ones, with their bounds. */
function indicators({ lockedUntilMs }: Switches, nowMs: number): readonly object[] {
  const isLocked = nowMs < lockedUntilMs;
  const bounds: readonly (readonly [string, number])[] = [
    ["UFR", 0.995],
    ["IFER", 0.99],
    ["GCR", 0.99],
    ["DR", 0.99],
  ];
  return bounds.map(([indicator, triggerValue]) => ({
    isLocked,
    plannedRecoverTime: isLocked ? lockedUntilMs : 0,
    indicator,
    value: isLocked ? 1 : 0,
    triggerValue,
  }));
}

function neededFlag(parameters: Parameters, name: string): boolean {
  parameters.needed(name);
  return parameters.flag(name);
}
