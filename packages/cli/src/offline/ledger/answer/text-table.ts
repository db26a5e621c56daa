/** Columns of a terminal that every table fits into. */
export const WIDTH_MAX = 80;

const NARROWEST = 8;
const WIDE = /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]/;

export interface Column {
  readonly name: string;
  /** Figures stand at the right, so that their digits are under each other. */
  readonly isFigure?: boolean;
  /** May be cut where the table would be too wide; what is cut ends in "…". */
  readonly mayShrink?: boolean;
}

/** A table for eyes, at most `WIDTH_MAX` wide as long as its columns allow it; a line a row, each ended. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ name }, at) =>
    rows.reduce((width, row) => Math.max(width, lengthOf(row[at] ?? "")), lengthOf(name)),
  );
  const gap = widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1)) > WIDTH_MAX ? 1 : 2;
  let excess = widths.reduce((sum, width) => sum + width, gap * (widths.length - 1)) - WIDTH_MAX;
  for (const [at, { mayShrink }] of columns.entries()) {
    if (mayShrink !== true || excess <= 0) continue;
    const width = Math.max(NARROWEST, (widths[at] as number) - excess);
    excess -= (widths[at] as number) - width;
    widths[at] = width;
  }
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ isFigure }, at) => padded(cells[at] ?? "", widths[at] as number, isFigure === true))
      .join(" ".repeat(gap))
      .trimEnd();
  return [columns.map(({ name }) => name), ...rows].map((cells) => `${line(cells)}\n`).join("");
}

/** Words broken into lines of at most `WIDTH_MAX`, each but the first begun by `indent`; ended. */
export function wrapped(text: string, indent = "  "): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && lengthOf(line) + 1 + lengthOf(word) > WIDTH_MAX) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return `${[...lines, line].join("\n")}\n`;
}

function padded(cell: string, width: number, isRight: boolean): string {
  const text = lengthOf(cell) > width ? `${cut(cell, width - 1)}…` : cell;
  const room = " ".repeat(width - lengthOf(text));
  return isRight ? room + text : text + room;
}

function cut(text: string, width: number): string {
  let cutText = "";
  for (const character of text) {
    if (lengthOf(cutText + character) > width) break;
    cutText += character;
  }
  return cutText;
}

/** Places on a terminal: some symbols are named in Chinese, whose characters take two. */
function lengthOf(text: string): number {
  let length = 0;
  for (const character of text) length += WIDE.test(character) ? 2 : 1;
  return length;
}
