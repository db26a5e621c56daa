import { vi } from "vitest";

/** Keeps a command's output off the terminal until `vi.restoreAllMocks`; `said` gives what went to standard error. */
export function captureOutput(): { readonly said: () => string } {
  let text = "";
  vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  vi.spyOn(process.stdout, "write").mockImplementation((_chunk: unknown, done?: unknown) => {
    if (typeof done === "function") (done as () => void)();
    return true;
  });
  return { said: () => text };
}
