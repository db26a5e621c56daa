import { errorMessage } from "@smcq/kernel";
import { wrapped } from "../offline/ledger/answer/text-table.ts";

/** One thing that was looked at. `skip`: it cannot be told here. */
export interface Finding {
  readonly name: string;
  readonly verdict: "ok" | "warn" | "fail" | "skip";
  /** What was found, with its figures. */
  readonly text: string;
  /** What to do about it; empty where there is nothing to do. */
  readonly advice: string;
}

export function ok(name: string, text: string): Finding {
  return { name, verdict: "ok", text, advice: "" };
}

export function warn(name: string, text: string, advice: string): Finding {
  return { name, verdict: "warn", text, advice };
}

export function fail(name: string, text: string, advice: string): Finding {
  return { name, verdict: "fail", text, advice };
}

export function skip(name: string, text: string): Finding {
  return { name, verdict: "skip", text, advice: "" };
}

/** What `look` finds; what it cannot look at is a failure of this name. */
export async function looked(
  name: string,
  advice: string,
  look: () => Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return [await look()].flat();
  } catch (error) {
    return [fail(name, errorMessage(error), advice)];
  }
}

const NAME_WIDTH = 14;
/** As much as stands behind the names; what is longer is broken. */
const LONG_WORD = /\S{59}(?=\S)/gu;

/** The findings for eyes, each line at most 80 columns wide. */
export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.map(({ name, verdict, text, advice }) => {
    const head = `${verdict.padEnd(5)} ${name.padEnd(NAME_WIDTH)} `;
    // Control characters of what a venue said cannot reach the terminal.
    const said = `${text}${advice === "" ? "" : ` -> ${advice}`}`.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
    return wrapped(`${head}${said.replaceAll(LONG_WORD, "$& ")}`, " ".repeat(head.length));
  });
  const count = (verdict: Finding["verdict"]): number =>
    findings.filter((finding) => finding.verdict === verdict).length;
  return `${lines.join("")}\n${count("ok")} ok, ${count("warn")} warnings, ${count("fail")} failures, ${count("skip")} not looked at\n`;
}
