import { SmcqError } from "@smcq/kernel";

/** A request that is answered with no: its HTTP status, a stable code, and words for a person. */
export class Refusal extends SmcqError {
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(code, message);
    this.status = status;
  }
}

/** Codes of others by their beginning: whose fault it is. */
const STATUS_BY_PREFIX: readonly (readonly [string, number])[] = [
  ["USAGE", 400],
  ["CONTROL_NO_ENGINE", 503],
  ["CONTROL_SILENT", 503],
  ["CONTROL_FIELD", 400],
  ["CONTROL", 409],
  ["BACKTEST_NONE", 404],
  ["BACKTEST", 503],
  ["LEDGER_RUN", 404],
  ["LEDGER", 503],
];

/** The HTTP status that an error of the source deserves; null: it is a fault of ours. */
export function statusOf(error: unknown): number | null {
  if (error instanceof Refusal) return error.status;
  if (!(error instanceof SmcqError)) return null;
  return STATUS_BY_PREFIX.find(([prefix]) => error.code.startsWith(prefix))?.[1] ?? null;
}
