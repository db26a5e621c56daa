import { SmcqError } from "@smcq/kernel";

const FORM = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;

/** Hours of every day in which only what is critical is told; minutes of the local day, `from` included, `to` not. */
export class QuietHours {
  readonly #fromMinute: number;
  readonly #toMinute: number;
  readonly #format: Intl.DateTimeFormat;

  /** `22:00-07:00`, in an IANA time zone. Refuses (CONFIG_ALERTS_QUIET) another form, no hours at all, and a zone that is unknown. */
  constructor(text: string, timeZone: string) {
    const [, ...parts] = FORM.exec(text) ?? [];
    const [fromHour, fromMinute, toHour, toMinute] = parts.map(Number);
    if (fromHour === undefined || fromMinute === undefined || toHour === undefined || toMinute === undefined)
      throw new SmcqError(
        "CONFIG_ALERTS_QUIET",
        "alerts.quietHours: wanted HH:MM-HH:MM, such as 22:00-07:00",
      );
    this.#fromMinute = fromHour * 60 + fromMinute;
    this.#toMinute = toHour * 60 + toMinute;
    if (this.#fromMinute === this.#toMinute)
      throw new SmcqError("CONFIG_ALERTS_QUIET", "alerts.quietHours: begins and ends at the same minute");
    try {
      this.#format = new Intl.DateTimeFormat("en-GB", {
        timeZone,
        hour: "2-digit",
        minute: "2-digit",
        hourCycle: "h23",
      });
    } catch (cause) {
      throw new SmcqError(
        "CONFIG_ALERTS_QUIET",
        "alerts.timeZone: unknown; an IANA name such as Europe/Berlin or UTC is wanted",
        { cause },
      );
    }
  }

  /** Whether this instant, wall ms, lies in them. */
  isQuiet(nowMs: number): boolean {
    const [hour = 0, minute = 0] = this.#format.format(nowMs).split(":").map(Number);
    const at = hour * 60 + minute;
    if (this.#fromMinute < this.#toMinute) return at >= this.#fromMinute && at < this.#toMinute;
    return at >= this.#fromMinute || at < this.#toMinute;
  }
}
