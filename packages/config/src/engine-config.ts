/** The settings of one run, after all layers; deep frozen. Units stand in the names; `null` means "no limit". */
export interface EngineConfig {
  readonly mode: "sim" | "paper" | "demo" | "live";
  readonly role: "all" | "scanner" | "executor" | "standby";
  readonly shards: number | "auto";
  readonly compute: "pool" | "shard";
  readonly scanThreads: number | "auto";
  readonly dataDir: string;
  readonly seed: number;
  readonly speed: number;
  readonly runForMs: number | null;
  readonly flattenOnExit: boolean;
  readonly loop: boolean;
  readonly feed: FeedConfig;
  readonly account: AccountConfig;
  readonly rest: { readonly weightRatioMax: number };
  readonly universe: UniverseConfig;
  readonly scan: ScanConfig;
  readonly strategy: StrategyConfig;
  readonly risk: RiskConfig;
  readonly protocol: ProtocolConfig;
  readonly fees: FeesConfig;
  readonly simTrading: SimTradingConfig;
  readonly warmup: WarmupConfig;
  readonly sim: SimConfig;
  readonly ledger: LedgerConfig;
  readonly log: LogConfig;
  readonly metrics: { readonly port: number | null; readonly memoryMbWarn: number };
  readonly dashboard: DashboardConfig;
  readonly alerts: AlertsConfig;
  readonly bus: BusConfig;
  readonly supervisor: { readonly restartsMax: number; readonly windowMs: number };
}

/** How an engine meets those of other hosts; null url: it does not. */
export interface BusConfig {
  readonly url: string | null;
  readonly name: string;
  readonly nkeyFile: string | null;
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  readonly connectTimeoutMs: number;
  /** Into how many parts the universe is cut, by a hash of the symbol. */
  readonly parts: number;
  readonly memberTtlMs: number;
  /** What a standby becomes when it takes over. */
  readonly standbyAs: "all" | "executor";
  /** How long the account's lease holds after a renewal, ms. */
  readonly leaseMs: number;
  /** `recvWindow` of what changes something on an account that hosts share, ms. */
  readonly orderWindowMs: number;
  /** A holder of the account that the venue has not answered for so long leaves it to a standby that reaches it, ms awake. */
  readonly venueLostMs: number;
  /** An entry leaves only when its row is with the bus too. */
  readonly replicatedIntents: boolean;
  /** On how many servers the bus keeps each stream and bucket. */
  readonly replicas: number;
}

export interface LedgerConfig {
  readonly queueMax: number;
  /** Where a copy in PostgreSQL is kept; holds no password. Null: there is none. */
  readonly mirrorUrl: string | null;
  readonly mirrorSchema: string;
  readonly mirrorPasswordFile: string | null;
}

export interface FeedConfig {
  readonly symbolsPerConnection: number;
  readonly wsBaseUrl: string;
  readonly restBaseUrl: string;
  readonly archiveBaseUrl: string;
  readonly allowCustomHost: boolean;
  readonly boundaryGraceMs: number;
  readonly boundarySecondMs: number;
  readonly restFinalMs: number;
  readonly dataWatchdogMs: number;
  readonly rotationHours: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly connectTimeoutMs: number;
  readonly httpTimeoutMs: number;
  readonly maxPayloadBytes: number;
}

/** Whose account modes demo and live trade on; the key itself is never a setting. */
export interface AccountConfig {
  /** File of mode 0600 with the API key; null: the environment's. */
  readonly keyFile: string | null;
  /** The same with its secret or private key. */
  readonly secretFile: string | null;
  /** Folder of the leases on accounts, one for all data folders of a host; null: the user's state folder. */
  readonly leaseDir: string | null;
}

export interface UniverseConfig {
  readonly cacheMaxAgeMs: number;
  readonly refreshMs: number;
  readonly shrinkRatioMax: number;
  readonly symbols: readonly string[] | null;
  readonly maxSymbols: number;
}

export interface ScanConfig {
  readonly decisionWindowMs: number;
  readonly scoreMin: number;
  /** Null: what the mode scores with by itself. */
  readonly model: string | null;
  readonly scorer: "leaf-mask" | "ort";
  readonly challenger: string | null;
  readonly modelPublicKey: string | null;
  readonly modelPollMs: number;
  readonly shadowBars: number;
}

export interface WarmupConfig {
  readonly historyBars: number;
  readonly barsReadyMin: number;
  readonly m5Bars: number;
  readonly planBars: number;
}

