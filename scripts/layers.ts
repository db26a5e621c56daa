/** What a package is; the arrows between layers are `LAYER_ARROWS`. */
export type Layer = "ground" | "port" | "memory" | "pure" | "adapter" | "runtime" | "app";

export interface PackageRule {
  readonly layer: Layer;
  /** Height in the picture; imports only go down. */
  readonly floor: number;
  /** Packages (without scope) that its sources may import. */
  readonly mayImport: readonly string[];
  /** npm packages that its sources may import. */
  readonly thirdParty: readonly string[];
}

export interface LayersTable {
  readonly packages: Readonly<Record<string, PackageRule>>;
  /** Which layers a layer may import; exceptions stand in `arrowExceptions` with their reason. */
  readonly arrows: Readonly<Record<Layer, readonly Layer[]>>;
  readonly arrowExceptions: Readonly<Record<string, string>>;
  /** Layers whose sources import no `node:` module. */
  readonly nodeFreeLayers: readonly Layer[];
  /** Packages that touch SharedArrayBuffer and Atomics. */
  readonly sharedMemoryOwners: readonly string[];
  /** Packages that touch worker_threads; `*.worker.ts` may everywhere. */
  readonly threadOwners: readonly string[];
  /** Single files that may touch worker_threads, with the reason. */
  readonly threadFiles: Readonly<Record<string, string>>;
  /** Subpaths of packages that only some sources may import; absent ones are open to whoever may import the package. */
  readonly subpathImporters: Readonly<Record<string, readonly string[]>>;
  /** Lines of a source, a bench or a script. */
  readonly linesMax: number;
  readonly testLinesMax: number;
  /** Files longer than that, with the reason. */
  readonly longFiles: Readonly<Record<string, string>>;
  /** Sources that may stand side by side in one folder under `src`. */
  readonly folderFilesMax: number;
  /** Test helpers that the tests of other packages, and benches, may import by path. */
  readonly sharedTestFolders: readonly string[];
  /** Where a member named `mode` may be read: in what defines the engine's mode and in what chooses by it. */
  readonly modeFolders: readonly string[];
  /** Other files with a member named `mode`, with what it is. */
  readonly modeReaders: Readonly<Record<string, string>>;
  /** The one file with the one call of `Engine.process`. */
  readonly processCaller: string;
  readonly documents: DocumentsTable;
}

/** How comments and READMEs may refer to the texts under `docs/`. */
export interface DocumentsTable {
  /** Letters of codes that may stand alone, because only `freeCodeDocuments` define such. */
  readonly freeFamilies: readonly string[];
  readonly freeCodeDocuments: readonly string[];
  /** Letters of codes that stand only behind the path of the document that defines them. */
  readonly boundFamilies: readonly string[];
  /** Words of the form of a bound code, with what they are. */
  readonly plainWords: Readonly<Record<string, string>>;
  /** Paths that our texts cite from the repositories of others. */
  readonly foreignPaths: readonly string[];
}

const EVERYTHING_BELOW = [
  "kernel exchange config wire smc features strategy model-life engine portfolio risk scoring research".split(
    " ",
  ),
  "history exchange-binance exchange-sim binance-sim ledger cluster dashboard mirror alerts bus-nats".split(
    " ",
  ),
].flat();

/**
 * Who may import whom. Change it in a commit of its own, with the reason; `scripts/check-layers.ts` holds the tree to it.
 *
 *    7  cli
 *    6  cluster   ledger   mirror   binance-sim   dashboard   alerts   bus-nats
 *    5  engine
 *    4  risk   model-life
 *    3  strategy           scoring
 *    2  features  portfolio  exchange-binance  exchange-sim  history
 *    1  smc   research   exchange(port)   config   wire(memory)
 *    0  kernel
 */
