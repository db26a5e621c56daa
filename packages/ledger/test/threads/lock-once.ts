// A child process that tries to take the run lock once, and prints what came of it.
import { errorMessage } from "@smcq/kernel";
import { acquireRunLock } from "../../src/index.ts";

const [dataDir = ""] = process.argv.slice(2);
try {
  acquireRunLock(dataDir).release();
  process.stdout.write(`free, tried by pid ${process.pid}`);
} catch (error) {
  process.stdout.write(errorMessage(error));
}
