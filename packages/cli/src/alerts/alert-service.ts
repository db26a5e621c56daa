import { type Alert, Conditions, Courier, Outbox, outboxFile, TelegramTalk } from "@smcq/alerts";
import type { AlertsConfig } from "@smcq/config";
import { type CancelTimer, type Clock, errorCode, errorMessage, type Logger, repeat } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import type { Environment } from "./alert-secrets.ts";
import { EngineWatch } from "./engine-watch.ts";
import { JournalWatch } from "./journal-watch.ts";
import { type OpenChannels, openChannels } from "./open-channels.ts";
import { telegramDesk } from "./telegram-desk.ts";

/** How often the journal is read and what waits is sent, wall ms. */
const TURN_MS = 1_000;
/** How often the outbox forgets what is old, wall ms. */
const PRUNE_MS = 3_600_000;

/** Something that the supervisor saw; told again at every start of the alerts, and taken once. */
export interface Notice {
  readonly id: string;
  readonly alert: Alert;
}

export interface AlertServiceOptions {
  readonly dataDir: string;
  readonly alerts: AlertsConfig;
  readonly protectMs: number;
  /** Where secrets and the way out stand. */
  readonly env: Environment;
  /** The wall's. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The alerts of a data folder: reads, keeps and sends, beside whatever engine runs on it. */
export class AlertService {
  readonly #options: AlertServiceOptions;
  readonly #open: OpenChannels;
  readonly #outbox: Outbox;
  readonly #journal: JournalWatch;
  readonly #engine: EngineWatch;
  #conditions: Conditions;
  readonly #couriers: readonly Courier[];
  readonly #talk: TelegramTalk | null;
  #cancels: readonly CancelTimer[] = [];
  /** At most as many as the supervisor keeps, for each of its starts. */
  readonly #notices: Notice[] = [];
  #looking: Promise<void> | null = null;

  constructor(options: AlertServiceOptions) {
    const { dataDir, alerts, env, clock, logger, protectMs } = options;
    const { severityMin, repeatMs, messagesPerMinuteMax: perMinuteMax, diskFreeMbMin, telegram } = alerts;
    this.#options = options;
    this.#open = openChannels(alerts, env, clock);
    const { channels, quietHours } = this.#open;
    const names = channels.map(({ name }) => name);
    const outbox = new Outbox({ file: outboxFile(dataDir), channels: names, severityMin, repeatMs });
    this.#outbox = outbox;
    this.#journal = new JournalWatch({ file: ledgerFile(dataDir), outbox, clock });
    this.#engine = new EngineWatch({ dataDir, diskFreeMbMin, protectMs, clock, logger });
    this.#conditions = new Conditions(outbox.conditions());
    this.#couriers = channels.map(
      (channel) => new Courier({ outbox, channel, perMinuteMax, quietHours, clock, logger }),
    );
    const { chatIds, userIds } = telegram;
    this.#talk =
      this.#open.telegram === null || userIds.length === 0
        ? null
        : new TelegramTalk({
            api: this.#open.telegram,
            desk: telegramDesk(dataDir),
            outbox,
            chatIds,
            userIds,
            clock,
            logger,
          });
  }

  start(): void {
    const { clock } = this.#options;
    this.#talk?.start();
    this.#cancels = [
      repeat(clock, TURN_MS, () => void this.turn(), { unref: false }),
      repeat(clock, PRUNE_MS, () => this.#prune()),
    ];
    void this.turn();
  }

  /** Takes it at the next turn. */
  notice(notice: Notice): void {
    this.#notices.push(notice);
  }

  #takeNotices(nowMs: number): void {
    for (let next = this.#notices[0]; next !== undefined; next = this.#notices[0]) {
      this.#outbox.takeOnce(next.id, next.alert, nowMs);
      this.#notices.shift();
    }
  }

  #prune(): void {
    try {
      this.#outbox.prune(this.#options.clock.nowMs());
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The engine is there from now on, or has ended. */
  engineIs(isThere: boolean): void {
    if (isThere) this.#engine.expect();
    else this.#engine.gone();
  }

  /** One look at everything, and a turn of every channel; resolves when nothing more may be sent. */
  async turn(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    await this.#looking;
    const turns = await Promise.allSettled(this.#couriers.map((courier) => courier.turn()));
    for (const turn of turns) if (turn.status === "rejected") this.#failed(turn.reason);
  }

  /** A disk that takes nothing is no reason to go: it is tried again at the next turn. */
  #failed(error: unknown): void {
    this.#options.logger.error(
      { code: errorCode(error), error: errorMessage(error) },
      "the alerts' outbox failed",
    );
  }

  async #look(): Promise<void> {
    const { clock } = this.#options;
    try {
      this.#takeNotices(clock.nowMs());
      const unreadable = this.#journal.look();
      const { found, families } = await this.#engine.look();
      const nowMs = clock.nowMs();
      const judged = this.#conditions.judge(
        [...unreadable, ...found],
        ["ledger-unreadable", ...families],
        nowMs,
      );
      if (judged.alerts.length > 0 || judged.closed.length > 0) this.#outbox.take(judged, nowMs);
    } catch (error) {
      this.#failed(error);
      // What was not stored is judged anew.
      this.#conditions = new Conditions(this.#stored);
    }
  }

  /** Conditions as they were stored last; where the outbox does not answer, as they were at the start. */
  get #stored(): readonly string[] {
    try {
      return this.#outbox.conditions();
    } catch (error) {
      this.#failed(error);
      return [];
    }
  }

  /** Reads and sends once more, within `msMax` of the wall; what is not sent then is sent by the next process. */
  async close(msMax: number): Promise<void> {
    const { clock } = this.#options;
    for (const cancel of this.#cancels) cancel();
    let cancel: CancelTimer = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(msMax, resolve);
    });
    await Promise.race([late, this.turn()]);
    cancel();
    await this.#talk?.stop();
    const closing = this.#couriers.map((courier) => courier.close());
    // A try that is cut off has its answer then, which is noted.
    await this.#open.close();
    await Promise.allSettled(closing);
    this.#outbox.close();
  }
}
