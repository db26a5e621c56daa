import { type ControlRequest, parseRequest } from "../control/protocol.ts";
import type { Query } from "./questions.ts";

/** A question that the running engine answers: what may be asked with it, and the request that it becomes. */
export interface EngineQuestion {
  readonly parameters: readonly string[];
  readonly request: (query: Query) => ControlRequest;
}

const plain = (request: "metrics" | "orders" | "system" | "model" | "market"): EngineQuestion => ({
  parameters: [],
  request: () => ({ request }),
});

/** Read as the engine reads it: what is wrong with a parameter is told before the engine is asked. */
export const ENGINE_QUESTIONS: ReadonlyMap<string, EngineQuestion> = new Map([
  ["metrics", plain("metrics")],
  ["orders", plain("orders")],
  ["system", plain("system")],
  ["model", plain("model")],
  ["market", plain("market")],
  [
    "log",
    {
      parameters: ["after", "lines", "level"],
      request: (query: Query) =>
        parseRequest(
          JSON.stringify({
            request: "log",
            level: query.get("level"),
            after: numberOf(query.get("after")),
            lines: numberOf(query.get("lines")),
          }),
        ),
    },
  ],
]);

/** What is no number stays as it is, so that it is refused by its name. */
function numberOf(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d{1,16}$/u.test(text) ? Number(text) : text;
}
