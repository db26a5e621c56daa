import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pointsOf, readSpace } from "../src/offline/sweep/space.ts";
import { temporaryFolder } from "./support/account-bench.ts";

function fileOf(content: unknown): string {
  const file = join(temporaryFolder(), "space.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const COST = { path: "risk.costRatioMax", values: [0.2, 0.3] };

describe("a space of settings", () => {
  it("is every combination, the last axis fastest", () => {
    const space = readSpace(fileOf({ axes: [COST, { path: "plan.target", values: ["taker", "maker"] }] }));
    expect(space.name).toBe("sweep");
    expect(pointsOf(space)).toEqual([
      [0.2, "taker"],
      [0.2, "maker"],
      [0.3, "taker"],
      [0.3, "maker"],
    ]);
  });

  it.each([
    [{ from: 1, to: 3, step: 0.5 }, [1, 1.5, 2, 2.5, 3]],
    [{ from: 0.1, to: 0.3, step: 0.1 }, [0.1, 0.2, 0.3]],
    [{ from: 0, to: 1, step: 0.3 }, [0, 0.3, 0.6, 0.9]],
    [{ from: 5, to: 5, step: 1 }, [5]],
  ])("takes steps %j as what people mean by them", (steps, values) => {
    const { axes } = readSpace(fileOf({ axes: [{ path: "scan.scoreMin", ...steps }] }));
    expect(axes[0]?.values).toEqual(values);
  });

  it.each([
    ["no axes", {}, "axes"],
    ["an empty list", { axes: [] }, "1 to 8"],
    ["an unknown key", { axes: [COST], axis: 1 }, '"axis" is unknown'],
    ["a path that is none", { axes: [{ path: "risk", values: [1] }] }, "axes[0]: path"],
    ["no values", { axes: [{ path: "risk.a", values: [] }] }, "1 to 1000"],
    ["a value twice", { axes: [{ path: "risk.a", values: [1, 1] }] }, "twice"],
    ["an axis twice", { axes: [COST, COST] }, "risk.costRatioMax stands there twice"],
    ["a value that is null", { axes: [{ path: "risk.a", values: [null] }] }, "null is no number"],
    ["a step of nothing", { axes: [{ path: "risk.a", from: 0, to: 1, step: 0 }] }, "step must be above 0"],
    ["steps backwards", { axes: [{ path: "risk.a", from: 2, to: 1, step: 1 }] }, "from at most to"],
    ["endless steps", { axes: [{ path: "risk.a", from: 0, to: 1, step: 1e-6 }] }, "at most 1000"],
    ["half a step", { axes: [{ path: "risk.a", from: 0, step: 1 }] }, "to: must be a number"],
    ["markup in its name", { name: "<b>", axes: [COST] }, "name: must be"],
    ["a list", [], "one JSON object"],
    ["no JSON", "{", "space.json"],
  ])("with %s is refused, and the place is named", (_what, content, words) => {
    expect(() => readSpace(fileOf(content))).toThrow(words);
  });

  it("of too many combinations is refused", () => {
    const values = Array.from({ length: 101 }, (_, k) => k);
    expect(() =>
      readSpace(
        fileOf({
          axes: [
            { path: "risk.a", values },
            { path: "risk.b", values },
          ],
        }),
      ),
    ).toThrow("10201 combinations");
  });

  it("that is no file is refused", () => {
    expect(() => readSpace(temporaryFolder())).toThrow("is no file");
    expect(() => readSpace("/nowhere/space.json")).toThrow("ENOENT");
  });
});
