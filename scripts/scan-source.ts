/** A token of a TypeScript source, as far as imports and a few bans need it. */
export interface Token {
  readonly type: "name" | "text" | "template" | "regex" | "number" | "mark" | "comment";
  /** The name or mark; the value of a text; the words of a comment. */
  readonly value: string;
  readonly line: number;
  /** True when a line break stands between this token and the one before. */
  readonly isAfterBreak: boolean;
}

/** One import, re-export, `import()` or `require()` in a source. */
export interface SourceImport {
  readonly specifier: string;
  readonly line: number;
}

export interface ScannedSource {
  /** Without comments. */
  readonly tokens: readonly Token[];
  readonly comments: readonly Token[];
  readonly imports: readonly SourceImport[];
  /** Lines of `import(...)` and `require(...)` whose module is no plain text. */
  readonly computedImportLines: readonly number[];
  readonly lineCount: number;
}

// After these words a value begins, so that `/` starts a regular expression and `!` is a negation.
const WORDS_BEFORE_VALUE = new Set(
  "return typeof instanceof in of new delete void throw case do else await yield as extends is keyof default satisfies".split(
    " ",
  ),
);

/** Returns whether a value may end with this token. */
export function endsValue(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.type === "mark") return token.value === ")" || token.value === "]" || token.value === "}";
  return token.type !== "name" || !WORDS_BEFORE_VALUE.has(token.value);
}

const NAME_START = /[\p{ID_Start}$_#@]/u;
const NAME = /[\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\d[\w.]*/y;
const REGEX_FLAGS = /[a-z]*/y;

class Scanner {
  readonly tokens: Token[] = [];
  readonly comments: Token[] = [];
  readonly #source: string;
  #at = 0;
  #line = 1;
  #hasBreak = false;
  // One entry for each open `${`: how many `{` are open inside it.
  readonly #templateDepths: number[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  scan(): void {
    if (this.#source.startsWith("#!")) this.#at = this.#lineEnd();
    while (this.#at < this.#source.length) this.#next();
  }

  #next(): void {
    const character = this.#source.charAt(this.#at);
    const pair = this.#source.slice(this.#at, this.#at + 2);
    if (character === "\n") {
      this.#line++;
      this.#hasBreak = true;
      this.#at++;
    } else if (/\s|\uFEFF/.test(character)) this.#at++;
    else if (pair === "//") this.#comment(this.#lineEnd(), 0);
    else if (pair === "/*") this.#comment(this.#find("*/", this.#at + 2), 2);
    else if (character === '"' || character === "'") this.#text(character);
    else if (character === "`") this.#template(this.#at + 1);
    else if (character === "/" && !endsValue(this.tokens.at(-1))) this.#regex();
    else if (/\d/.test(character)) this.#word("number", NUMBER, 0);
    else if (NAME_START.test(character)) this.#word("name", NAME, 1);
    else this.#mark(character);
  }

  #lineEnd(): number {
    return this.#find("\n", this.#at);
  }

  #find(text: string, from: number): number {
    const found = this.#source.indexOf(text, from);
    return found < 0 ? this.#source.length : found;
  }

  #push(type: Token["type"], value: string, into: Token[] = this.tokens): void {
    into.push({ type, value, line: this.#line, isAfterBreak: this.#hasBreak });
    if (into === this.tokens) this.#hasBreak = false;
  }

  // Lines are counted after the token is kept, so that a token's line is where it begins.
  #moveTo(end: number): void {
    for (let at = this.#at; at < end; at++) if (this.#source.charCodeAt(at) === 10) this.#line++;
    this.#at = end;
  }

  #comment(end: number, closing: number): void {
    this.#push("comment", this.#source.slice(this.#at, end), this.comments);
    if (this.#source.slice(this.#at, end).includes("\n")) this.#hasBreak = true;
    this.#moveTo(Math.min(end + closing, this.#source.length));
  }

  #text(quote: string): void {
    let end = this.#at + 1;
    while (end < this.#source.length && this.#source[end] !== quote && this.#source[end] !== "\n")
      end += this.#source[end] === "\\" ? 2 : 1;
    const raw = this.#source.slice(this.#at + 1, end);
    this.#push("text", unescaped(raw));
    this.#moveTo(Math.min(end + 1, this.#source.length));
  }

  // From behind a backtick or behind the `}` of a substitution, to the next `${` or the closing backtick.
  #template(from: number): void {
    let end = from;
    while (end < this.#source.length && this.#source[end] !== "`" && !this.#source.startsWith("${", end))
      end += this.#source[end] === "\\" ? 2 : 1;
    const isWhole = this.#source[end] === "`" && this.#source[from - 1] === "`";
    // A template without substitutions is a plain text to `import()`.
    this.#push(isWhole ? "text" : "template", this.#source.slice(from, end));
    if (this.#source[end] === "$") {
      this.#moveTo(end + 2);
      this.#templateDepths.push(0);
      this.#push("mark", "${");
    } else this.#moveTo(Math.min(end + 1, this.#source.length));
  }

  #regex(): void {
    let end = this.#at + 1;
    let isInClass = false;
    for (; end < this.#source.length && this.#source[end] !== "\n"; end++) {
      const character = this.#source[end];
      if (character === "\\") end++;
      else if (character === "[") isInClass = true;
      else if (character === "]") isInClass = false;
      else if (character === "/" && !isInClass) break;
    }
    REGEX_FLAGS.lastIndex = end + 1;
    const flags = REGEX_FLAGS.exec(this.#source)?.[0] ?? "";
    this.#push("regex", this.#source.slice(this.#at, end + 1));
    this.#moveTo(end + 1 + flags.length);
  }

  #word(type: "name" | "number", pattern: RegExp, skip: number): void {
    pattern.lastIndex = this.#at + skip;
    const rest = pattern.exec(this.#source)?.[0] ?? "";
    const end = this.#at + skip + rest.length;
    this.#push(type, this.#source.slice(this.#at, end));
    this.#at = end;
  }

  #mark(character: string): void {
    const depth = this.#templateDepths.at(-1);
    if (character === "}" && depth === 0) {
      this.#templateDepths.pop();
      return this.#template(this.#at + 1);
    }
    if (depth !== undefined && (character === "{" || character === "}"))
      this.#templateDepths[this.#templateDepths.length - 1] = depth + (character === "{" ? 1 : -1);
    this.#push("mark", character);
    this.#at++;
  }
}

