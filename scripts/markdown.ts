import { runningText } from "./running-text.ts";
import type { RunningText } from "./running-text.ts";

/** One reference in a Markdown text. */
export interface MarkdownPart {
  readonly value: string;
  readonly line: number;
}

export interface Markdown {
  /** Anchors: the slugs of the headings as GitHub makes them, and explicit ids. */
  readonly anchors: ReadonlySet<string>;
  /** Numbers and codes that a heading, an entry, a table row or a list item begins with. */
  readonly headingNumbers: ReadonlySet<string>;
  readonly entryNumbers: ReadonlySet<string>;
  readonly codes: ReadonlySet<string>;
  /** Targets of links, images and reference definitions. */
  readonly targets: readonly MarkdownPart[];
  /** Names of reference links that nothing defines. */
  readonly undefinedNames: readonly MarkdownPart[];
  readonly codeSpans: readonly MarkdownPart[];
  /** Lines between blank ones, fences and HTML comments left out. */
  readonly paragraphs: readonly RunningText[];
}

/** A number as documents have them (`6`, `2.2`), or a code (`MD04`, `G1b`). */
export const CODE = "[A-Z]{1,2}\\d{1,2}[a-z]?";

const FENCE = /^[\s>]*(?:[-*+]\s+)?(`{3,}|~{3,})/;
const CODE_SPAN = /(?<!`)(`+)(?!`)([^]*?[^`])\1(?!`)/g;
const LINK = /\]\(\s*(?:<([^>]*)>|((?:[^\s()]|\([^\s()]*\))*))(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/g;
const DEFINITION = /^ {0,3}\[([^\]^]+)\]:\s*<?([^\s>]+)/gm;
const REFERENCE = /\[([^\][]+)\]\[([^\][]*)\]/g;
const HTML_LINK = /<(?:a|img)\b[^>]*?\b(?:href|src)="([^"]*)"/g;
const HTML_ID = /<\w+\b[^>]*?\b(?:id|name)="([^"]+)"/g;

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}

// Lines stay where they are, so that an offset still tells the line.
function withoutFences(source: string): string {
  let fence = "";
  const lines = source.replaceAll(/<!--[^]*?-->/g, blank).split("\n");
  return lines
    .map((line) => {
      const mark = FENCE.exec(line)?.[1] ?? "";
      const isEnd = fence !== "" && mark.startsWith(fence);
      const isInside = fence !== "" || mark !== "";
      if (isEnd) fence = "";
      else if (fence === "") fence = mark;
      return isInside ? "" : line;
    })
    .join("\n");
}

/** Returns the anchor that GitHub gives to a heading. */
export function slugOf(heading: string): string {
  return heading
    .replaceAll(/!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/g, "$1")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/(?<![\p{L}\p{N}])_([^_]+)_(?![\p{L}\p{N}])/gu, "$1")
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");
}

function anchorsOf(text: string, headings: readonly string[]): Set<string> {
  const anchors = new Set([...text.matchAll(HTML_ID)].map((found) => found[1] ?? ""));
  const counts = new Map<string, number>();
  for (const heading of headings) {
    const slug = slugOf(heading);
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

function paragraphsOf(text: string): RunningText[] {
  const paragraphs: RunningText[] = [];
  let lines: string[] = [];
  for (const [index, line] of [...text.split("\n"), ""].entries()) {
    if (line.trim() !== "") lines.push(line);
    else {
      if (lines.length > 0) paragraphs.push(runningText(lines, index + 1 - lines.length));
      lines = [];
    }
  }
  return paragraphs;
}

function firstWords(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].map((found) => found[1] ?? ""));
}

/** Reads what a Markdown text defines and what it points at. */
export function readMarkdown(source: string): Markdown {
  const text = withoutFences(source.replaceAll("\r\n", "\n"));
  const codeSpans: MarkdownPart[] = [];
  const lineOf = (at: number): number => text.slice(0, at).split("\n").length;
  const parts = (
    from: string,
    pattern: RegExp,
    valueOf: (found: RegExpExecArray) => string,
  ): MarkdownPart[] =>
    [...from.matchAll(pattern)].map((found) => ({ value: valueOf(found), line: lineOf(found.index) }));
  codeSpans.push(...parts(text, CODE_SPAN, (found) => (found[2] ?? "").trim()));
  const words = text.replaceAll(CODE_SPAN, blank);
  const headings = [...text.matchAll(/^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$/gm)].map((found) => found[1] ?? "");
  const defined = new Set([...words.matchAll(DEFINITION)].map((found) => (found[1] ?? "").toLowerCase()));
  const names = parts(words, REFERENCE, (found) => (found[2] || found[1]) ?? "");
  return {
    anchors: anchorsOf(words, headings),
    headingNumbers: firstWords(text, /^#{1,6}\s+(\d+(?:\.\d+)*)\.?(?=\s|$)/gm),
    entryNumbers: firstWords(text, /^(?:\*\*)?(\d+)\.(?:\*\*)?(?=\s|$)/gm),
    codes: firstWords(
      text,
      new RegExp(
        `(?:^(?:\\s*\\||#{1,6}\\s|\\s*[-*+]\\s|\\s*\\d+\\.\\s)\\s*[*\`]*|\\*\\*)(${CODE})(?!\\w)`,
        "gm",
      ),
    ),
    targets: [
      ...parts(words, LINK, (found) => found[1] ?? found[2] ?? ""),
      ...parts(words, DEFINITION, (found) => found[2] ?? ""),
      ...parts(words, HTML_LINK, (found) => found[1] ?? ""),
    ],
    undefinedNames: names.filter(({ value }) => !defined.has(value.toLowerCase())),
    codeSpans,
    paragraphs: paragraphsOf(text),
  };
}
