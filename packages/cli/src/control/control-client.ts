import { createConnection } from "node:net";
import { afterAwake, errorCode, errorMessage, SmcqError, SystemClock } from "@smcq/kernel";
import { type ControlAnswers, ControlRefusal, type ControlReply, type ControlRequest } from "./protocol.ts";
import { controlSocketPath } from "./socket-path.ts";

/** An engine that has not answered by then does not answer, wall ms. */
const ANSWER_MS_MAX = 10_000;
/** No socket is there, or nobody listens on it. */
const NOBODY: ReadonlySet<string> = new Set(["ENOENT", "ECONNREFUSED", "ENOTDIR"]);

/**
 * Asks the engine that runs on a data folder. Throws SmcqError: CONTROL_NO_ENGINE where none does, CONTROL_SILENT where it
 * does not answer, and the engine's own refusals.
 */
export async function askEngine<T extends ControlRequest>(
  dataDir: string,
  request: T,
): Promise<ControlAnswers[T["request"]]> {
  const reply = JSON.parse(await exchange(dataDir, `${JSON.stringify(request)}\n`)) as ControlReply;
  if (!reply.ok) throw new ControlRefusal(reply.code, reply.message, reply.field);
  return reply.answer as ControlAnswers[T["request"]];
}

function exchange(dataDir: string, line: string): Promise<string> {
  const path = controlSocketPath(dataDir);
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = "";
    const fail = (error: SmcqError): void => {
      cancel();
      socket.destroy();
      reject(error);
    };
    const cancel = afterAwake(new SystemClock(), ANSWER_MS_MAX, () =>
      fail(new SmcqError("CONTROL_SILENT", `the engine on ${path} has not answered for ${ANSWER_MS_MAX} ms`)),
    );
    socket.setEncoding("utf8");
    socket.once("connect", () => socket.write(line));
    socket.on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end < 0) return;
      cancel();
      socket.end();
      resolve(text.slice(0, end));
    });
    socket.once("error", (error) => fail(failureOf(error, dataDir, path)));
    socket.once("close", () =>
      fail(
        new SmcqError("CONTROL_SILENT", `the engine on ${path} has closed the connection without an answer`),
      ),
    );
  });
}

function failureOf(error: Error, dataDir: string, path: string): SmcqError {
  if (NOBODY.has(errorCode(error)))
    return new SmcqError("CONTROL_NO_ENGINE", `no engine runs on the data folder ${dataDir}`, {
      context: { path },
      cause: error,
    });
  return new SmcqError("CONTROL_SILENT", `cannot speak to the engine on ${path}: ${errorMessage(error)}`, {
    cause: error,
  });
}
