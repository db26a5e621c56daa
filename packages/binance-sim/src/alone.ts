import { e8Text, MINUTE_MS, repeat, SystemClock } from "@smcq/kernel";
import type { BinanceSimOptions } from "./options.ts";
import { startBinanceSim, type BinanceSim } from "./sim.ts";
import { timeText } from "./time-text.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** So many minutes without a request or a frame are not told of one by one. */
const QUIET_MINUTES_MAX = 10;

/**
 * Runs the venue in this process for a person or a client of another kind: says where it listens and how long its data
 * lasts, once a wall minute what it has done, and ends on SIGINT, SIGTERM or at the end of the data. Throws what
 * `startBinanceSim` throws.
 */
export async function runBinanceSimAlone(
  options: BinanceSimOptions,
  say: (line: string) => void,
): Promise<void> {
  const sim = await startBinanceSim(options);
  // Whoever has read where it listens may end it: the signals are heard before anything is said.
  const ended = endOf(sim, say);
  for (const line of banner(sim)) say(line);
  const report = new MinuteReport(sim);
  const cancel = repeat(new SystemClock(), MINUTE_MS, () => report.tell(say), { unref: true });
  const reason = await ended;
  cancel();
  await sim.stop();
  say(`stopped: ${reason}`);
}

/** Why it is to end; then signals are nobody's again. */
async function endOf(sim: BinanceSim, say: (line: string) => void): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const end = (signal: string): void => resolve(signal);
  for (const signal of SIGNALS) process.on(signal, end);
  sim.onEvent((event) =>
    event.type === "end-of-data" ? resolve("end of data") : say("the data starts over"),
  );
  const reason = await promise;
  for (const signal of SIGNALS) process.off(signal, end);
  return reason;
}

function banner(sim: BinanceSim): readonly string[] {
  const { settings, market, restUrl, wsUrl, trading } = sim;
  const left = market.openTimeMs(market.minuteCount) - sim.clock.nowMs();
  const hours = left / settings.speed / 3_600_000;
  const lasts = settings.loop
    ? "for ever, it starts over"
    : `${hours.toFixed(1)} h at speed ${settings.speed}`;
  const streams = trading === null ? `${wsUrl}/market` : `${wsUrl}/market  ${wsUrl}/public  ${wsUrl}/private`;
  const keys = (settings.trading?.keys ?? []).map((key) =>
    key.type === "hmac"
      ? `key         ${key.key}\nsecret      ${key.secret}`
      : `key         ${key.key} (${key.type})`,
  );
  return [
    `REST        ${restUrl}`,
    `WebSocket   ${streams}`,
    ...keys.flatMap((text) => text.split("\n")),
    ...(trading === null ? [] : [`wallet      ${e8Text(trading.walletE8(), 2)} USDT`]),
    `clock       ${timeText(sim.clock.nowMs())}, speed ${settings.speed}`,
    `data lasts  ${lasts}`,
    `faults      ${settings.faults}`,
  ];
}

/** What has happened since the last line. */
export class MinuteReport {
  readonly #sim: BinanceSim;
  #told = { requests: 0, frames: 0, unexpected: 0 };
  #quiet = 0;

  constructor(sim: BinanceSim) {
    this.#sim = sim;
  }

  tell(say: (line: string) => void): void {
    const { requests, frames, unexpected, connections, replies429, replies418 } = this.#sim.stats();
    const isQuiet = requests === this.#told.requests && frames === this.#told.frames;
    this.#quiet = isQuiet ? this.#quiet + 1 : 0;
    if (!isQuiet || this.#quiet % QUIET_MINUTES_MAX === 0) {
      const { trading, clock } = this.#sim;
      const refused = replies429 + replies418;
      const account =
        trading === null
          ? ""
          : `  wallet ${e8Text(trading.walletE8())}  positions ${trading.positions().length}  orders ${trading.openOrders().length}+${trading.openAlgos().length}`;
      say(
        `${timeText(clock.nowMs())}  requests ${requests - this.#told.requests}  frames ${frames - this.#told.frames}` +
          `  connections ${connections.open}  unexpected ${unexpected - this.#told.unexpected}  429/418 ${refused}${account}`,
      );
    }
    this.#told = { requests, frames, unexpected };
  }
}
