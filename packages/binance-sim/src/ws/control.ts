/** What a control message may ask of a connection. */
export interface ControlTarget {
  subscribe(names: readonly string[]): boolean;
  unsubscribe(names: readonly string[]): void;
  list(): readonly string[];
  isCombined: boolean;
}

const METHODS = ["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY"];
const STREAMS_MAX_TEXT = "Invalid request: too many subscriptions, at most 1024 streams a connection";

type Id = string | number | null;

function failure(code: number, msg: string, id: Id): string {
  return JSON.stringify(id === null ? { error: { code, msg } } : { error: { code, msg }, id });
}

function readId(value: unknown): Id | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  if (typeof value === "string" && /^[A-Za-z0-9_-]{1,36}$/.test(value)) return value;
  return undefined;
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function setProperty(target: ControlTarget, parameters: unknown, id: Id): string {
  if (!Array.isArray(parameters) || typeof parameters[0] !== "string")
    return failure(2, "Invalid request: property name must be a string", id);
  if (parameters.length > 2) return failure(2, "Invalid request: too many parameters", id);
  if (parameters[0] !== "combined") return failure(0, "Unknown property", id);
  if (typeof parameters[1] !== "boolean") return failure(1, "Invalid value type: expected Boolean", id);
  target.isCombined = parameters[1];
  return JSON.stringify({ result: null, id });
}

function getProperty(target: ControlTarget, parameters: unknown, id: Id): string {
  if (!Array.isArray(parameters) || typeof parameters[0] !== "string")
    return failure(2, "Invalid request: property name must be a string", id);
  if (parameters[0] !== "combined") return failure(0, "Unknown property", id);
  return JSON.stringify({ result: target.isCombined, id });
}

/** Carries out a control message; returns the venue's answer, an error in the venue's form included. */
export function handleControl(text: string, target: ControlTarget): string {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return failure(3, "Invalid JSON: expected value at line 1 column 1", null);
  }
  if (typeof message !== "object" || message === null || Array.isArray(message))
    return failure(2, "Invalid request: expected an object", null);
  const { method, params, id: givenId } = message as Readonly<Record<string, unknown>>;
  const id = readId(givenId);
  if (id === undefined) return failure(2, "Invalid request: request ID must be an unsigned integer", null);
  if (method === undefined)
    return failure(2, "Invalid request: missing field `method` at line 1 column 1", id);
  if (typeof method !== "string") return failure(2, "Invalid request: method must be a string", id);
  switch (method) {
    case "SUBSCRIBE":
    case "UNSUBSCRIBE":
      if (!isTextList(params)) return failure(2, "Invalid request: params must be a list of strings", id);
      if (method === "UNSUBSCRIBE") target.unsubscribe(params);
      else if (!target.subscribe(params)) return failure(2, STREAMS_MAX_TEXT, id);
      return JSON.stringify({ result: null, id });
    case "LIST_SUBSCRIPTIONS":
      return JSON.stringify({ result: target.list(), id });
    case "SET_PROPERTY":
      return setProperty(target, params, id);
    case "GET_PROPERTY":
      return getProperty(target, params, id);
    default:
      return failure(
        2,
        `Invalid request: unknown variant \`${method}\`, expected one of ${METHODS.map((name) => `\`${name}\``).join(", ")}`,
        id,
      );
  }
}
