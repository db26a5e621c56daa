import type { PartKeeper } from "@smcq/bus-nats";
import type {
  ClusterHealth,
  ClusterMemory,
  Coordinator,
  GateVenue,
  MinuteReporter,
  Stage,
} from "@smcq/cluster";
import type { SignalSource } from "../run-side.ts";
import type { PartSymbols } from "./part-symbols.ts";

export interface ScannerSourceDeps {
  readonly coordinator: Coordinator;
  readonly symbols: PartSymbols;
  /** Joins the scanners that share the universe. */
  readonly join: () => Promise<PartKeeper>;
  /** Nothing is told any more. */
  readonly onStopped: () => void;
}

/** The threads of a scanner, on the parts of the universe that are its own. */
export class ScannerSource implements SignalSource {
  readonly #deps: ScannerSourceDeps;
  #keeper: PartKeeper | null = null;

  constructor(deps: ScannerSourceDeps) {
    this.#deps = deps;
  }

  get memory(): ClusterMemory {
    return this.#deps.coordinator.memory;
  }

  get watched(): PartSymbols {
    return this.#deps.symbols;
  }

  /** Starts the threads, and resolves when it is known which parts are its own. */
  async start(): Promise<void> {
    await this.#deps.coordinator.start();
    this.#keeper = await this.#deps.join();
    await this.#keeper.start();
  }

  whenReady(dataMsMax: number, venue: GateVenue): Promise<ClusterHealth> {
    return this.#deps.coordinator.whenReady(dataMsMax, venue);
  }

  addSymbol(symbol: string): boolean {
    return this.#deps.symbols.addSymbol(symbol);
  }

  removeSymbol(symbol: string): boolean {
    return this.#deps.symbols.removeSymbol(symbol);
  }

  health(): ClusterHealth {
    return this.#deps.coordinator.health();
  }

  report(): ReturnType<Coordinator["report"]> {
    return this.#deps.coordinator.report();
  }

  stageOf(symbol: string): Stage | null {
    return this.#deps.coordinator.stageOf(symbol);
  }

  createReporter(minuteMs: number): MinuteReporter {
    return this.#deps.coordinator.createReporter(minuteMs);
  }

  /** Others take its parts from now on; then the threads drain. */
  async stop(): Promise<void> {
    try {
      await this.#keeper?.stop();
      this.#keeper = null;
      await this.#deps.coordinator.stop();
    } finally {
      this.#deps.onStopped();
    }
  }
}
