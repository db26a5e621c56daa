import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { fromWireError, SmcqError, workerExecArgv, workerUrl, type ClockSpec } from "@smcq/kernel";
import type { SimControl, SimReport, SimStart } from "./messages.ts";
import type { BinanceSimOptions } from "./options.ts";

/** The simulator in a process of its own. */
export interface SimChild {
  readonly pid: number;
  readonly port: number;
  readonly clockSpec: ClockSpec;
  send(control: SimControl): void;
  /** Everything the process reports after `listening`. */
  onReport(listener: (report: SimReport) => void): void;
  /** Resolves with the exit code (null after a signal). */
  readonly exited: Promise<number | null>;
  /** Asks it to stop and waits for its end. */
  stop(): Promise<number | null>;
}

const LOG_BYTES_MAX = 4000;

/**
 * Forks the simulator and waits until it listens. Throws SmcqError with the child's code (`EADDRINUSE`,
 * `SIM_OPTION`, `SIM_FAULTS`) or `SIM_DIED` with what it wrote to stderr.
 */
export async function forkBinanceSim(options: BinanceSimOptions = {}): Promise<SimChild> {
  const child = fork(fileURLToPath(workerUrl(import.meta.url, "./process")), [], {
    execArgv: workerExecArgv(import.meta.url),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    serialization: "json",
  });
  child.send({ type: "start", options } satisfies SimStart);
  let stderrText = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderrText = (stderrText + chunk.toString("utf8")).slice(-LOG_BYTES_MAX);
  });
  const exited = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const listening = await firstReport(child, () => stderrText);
  return {
    pid: child.pid ?? -1,
    port: listening.port,
    clockSpec: listening.clock,
    send(control) {
      if (child.connected) child.send(control);
    },
    onReport(listener) {
      child.on("message", (message) => listener(message as SimReport));
    },
    exited,
    async stop() {
      if (child.connected) child.send({ type: "stop" } satisfies SimControl);
      return await exited;
    },
  };
}

function firstReport(
  child: ChildProcess,
  stderrText: () => string,
): Promise<Extract<SimReport, { type: "listening" }>> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => {
      const report = message as SimReport;
      if (report.type === "listening") resolve(report);
      else if (report.type === "failed") reject(fromWireError(report.error));
      else reject(new SmcqError("SIM_DIED", `the simulator began with ${report.type}`));
    });
    child.once("close", (code) =>
      reject(new SmcqError("SIM_DIED", `the simulator ended with code ${String(code)}: ${stderrText()}`)),
    );
  });
}
