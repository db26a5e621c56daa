/** A client's own reading: the venue's text, or a double where the client makes one of it. */
export type Amount = string | number;

export interface PeerOrder {
  readonly orderId: string;
  readonly clientOrderId: string;
  /** In the venue's words. */
  readonly status: string;
  readonly qty: Amount;
  /** Of a conditional order: its trigger. */
  readonly price: Amount;
  readonly filled: Amount;
}

export interface PeerEvent {
  readonly orderId: string;
  readonly clientOrderId: string;
  readonly status: string;
  readonly filled?: Amount;
}

/** What a foreign client saw in its session: the one line that `session.mjs` prints. */
export interface PeerReport {
  readonly market: { readonly symbol: string; readonly tickSize: string; readonly stepSize: string };
  /** Open time, open, high, low, close, volume; the last one is still open. */
  readonly klines: readonly (readonly Amount[])[];
  /** As read back; `ISOLATED` or `CROSSED`, in whatever letters. */
  readonly settings: { readonly leverage: number; readonly marginType: string };
  readonly replies: Readonly<
    Record<"entry" | "resting" | "cancelled" | "waiting" | "cancelledStop" | "exit", PeerOrder>
  >;
  readonly balance: { readonly wallet: Amount; readonly available: Amount };
  readonly positions: readonly {
    readonly symbol: string;
    readonly qty: Amount;
    readonly entryPrice: Amount;
    readonly liquidationPrice: Amount;
  }[];
  readonly openOrders: readonly PeerOrder[];
  readonly openStops: readonly PeerOrder[];
  readonly trades: readonly {
    readonly tradeId: string;
    readonly orderId: string;
    readonly side: string;
    readonly price: Amount;
    readonly qty: Amount;
    readonly fee: Amount;
    readonly time: number;
  }[];
  readonly income: readonly {
    readonly incomeId: string;
    readonly type: string;
    readonly amount: Amount;
    readonly tradeId: string;
  }[];
  /** When the account had been read, ms of the machine's clock. */
  readonly readMs: number;
  readonly events: readonly PeerEvent[];
  /** The last one heard of 1m and of 5m. */
  readonly streamedKlines: readonly {
    readonly symbol: string;
    readonly interval: string;
    readonly openTime: number;
    readonly close: Amount;
  }[];
  /** Somebody's trade. */
  readonly trade: { readonly symbol: string; readonly price: Amount; readonly qty: Amount };
  readonly quote: { readonly symbol: string; readonly bid: Amount; readonly ask: Amount };
}

/** The report in what a client wrote to stdout: its last line. */
export function readReport(stdout: string): PeerReport {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as PeerReport;
}
