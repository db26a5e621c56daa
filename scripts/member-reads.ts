import { endsValue } from "./scan-source.ts";
import type { Token } from "./scan-source.ts";

const OPENERS: Readonly<Record<string, string>> = { "}": "{", ")": "(", "]": "[" };

function isMark(token: Token | undefined, value: string): boolean {
  return token?.type === "mark" && token.value === value;
}

function isWord(token: Token | undefined, value: string): boolean {
  return token?.type === "name" && token.value === value;
}

/** A bracket and what stands in it: indices into the tokens; `outer` is the bracket around it. */
interface Group {
  readonly mark: string;
  readonly start: number;
  readonly outer: Group | null;
  end: number;
}

interface Grouped {
  readonly tokens: readonly Token[];
  /** The innermost bracket around each token. */
  readonly around: readonly (Group | null)[];
}

function groupsOf(tokens: readonly Token[]): Grouped {
  const around: (Group | null)[] = [];
  let open: Group | null = null;
  for (const [at, token] of tokens.entries()) {
    const isOpener = token.type === "mark" && /^(?:[{([]|\$\{)$/.test(token.value);
    if (token.type === "mark" && open !== null && OPENERS[token.value] === open.mark) {
      open.end = at;
      open = open.outer;
    }
    around.push(open);
    if (isOpener) open = { mark: token.value, start: at, end: tokens.length, outer: open };
    // The scanner keeps no `}` of `${...}`: the template's next part closes it.
    else if (token.type === "template" && open?.mark === "${") open = open.outer;
  }
  return { tokens, around };
}

// `(...)` of a function: an arrow, a body or a type follows.
function isParameterList(group: Group | null, tokens: readonly Token[]): boolean {
  if (group?.mark !== "(") return false;
  const after = tokens[group.end + 1];
  const isArrow = isMark(after, "=") && isMark(tokens[group.end + 2], ">");
  return isArrow || isMark(after, "{");
}

// `{...}` that takes things out of a value: `const {...} =`, `({...} =`, `for (const {...} of`, a parameter, one inside.
function isPattern(group: Group | null, { tokens, around }: Grouped): boolean {
  if (group?.mark !== "{") return false;
  const before = tokens[group.start - 1];
  const after = tokens[group.end + 1];
  if (["const", "let", "var"].some((word) => isWord(before, word))) return true;
  const outer = around[group.start] ?? null;
  if (isMark(before, ":")) return isPattern(outer, { tokens, around });
  const isFirst = isMark(before, "(") || isMark(before, ",");
  if (isFirst && (isMark(after, ":") || isParameterList(outer, tokens))) return true;
  const isAssigned = isMark(after, "=") && !["=", ">"].some((mark) => isMark(tokens[group.end + 2], mark));
  return isAssigned && (isFirst || isMark(before, "["));
}

// The key of an entry: `{ name`, `, name`, `{ "name":`, `{ ["name"]:`.
function isKey({ tokens }: Grouped, at: number): boolean {
  const start = isMark(tokens[at - 1], "[") && isMark(tokens[at + 1], "]") ? at - 1 : at;
  return isMark(tokens[start - 1], "{") || isMark(tokens[start - 1], ",");
}

/** Returns the indices at which `.name` or `["name"]` of some value stands. */
export function memberAccesses(tokens: readonly Token[], name: string): number[] {
  return [...tokens.keys()].filter((at) => {
    const token = tokens[at];
    const before = tokens[at - 1];
    if (token?.value !== name) return false;
    if (token.type === "name") return isMark(before, ".") && !isMark(tokens[at - 2], ".");
    const receiver = tokens[at - 2];
    // `Config["mode"]` behind a type's name is a type.
    const isType = receiver?.type === "name" && /^\p{Lu}/u.test(receiver.value);
    const isIndexed = token.type === "text" && isMark(before, "[") && isMark(tokens[at + 1], "]");
    return isIndexed && !isType && (isMark(receiver, ".") || endsValue(receiver));
  });
}

/** Returns the indices at which `{ name }` is taken out of some value. */
export function memberPatterns(tokens: readonly Token[], name: string): number[] {
  const found = [...tokens.keys()].filter((at) => {
    const type = tokens[at]?.type;
    return tokens[at]?.value === name && (type === "name" || type === "text");
  });
  if (found.length === 0) return [];
  const grouped = groupsOf(tokens);
  return found.filter((at) => {
    if (!isKey(grouped, at)) return false;
    const group = grouped.around[at] ?? null;
    return isPattern(group?.mark === "[" ? group.outer : group, grouped);
  });
}

/** Returns the indices at which a method `name` of some value is called, or bound to be called. */
export function memberCalls(tokens: readonly Token[], name: string): number[] {
  return memberAccesses(tokens, name).filter((at) => {
    let next = tokens[at]?.type === "text" ? at + 2 : at + 1;
    if (isMark(tokens[next], "!")) next++;
    if (isMark(tokens[next], "?") && isMark(tokens[next + 1], ".") && isMark(tokens[next + 2], "("))
      return true;
    const isHandedOn =
      isMark(tokens[next], ".") && ["call", "apply", "bind"].some((word) => isWord(tokens[next + 1], word));
    return isMark(tokens[next], "(") || isHandedOn;
  });
}