// `"\x77s"` names the same module as `"ws"`: JSON's reader is not enough, but a handful of forms is.
function unescaped(raw: string): string {
  return raw.replaceAll(
    /\\(?:u\{([0-9a-f]+)\}|u([0-9a-f]{4})|x([0-9a-f]{2})|([^]))/gi,
    (_all, brace, four, two, other) => {
      const hex = (brace ?? four ?? two) as string | undefined;
      return hex === undefined ? String(other) : String.fromCodePoint(Number.parseInt(hex, 16));
    },
  );
}

function isMember(tokens: readonly Token[], at: number): boolean {
  return tokens[at - 1]?.value === "." && tokens[at - 1]?.type === "mark";
}

// `import a, { b as c } from "x"`, `export * as d from "x"`: names and marks up to `from "x"`; anything else is another
// statement.
function fromClause(tokens: readonly Token[], start: number): Token | null {
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) return null;
    const next = tokens[at + 1];
    if (token.type === "name" && token.value === "from" && next?.type === "text") return next;
    const isClause =
      token.type === "name" ||
      token.type === "text" ||
      (token.type === "mark" && "{},*".includes(token.value));
    if (!isClause) return null;
  }
  return null;
}

function collectImports(tokens: readonly Token[]): Pick<ScannedSource, "imports" | "computedImportLines"> {
  const imports: SourceImport[] = [];
  const computedImportLines: number[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token.type !== "name" || isMember(tokens, at)) continue;
    const next = tokens[at + 1];
    const isCall = next?.type === "mark" && next.value === "(";
    if ((token.value === "import" || token.value === "require") && isCall) {
      const argument = tokens[at + 2];
      const after = tokens[at + 3]?.value;
      if (argument?.type === "text" && (after === ")" || after === ","))
        imports.push({ specifier: argument.value, line: token.line });
      else computedImportLines.push(token.line);
    } else if (token.value === "import" && next?.type === "text")
      imports.push({ specifier: next.value, line: token.line });
    else if (token.value === "import" || token.value === "export") {
      const source = fromClause(tokens, at + 1);
      if (source !== null) imports.push({ specifier: source.value, line: token.line });
    }
  }
  return { imports, computedImportLines };
}

/** Reads a TypeScript source without a compiler: texts, templates, regular expressions and comments cannot fool it. */
export function scanSource(source: string): ScannedSource {
  const scanner = new Scanner(source);
  scanner.scan();
  const { tokens, comments } = scanner;
  const lineCount = source === "" ? 0 : source.split("\n").length - (source.endsWith("\n") ? 1 : 0);
  return { tokens, comments, lineCount, ...collectImports(tokens) };
}
