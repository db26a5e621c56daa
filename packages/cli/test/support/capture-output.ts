import { vi } from "vitest";
import { standardError } from "../../src/output/outlet.ts";

/** Keeps a command's output off the terminal until `vi.restoreAllMocks`; `said` went to standard error, `printed` to output. */
export function captureOutput(): { readonly said: () => string; readonly printed: () => string } {
  let said = "";
  let printed = "";
  vi.spyOn(standardError(), "write").mockImplementation((text) => {
    said += text;
  });
  vi.spyOn(process.stdout, "write").mockImplementation((chunk: unknown, done?: unknown) => {
    printed += String(chunk);
    if (typeof done === "function") (done as () => void)();
    return true;
  });
  return { said: () => said, printed: () => printed };
}
