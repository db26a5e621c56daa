import { readFileSync } from "node:fs";
import { assert, FEATURE_COUNT, SmcqError } from "@smcq/kernel";
import type { ScoreMap } from "./calibration.ts";
import { ModelErrorCode } from "./errors.ts";
import type { LeafMaskTables } from "./leaf-mask/leaf-mask-tables.ts";
import { MODEL_LIMITS } from "./limits.ts";
import "./web-assembly.ts";

/** Models that stand in memory at a time: current, previous, shadow and challenger. */
export const MODEL_SLOTS = 4;
/** Rows of 12 that one lane takes at a time; longer batches, and wider rows, are scored in pieces. */
export const LANE_ROWS_MAX = 1_024;
/** Words of a lane that the ONNX Runtime scorer may use as it likes. */
export const LANE_CONTROL_WORDS = 16;
const LANES_MAX = 256;

// The memory, in bytes:
//
//   0         ┌──────────────────────────────┐
//             │ directory: 4 entries         │  epoch, kind, a, b, id
//   4,096     │ doorbell                     │  one word
//   65,536    ├──────────────────────────────┤
//             │ lane 0: control rows margins │
//             │         scratch              │
//             │ lane 1: ...                  │
//             ├──────────────────────────────┤  slots begin at a page
//             │ slot 0: tables, 64 MB        │
//             │ slot 1: ...                  │
//             └──────────────────────────────┘
//
// Only pages that were written to cost memory.
const PAGE_BYTES = 65_536;
const ENTRY_BYTES = 1_024;
const DOORBELL_AT = 4_096;
const LANES_AT = PAGE_BYTES;

// An entry: epoch i32, kind i32, table bytes u32, id bytes u32, a f64, b f64, abstention f64 (-Infinity: none), features u32, id.
const Entry = {
  Epoch: 0,
  Kind: 4,
  TableBytes: 8,
  IdBytes: 12,
  A: 16,
  B: 24,
  AbstainR: 32,
  Features: 40,
  Id: 44,
} as const;
const ID_BYTES_MAX = ENTRY_BYTES - Entry.Id;
const KINDS = ["leaf-mask", "ort"] as const;

// A lane: what the pieces of it take, one behind the other.
const CONTROL_BYTES = LANE_CONTROL_WORDS * 4;
const ROWS_BYTES = LANE_ROWS_MAX * FEATURE_COUNT * 4;
const MARGINS_BYTES = LANE_ROWS_MAX * 8;
const SCRATCH_BYTES = LANE_ROWS_MAX * 16 * 4;
const LANE_BYTES = CONTROL_BYTES + ROWS_BYTES + MARGINS_BYTES + SCRATCH_BYTES;

export type ModelKind = (typeof KINDS)[number];

/** What a thread needs to score: handed over once, as workerData. */
export interface SharedModels {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly lanes: number;
}

/** One model as the directory tells of it. */
export interface ModelEntry {
  readonly epoch: number;
  readonly kind: ModelKind;
  readonly id: string;
  readonly calibration: ScoreMap;
  /** Numbers of a row, and so many rows a lane takes at a time. */
  readonly featureCount: number;
  readonly laneRows: number;
  readonly tableBytes: number;
  /** Where its tables begin. */
  readonly tableAt: number;
}

/** The part of the memory that one scanning thread has to itself. */
export interface Lane {
  /** Free for the ONNX Runtime scorer's own protocol (Atomics). */
  readonly control: Int32Array<SharedArrayBuffer>;
  /** LANE_ROWS_MAX rows of 12, or fewer wider ones. */
  readonly rows: Float32Array<SharedArrayBuffer>;
  readonly margins: Float64Array<SharedArrayBuffer>;
  readonly rowsAt: number;
  readonly marginsAt: number;
  readonly scratchAt: number;
}

export interface InstallOptions {
  /** From 1; its slot is `epoch % 4`, whose former model is gone. */
  readonly epoch: number;
  readonly id: string;
  readonly calibration: ScoreMap;
  /** The tables of leaf-mask, or `ort` for a model that the ONNX Runtime process holds. */
  readonly tables: LeafMaskTables | "ort";
  /** Of a model of ONNX Runtime; default 12. */
  readonly featureCount?: number;
}

/** The memory that all threads of an engine share for its models: one directory, a lane a shard, a slot a model. */
export class ModelMemory {
  /** Rung by lanes that wait for the ONNX Runtime process. */
  readonly doorbell: Int32Array<SharedArrayBuffer>;
  readonly #shared: SharedModels;
  readonly #buffer: SharedArrayBuffer;
  readonly #directory: DataView;
  readonly #epochs: Int32Array<SharedArrayBuffer>;

  constructor(shared: SharedModels) {
    const { buffer } = shared.memory;
    assert(buffer instanceof SharedArrayBuffer, "Invariant: the models' memory is shared");
    this.#shared = shared;
    this.#buffer = buffer;
    this.#directory = new DataView(buffer, 0, MODEL_SLOTS * ENTRY_BYTES);
    this.#epochs = new Int32Array(buffer, 0, (MODEL_SLOTS * ENTRY_BYTES) / 4);
    this.doorbell = new Int32Array(buffer, DOORBELL_AT, 1);
  }

  shared(): SharedModels {
    return this.#shared;
  }

