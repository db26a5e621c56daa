/** Throws when an invariant of our own code does not hold; the text states the positive rule. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new InvariantError(invariant);
}

/** Closes a union: a new variant breaks the build here. */
export function assertNever(value: never): never {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}` : part));
  throw new InvariantError(`Invariant: every variant is handled (got ${text})`);
}

/** Returns `value`, or throws when it is missing although our own code guarantees it. */
export function present<T>(value: T | null | undefined, invariant: string): T {
  if (value === null || value === undefined) throw new InvariantError(invariant);
  return value;
}

/** Broken code, never the world: the thread that throws it must not go on. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
  readonly code = "INVARIANT";
}
