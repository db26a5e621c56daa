import type { ApiAnswer, ControlWord, DashboardSource, IncidentShown, LiveState } from "@smcq/dashboard";
import { type Clock, errorMessage, type Logger, SmcqError } from "@smcq/kernel";
import { ledgerFile, LedgerReader, RecordReader } from "@smcq/ledger";
import { askEngine } from "../control/control-client.ts";
import type { ControlRequest, PositionView, StatusView } from "../control/protocol.ts";
import { isoText } from "../offline/ledger/answer/utc-time.ts";
import { csvText } from "../offline/ledger/answer/answer.ts";
import { AnswerCache } from "./answer-cache.ts";
import { INCIDENTS_SHOWN, incidentShown, type Query, QUESTIONS } from "./questions.ts";

/** The ledger's incidents are looked for so often while somebody looks, wall ms. */
const INCIDENTS_MS = 2_000;
const MODEL_EVENTS_SHOWN = 50;
/** What the engine itself is asked for a page. */
const ENGINE_QUESTIONS = ["metrics", "orders"] as const;

export interface RunSourceOptions {
  readonly dataDir: string;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/**
 * What the dashboard shows of a data folder: the ledger's answers, read beside whoever writes, and the running engine's over
 * its control socket. Nothing of it waits in the engine, and nothing but `say` changes anything.
 */
export class RunSource implements DashboardSource {
  readonly #options: RunSourceOptions;
  readonly #file: string;
  readonly #answers: AnswerCache;
  /** As the engine told them last. */
  #status: StatusView | null = null;
  #positions: readonly PositionView[] = [];
  #heardMs: number | null = null;
  #incidents: readonly IncidentShown[] = [];
  #incidentsNs: number | null = null;

  constructor(options: RunSourceOptions) {
    this.#options = options;
    this.#file = ledgerFile(options.dataDir);
    this.#answers = new AnswerCache(options.wallClock);
  }

  async answer(name: string, query: Query): Promise<ApiAnswer | null> {
    const ask = this.#questionOf(name, query);
    if (ask === null) return null;
    return this.#answers.answer(keyOf(name, query), ask);
  }

  async live(): Promise<LiveState> {
    const problem = await this.#look();
    this.#lookForIncidents();
    return {
      engine: { isReachable: problem === null, problem, heardMs: this.#heardMs },
      status: this.#status ?? {},
      positions: Object.fromEntries(this.#positions.map((position) => [position.symbol, position])),
      incidents: { last: this.#incidents },
    };
  }

  async say(word: ControlWord): Promise<unknown> {
    const { dataDir, logger } = this.#options;
    const by = "dashboard";
    const request: ControlRequest =
      word.word === "close" ? { request: word.word, symbol: word.symbol, by } : { request: word.word, by };
    logger.warn({ ...request }, "a word from the dashboard");
    return askEngine(dataDir, request);
  }

  /** How a question is answered; null: there is none of that name. Throws what is wrong with it. */
  #questionOf(name: string, query: Query): (() => Promise<ApiAnswer>) | null {
    const { dataDir } = this.#options;
    const asked = ENGINE_QUESTIONS.find((one) => one === name);
    if (asked !== undefined) return async () => json(await askEngine(dataDir, { request: asked }));
    if (name === "model-events") return async () => json({ events: this.#modelEvents() });
    const question = QUESTIONS.get(name);
    if (question === undefined) return null;
    const unknown = [...query.keys()].find((key) => !question.parameters.includes(key));
    if (unknown !== undefined)
      throw new SmcqError(
        "USAGE_QUERY",
        `there is no ${JSON.stringify(unknown.slice(0, 64))} here: ${question.parameters.join(", ")}`,
      );
    return async () => {
      const { data, columns, rows } = this.#read((reader) => question.ask(reader, query));
      if (query.get("format") !== "csv") return json(data);
      return { contentType: "text/csv", body: csvText(columns, rows), fileName: `${name}.csv` };
    };
  }

  /** Asks the engine how it does; returns why it does not answer, or null. */
  async #look(): Promise<string | null> {
    const { dataDir, wallClock } = this.#options;
    try {
      const status = await askEngine(dataDir, { request: "status" });
      const isTrading = status.account !== null;
      this.#positions = isTrading ? (await askEngine(dataDir, { request: "positions" })).positions : [];
      this.#status = status;
      this.#heardMs = wallClock.nowMs();
      return null;
    } catch (error) {
      return errorMessage(error);
    }
  }

  #lookForIncidents(): void {
    const nowNs = this.#options.wallClock.monoNs();
    if (this.#incidentsNs !== null && (nowNs - this.#incidentsNs) / 1e6 < INCIDENTS_MS) return;
    this.#incidentsNs = nowNs;
    try {
      const found = this.#read((reader) => reader.lastIncidents(reader.run(null).runKey, INCIDENTS_SHOWN));
      this.#incidents = found.map(incidentShown);
    } catch (error) {
      // A run without a journal has none; a ledger that cannot be read is told by every page's own question.
      if (!(error instanceof SmcqError)) throw error;
      this.#incidents = [];
    }
  }

  /** What happened to the models of the last run, the newest first. */
  #modelEvents(): readonly object[] {
    const reader = new LedgerReader(this.#file);
    try {
      const [runId] = reader.runIds(1);
      if (runId === undefined) return [];
      return reader
        .modelEvents(runId)
        .slice(-MODEL_EVENTS_SHOWN)
        .toReversed()
        .map(({ atMs, kind, modelId, detailJson }) => ({
          time: isoText(atMs),
          kind,
          model: modelId,
          detail: detailJson,
        }));
    } finally {
      reader.close();
    }
  }

  /** One look at the ledger: everything that is read in it is of one moment. */
  #read<T>(look: (reader: RecordReader) => T): T {
    const reader = new RecordReader(this.#file);
    try {
      return look(reader);
    } finally {
      reader.close();
    }
  }
}

/** The same question has the same key, in whatever order its parameters come. */
function keyOf(name: string, query: Query): string {
  const given = [...query].map(([key, value]) => JSON.stringify([key, value]));
  return `${name} ${given.toSorted((a, b) => (a < b ? -1 : 1)).join(" ")}`;
}

/** As `--json` prints it. */
function json(value: unknown): ApiAnswer {
  return { contentType: "application/json", body: JSON.stringify(value) };
}
