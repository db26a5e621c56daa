import type { TimeRange } from "@smcq/history";
import { SmcqError } from "@smcq/kernel";
import { utcMs } from "@smcq/scoring";
import type { Options } from "yargs";

/** A UTC time as people write it: a day, a minute or a second of it. */
const UTC_TIME = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d(?:\.\d{3})?)?Z?)?$/;

const TEXT = { type: "string", requiresArg: true } as const;

/** Flags that choose stored bars. */
export const STORED_FLAGS: Readonly<Record<"symbols" | "from" | "to", Options>> = {
  symbols: {
    ...TEXT,
    describe: "bars of the store (smcq data): all, or names parted by commas; instead of --klines",
  },
  from: { ...TEXT, describe: "of the store: bars from here on (UTC date, or ms)" },
  to: { ...TEXT, describe: "of the store: leave out bars from here on (UTC date, or ms)" },
};

export const STORE_FOLDER_FLAG: Options = { ...TEXT, describe: "the data folder, whose store it is" };

/** A flag's UTC time in ms; null: it is not given. `code` is that of the refusal. */
export function timeFlag(args: Readonly<Record<string, unknown>>, flag: string, code: string): number | null {
  const text = args[flag] as string | undefined;
  if (text === undefined) return null;
  const [, day, minute = "00:00", second = ":00"] = UTC_TIME.exec(text) ?? [];
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : utcMs(`${day}T${minute}${second}Z`);
  if (Number.isSafeInteger(ms)) return ms;
  throw new SmcqError(code, `--${flag} ${text}: must be a UTC time such as 2026-02-01T00:00, or ms`);
}

/** `--from` and `--to`, the right way round. */
export function storedRange(args: Readonly<Record<string, unknown>>, code: string): TimeRange {
  const [fromMs, toMs] = [timeFlag(args, "from", code), timeFlag(args, "to", code)];
  if (fromMs !== null && toMs !== null && fromMs >= toMs)
    throw new SmcqError(code, `--from ${String(args["from"])} is not before --to ${String(args["to"])}`);
  return { fromMs, toMs };
}
