// The leaf-mask scorer: AssemblyScript, compiled by scripts/build-wasm.ts. All memory is imported and shared; the
// module itself holds no state, so that a thread may die inside it at any moment.
//
// A model is an image in that memory (written by src/leaf-mask/compile-leaf-mask.ts, offsets from its beginning):
//
//   header    u32 words, see below
//   edges     per feature a 16-ary search tree over its float32 thresholds, padded with +Infinity
//   blocks    per block of trees:
//               maps    u16 per (feature, bin of the model): the line of the block that this bin belongs to
//               lines   64 bytes per (feature, bin of the block): for each tree the set of leaves that a row with
//                       this bin can still reach; 16 trees of 32 leaves, or 8 trees of 64
//               leaves  f64 per (tree, leaf)
//
// A row reaches the one leaf that is in the sets of all its bins, one a feature. Leaves are added tree by tree in the order of the
// model, so that the sum is the model's own to the last bit. Blocks are the outer loop: the lines of one block stay
// in the first-level cache while all rows pass.

/** What the engine computes live; rows of this width have a way of their own. */
const LIVE_FEATURES: u32 = 12;

// Header words.
const LEVELS: u32 = 0;
const EDGES_AT: u32 = 4;
const EDGES_BYTES: u32 = 8;
const BLOCKS_AT: u32 = 12;
const BLOCKS: u32 = 16;
const WORDS: u32 = 20;
const FEATURES: u32 = 24;
/** f64: what each sum is divided by once, 1 but for averages. */
const DIVISOR: u32 = 32;
/** Then the number of thresholds of each feature, and where its entries in a map begin (bytes). */
const COUNTS_AT: u32 = 40;

// A block: four words, then its parts.
const LINES_AT: u32 = 0;
const LEAVES_AT: u32 = 4;
const NEXT_BLOCK: u32 = 8;
const MAPS_AT: u32 = 16;

/** Thresholds below `x` among 16 ascending ones. */
@inline
function countBelow(edges: u32, x: v128): u32 {
  const a = f32x4.lt(v128.load(edges, 0), x);
  const b = f32x4.lt(v128.load(edges, 16), x);
  const c = f32x4.lt(v128.load(edges, 32), x);
  const d = f32x4.lt(v128.load(edges, 48), x);
  const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
  return popcnt(i8x16.bitmask(bytes));
}

/** Writes for each feature of each row where its bin's entry stands in a block's map: a byte offset, as u32. */
function bin(image: u32, rows: u32, scratch: u32, count: u32): void {
  const rowBytes = load<u32>(image + FEATURES) << 2;
  const mapStarts = image + COUNTS_AT + rowBytes;
  const levels = load<u32>(image + LEVELS);
  const edgesBytes = load<u32>(image + EDGES_BYTES);
  for (let row: u32 = 0; row < count; row++) {
    let edges = image + load<u32>(image + EDGES_AT);
    for (let feature: u32 = 0; feature < rowBytes; feature += 4) {
      const value = load<f32>(rows + feature);
      const x = f32x4.splat(value);
      let level = edges;
      let width: u32 = 64;
      let below: u32 = 0;
      for (let depth: u32 = 0; depth < levels; depth++) {
        below = (below << 4) + countBelow(level + (below << 6), x);
        level += width;
        width <<= 4;
      }
      edges += edgesBytes;
      const nan = load<u32>(image + feature, COUNTS_AT) + 1;
      const at = select<u32>(nan, below, value != value);
      store<u32>(scratch + feature, load<u32>(mapStarts + feature) + (at << 1));
    }
    rows += rowBytes;
    scratch += rowBytes;
  }
}

/** Where a feature's line of the block begins. */
@inline
function line(lines: u32, maps: u32, bins: u32, feature: u32): u32 {
  return lines + (<u32>load<u16>(maps + load<u32>(bins + feature)) << 6);
}

/** What sixteen bytes of all twelve lines have in common; `at` is known when compiling. */
@inline
function meet(
  p0: u32, p1: u32, p2: u32, p3: u32, p4: u32, p5: u32,
  p6: u32, p7: u32, p8: u32, p9: u32, p10: u32, p11: u32,
  at: u32,
): v128 {
  let sets = v128.and(v128.load(p0 + at), v128.load(p1 + at));
  sets = v128.and(v128.and(sets, v128.load(p2 + at)), v128.load(p3 + at));
  sets = v128.and(v128.and(sets, v128.load(p4 + at)), v128.load(p5 + at));
  sets = v128.and(v128.and(sets, v128.load(p6 + at)), v128.load(p7 + at));
  sets = v128.and(v128.and(sets, v128.load(p8 + at)), v128.load(p9 + at));
  return v128.and(v128.and(sets, v128.load(p10 + at)), v128.load(p11 + at));
}

/** Adds the leaves of four trees of up to 32 leaves; each half of a 64-bit lane has exactly one bit. */
@inline
function addFour(sum: f64, sets: v128, leaves: u32): f64 {
  const first = i64x2.extract_lane(sets, 0);
  const second = i64x2.extract_lane(sets, 1);
  sum += load<f64>(leaves + (<u32>ctz(first) << 3));
  sum += load<f64>(leaves + ((<u32>clz(first) ^ 31) << 3), 256);
  sum += load<f64>(leaves + (<u32>ctz(second) << 3), 512);
  return sum + load<f64>(leaves + ((<u32>clz(second) ^ 31) << 3), 768);
}

