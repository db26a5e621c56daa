import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import { MODEL_LIMITS } from "../limits.ts";
import type { LightGbmModel } from "./lightgbm-model.ts";
import { parseTree } from "./parse-tree.ts";
import { malformed, TextSection, unsupported } from "./text-reader.ts";

const FIRST_LINE = "tree\n";
const TREES_END = "end of trees\n";
/** Features that a text may have; the product has 12, the offline commands take others. */
const FEATURES_MAX = 1_024;
/** Of LightGBM 3 and 4: the same trees in the same words. What wrote older ones took another band for zero. */
const VERSIONS: readonly string[] = ["v3", "v4"];
const BYTE_ORDER_MARK = /^\u{FEFF}/u;

/** Splits the text at its own words into the header, the trees and what follows; refuses a half-written one. */
function sections(text: string): { readonly header: string; readonly trees: string } {
  if (!text.startsWith(FIRST_LINE) && !FIRST_LINE.startsWith(text))
    throw malformed(`it does not begin with a line "tree"`);
  const headerEnd = text.indexOf("\n\n");
  const treesEnd = text.indexOf(`\n${TREES_END}`);
  const parametersAt = text.indexOf("\nparameters:\n", treesEnd);
  const isCut = parametersAt >= 0 && !text.includes("\nend of parameters\n", parametersAt);
  if (headerEnd < 0 || treesEnd < headerEnd || isCut)
    throw new SmcqError(
      ModelErrorCode.TextTruncated,
      `the LightGBM text ends early, before its "${isCut ? "end of parameters" : "end of trees"}": it is half written`,
    );
  return {
    header: text.slice(FIRST_LINE.length, headerEnd),
    trees: text.slice(headerEnd + 2, treesEnd + 1),
  };
}

/** Objectives whose margin is the expected value, without a link. */
const REGRESSIONS: readonly string[] = ["regression", "huber"];

/** The objective's own factor of the margin; refuses objectives whose output is not the sigmoid of one margin. */
function sigmoidOf(objective: string): number {
  const [name = "", ...settings] = objective.split(" ");
  if (REGRESSIONS.includes(name)) {
    if (settings.includes("sqrt"))
      throw unsupported(
        "its objective takes the root of the target (reg_sqrt), and the margin is no result in R",
      );
    return 1;
  }
  if (name === "cross_entropy" || name === "xentropy") return 1;
  if (name !== "binary")
    throw unsupported(
      `the objective ${name} does not give one probability by the logistic function of the margin, nor an expected result (${REGRESSIONS.join(", ")})`,
    );
  const written = settings.find((setting) => setting.startsWith("sigmoid:"))?.slice("sigmoid:".length);
  const sigmoid = Number(written);
  if (!(sigmoid > 0 && sigmoid < Infinity))
    throw malformed(`the objective "${objective}" has no sigmoid above 0`);
  return sigmoid;
}

function refuseUnsupported(header: TextSection): void {
  if (!VERSIONS.includes(header.text("version")))
    throw unsupported(
      `its version is ${header.text("version")}, and ${VERSIONS.join(" and ")} are what is read`,
    );
  if (header.integer("num_class") !== 1 || header.integer("num_tree_per_iteration") !== 1)
    throw unsupported("it is multiclass, and one probability is needed");
  if (!header.has("objective"))
    throw unsupported("it names no objective, so that its margin has no known link to a probability");
}

/**
 * The text of each tree by the sizes that the header gives, or by their first lines where it gives none, as LightGBM
 * itself reads them.
 */
function treeTexts(header: TextSection, trees: string): string[] {
  if (!header.has("tree_sizes")) return treeTextsByTheirFirstLines(trees);
  const sizesText = header.text("tree_sizes");
  const count = sizesText === "" ? 0 : sizesText.split(" ").length;
  checkCount(count);
  const sizes = header.integers("tree_sizes", count, { min: 1, max: trees.length });
  let at = 0;
  const texts = Array.from(sizes, (size, index) => {
    const text = trees.slice(at, at + size);
    at += size;
    if (!text.startsWith(`Tree=${index}\n`) || !text.endsWith("\n\n"))
      throw malformed(`tree_sizes does not lead to tree ${index}`);
    return text;
  });
  if (at > trees.length || trees.slice(at).trim() !== "")
    throw malformed("tree_sizes is not the size of the trees");
  return texts;
}

function treeTextsByTheirFirstLines(trees: string): string[] {
  const texts = trees.split(/^(?=Tree=)/mu, MODEL_LIMITS.treesMax + 1);
  checkCount(trees.trim() === "" ? 0 : texts.length);
  const wrong = texts.findIndex((text, index) => !text.startsWith(`Tree=${index}\n`));
  if (wrong >= 0) throw malformed(`tree ${wrong} does not begin with "Tree=${wrong}"`);
  return texts;
}

function checkCount(count: number): void {
  if (count === 0) throw malformed("it has no tree");
  if (count > MODEL_LIMITS.treesMax)
    throw new SmcqError(
      ModelErrorCode.Trees,
      `the model has more than the ${MODEL_LIMITS.treesMax} trees that are taken at most`,
    );
}

/** Text as LightGBM writes it: without a byte order mark, lines ended by LF. Sizes of trees count these. */
function asWritten(text: string): string {
  const lines = text.replace(BYTE_ORDER_MARK, "").replaceAll("\r\n", "\n");
  if (lines.includes("\r")) throw malformed("its lines end in CR alone, or hold one: LF or CRLF are read");
  return lines;
}

/**
 * Reads a LightGBM text model (v3 or v4, lines ended by LF or CRLF, with or without `tree_sizes`). Refuses what is malformed (MODEL_TEXT), half written (MODEL_TEXT_TRUNCATED), not
 * expressible exactly (MODEL_UNSUPPORTED, with the reason), too large (MODEL_TREES), and NaN thresholds or leaves that
 * are not finite (MODEL_THRESHOLD).
 */
export function parseLightGbm(text: string): LightGbmModel {
  const { header: headerText, trees } = sections(asWritten(text));
  const header = new TextSection("the header", headerText);
  refuseUnsupported(header);
  const objective = header.text("objective");
  const featureNames = header.text("feature_names").split(" ");
  const featureCount = header.integer("max_feature_idx") + 1;
  if (featureCount < 1 || featureCount > FEATURES_MAX)
    throw malformed(`it has ${featureCount} features, 1 to ${FEATURES_MAX} are read`);
  if (featureNames.length !== featureCount)
    throw malformed(`feature_names has ${featureNames.length} names for ${featureCount} features`);
  return {
    objective,
    isRegression: REGRESSIONS.includes(objective.split(" ")[0] ?? ""),
    sigmoid: sigmoidOf(objective),
    featureNames,
    isAveraged: header.has("average_output"),
    trees: treeTexts(header, trees).map((tree, index) => parseTree(tree, index, featureCount)),
  };
}
