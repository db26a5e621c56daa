import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import { MODEL_LIMITS } from "../limits.ts";
import type { TreeBoxes } from "./leaf-boxes.ts";

// The image's layout is drawn in assembly/leaf-mask.ts, which reads it.
const LINE_BYTES = 64;
const FAN = 16;
const Header = {
  Levels: 0,
  EdgesAt: 4,
  EdgesBytes: 8,
  BlocksAt: 12,
  Blocks: 16,
  Words: 20,
  Features: 24,
  Divisor: 32,
  Counts: 40,
} as const;
const Block = { LinesAt: 0, LeavesAt: 4, Next: 8, Maps: 16 } as const;
const LINES_MAX = 65_536;

interface Plan {
  readonly words: 1 | 2;
  readonly treesPerBlock: number;
  /** Per feature all thresholds of the model. */
  readonly edges: readonly Float32Array[];
  readonly levels: number;
  /** Bytes of one feature's search tree. */
  readonly edgesBytes: number;
  readonly mapBytes: number;
  readonly blocks: readonly BlockPlan[];
}

interface BlockPlan {
  readonly trees: readonly TreeBoxes[];
  readonly edges: readonly Float32Array[];
  readonly linesAt: number;
  readonly leavesAt: number;
  readonly bytes: number;
}

/** A tree's place in its block, and how long its sets are. */
interface TreePlace {
  readonly tree: number;
  readonly words: 1 | 2;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
}

/** Per feature the ascending thresholds of these trees. */
function edgesOf(trees: readonly TreeBoxes[]): Float32Array[] {
  return Array.from(trees[0]?.edges ?? [], (_, feature) => {
    const values = new Set<number>();
    for (const { edges } of trees) for (const edge of edges[feature] as Float32Array) values.add(edge);
    return Float32Array.from(values).toSorted();
  });
}

/** Bins of a feature: one more than thresholds, and NaN. */
function binCount(edges: readonly Float32Array[]): number {
  return edges.reduce((sum, values) => sum + values.length + 2, 0);
}

function planBlock(trees: readonly TreeBoxes[], words: 1 | 2, mapBytes: number): BlockPlan {
  const edges = edgesOf(trees);
  const linesAt = aligned(Block.Maps + mapBytes);
  const leavesAt = linesAt + binCount(edges) * LINE_BYTES;
  const bytes = leavesAt + (LINE_BYTES / (words * 4)) * words * 32 * 8;
  if (binCount(edges) > LINES_MAX) throw tooLarge();
  return { trees, edges, linesAt, leavesAt, bytes };
}

function tooLarge(): SmcqError {
  return new SmcqError(
    ModelErrorCode.Tables,
    `leaf-mask would need tables of more than ${MODEL_LIMITS.tableBytesMax} bytes: score with --scorer ort`,
  );
}

function plan(trees: readonly TreeBoxes[], words: 1 | 2): Plan {
  const edges = edgesOf(trees);
  const largest = Math.max(...edges.map(({ length }) => length));
  let levels = 1;
  // A search tree of k levels tells FAN ** k - 1 thresholds apart.
  while (FAN ** levels - 1 < largest) levels++;
  let edgesBytes = 0;
  for (let level = 1; level <= levels; level++) edgesBytes += FAN ** level * 4;
  const mapBytes = binCount(edges) * 2;
  const treesPerBlock = LINE_BYTES / (words * 4);
  const blocks: BlockPlan[] = [];
  for (let at = 0; at < trees.length; at += treesPerBlock)
    blocks.push(planBlock(trees.slice(at, at + treesPerBlock), words, mapBytes));
  return { words, treesPerBlock, edges, levels, edgesBytes, mapBytes, blocks };
}

/** Writes one feature's search tree: level after level, each the thresholds that part the next one's groups. */
function writeEdges(view: DataView, from: number, edges: Float32Array, levels: number): void {
  let at = from;
  for (let level = 1; level <= levels; level++) {
    const step = FAN ** (levels - level);
    for (let index = 0; index < FAN ** level; index++) {
      view.setFloat32(at, edges[(index + 1) * step - 1] ?? Infinity, true);
      at += 4;
    }
  }
}

/** For each bin of `fine` the bin of `coarse`, whose thresholds are among those of `fine`; the last one is NaN's. */
function* binsOf(fine: Float32Array, coarse: Float32Array): Generator<number> {
  let bin = 0;
  for (const edge of fine) {
    yield bin;
    if (coarse[bin] === edge) bin++;
  }
  yield bin;
  yield coarse.length + 1;
}