export interface SimConfig {
  readonly port: number;
  readonly symbols: number;
  readonly faults: string;
  readonly updatesPerSecondWall: number;
}

/** The page of a run, served by a process of its own. */
export interface DashboardConfig {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  /** A proxy that speaks TLS stands before it: it may listen elsewhere than on loopback. */
  readonly behindTlsProxy: boolean;
  /** What a browser's address bar says behind the proxy: `https://HOST[:PORT]`. */
  readonly publicOrigin: string | null;
}

/** Ways to a person; secrets are read apart, from files or the environment. */
export type AlertChannelName = "telegram" | "slack" | "discord" | "webhook";

/** What a person hears of a run, by a process of its own. */
export interface AlertsConfig {
  /** Empty: nobody is told anything. */
  readonly channels: readonly AlertChannelName[];
  readonly severityMin: "info" | "warning" | "critical";
  readonly repeatMs: number;
  readonly messagesPerMinuteMax: number;
  /** `HH:MM-HH:MM` in `timeZone`; null: none. */
  readonly quietHours: string | null;
  readonly timeZone: string;
  readonly diskFreeMbMin: number;
  readonly allowCustomHost: boolean;
  readonly telegram: {
    readonly chatIds: readonly string[];
    /** Whose words are heard; empty: nobody's. */
    readonly userIds: readonly string[];
    readonly tokenFile: string | null;
    readonly baseUrl: string;
  };
  /** The address of an incoming webhook is its secret. */
  readonly slack: { readonly urlFile: string | null };
  readonly discord: { readonly urlFile: string | null };
  readonly webhook: { readonly url: string | null; readonly secretFile: string | null };
}

export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "auto" | "pretty" | "json";
}

/** What of the trade plan may be chosen (docs/trading.md 5). */
export interface StrategyConfig {
  readonly plan: string;
  readonly tickRatioMax: number;
  readonly entry: {
    readonly kind: "plan" | "market" | "limit";
    readonly offsetAtr: number;
    readonly expiryBars: number;
  };
}

/** The limits of the protocols against the venue (docs/trading.md 5), venue ms. */
export interface ProtocolConfig {
  readonly protectMs: number;
  readonly exitsMax: number;
  readonly exitWindowMs: number;
  readonly targetEndMs: number;
  readonly stopsLostMax: number;
  readonly stopsLostWindowMs: number;
  readonly reconcileMs: number;
}

/** What an account without a venue that tells pays, shares of the notional. */
export interface FeesConfig {
  readonly takerRatio: number;
  readonly makerRatio: number;
}

/** Orders that are simulated beside a market's own data (modes sim and paper). */
export interface SimTradingConfig {
  readonly isOn: boolean;
  /** Mode sim: over the simulated venue's sockets, or in a venue in memory. */
  readonly orders: "binance-sim" | "sim-gateway";
  /** USDT that a new account begins with. */
  readonly equity: number;
  /** Mode sim: put the account of the data folder aside and begin a new one. */
  readonly freshAccount: boolean;
}

/** The limits of docs/trading.md 3 and 4; ratios are shares of equity unless their description says otherwise. */
export interface RiskConfig {
  readonly highTierRatio: number;
  readonly middleTierRatio: number;
  readonly lowTierRatio: number;
  readonly unprovenRiskRatioMax: number;
  readonly kellyRatio: number;
  readonly costRatioMax: number;
  readonly rewardRatioMin: number;
  readonly slippageRatio: number;
  readonly leverage: number;
  readonly marginType: "cross" | "isolated";
  readonly maintMarginRatioDefault: number;
  readonly liquidationStopsMin: number;
  readonly marginRatioMax: number;
  readonly notionalRatioMax: number;
  readonly heatRatioMax: number;
  readonly directionHeatRatioMax: number;
  readonly grossRatioMax: number;
  readonly marginsRatioMax: number;
  readonly liquidityRatioMax: number;
  readonly directionCorrelation: number;
  readonly dayLossHalfRatio: number;
  readonly dayLossStopRatio: number;
  readonly dayLossFlattenRatio: number;
  readonly drawdownFreeRatio: number;
  readonly drawdownHalfRatio: number;
  readonly drawdownFactorMin: number;
  readonly symbolLockMs: number;
  readonly streakStops: number;
  readonly streakMs: number;
  readonly entriesPerMinuteMax: number;
  /** Modes demo and live trade by scores of which nothing is proven. */
  readonly allowUnproven: boolean;
}
