/** What may stand in an error's context: plain data that survives a structured clone. */
export type ErrorContext = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** A failure of the world (socket, REST, disk, user input), with a stable code for callers to switch on. */
export class SmcqError extends Error {
  override readonly name = "SmcqError";
  readonly code: string;
  readonly context: ErrorContext;

  constructor(code: string, message: string, options: { context?: ErrorContext; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.context = options.context ?? {};
  }
}

/** The form in which an error crosses a thread or process (structured clone loses class and code). */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly context: ErrorContext;
  readonly stack: string;
}

/** Returns the code of an error: ours, Node's (`ECONNRESET`), or `UNKNOWN`. */
export function errorCode(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string")
    return error.code;
  return "UNKNOWN";
}

/** Returns the text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    // An object without a prototype, or with a `toString` that throws, was thrown.
    return "a value that cannot be printed";
  }
}

/** Returns plain data for anything that was thrown. */
export function toWireError(error: unknown): WireError {
  return {
    code: errorCode(error),
    message: errorMessage(error),
    context: error instanceof SmcqError ? error.context : {},
    stack: error instanceof Error ? (error.stack ?? "") : "",
  };
}

/** Returns an error that can be thrown again on the other side of a thread boundary. */
export function fromWireError(wire: WireError): SmcqError {
  const error = new SmcqError(wire.code, wire.message, { context: wire.context });
  if (wire.stack !== "") error.stack = wire.stack;
  return error;
}