/** For each bin of a tree the set of leaves that it leads to: one or two 32-bit words a bin. */
function setsOf({ boxes }: TreeBoxes, words: 1 | 2): Uint32Array {
  const sets = new Uint32Array((boxes[0]?.bins.length ?? 0) * words);
  for (const [leaf, { bins }] of boxes.entries())
    for (let bin = 0; bin < bins.length; bin++)
      if (bins[bin] === 1) {
        const word = bin * words + (leaf >> 5);
        sets[word] = (sets[word] as number) | (1 << (leaf & 31));
      }
  return sets;
}

/** Writes the sets of the block's tree number `tree` into all lines. */
function writeSets(view: DataView, linesAt: number, block: BlockPlan, place: TreePlace): void {
  const { tree, words } = place;
  const boxes = block.trees[tree] as TreeBoxes;
  const sets = setsOf(boxes, words);
  let line = linesAt + tree * words * 4;
  for (const [feature, blockEdges] of block.edges.entries())
    for (const bin of binsOf(blockEdges, boxes.edges[feature] as Float32Array)) {
      const from = ((boxes.starts[feature] as number) + bin) * words;
      for (let word = 0; word < words; word++)
        view.setUint32(line + word * 4, sets[from + word] as number, true);
      line += LINE_BYTES;
    }
}

function writeBlock(view: DataView, at: number, model: Plan, block: BlockPlan): void {
  view.setUint32(at + Block.LinesAt, block.linesAt, true);
  view.setUint32(at + Block.LeavesAt, block.leavesAt, true);
  view.setUint32(at + Block.Next, block.bytes, true);
  let map = at + Block.Maps;
  let first = 0;
  for (const [feature, edges] of model.edges.entries()) {
    const blockEdges = block.edges[feature] as Float32Array;
    for (const bin of binsOf(edges, blockEdges)) {
      view.setUint16(map, first + bin, true);
      map += 2;
    }
    first += blockEdges.length + 2;
  }
  const leafBytes = model.words * 32 * 8;
  for (let tree = 0; tree < model.treesPerBlock; tree++) {
    const boxes = block.trees[tree]?.boxes;
    if (boxes === undefined) writeAbsent(view, at + block.linesAt, block, { tree, words: model.words });
    else writeSets(view, at + block.linesAt, block, { tree, words: model.words });
    for (const [leaf, { value }] of (boxes ?? []).entries())
      view.setFloat64(at + block.leavesAt + tree * leafBytes + leaf * 8, value, true);
  }
}

/** The last block's places without a tree: one leaf of value 0, whose addition changes no bit of a sum from +0. */
function writeAbsent(view: DataView, linesAt: number, block: BlockPlan, { tree, words }: TreePlace): void {
  const lines = binCount(block.edges);
  for (let line = 0; line < lines; line++)
    view.setUint32(linesAt + line * LINE_BYTES + tree * words * 4, 1, true);
}

/**
 * The image of a model for assembly/leaf-mask.ts, whose margins are the sums over `divisor`; MODEL_TABLES when it would be
 * larger than 64 MB.
 */
export function writeImage(trees: readonly TreeBoxes[], words: 1 | 2, divisor: number): Uint8Array {
  const model = plan(trees, words);
  const featureCount = model.edges.length;
  const edgesAt = aligned(Header.Counts + featureCount * 8);
  const blocksAt = aligned(edgesAt + featureCount * model.edgesBytes);
  const bytes = model.blocks.reduce((sum, block) => sum + block.bytes, blocksAt);
  if (bytes > MODEL_LIMITS.tableBytesMax) throw tooLarge();
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint32(Header.Levels, model.levels, true);
  view.setUint32(Header.EdgesAt, edgesAt, true);
  view.setUint32(Header.EdgesBytes, model.edgesBytes, true);
  view.setUint32(Header.BlocksAt, blocksAt, true);
  view.setUint32(Header.Blocks, model.blocks.length, true);
  view.setUint32(Header.Words, words, true);
  view.setUint32(Header.Features, featureCount, true);
  view.setFloat64(Header.Divisor, divisor, true);
  let mapStart = 0;
  for (const [feature, edges] of model.edges.entries()) {
    view.setUint32(Header.Counts + feature * 4, edges.length, true);
    view.setUint32(Header.Counts + (featureCount + feature) * 4, mapStart, true);
    writeEdges(view, edgesAt + feature * model.edgesBytes, edges, model.levels);
    mapStart += (edges.length + 2) * 2;
  }
  let at = blocksAt;
  for (const block of model.blocks) {
    writeBlock(view, at, model, block);
    at += block.bytes;
  }
  return new Uint8Array(view.buffer);
}
