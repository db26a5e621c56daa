import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import type { LayerFault } from "./layer-rules.ts";
import type { DocumentsTable } from "./layers.ts";
import { CODE, readMarkdown } from "./markdown.ts";
import type { Markdown } from "./markdown.ts";
import { lineAt, scriptComments, sourceComments } from "./running-text.ts";
import type { RunningText } from "./running-text.ts";
import type { ScannedSource } from "./scan-source.ts";

const SKIPPED_FOLDERS = new Set(["node_modules", "dist", "wasm", "var", "coverage", "results"]);

/** Everything that the rules for references need to know. */
export interface DocContext {
  readonly root: string;
  readonly table: DocumentsTable;
  readonly scan: (file: string) => ScannedSource;
}

type Report = (line: number, text: string) => void;

function filesUnder(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = posix.join(folder, entry.name);
    if (entry.name.startsWith(".") || SKIPPED_FOLDERS.has(entry.name)) return [];
    return entry.isDirectory() ? filesUnder(root, file) : [file];
  });
}

// `docs/smc.md`, and what follows it: ` section 6`, ` 2.2`, ` sections 8-10`, ` 16, 17, 21`, ` MD04 and MD05`.
const MENTION = /(?<![\w./-])(?:\.{1,2}\/)*[\w.-]+(?:\/[\w.-]+)*\.md\b/g;
const REFERENCE = `(?:\\d+(?:\\.\\d+)*(?![\\w%])|${CODE}(?!\\w))`;
const REFERENCE_LIST = new RegExp(
  `[\`)]*\\s+(?<word>sections?\\s+)?(?<list>${REFERENCE}(?:(?:,| and| or| to|-|–)\\s*${REFERENCE})*)`,
  "y",
);

const REPOSITORY_PATH = /^(?:packages|docs|scripts|bench)\/[\w./-]*$/;
/** Texts of a package also name its own files from its folder. */
const PACKAGE_PATH = /^(?:packages|docs|scripts|bench|src|test)\/[\w./-]*$/;

/** A document's name in running text, with the sections and codes behind it. */
interface Mention {
  readonly path: string;
  readonly at: number;
  /** Where the references end. */
  readonly end: number;
  readonly isSection: boolean;
  readonly references: readonly string[];
}

function mentionsIn(text: string): Mention[] {
  const words = text.replaceAll(/[a-z]+:\/\/[^\s)>]+/g, (url) => " ".repeat(url.length));
  return [...words.matchAll(MENTION)].map(({ 0: path, index }) => {
    REFERENCE_LIST.lastIndex = index + path.length;
    const found = REFERENCE_LIST.exec(words);
    return {
      path,
      at: index,
      end: found === null ? index + path.length : REFERENCE_LIST.lastIndex,
      isSection: found?.groups?.["word"] !== undefined,
      references: found?.groups?.["list"]?.match(new RegExp(REFERENCE, "g")) ?? [],
    };
  });
}

/** The documents of one workspace and the two kinds of files that refer to them. */
class DocChecker {
  readonly faults: LayerFault[] = [];
  readonly #context: DocContext;
  readonly #documents = new Map<string, Markdown | null>();
  readonly #freeCode: RegExp;
  readonly #boundCode: RegExp;

  constructor(context: DocContext) {
    this.#context = context;
    const { freeFamilies, boundFamilies } = context.table;
    this.#freeCode = new RegExp(`(?<![\\w.#/-])(?:${freeFamilies.join("|")})\\d\\d(?!\\w)`, "g");
    this.#boundCode = new RegExp(`(?<![\\w.#/-])(?:${boundFamilies.join("|")})\\d{1,2}[a-z]?(?!\\w)`, "g");
  }

