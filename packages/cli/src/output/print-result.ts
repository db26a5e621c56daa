import { errorCode, errorMessage, escapeHidden, SmcqError } from "@smcq/kernel";

/** A command's answer as `--json` prints it: no value but what JSON has (a number that is none is null). */
export function jsonText(data: unknown): string {
  return `${JSON.stringify(data, null, 2)}\n`;
}

/** Writes a command's result to standard output. A reader that goes away (`| head`) is no fault; a full disk is. */
export async function printResult(text: string): Promise<void> {
  const out = process.stdout;
  // The failure is told to the write below as well; without a listener it would end the process.
  out.on("error", () => {});
  const fault = await new Promise<Error | null | undefined>((resolve) => {
    // Names and words of the venue stand in it.
    out.write(escapeHidden(text, true), resolve);
  });
  if (fault && errorCode(fault) !== "EPIPE")
    throw new SmcqError("OUTPUT_WRITE", `cannot write the result: ${errorMessage(fault)}`, { cause: fault });
}
