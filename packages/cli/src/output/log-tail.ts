import { escapeHidden } from "@smcq/kernel";
import { LOG_LEVELS, type LogLevel, type LogLineView, type LogView } from "../control/log-views.ts";

/** Lines that are kept; of more the oldest goes. */
export const TAIL_LINES_MAX = 1_000;
/** A line that is longer is kept as its level, time and a word on its length, characters. */
export const TAIL_LINE_CHARS_MAX = 4_096;
/** What is told at once has so many characters at most, without the names of its fields. */
export const TAIL_TOLD_CHARS_MAX = 262_144;

/** Keys that have a place of their own, or say the same again for eyes. */
const OWN_KEYS: ReadonlySet<string> = new Set(["level", "time", "msg", "display"]);

export interface LogWish {
  /** The number of the last line that the asker knows; 0: none. */
  readonly after: number;
  /** How many at most: the newest. */
  readonly lines: number;
  /** This level and above. */
  readonly level: LogLevel;
}

/**
 * The last lines of a process's log, as they were written: nothing is in it that is not in the log.
 *
 *   keep ─► [ oldest … newest ] ─► look(after) ─► what came since, the newest of it, at most so many lines and characters
 *               └─ beyond the limit: gone, and counted as missed by whoever asks later
 */
export class LogTail {
  /** When it began, wall ms: another number is another process's tail, which counts its lines anew. */
  readonly sinceMs: number;
  readonly #lines: string[] = [];
  #lastSeq = 0;

  constructor(sinceMs: number) {
    this.sinceMs = sinceMs;
  }

  /** Takes a line as the log writes it: JSON, hidden characters escaped. */
  keep(line: string): void {
    this.#lastSeq++;
    this.#lines.push(line.length <= TAIL_LINE_CHARS_MAX ? line : shortened(line));
    if (this.#lines.length > TAIL_LINES_MAX) this.#lines.shift();
  }

  /** What was written after a line that is known, the oldest first. */
  look({ after, lines: most, level }: LogWish): LogView {
    const firstSeq = this.#lastSeq - this.#lines.length + 1;
    // Whoever knows more than there is knows another process's.
    const known = after > this.#lastSeq ? 0 : after;
    const found: LogLineView[] = [];
    let [isCut, chars] = [false, 0];
    for (let seq = this.#lastSeq; seq >= Math.max(firstSeq, known + 1); seq--) {
      const line = viewOf(seq, this.#lines[seq - firstSeq] ?? "");
      if (LOG_LEVELS.indexOf(line.level) < LOG_LEVELS.indexOf(level)) continue;
      chars += line.text.length + line.detail.length;
      isCut = found.length >= most || chars > TAIL_TOLD_CHARS_MAX;
      if (isCut) break;
      found.push(line);
    }
    return {
      sinceMs: this.sinceMs,
      lastSeq: this.#lastSeq,
      gone: Math.max(0, firstSeq - 1 - known),
      isCut,
      lines: found.toReversed(),
    };
  }
}

function viewOf(seq: number, line: string): LogLineView {
  const fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const level = LOG_LEVELS.find((one) => one === fields["level"]) ?? "error";
  const detail = Object.fromEntries(Object.entries(fields).filter(([key]) => !OWN_KEYS.has(key)));
  return {
    seq,
    time: String(fields["time"]),
    level,
    // What JSON has escaped, parsing has brought back.
    text: escapeHidden(textOf(fields["msg"])),
    detail: Object.keys(detail).length === 0 ? "" : escapeHidden(JSON.stringify(detail)),
  };
}

/** A line without words has none. */
function textOf(msg: unknown): string {
  return typeof msg === "string" ? msg : "";
}

function shortened(line: string): string {
  const { level, time, msg } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const text = textOf(msg).slice(0, TAIL_LINE_CHARS_MAX / 8);
  return JSON.stringify({ level, time, msg: `${text} (a line of ${line.length} characters, cut)` });
}
