import type { FeedConnection } from "@smcq/exchange";
import { z } from "zod";
import { assertRouted } from "../check-url.ts";
import { connectionOf, type EventFeedOptions, openEventFeed } from "../market/stream/event-feed.ts";
import type { GroupStatus } from "../market/stream/group-options.ts";
import type { StreamGroup } from "../market/stream/stream-group.ts";

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

export interface ContractWatchOptions extends EventFeedOptions {
  /** Called for each change of a USD-M contract; the universe (exchangeInfo) stays the authority. */
  readonly onChange: (change: ContractChange) => void;
}

/** The cheap feed of listings and delistings, on a small connection of the coordinator's own. */
export class ContractWatch {
  readonly #group: StreamGroup;

  constructor(options: ContractWatchOptions) {
    this.#group = openEventFeed(options, {
      index: -1,
      url: assertRouted(options.bases).streamUrl,
      stream: STREAM,
      schema: ContractEvent,
      take: (event) => {
        options.onChange(changeOf(event));
        return true;
      },
    });
  }

  /** Connects; resolves when the connection has been tried once. */
  start(): Promise<void> {
    return this.#group.start();
  }

  status(): GroupStatus {
    return this.#group.status();
  }

  connection(): FeedConnection {
    return connectionOf(this.#group.status());
  }

  stop(): Promise<void> {
    return this.#group.stop();
  }
}

function changeOf(event: z.infer<typeof ContractEvent>): ContractChange {
  return {
    symbol: event.s,
    contractType: event.ct ?? "",
    status: event.cs,
    isTrading: event.cs === "TRADING",
    deliveryMs: event.dt ?? 0,
    onboardMs: event.ot ?? 0,
    eventTimeMs: event.E,
  };
}
