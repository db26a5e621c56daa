import { createHash } from "node:crypto";
import { mkdirSync, realpathSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { errorCode, errorMessage, SmcqError, SystemClock } from "@smcq/kernel";

/** A venue whose parent was killed is gone by then, wall ms. */
const WAIT_MS_MAX = 5_000;
const RETRY_MS = 50;

/**
 * Holds a folder for this process until it releases it or dies; waits a while for a venue that is just ending. Throws
 * SmcqError `SIM_LOCKED`, and `SIM_ACCOUNT` for what is no folder. It is a name of Linux's sockets, which ends with its
 * process; elsewhere nothing is held.
 */
export async function holdFolder(folder: string): Promise<() => void> {
  makeFolder(folder);
  if (process.platform !== "linux") return () => {};
  const name = createHash("sha256").update(realpathSync(folder)).digest("hex").slice(0, 32);
  const clock = new SystemClock();
  const startNs = clock.monoNs();
  for (;;) {
    const server = await listen(`\0smcq-venue-${name}`);
    if (server !== null) return () => void server.close();
    if ((clock.monoNs() - startNs) / 1e6 > WAIT_MS_MAX)
      throw new SmcqError("SIM_LOCKED", `another simulated venue keeps its account in ${folder}`);
    await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
  }
}

/** A folder that nobody else may read, if there is none. Throws SmcqError `SIM_ACCOUNT` for what can be none. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new SmcqError("SIM_ACCOUNT", `${folder} can be no account's folder: ${errorMessage(cause)}`, {
      cause,
    });
  }
}

/** Null: the name is taken. */
function listen(name: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once("error", (error) => {
      if (errorCode(error) === "EADDRINUSE") resolve(null);
      else reject(error);
    });
    server.listen(name, () => resolve(server));
  });
}
