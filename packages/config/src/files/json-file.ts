import { readFileSync, statSync } from "node:fs";
import { SmcqError, errorMessage } from "@smcq/kernel";
import { ConfigErrorCode } from "../errors.ts";

/** A settings file larger than this is not a settings file. */
export const CONFIG_FILE_BYTES_MAX = 1_048_576;

/** Settings have 3 levels; what walks over them needs no more of the stack. */
const DEPTH_MAX = 32;

/** Counts brackets outside of texts; a text that is no JSON is judged by the parser. */
function isDeeper(json: string, levelsMax: number): boolean {
  let level = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gsu)) {
    if (token === "[" || token === "{") level++;
    else if (token === "]" || token === "}") level--;
    if (level > levelsMax) return true;
  }
  return false;
}

/** A name that stands twice in one object of valid JSON, of which the parser keeps the last alone; null: none does. */
function nameGivenTwice(json: string): string | null {
  const open: Set<string>[] = [];
  let text = "";
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:]/gsu))
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token !== ":") text = token;
    else {
      const name = JSON.parse(text) as string;
      const names = open.at(-1);
      if (names?.has(name) === true) return name;
      names?.add(name);
    }
  return null;
}

/** Reads the one JSON object of a settings or plan file; refuses what is no file, too large, too deep or ambiguous. */
export function readJsonObject(file: string): object {
  let text: string;
  try {
    const stat = statSync(file);
    const { size } = stat;
    // A pipe or a device may never come to an end, or not even to a beginning.
    if (!stat.isFile())
      throw new SmcqError(
        ConfigErrorCode.FileUnreadable,
        `cannot read ${file}: it is a folder, pipe or device, and only a file is read`,
        { context: { file } },
      );
    if (size > CONFIG_FILE_BYTES_MAX)
      throw new SmcqError(
        ConfigErrorCode.FileMalformed,
        `${file}: ${size} bytes, at most ${CONFIG_FILE_BYTES_MAX} are read`,
      );
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof SmcqError) throw cause;
    throw new SmcqError(ConfigErrorCode.FileUnreadable, `cannot read ${file}: ${errorMessage(cause)}`, {
      context: { file },
      cause,
    });
  }
  if (isDeeper(text, DEPTH_MAX))
    throw new SmcqError(
      ConfigErrorCode.FileMalformed,
      `${file} is nested more than ${DEPTH_MAX} levels deep`,
      { context: { file } },
    );
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new SmcqError(ConfigErrorCode.FileMalformed, `${file} is not JSON: ${errorMessage(cause)}`, {
      context: { file },
      cause,
    });
  }
  const twice = nameGivenTwice(text);
  if (twice !== null)
    throw new SmcqError(
      ConfigErrorCode.FileMalformed,
      `${file} has ${JSON.stringify(twice.slice(0, 64))} twice in one object: only one of them would count`,
      { context: { file } },
    );
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new SmcqError(ConfigErrorCode.FileMalformed, `${file} must hold one JSON object`, {
      context: { file },
    });
  return parsed;
}
