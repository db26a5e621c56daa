import { floorF32 } from "../float-order.ts";
import type { TreeEnsemble } from "../onnx/tree-ensemble.ts";

/** Rounds of merging, each over all features; what zero_as_missing repeats is together again after two or three. */
const MERGE_ROUNDS_MAX = 8;
/** Bytes of one tree's boxes before merging: keeps hostile files from taking long. */
const BOX_BYTES_MAX = 16_777_216;

/** A leaf as the rows that reach it: 1 for every bin of every feature that leads to it. */
interface Box {
  readonly value: number;
  readonly bins: Uint8Array;
}

/**
 * One tree as boxes. A feature's bins are what its thresholds in this tree cut the float32 into, ascending: bin k
 * holds x with `k` thresholds below it, and one more bin holds NaN. A row lies in exactly one box.
 */
export interface TreeBoxes {
  /** Per feature the ascending thresholds, rounded down to float32. */
  readonly edges: readonly Float32Array[];
  /** Per feature where its bins begin in a box. */
  readonly starts: readonly number[];
  readonly boxes: readonly Box[];
}

interface Layout {
  readonly edges: readonly Float32Array[];
  readonly starts: readonly number[];
  readonly binCount: number;
}

/** The nodes of the tree that begins at `root`, or the first ones beyond `max` of them. */
export function treeNodes(ensemble: TreeEnsemble, root: number, max: number): number[] {
  const { isTrueLeaf, isFalseLeaf, trueChild, falseChild } = ensemble;
  const nodes = [root];
  for (let at = 0; at < nodes.length && nodes.length <= max; at++) {
    const node = nodes[at] as number;
    if (isTrueLeaf[node] === 0) nodes.push(trueChild[node] as number);
    if (isFalseLeaf[node] === 0) nodes.push(falseChild[node] as number);
  }
  return nodes;
}

function layoutOf(ensemble: TreeEnsemble, nodes: readonly number[]): Layout {
  const edges = Array.from({ length: ensemble.featureCount }, () => new Set<number>());
  // Adding 0 makes -0 and 0 one threshold, as the comparison does.
  for (const node of nodes)
    edges[ensemble.feature[node] as number]?.add(floorF32(ensemble.threshold[node] as number) + 0);
  const sorted = edges.map((values) => Float32Array.from(values).toSorted());
  const starts: number[] = [];
  let binCount = 0;
  for (const values of sorted) {
    starts.push(binCount);
    // One bin more than edges, and the bin of NaN.
    binCount += values.length + 2;
  }
  return { edges: sorted, starts, binCount };
}

/** The part of a box that goes to one side of a node; null when no row does. */
function half(
  ensemble: TreeEnsemble,
  { edges, starts }: Layout,
  at: { readonly node: number; readonly bins: Uint8Array; readonly isTrue: boolean },
): Uint8Array | null {
  const { node, bins, isTrue } = at;
  const feature = ensemble.feature[node] as number;
  const values = edges[feature] as Float32Array;
  const start = starts[feature] as number;
  const nan = start + values.length + 1;
  const lastTrue = start + values.indexOf(floorF32(ensemble.threshold[node] as number));
  const kept = bins.slice();
  if (isTrue) kept.fill(0, lastTrue + 1, nan);
  else kept.fill(0, start, lastTrue + 1);
  if ((ensemble.isNanTrue[node] === 1) !== isTrue) kept[nan] = 0;
  return kept.subarray(start, nan + 1).includes(1) ? kept : null;
}

/** All boxes that some row can reach; null when they are too many to be held. */
function walk(ensemble: TreeEnsemble, layout: Layout, root: number): Box[] | null {
  const boxes: Box[] = [];
  const all: Uint8Array = new Uint8Array(layout.binCount).fill(1);
  const open = [{ node: root, bins: all }];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { node } = at;
    for (const isTrue of [true, false]) {
      const bins = half(ensemble, layout, { node, bins: at.bins, isTrue });
      if (bins === null) continue;
      const child = (isTrue ? ensemble.trueChild : ensemble.falseChild)[node] as number;
      const isLeaf = (isTrue ? ensemble.isTrueLeaf : ensemble.isFalseLeaf)[node] === 1;
      if (isLeaf) boxes.push({ value: ensemble.leafValue[child] as number, bins });
      else open.push({ node: child, bins });
    }
    if ((boxes.length + open.length) * layout.binCount > BOX_BYTES_MAX) return null;
  }
  return boxes;
}

/** Joins boxes of equal value that differ in one feature alone: their bins of that feature together are one box. */
function mergeAlong(boxes: readonly Box[], from: number, to: number): Box[] {
  const merged = new Map<string, Box>();
  for (const { value, bins } of boxes) {
    const others = Buffer.concat([bins.subarray(0, from), bins.subarray(to)]).toString("latin1");
    const key = `${value} ${others}`;
    const found = merged.get(key);
    if (found === undefined) merged.set(key, { value, bins: bins.slice() });
    else
      for (let bin = from; bin < to; bin++)
        found.bins[bin] = (found.bins[bin] as number) | (bins[bin] as number);
  }
  return [...merged.values()];
}

/** Undoes the repeated subtrees of zero_as_missing, as far as that makes fewer boxes. */
function merge(given: readonly Box[], { starts, binCount }: Layout): Box[] {
  let boxes = [...given];
  if (new Set(boxes.map(({ value }) => value)).size === boxes.length) return boxes;
  for (let round = 0; round < MERGE_ROUNDS_MAX; round++) {
    const before = boxes.length;
    for (const [feature, start] of starts.entries())
      boxes = mergeAlong(boxes, start, starts[feature + 1] ?? binCount);
    if (boxes.length === before) break;
  }
  return boxes;
}

/**
 * The tree of these nodes (its root first) as boxes; those of equal value are merged if more than `enough`. Null when
 * its boxes are too many to be held.
 */
export function treeBoxes(
  ensemble: TreeEnsemble,
  nodes: readonly number[],
  enough: number,
): TreeBoxes | null {
  const layout = layoutOf(ensemble, nodes);
  const boxes = walk(ensemble, layout, nodes[0] as number);
  if (boxes === null) return null;
  return {
    edges: layout.edges,
    starts: layout.starts,
    boxes: boxes.length > enough ? merge(boxes, layout) : boxes,
  };
}
