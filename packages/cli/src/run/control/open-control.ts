import type { EngineConfig } from "@smcq/config";
import type { Clock, Logger } from "@smcq/kernel";
import type { RestUse } from "../../control/protocol.ts";
import type { LogTail } from "../../output/log-tail.ts";
import type { SystemView } from "../../control/system-views.ts";
import type { Metric } from "../../output/metrics/metric.ts";
import { controlSocketPath } from "../../control/socket-path.ts";
import type { RunEngine } from "../create-engine.ts";
import { ControlServer } from "./control-server.ts";
import { HaltFile } from "./halt-file.ts";
import { Operator } from "./operator.ts";

export interface ControlParts {
  readonly config: Pick<EngineConfig, "dataDir">;
  readonly engine: RunEngine;
  readonly run: { readonly modeName: string; readonly runId: string };
  readonly restUse: () => RestUse;
  readonly metrics: () => readonly Metric[];
  readonly system: () => SystemView;
  readonly logTail: LogTail;
  readonly signal: AbortSignal;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** How a person reaches the running engine. */
export interface Control {
  readonly path: string;
  close(): Promise<void>;
}

/**
 * Opens the ways by which a person speaks to the engine: the file `HALT` (one that stands already halts at once) and the
 * control socket.
 */
export async function openControl(parts: ControlParts): Promise<Control> {
  const { config, engine, signal, wallClock, logger } = parts;
  const path = controlSocketPath(config.dataDir);
  const onHalt = (): void => void engine.inbox.put({ type: "operator", word: "halt", by: "file" });
  const haltFile = new HaltFile({ dataDir: config.dataDir, onHalt, wallClock, logger });
  const operator = new Operator({
    ...parts,
    isHaltFile: () => haltFile.isPresent,
    isStopping: () => signal.aborted,
  });
  const server = new ControlServer({ path, obey: (request) => operator.obey(request), logger });
  await server.listen();
  haltFile.start();
  return {
    path,
    close: async () => {
      haltFile.close();
      await server.close();
    },
  };
}
