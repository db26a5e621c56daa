import { BAR_FIELDS, type ErrorContext, type FeedState, type Logger, SmcqError } from "@smcq/kernel";

/** A shard with symbols that has not heard one kline, and what is known of its feed. */
export interface ShardSilence {
  readonly symbols: readonly string[];
  readonly feed: FeedState;
}

/** What the coordinator can ask the venue while it waits for the first klines. */
export interface GateVenue {
  /** Ms until REST may be asked again, a used up minute or a ban; 0: now. */
  restStoppedMs(): number;
  /** The venue's last M1 rows of a symbol, the open one included; `BAR_FIELDS` numbers a row. */
  lastRows(symbol: string): Promise<Float64Array>;
}

/** Symbols whose trades are looked up at REST. */
const PROBED_MAX = 5;
/** Wall ms between two looks at their trades. */
const PROBE_MS = 5_000;
/** Up to so many symbols may all be without a trade for a while: silence is judged later. */
const FEW_SYMBOLS_MAX = 4;
const FEW_MS_MAX = 75_000;
/** All is silent and REST shows no trade either for so long: a quiet market, wall ms. */
const QUIET_MS_MAX = 90_000;
/** Connections that do not come, and a REST that does not tell, are waited for so long, wall ms. */
const CONNECT_MS_MAX = 300_000;
const TOLD_MS = 60_000;
const NAMED_MAX = 10;

export interface FirstKlinesOptions {
  readonly venue: GateVenue;
  readonly logger: Logger;
  /** Wall ms until silence is judged at all. */
  readonly dataMsMax: number;
}

type Wait = "over" | "waiting";

/**
 * Judges shards that have not heard a kline by what is known: the connection, the acknowledgement, the venue's own
 * words, and whether REST shows trades that the stream did not tell. A market without a trade is no dead feed.
 */
export class FirstKlines {
  readonly #options: FirstKlinesOptions;
  readonly #volumes = new Map<string, { readonly openMs: number; readonly volume: number }>();
  #probedMs = Number.NEGATIVE_INFINITY;
  #isProbing = false;
  /** REST showed trades; undefined: it has not been able to tell. */
  #hasTrades: boolean | undefined;
  #waitedMs = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** What has been said, so that each look does not say it again. */
  readonly #said = new Set<string>();

  constructor(options: FirstKlinesOptions) {
    this.#options = options;
  }