  #report(file: string): Report {
    return (line, text) => this.faults.push({ file, line, rule: "doc-reference", text });
  }

  // A path in backticks or HTML that leads nowhere is also a name of no document: once is enough.
  #isReported(file: string, line: number, path: string): boolean {
    return this.faults.some(
      (fault) => fault.file === file && fault.line === line && fault.text.includes(path),
    );
  }

  #document(file: string): Markdown | null {
    const known = this.#documents.get(file);
    if (known !== undefined) return known;
    const path = join(this.#context.root, file);
    const isText = existsSync(path) && statSync(path).isFile();
    const document = isText ? readMarkdown(readFileSync(path, "utf8")) : null;
    this.#documents.set(file, document);
    return document;
  }

  #exists(file: string): boolean {
    return !file.startsWith("../") && existsSync(join(this.#context.root, file));
  }

  #isForeign(path: string): boolean {
    return this.#context.table.foreignPaths.includes(path);
  }

  /** Judges the sections and codes that stand behind a document's name. */
  #references(document: Markdown, path: string, mention: Mention): string[] {
    return mention.references
      .filter((reference) => {
        if (/^[A-Z]/.test(reference)) return !document.codes.has(reference);
        const isEntry = !mention.isSection && document.entryNumbers.has(reference);
        return !isEntry && !document.headingNumbers.has(reference);
      })
      .map((reference) => `${path} defines no ${reference}`);
  }

  /** Codes that stand alone; `isBound` tells whether a bound one has its document near. */
  #codes(
    words: RunningText,
    skipped: readonly Mention[],
    isBound: (code: string) => boolean,
    report: Report,
  ): void {
    const { table } = this.#context;
    const text = words.text.replaceAll(/`[^`]*`/g, (span) => " ".repeat(span.length));
    const isSkipped = (at: number): boolean =>
      skipped.some((mention) => at >= mention.at && at < mention.end);
    const isFree = (code: string): boolean =>
      table.freeCodeDocuments.some((file) => this.#document(file)?.codes.has(code) === true);
    for (const { 0: code, index } of text.matchAll(this.#freeCode))
      if (!isSkipped(index) && !isFree(code))
        report(lineAt(words, index), `${code}: ${table.freeCodeDocuments.join(" and ")} define no such code`);
    for (const { 0: code, index } of text.matchAll(this.#boundCode))
      if (!isSkipped(index) && !Object.hasOwn(table.plainWords, code) && !isBound(code))
        report(lineAt(words, index), `${code}: name the document that defines it, as docs/security.md T18`);
  }

  /** Comments name documents by their path from the root. */
  comments(file: string, texts: readonly RunningText[]): void {
    const report = this.#report(file);
    for (const words of texts) {
      const mentions = mentionsIn(words.text);
      for (const mention of mentions) {
        const line = lineAt(words, mention.at);
        const document = this.#document(mention.path);
        if (document === null) report(line, `${mention.path}: no such text, write its path from the root`);
        else for (const fault of this.#references(document, mention.path, mention)) report(line, fault);
      }
      this.#codes(words, mentions, () => false, report);
    }
  }

  /** Markdown names documents by a link, or by a path from where it stands or from the root. */
  markdown(file: string): void {
    const report = this.#report(file);
    const document = this.#document(file);
    if (document === null) return;
    for (const { value, line } of document.targets) this.#link(file, value, line, report);
    for (const { value, line } of document.undefinedNames)
      report(line, `[${value}]: nothing defines this link`);
    for (const { value, line } of document.codeSpans) this.#path(file, value, line, report);
    for (const words of document.paragraphs) this.#paragraph(file, words, report);
  }

  #link(file: string, target: string, line: number, report: Report): void {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return;
    const [path = "", anchor] = decodeURI(target).split("#");
    const from = path.startsWith("/") ? "" : posix.dirname(file);
    const goal = path === "" ? file : posix.normalize(posix.join(from, path));
    if (!this.#exists(goal)) report(line, `${target}: no such file or folder in the repository`);
    else if (
      anchor !== undefined &&
      goal.endsWith(".md") &&
      this.#document(goal)?.anchors.has(anchor) !== true
    )
      report(line, `${target}: no such heading`);
  }

  // Only words of the form of a path in the sources; what is built or dropped in (dist, models) may be absent.
  #path(file: string, span: string, line: number, report: Report): void {
    const path = span.replace(/(?::\d+(?:-\d+)?|#.*)$/, "");
    const home = /^packages\/[^/]+/.exec(file)?.[0];
    const pattern = home === undefined ? REPOSITORY_PATH : PACKAGE_PATH;
    if (!pattern.test(path) || path.includes("...") || this.#isForeign(path)) return;
    if (path.split("/").some((folder) => SKIPPED_FOLDERS.has(folder))) return;
    const places = new Set(["", home ?? "", posix.dirname(file)]);
    if (![...places].some((place) => this.#exists(posix.join(place, path))))
      report(line, `${span}: no such file or folder`);
  }

  #paragraph(file: string, words: RunningText, report: Report): void {
    const near: Markdown[] = [];
    // What a link shows is judged by where it leads.
    const text = words.text.replaceAll(/(?<=\[)[^\][]*(?=\]\()/g, (shown) => " ".repeat(shown.length));
    const mentions = mentionsIn(text);
    // The texts of `docs/adr` name their neighbours above by name alone.
    const home = file.startsWith("docs/") ? "docs" : "";
    for (const mention of mentions) {
      if (this.#isForeign(mention.path)) continue;
      const places = [posix.dirname(file), "", home].map((place) => posix.join(place, mention.path));
      const document = places.map((place) => this.#document(place)).find((found) => found !== null) ?? null;
      const line = lineAt(words, mention.at);
      if (document !== null) {
        near.push(document);
        for (const fault of this.#references(document, mention.path, mention)) report(line, fault);
      } else if (!text.slice(0, mention.at).endsWith("](") && !this.#isReported(file, line, mention.path))
        report(line, `${mention.path}: no such text`);
    }
    // The documents themselves define their codes in their own words.
    const isBound = (code: string): boolean => near.some((document) => document.codes.has(code));
    if (!file.startsWith("docs/")) this.#codes(words, mentions, isBound, report);
  }
}

/** Returns each reference to a text, a section or a code that leads nowhere. */
export function checkDocReferences(context: DocContext): LayerFault[] {
  const checker = new DocChecker(context);
  for (const file of filesUnder(context.root, "").toSorted()) {
    if (file.endsWith(".md")) checker.markdown(file);
    else if (/\.[cm]?ts$/.test(file)) checker.comments(file, sourceComments(context.scan(file).comments));
    else if (/\.(?:py|sh)$/.test(file))
      checker.comments(file, scriptComments(readFileSync(join(context.root, file), "utf8")));
  }
  return checker.faults;
}
