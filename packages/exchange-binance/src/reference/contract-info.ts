import { afterTurn } from "@smcq/kernel";
import type { Clock, Logger, Rng } from "@smcq/kernel";
import { FeedCounter } from "@smcq/exchange";
import type { FeedMeter } from "@smcq/exchange";
import { z } from "zod";
import { assertRouted } from "../check-url.ts";
import type { VenueBases } from "../check-url.ts";
import { LocalConnectBudget } from "../market/stream/connect-budget.ts";
import type { ConnectBudget } from "../market/stream/connect-budget.ts";
import { FRAME_BYTES_MAX } from "../limits.ts";
import { FrameUse, QUIET_TIMING } from "../market/stream/group-options.ts";
import { StreamGroup } from "../market/stream/stream-group.ts";
import type { GroupStatus, GroupTiming } from "../market/stream/group-options.ts";
import type { SocketTimeouts } from "../market/stream/stream-socket.ts";

const STREAM = "!contractInfo";

const ContractEvent = z.looseObject({
  e: z.literal("contractInfo"),
  E: z.number(),
  s: z.string().min(1),
  // Open enums, as in exchangeInfo.
  ct: z.string().nullish(),
  cs: z.string(),
  ot: z.number().nullish(),
  dt: z.number().nullish(),
  st: z.number().nullish(),
});

/** A contract's news: listing, delisting, change of status. */
export interface ContractChange {
  readonly symbol: string;
  readonly contractType: string;
  /** The venue's status text; tradeable is exactly "TRADING". */
  readonly status: string;
  readonly isTrading: boolean;
  /** Delivery (delisting) time, ms; 4133404800000 on perpetuals that stay. */
  readonly deliveryMs: number;
  readonly onboardMs: number;
  readonly eventTimeMs: number;
}

export interface ContractWatchOptions {
  readonly bases: VenueBases;
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly meter: FeedMeter;
  /** Called for each change of a USD-M contract; the universe (exchangeInfo) stays the authority. */
  readonly onChange: (change: ContractChange) => void;
  readonly connectBudget?: ConnectBudget;
  readonly timing?: Partial<GroupTiming>;
  readonly timeouts?: SocketTimeouts;
}

/** The cheap feed of listings and delistings, on a small connection of the coordinator's own. */
export class ContractWatch {
  readonly #options: ContractWatchOptions;
  readonly #group: StreamGroup;

  constructor(options: ContractWatchOptions) {
    this.#options = options;
    this.#group = new StreamGroup({
      ...options,
      index: -1,
      url: assertRouted(options.bases).streamUrl,
      budget: options.connectBudget ?? new LocalConnectBudget({ clock: options.clock }),
      timing: { ...QUIET_TIMING, ...options.timing },
      timeouts: options.timeouts ?? {},
      defer: afterTurn,
      onFrame: (data) => this.#onFrame(data),
      onLive: () => options.log.debug({ stream: STREAM }, "contract news are subscribed"),
    });
    this.#group.subscribe([STREAM]);
  }

  /** Connects; resolves when the connection has been tried once. */
  start(): Promise<void> {
    return this.#group.start();
  }

  status(): GroupStatus {
    return this.#group.status();
  }

  stop(): Promise<void> {
    return this.#group.stop();
  }

  #onFrame(data: Buffer): FrameUse {
    const { meter } = this.#options;
    meter.count(FeedCounter.Messages, 1);
    meter.count(FeedCounter.Bytes, data.length);
    const frame = data.length > FRAME_BYTES_MAX ? undefined : parseObject(data.toString());
    if (frame === undefined) {
      meter.count(FeedCounter.BadFrames, 1);
      return FrameUse.Bad;
    }
    const event = "data" in frame ? frame.data : frame;
    const parsed = ContractEvent.safeParse(event);
    if (parsed.success) {
      this.#take(parsed.data);
      return FrameUse.Data;
    }
    if ("id" in frame || "error" in frame) return FrameUse.Control;
    meter.count(FeedCounter.Unknown, 1);
    return FrameUse.Data;
  }

  #take(event: z.infer<typeof ContractEvent>): void {
    // Since 2026-06-30 the stream carries COIN-M contracts too (st=2); older events have no st.
    if (event.st !== undefined && event.st !== null && event.st !== 1) {
      this.#options.meter.count(FeedCounter.Unknown, 1);
      return;
    }
    this.#options.onChange({
      symbol: event.s,
      contractType: event.ct ?? "",
      status: event.cs,
      isTrading: event.cs === "TRADING",
      deliveryMs: event.dt ?? 0,
      onboardMs: event.ot ?? 0,
      eventTimeMs: event.E,
    });
  }
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
