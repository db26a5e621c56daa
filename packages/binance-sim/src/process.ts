/**
 * The simulator as a child process: `fork(process.ts)`, then `SimStart`. Reports `listening` or `failed`,
 * takes control messages, and ends with code 0 on `stop`, when the parent's IPC channel closes, and some time after a SIGTERM.
 */
import { assertNever, SystemClock, toWireError } from "@smcq/kernel";
import type { SimControl, SimReport, SimStart } from "./messages.ts";
import type { BinanceSimOptions } from "./options.ts";
import { startBinanceSim, type BinanceSim } from "./sim.ts";

const STOP_WALL_MS_MAX = 2000;
/** After a SIGTERM of its own, wall ms: one of the whole group (a service manager's) lets the engine leave its positions first. */
const TERM_WALL_MS = 20_000;

function report(message: SimReport): void {
  // A parent that is gone is no failure: `disconnect` ends the process.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

function carryOut(sim: BinanceSim, control: SimControl): void {
  switch (control.type) {
    case "faults":
      sim.setFaults(control.faults);
      break;
    case "list":
      sim.list(control.symbol);
      break;
    case "delist":
      sim.delist(control.symbol);
      break;
    case "stats":
      report({ type: "stats", stats: sim.stats() });
      return;
    case "prepare-close":
      sim.prepareClose();
      break;
    case "close-now":
      report({ type: "burst", burst: sim.closeNow() });
      return;
    case "steady":
      sim.steady(control.messagesPerSecond);
      break;
    case "stop":
      return;
    default:
      assertNever(control);
  }
  report({ type: "done", control: control.type });
}

function obey(sim: BinanceSim, control: SimControl): void {
  try {
    carryOut(sim, control);
  } catch (error) {
    report({ type: "refused", control: control.type, error: toWireError(error) });
  }
}

async function end(sim: BinanceSim | null): Promise<void> {
  new SystemClock().after(STOP_WALL_MS_MAX, () => process.exit(0), { unref: true });
  await sim?.stop();
  process.exit(0);
}

async function main(): Promise<void> {
  let sim: BinanceSim | null = null;
  const { promise: options, resolve } = Promise.withResolvers<BinanceSimOptions>();
  // It may be told to stop while it starts.
  process.on("message", (message: SimStart | SimControl) => {
    if (message.type === "start") resolve(message.options);
    else if (message.type === "stop") void end(sim);
    else if (sim !== null) obey(sim, message);
  });
  process.once("disconnect", () => void end(sim));
  process.once("SIGTERM", () => {
    if (process.connected) new SystemClock().after(TERM_WALL_MS, () => void end(sim), { unref: true });
    else void end(sim);
  });
  // Ctrl-C, or a terminal that closes, reaches the whole group: the engine goes first and then closes the channel.
  const onGroupSignal = (): void => {
    if (!process.connected) void end(sim);
  };
  process.on("SIGINT", onGroupSignal);
  process.on("SIGHUP", onGroupSignal);
  try {
    sim = await startBinanceSim(await options);
  } catch (error) {
    process.exitCode = 1;
    report({ type: "failed", error: toWireError(error) });
    process.disconnect?.();
    return;
  }
  const running = sim;
  running.onEvent(report);
  const { port, clockSpec: clock, accountText } = running;
  report({ type: "listening", port, clock, accountText });
}

await main();
