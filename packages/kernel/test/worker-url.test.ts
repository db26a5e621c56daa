import { describe, expect, it } from "vitest";
import { workerExecArgv, workerUrl } from "@smcq/kernel";

describe("entries of threads and processes", () => {
  it("have the caller's own extension, beside it or relative to it", () => {
    expect(workerUrl("file:///a/src/thread.ts", "./x.worker").href).toBe("file:///a/src/x.worker.ts");
    expect(workerUrl("file:///a/dist/run/thread.js", "../workers/x.worker").href).toBe(
      "file:///a/dist/workers/x.worker.js",
    );
  });

  it("import the other packages' sources from sources only", () => {
    expect(workerExecArgv("file:///a/src/thread.ts")).toEqual(["--conditions=@smcq/source"]);
    expect(workerExecArgv("file:///a/dist/thread.js")).toEqual([]);
  });
});
