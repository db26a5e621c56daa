import { errorMessage } from "@smcq/kernel";
import type { BinanceSimOptions } from "./options.ts";
import { startBinanceSim } from "./sim.ts";

/**
 * Runs the venue in this process for a person or a client of another kind: says where it listens, ends on SIGINT,
 * SIGTERM or at the end of the data. Resolves with an exit code (0; 1 when it cannot start, said in words).
 */
export async function runBinanceSimAlone(
  options: BinanceSimOptions,
  say: (line: string) => void,
): Promise<number> {
  try {
    const sim = await startBinanceSim(options);
    say(
      `REST ${sim.restUrl}  WebSocket ${sim.wsUrl}/market/stream  speed ${sim.settings.speed}  faults ${sim.settings.faults}`,
    );
    const reason = await new Promise<string>((resolve) => {
      process.once("SIGINT", () => resolve("SIGINT"));
      process.once("SIGTERM", () => resolve("SIGTERM"));
      sim.onEvent((event) =>
        event.type === "end-of-data" ? resolve("end of data") : say("the data starts over"),
      );
    });
    await sim.stop();
    say(`stopped: ${reason}`);
    return 0;
  } catch (error) {
    say(errorMessage(error));
    return 1;
  }
}