  /** Writes a model into the slot of its epoch; nobody may be scoring with the slot's former model. */
  install({ epoch, id, calibration, tables, featureCount = FEATURE_COUNT }: InstallOptions): void {
    assert(Number.isInteger(epoch) && epoch >= 1 && epoch < 2 ** 31, "Invariant: epochs begin at 1");
    const idBytes = new TextEncoder().encode(id);
    assert(idBytes.length <= ID_BYTES_MAX, `Invariant: a model's id has at most ${ID_BYTES_MAX} bytes`);
    const at = entryAt(epoch);
    // No reader finds the former model from here on, nor the new one before all of it is written.
    Atomics.store(this.#epochs, at / 4, 0);
    const image = tables === "ort" ? new Uint8Array() : tables.image;
    assert(image.length <= MODEL_LIMITS.tableBytesMax, "Invariant: tables fit into a slot");
    new Uint8Array(this.#buffer, this.#tableAt(epoch), image.length).set(image);
    this.#directory.setInt32(at + Entry.Kind, KINDS.indexOf(tables === "ort" ? "ort" : "leaf-mask"), true);
    this.#directory.setUint32(at + Entry.TableBytes, image.length, true);
    this.#directory.setUint32(at + Entry.IdBytes, idBytes.length, true);
    this.#directory.setUint32(
      at + Entry.Features,
      tables === "ort" ? featureCount : tables.featureCount,
      true,
    );
    this.#directory.setFloat64(at + Entry.A, calibration.a, true);
    this.#directory.setFloat64(at + Entry.B, calibration.b, true);
    this.#directory.setFloat64(at + Entry.AbstainR, calibration.target?.abstainR ?? -Infinity, true);
    new Uint8Array(this.#buffer, at + Entry.Id, idBytes.length).set(idBytes);
    Atomics.store(this.#epochs, at / 4, epoch);
  }

  isInstalled(epoch: number): boolean {
    return epoch >= 1 && Atomics.load(this.#epochs, entryAt(epoch) / 4) === epoch;
  }

  /** The model of an epoch; throws MODEL_EPOCH when none is installed under it. */
  entry(epoch: number): ModelEntry {
    const at = entryAt(epoch);
    if (!this.isInstalled(epoch))
      throw new SmcqError(ModelErrorCode.Epoch, `no model is loaded under epoch ${epoch}`);
    // Copied: a TextDecoder takes no shared memory.
    const id = Uint8Array.from(
      new Uint8Array(this.#buffer, at + Entry.Id, this.#directory.getUint32(at + Entry.IdBytes, true)),
    );
    const abstainR = this.#directory.getFloat64(at + Entry.AbstainR, true);
    const featureCount = this.#directory.getUint32(at + Entry.Features, true);
    return {
      epoch,
      featureCount,
      laneRows: Math.floor((LANE_ROWS_MAX * FEATURE_COUNT) / featureCount),
      kind: KINDS[this.#directory.getInt32(at + Entry.Kind, true)] === "ort" ? "ort" : "leaf-mask",
      id: new TextDecoder().decode(id),
      calibration: {
        a: this.#directory.getFloat64(at + Entry.A, true),
        b: this.#directory.getFloat64(at + Entry.B, true),
        ...(abstainR === -Infinity ? {} : { target: { kind: "net-r", abstainR } }),
      },
      tableBytes: this.#directory.getUint32(at + Entry.TableBytes, true),
      tableAt: this.#tableAt(epoch),
    };
  }

  /** The views of lane `index` (0 to lanes - 1). */
  lane(index: number): Lane {
    assert(
      Number.isInteger(index) && index >= 0 && index < this.#shared.lanes,
      `Invariant: a lane is one of 0 to ${this.#shared.lanes - 1}`,
    );
    const controlAt = LANES_AT + index * LANE_BYTES;
    const rowsAt = controlAt + CONTROL_BYTES;
    const marginsAt = rowsAt + ROWS_BYTES;
    return {
      control: new Int32Array(this.#buffer, controlAt, LANE_CONTROL_WORDS),
      rows: new Float32Array(this.#buffer, rowsAt, LANE_ROWS_MAX * FEATURE_COUNT),
      margins: new Float64Array(this.#buffer, marginsAt, LANE_ROWS_MAX),
      rowsAt,
      marginsAt,
      scratchAt: marginsAt + MARGINS_BYTES,
    };
  }

  #tableAt(epoch: number): number {
    return slotsAt(this.#shared.lanes) + (epoch % MODEL_SLOTS) * MODEL_LIMITS.tableBytesMax;
  }
}

function entryAt(epoch: number): number {
  return (epoch % MODEL_SLOTS) * ENTRY_BYTES;
}

function slotsAt(lanes: number): number {
  return Math.ceil((LANES_AT + lanes * LANE_BYTES) / PAGE_BYTES) * PAGE_BYTES;
}

/** The compiled assembly/leaf-mask.ts, at the same place seen from `src` and from `dist`. */
function scorerModule(): WebAssembly.Module {
  const file = new URL("../wasm/leaf-mask.wasm", import.meta.url);
  try {
    return new WebAssembly.Module(readFileSync(file));
  } catch (error) {
    const text = "the scorer's wasm/leaf-mask.wasm is missing or damaged: build the package";
    throw new SmcqError(ModelErrorCode.File, text, { cause: error });
  }
}

/**
 * Reserves the memory for `lanes` scanning threads (one a shard) and loads the scorer. MODEL_FILE when its WASM was
 * not built.
 */
export function createModelMemory({ lanes }: { readonly lanes: number }): ModelMemory {
  assert(
    Number.isInteger(lanes) && lanes >= 1 && lanes <= LANES_MAX,
    `Invariant: lanes are 1 to ${LANES_MAX}`,
  );
  const pages = (slotsAt(lanes) + MODEL_SLOTS * MODEL_LIMITS.tableBytesMax) / PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return new ModelMemory({ memory, module: scorerModule(), lanes });
}

/** The same memory in another thread. */
export function openModelMemory(shared: SharedModels): ModelMemory {
  return new ModelMemory(shared);
}
