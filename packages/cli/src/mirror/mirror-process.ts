import { type Clock, errorCode, errorMessage, type Logger, repeat, SystemClock } from "@smcq/kernel";
import type { MirrorProgress } from "@smcq/mirror";
import { ExitCode, exitCodeOf } from "../exit-codes.ts";
import { sayFaultsAloud } from "../output/faults-aloud.ts";
import { createLogger } from "../output/logger.ts";
import type { SideMessage } from "../process/side-process.ts";
import { writeMirrorStatus } from "./mirror-status.ts";
import { ledgerMirror, type MirrorPayload, targetOfConfig } from "./run-mirror.ts";

/** What still holds the process when all is done is cut after this time, wall ms. */
const LINGER_MS_MAX = 1_000;
/** How often word is left of how it does, wall ms. */
const STATUS_MS = 1_000;
/** So long it may take to copy what the engine wrote last, wall ms. */
const LAST_MS_MAX = 3_000;

const wallClock = new SystemClock();
const stop = new AbortController();
// The group's signals are the engine's: what it writes at its end is to be copied, and the supervisor says when that is done.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => stop.abort());

function firstMessage(): Promise<MirrorPayload | null> {
  return new Promise((resolve) => {
    process.on("message", (message: SideMessage<MirrorPayload>) => {
      if (message.type === "start") resolve(message.payload);
      else stop.abort();
    });
    process.once("disconnect", () => resolve(null));
  });
}

/** Leaves word in the data folder; a folder that takes none costs the word, not the mirror. */
class Word {
  readonly #dataDir: string;
  readonly #target: string;
  readonly #logger: Logger;
  #progress: MirrorProgress | null = null;
  #isToldOf = false;

  constructor(dataDir: string, target: string, logger: Logger) {
    this.#dataDir = dataDir;
    this.#target = target;
    this.#logger = logger;
  }

  hear(progress: MirrorProgress): void {
    this.#progress = progress;
  }

  leave(clock: Clock): void {
    if (this.#progress === null) return;
    try {
      writeMirrorStatus(this.#dataDir, { ...this.#progress, target: this.#target, atMs: clock.nowMs() });
      this.#isToldOf = false;
    } catch (error) {
      if (!this.#isToldOf)
        this.#logger.warn({ code: errorCode(error) }, "the mirror's status cannot be written");
      this.#isToldOf = true;
    }
  }
}

async function run({ dataDir, ledger, log }: MirrorPayload): Promise<number> {
  const logger = createLogger(log, { component: "mirror" });
  try {
    const target = targetOfConfig(ledger);
    if (target === null) return ExitCode.Ok;
    const word = new Word(dataDir, target.shown, logger);
    const mirror = ledgerMirror(
      { dataDir, target, passwordFile: ledger.mirrorPasswordFile, isAgain: false },
      { clock: wallClock, logger, onProgress: (progress) => word.hear(progress) },
    );
    const cancel = repeat(wallClock, STATUS_MS, () => word.leave(wallClock));
    try {
      logger.info({ target: target.shown }, "the ledger is mirrored");
      await mirror.follow(stop.signal);
      const last = new AbortController();
      wallClock.after(LAST_MS_MAX, () => last.abort(), { unref: true });
      const { journalKey } = await mirror.once(last.signal);
      logger.info({ journalKey }, "the mirror has ended");
    } finally {
      cancel();
      word.leave(wallClock);
    }
    return ExitCode.Ok;
  } catch (error) {
    logger.error({ code: errorCode(error) }, errorMessage(error));
    return exitCodeOf(error);
  }
}

sayFaultsAloud();
if (!process.connected) throw new Error("this file is started by `smcq engine`");
const payload = await firstMessage();
process.exitCode = payload === null ? ExitCode.Ok : await run(payload);
if (process.connected) process.disconnect();
wallClock.after(LINGER_MS_MAX, () => process.exit(), { unref: true });