  /**
   * "over" when nothing is to be waited for: each shard was heard, or is quiet because nothing is traded. Refuses with
   * FEED_REFUSED, FEED_REJECTED, FEED_UNREACHABLE or FEED_SILENT.
   */
  judge(
    silences: readonly ShardSilence[],
    { waitedMs, symbols }: { readonly waitedMs: number; readonly symbols: number },
  ): Wait {
    if (silences.length === 0) return "over";
    this.#waitedMs = waitedMs;
    const isAnyHeard = silences.reduce((sum, silence) => sum - silence.symbols.length, symbols) > 0;
    const mute = silences.filter(({ feed }) => isAcknowledged(feed));
    if (!isAnyHeard && mute.length === silences.length) this.#probe(mute);
    if (waitedMs <= this.#options.dataMsMax) return "waiting";
    const away = silences.filter(({ feed }) => !isAcknowledged(feed));
    if (!isAnyHeard && away.length > 0) refuseWhatWasSaid(away);
    if (away.length > 0) {
      if (waitedMs <= CONNECT_MS_MAX) return this.#tell(away, "the venue's streams are waited for");
      if (!isAnyHeard) throw unreachable(away);
      return this.#goOn(away, "streams do not connect; their bars come from REST");
    }
    if (isAnyHeard) return this.#goOn(mute, "symbols without a kline yet: nothing of them was told");
    return this.#judgeMute(mute, { waitedMs, symbols });
  }

  /** All is connected, acknowledged and silent. */
  #judgeMute(
    mute: readonly ShardSilence[],
    { waitedMs, symbols }: { readonly waitedMs: number; readonly symbols: number },
  ): Wait {
    const isFew = symbols <= FEW_SYMBOLS_MAX;
    if (this.#hasTrades === true && (!isFew || waitedMs > FEW_MS_MAX)) throw silent(mute, waitedMs);
    if (this.#hasTrades === false && waitedMs > QUIET_MS_MAX)
      return this.#goOn(mute, "no kline yet, and REST shows no trade either: the market is quiet");
    if (this.#hasTrades === undefined && waitedMs > CONNECT_MS_MAX) throw silent(mute, waitedMs);
    return this.#tell(mute, "no kline yet; REST is asked whether anything is traded");
  }

  #goOn(silences: readonly ShardSilence[], text: string): Wait {
    if (!this.#said.has(text)) this.#options.logger.warn(fieldsOf(silences), text);
    this.#said.add(text);
    return "over";
  }

  /** One line a minute says what is waited for. */
  #tell(silences: readonly ShardSilence[], text: string): Wait {
    const restStoppedMs = this.#options.venue.restStoppedMs();
    if (this.#waitedMs - this.#toldMs < TOLD_MS) return "waiting";
    this.#toldMs = this.#waitedMs;
    this.#options.logger.warn({ ...fieldsOf(silences), restStoppedMs }, text);
    return "waiting";
  }

  /** Asks for the rows of some symbols, again and again; a volume that grew was traded while the stream was silent. */
  #probe(mute: readonly ShardSilence[]): void {
    if (this.#isProbing || this.#waitedMs - this.#probedMs < PROBE_MS) return;
    if (this.#options.venue.restStoppedMs() > 0) return;
    this.#isProbing = true;
    this.#probedMs = this.#waitedMs;
    const symbols = mute.flatMap((silence) => silence.symbols).slice(0, PROBED_MAX);
    void Promise.all(symbols.map((symbol) => this.#look(symbol))).then(
      (looks) => {
        this.#isProbing = false;
        const known = looks.filter((look) => look !== undefined);
        if (known.some(Boolean)) this.#hasTrades = true;
        else if (known.length > 0) this.#hasTrades ??= false;
      },
      () => {
        // REST's own faults are told where it is asked; here they say that nothing is known.
        this.#isProbing = false;
      },
    );
  }

  /** True when the symbol was traded since the last look, undefined at the first. */
  async #look(symbol: string): Promise<boolean | undefined> {
    const rows = await this.#options.venue.lastRows(symbol);
    const at = rows.length - BAR_FIELDS;
    if (at < 0) return undefined;
    const now = { openMs: rows[at] as number, volume: rows[at + 5] as number };
    const before = this.#volumes.get(symbol);
    this.#volumes.set(symbol, now);
    if (before === undefined) return undefined;
    return now.volume > (now.openMs === before.openMs ? before.volume : 0);
  }
}

function isAcknowledged({ connections, acknowledged }: FeedState): boolean {
  return connections > 0 && acknowledged === connections;
}

function wordsOf(silences: readonly ShardSilence[]): string {
  return silences.find(({ feed }) => feed.words !== "")?.feed.words ?? "";
}

function fieldsOf(silences: readonly ShardSilence[]): ErrorContext {
  const symbols = silences.flatMap((silence) => silence.symbols);
  const sum = (of: (feed: FeedState) => number): number =>
    silences.reduce((total, { feed }) => total + of(feed), 0);
  return {
    shards: silences.length,
    count: symbols.length,
    symbols: symbols.slice(0, NAMED_MAX),
    connections: sum((feed) => feed.connections),
    open: sum((feed) => feed.open),
    acknowledged: sum((feed) => feed.acknowledged),
    words: wordsOf(silences),
  };
}

/** What the venue has refused by itself is not waited for. */
function refuseWhatWasSaid(away: readonly ShardSilence[]): void {
  const words = wordsOf(away);
  const context = fieldsOf(away);
  if (away.some(({ feed }) => feed.isRefused))
    throw new SmcqError("FEED_REFUSED", `the venue refuses the stream's connection: ${words}`, { context });
  if (away.some(({ feed }) => feed.open > 0 && feed.words !== ""))
    throw new SmcqError("FEED_REJECTED", `the venue answers the subscription with an error: ${words}`, {
      context,
    });
}

function unreachable(away: readonly ShardSilence[]): SmcqError {
  const isOpen = away.some(({ feed }) => feed.open > 0);
  const words = wordsOf(away);
  const text = isOpen
    ? "the venue connects and does not acknowledge the subscription"
    : "the venue's streams do not connect";
  return new SmcqError("FEED_UNREACHABLE", words === "" ? text : `${text}: ${words}`, {
    context: { ...fieldsOf(away), waitedMs: CONNECT_MS_MAX },
  });
}

function silent(mute: readonly ShardSilence[], waitedMs: number): SmcqError {
  return new SmcqError("FEED_SILENT", "the venue acknowledges and trades, but sends no kline", {
    context: {
      ...fieldsOf(mute),
      waitedMs: Math.round(waitedMs),
      hint: "klines come only on the routed path /market/stream; check feed.wsBaseUrl",
    },
  });
}