/** Adds the leaves of two trees of up to 64 leaves. */
@inline
function addTwo(sum: f64, sets: v128, leaves: u32): f64 {
  sum += load<f64>(leaves + (<u32>ctz(i64x2.extract_lane(sets, 0)) << 3));
  return sum + load<f64>(leaves + (<u32>ctz(i64x2.extract_lane(sets, 1)) << 3), 512);
}

/** Adds a block's leaves of one row, which `a` to `d` have come down to; `isWide` (33 to 64 leaves) is known when compiling. */
@inline
function addLeaves(sum: f64, a: v128, b: v128, c: v128, d: v128, leaves: u32, isWide: bool): f64 {
  if (isWide) {
    sum = addTwo(sum, a, leaves);
    sum = addTwo(sum, b, leaves + 1_024);
    sum = addTwo(sum, c, leaves + 2_048);
    return addTwo(sum, d, leaves + 3_072);
  }
  sum = addFour(sum, a, leaves);
  sum = addFour(sum, b, leaves + 1_024);
  sum = addFour(sum, c, leaves + 2_048);
  return addFour(sum, d, leaves + 3_072);
}

/** Adds one block's leaves to the margins of all rows of any width: a loop over the features in place of twelve lines. */
@inline
function addBlockOfMany(block: u32, scratch: u32, margins: u32, count: u32, rowBytes: u32, isWide: bool): void {
  const lines = block + load<u32>(block + LINES_AT);
  const leaves = block + load<u32>(block + LEAVES_AT);
  const maps = block + MAPS_AT;
  for (let row: u32 = 0; row < count; row++) {
    let at = line(lines, maps, scratch, 0);
    let a = v128.load(at, 0);
    let b = v128.load(at, 16);
    let c = v128.load(at, 32);
    let d = v128.load(at, 48);
    for (let feature: u32 = 4; feature < rowBytes; feature += 4) {
      at = line(lines, maps, scratch, feature);
      a = v128.and(a, v128.load(at, 0));
      b = v128.and(b, v128.load(at, 16));
      c = v128.and(c, v128.load(at, 32));
      d = v128.and(d, v128.load(at, 48));
    }
    store<f64>(margins, addLeaves(load<f64>(margins), a, b, c, d, leaves, isWide));
    scratch += rowBytes;
    margins += 8;
  }
}

/** The same for rows of twelve features. */
@inline
function addBlock(block: u32, scratch: u32, margins: u32, count: u32, isWide: bool): void {
  const lines = block + load<u32>(block + LINES_AT);
  const leaves = block + load<u32>(block + LEAVES_AT);
  const maps = block + MAPS_AT;
  for (let row: u32 = 0; row < count; row++) {
    const p0 = line(lines, maps, scratch, 0);
    const p1 = line(lines, maps, scratch, 4);
    const p2 = line(lines, maps, scratch, 8);
    const p3 = line(lines, maps, scratch, 12);
    const p4 = line(lines, maps, scratch, 16);
    const p5 = line(lines, maps, scratch, 20);
    const p6 = line(lines, maps, scratch, 24);
    const p7 = line(lines, maps, scratch, 28);
    const p8 = line(lines, maps, scratch, 32);
    const p9 = line(lines, maps, scratch, 36);
    const p10 = line(lines, maps, scratch, 40);
    const p11 = line(lines, maps, scratch, 44);
    const a = meet(p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, 0);
    const b = meet(p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, 16);
    const c = meet(p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, 32);
    const d = meet(p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, 48);
    store<f64>(margins, addLeaves(load<f64>(margins), a, b, c, d, leaves, isWide));
    scratch += LIVE_FEATURES * 4;
    margins += 8;
  }
}

/** Raw margins of `count` rows of as many float32 as the image says; `scratch` has as many u32 a row. */
export function score(image: u32, rows: u32, scratch: u32, margins: u32, count: u32): void {
  bin(image, rows, scratch, count);
  memory.fill(margins, 0, count << 3);
  const isWide = load<u32>(image + WORDS) == 2;
  const rowBytes = load<u32>(image + FEATURES) << 2;
  const isLive = rowBytes == LIVE_FEATURES * 4;
  let block = image + load<u32>(image + BLOCKS_AT);
  for (let left = load<u32>(image + BLOCKS); left > 0; left--) {
    if (!isLive) {
      if (isWide) addBlockOfMany(block, scratch, margins, count, rowBytes, true);
      else addBlockOfMany(block, scratch, margins, count, rowBytes, false);
    } else if (isWide) addBlock(block, scratch, margins, count, true);
    else addBlock(block, scratch, margins, count, false);
    block += load<u32>(block + NEXT_BLOCK);
  }
  const divisor = load<f64>(image + DIVISOR);
  if (divisor == 1) return;
  for (let row: u32 = 0; row < count; row++) {
    store<f64>(margins, load<f64>(margins) / divisor);
    margins += 8;
  }
}