export const LAYERS: LayersTable = {
  packages: {
    kernel: { layer: "ground", floor: 0, mayImport: [], thirdParty: [] },
    exchange: { layer: "port", floor: 1, mayImport: ["kernel"], thirdParty: [] },
    config: { layer: "port", floor: 1, mayImport: ["kernel"], thirdParty: ["zod"] },
    wire: { layer: "memory", floor: 1, mayImport: ["kernel"], thirdParty: [] },
    smc: { layer: "pure", floor: 1, mayImport: ["kernel"], thirdParty: [] },
    // Statistics of results by day: what is judged comes as numbers, so that nothing of the field is needed here.
    research: { layer: "pure", floor: 1, mayImport: ["kernel"], thirdParty: [] },
    features: { layer: "pure", floor: 2, mayImport: ["kernel", "smc"], thirdParty: [] },
    portfolio: { layer: "pure", floor: 2, mayImport: ["kernel", "exchange"], thirdParty: [] },
    // The trade plan's parameters stay with the features: they are part of the schema that a model is trained for.
    strategy: { layer: "pure", floor: 3, mayImport: ["kernel", "exchange", "features"], thirdParty: [] },
    "model-life": { layer: "pure", floor: 4, mayImport: ["kernel", "features", "strategy"], thirdParty: [] },
    risk: {
      layer: "pure",
      floor: 4,
      mayImport: ["kernel", "exchange", "portfolio", "strategy"],
      thirdParty: [],
    },
    engine: {
      layer: "pure",
      floor: 5,
      mayImport: ["kernel", "exchange", "features", "strategy", "portfolio", "risk", "model-life"],
      thirdParty: [],
    },
    scoring: {
      layer: "adapter",
      floor: 3,
      // The verdict that a model's card carries is judged by the rules of research.
      mayImport: ["kernel", "features", "research"],
      thirdParty: ["onnxruntime-node", "protobufjs"],
    },
    "exchange-binance": {
      layer: "adapter",
      floor: 2,
      mayImport: ["kernel", "exchange"],
      thirdParty: ["ws", "undici", "https-proxy-agent", "zod"],
    },
    // Bars and funding rates of the past: the store, and the files that people have.
    history: { layer: "adapter", floor: 2, mayImport: ["kernel"], thirdParty: ["yauzl"] },
    "exchange-sim": { layer: "adapter", floor: 2, mayImport: ["kernel", "exchange"], thirdParty: [] },
    "binance-sim": {
      layer: "adapter",
      floor: 6,
      mayImport: ["kernel", "exchange", "exchange-sim"],
      thirdParty: ["ws"],
    },
    ledger: {
      layer: "adapter",
      floor: 6,
      mayImport: ["kernel", "engine", "portfolio", "research"],
      thirdParty: ["better-sqlite3"],
    },
    // The page and the server that guards it; what it shows and says comes through a port that cli fills.
    dashboard: { layer: "adapter", floor: 6, mayImport: ["kernel"], thirdParty: ["ws", "sirv"] },
    // The copy in PostgreSQL; what it copies comes through a port that the ledger's reader fits.
    mirror: { layer: "adapter", floor: 6, mayImport: ["kernel"], thirdParty: ["pg"] },
    // What a person has to hear: rules over the journal's words, an outbox in a file, and the ways to the person.
    alerts: {
      layer: "adapter",
      floor: 6,
      mayImport: ["kernel", "engine"],
      thirdParty: ["undici", "better-sqlite3"],
    },
    // Engines on several hosts: streams, leases and jobs are JetStream's; what is sent comes through ports of ours.
    "bus-nats": {
      layer: "adapter",
      floor: 6,
      mayImport: ["kernel", "engine"],
      thirdParty: ["@nats-io/transport-node", "@nats-io/jetstream", "@nats-io/kv", "@nats-io/obj"],
    },
    cluster: {
      layer: "runtime",
      floor: 6,
      mayImport: ["kernel", "exchange", "wire", "smc", "features", "engine"],
      thirdParty: ["piscina"],
    },
    cli: {
      layer: "app",
      floor: 7,
      mayImport: EVERYTHING_BELOW,
      thirdParty: ["yargs", "hyparquet-writer", "pino", "cli-progress", "prom-client"],
    },
  },
  arrows: {
    ground: [],
    port: ["ground"],
    memory: ["ground"],
    pure: ["ground", "port", "pure"],
    adapter: ["ground", "port", "pure"],
    runtime: ["ground", "port", "memory", "pure"],
    app: ["ground", "port", "memory", "pure", "adapter", "runtime"],
  },
  arrowExceptions: {
    "binance-sim -> exchange-sim": "the venue on loopback is a wire protocol over the venue in memory",
  },
  nodeFreeLayers: ["pure"],
  sharedMemoryOwners: ["wire", "scoring"],
  threadOwners: ["cluster"],
  threadFiles: {
    "packages/scoring/src/load-model.ts":
      "a model is read and compiled in a thread that ends by itself: the coordinator's loop goes on, the heap goes with it",
    "packages/ledger/src/thread.ts":
      "the ledger owns its thread's life: better-sqlite3 must never be terminated, so no caller gets hold of the Worker",
  },
  subpathImporters: {
    // The seal of an approved order is minted by risk alone; conformance suites are for tests.
    "@smcq/exchange/approval": ["risk"],
    "@smcq/exchange/testing": [],
  },
  linesMax: 400,
  testLinesMax: 800,
  longFiles: {},
  folderFilesMax: 15,
  // Random runs of the core: loop, journal and replay are tried with the same ones, and there is no second set of them.
  sharedTestFolders: [
    "packages/engine/test/support/",
    "packages/ledger/test/support/",
    // A real PostgreSQL, and the comparison of its rows with a ledger's.
    "packages/mirror/test/support/",
    // A real nats-server, for tests of whole engines beside those of the adapter.
    "packages/bus-nats/test/support/",
    // The APIs of the channels on loopback, for tests of the process that speaks to them.
    "packages/alerts/test/support/",
    // What a gateway needs around it, for tests that hold foreign clients against it.
    "packages/exchange-binance/test/support/",
    // Bars on the decimals of a venue, as bars and as the files that hold them.
    "packages/history/test/support/",
  ],
  modeFolders: ["packages/config/src/", "packages/cli/src/modes/"],
  modeReaders: { "packages/cli/src/offline/scan/csv-output.ts": "the permissions of a file" },
  processCaller: "packages/cluster/src/loop/engine-loop.ts",
  documents: {
    freeFamilies: "MD NW EX AC CL CF OP PR DK MO".split(" "),
    freeCodeDocuments: ["docs/reliability.md", "docs/faults-orders.md"],
    boundFamilies: "A B D F G M P R S T U".split(" "),
    plainWords: {
      M1: "the timeframe",
      M5: "the timeframe",
      M15: "the timeframe",
      S1: "the setup",
      S2: "the setup",
      S3: "the setup",
    },
    foreignPaths: [
      // NautilusTrader, TigerBeetle, freqtrade.
      "docs/integrations/binance.md",
      "docs/developer_guide/release_security.md",
      "docs/internals/vopr.md",
      "docs/TIGER_STYLE.md",
      "docs/risk_management.md",
    ],
  },
};
