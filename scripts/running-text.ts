import type { Token } from "./scan-source.ts";

/** Words over several lines as one text: breaks are blanks, the marks of comments are gone. */
export interface RunningText {
  readonly text: string;
  /** The file's 1-based line and the offset in `text` at which it begins, in order. */
  readonly starts: readonly { readonly at: number; readonly line: number }[];
}

/** Joins consecutive lines of a file; `line` is the first one's number. */
export function runningText(lines: readonly string[], line: number): RunningText {
  const starts: { at: number; line: number }[] = [];
  let text = "";
  for (const [offset, words] of lines.entries()) {
    starts.push({ at: text.length, line: line + offset });
    text += `${words} `;
  }
  return { text, starts };
}

/** Returns the file's line in which the character at `at` stands. */
export function lineAt({ starts }: RunningText, at: number): number {
  return starts.findLast((start) => start.at <= at)?.line ?? 0;
}

function withoutMarks(line: string): string {
  return line.replace(/^\s*(?:\/\*\*?|\/\/+|\*)\s?/, "");
}

/** Returns the comments of a TypeScript source; `//` lines that follow one another are one text. */
export function sourceComments(comments: readonly Token[]): RunningText[] {
  const texts: { lines: string[]; line: number; isBlock: boolean }[] = [];
  for (const { value, line } of comments) {
    const lines = value.split("\n").map(withoutMarks);
    const isBlock = value.startsWith("/*");
    const last = texts.at(-1);
    if (last !== undefined && !isBlock && !last.isBlock && last.line + last.lines.length === line)
      last.lines.push(...lines);
    else texts.push({ lines, line, isBlock });
  }
  return texts.map(({ lines, line }) => runningText(lines, line));
}

// Three quotes at the beginning of a line are Python's docstring; other texts may hold a `#` that begins no comment.
const DOCSTRING = /(?<doc>(?<=^[ \t]*)(?<quotes>"""|''')[^]*?\k<quotes>)/;
const COMMENT = /(?<comment>(?<![^\s;])#[^\n]*)/;
const TEXT = /"""[^]*?"""|'''[^]*?'''|"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\\n])*'/;
const SCRIPT_PARTS = new RegExp([DOCSTRING, COMMENT, TEXT].map(({ source }) => source).join("|"), "gm");

/** Returns the `#` comments and docstrings of a script; comment lines that follow one another are one text. */
export function scriptComments(source: string): RunningText[] {
  const texts: { lines: string[]; line: number; isDoc: boolean }[] = [];
  for (const { groups, index } of source.matchAll(SCRIPT_PARTS)) {
    const words = groups?.["doc"] ?? groups?.["comment"];
    if (words === undefined) continue;
    const line = source.slice(0, index).split("\n").length;
    const isDoc = groups?.["doc"] !== undefined;
    const lines = words.split("\n").map((part) => part.replace(/^\s*(?:#+!?|"""|''')?\s?/, ""));
    const last = texts.at(-1);
    if (last !== undefined && !isDoc && !last.isDoc && last.line + last.lines.length === line)
      last.lines.push(...lines);
    else texts.push({ lines, line, isDoc });
  }
  return texts.map(({ lines, line }) => runningText(lines, line));
}
