import { StringDecoder } from "node:string_decoder";
import { SmcqError } from "@smcq/kernel";
import { openBytes } from "./open-bytes.ts";

export interface TextLinesOptions {
  /** Of the refusals of what is no text of lines, such as ROWS_FORMAT. */
  readonly code: string;
  readonly lineCharsMax: number;
  /** Bytes of the file that were read so far. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * The lines of a text file (packed or not, `openBytes`) in runs, without their ends, LF or CRLF; a last one without an end
 * counts too, empty lines at the end of the file do not; some inside it are told as one. Refuses with `code` a line that is too long.
 */
export async function* textLines(
  path: string,
  options: TextLinesOptions,
): AsyncGenerator<readonly string[], void, undefined> {
  const decoder = new StringDecoder("utf8");
  const cutter = new LineCutter(path, options);
  for await (const chunk of openBytes(path, options)) yield cutter.cut(decoder.write(chunk));
  yield cutter.cut(`${decoder.end()}\n`);
}

class LineCutter {
  readonly #path: string;
  readonly #options: TextLinesOptions;
  #line = 0;
  #rest = "";
  /** An empty line counts only when another one follows. */
  #isBlankBefore = false;

  constructor(path: string, options: TextLinesOptions) {
    this.#path = path;
    this.#options = options;
  }

  cut(text: string): readonly string[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    const whole: string[] = [];
    for (const line of lines) this.#take(line, whole);
    this.#requireShort(this.#rest);
    return whole;
  }

  #take(text: string, whole: string[]): void {
    this.#requireShort(text);
    this.#line++;
    const line = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (line === "") {
      this.#isBlankBefore = true;
      return;
    }
    if (this.#isBlankBefore) whole.push("");
    this.#isBlankBefore = false;
    whole.push(line);
  }

  #requireShort(text: string): void {
    const { code, lineCharsMax } = this.#options;
    if (text.length <= lineCharsMax) return;
    throw new SmcqError(
      code,
      `${this.#path}:${this.#line + 1}: the line is longer than ${lineCharsMax} characters`,
      {
        context: { file: this.#path, line: this.#line + 1 },
      },
    );
  }
}
