/** A business answer: a value, or a refusal with a reason code. Never used for failures of the world. */
export type Result<T, R extends string = string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: R };
