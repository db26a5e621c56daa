import type { TradePlanParameters } from "@smcq/features";
import type { WireError } from "@smcq/kernel";
import type { ModelCard } from "./card/card.ts";
import type { GoldenRows } from "./golden/golden-file.ts";
import type { ModelKind, SharedModels } from "./model-memory.ts";

/** What the loader's thread is to do. */
export interface LoadTask {
  /** NAME.onnx, or a LightGBM text NAME.txt that is converted first. */
  readonly file: string;
  /** Where a converted text goes. */
  readonly textOutDir: string;
  readonly scorer: ModelKind;
  readonly models: SharedModels;
  readonly epoch: number;
  readonly nowMs: number;
  readonly plan: TradePlanParameters | undefined;
  readonly liveSets: readonly string[] | undefined;
  readonly refuseExpired: boolean;
  readonly publicKeyPem: string | undefined;
}

/** What the thread tells: `opened` when ONNX Runtime may see the file, then `installed`; or `failed`. */
export type LoadMessage =
  | { readonly type: "opened"; readonly onnx: Uint8Array; readonly golden: GoldenRows }
  | {
      readonly type: "installed";
      readonly file: string;
      readonly card: ModelCard;
      readonly isExpired: boolean;
      readonly tableBytes: number;
    }
  | { readonly type: "failed"; readonly error: WireError };
