import { forkBinanceSim } from "../../src/index.ts";

// A parent that starts the simulator, says its pid and port, and waits to be killed.
const child = await forkBinanceSim({ symbols: 5 });
process.stdout.write(`${JSON.stringify({ pid: child.pid, port: child.port })}\n`);
