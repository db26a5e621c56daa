import type { WireError } from "@smcq/kernel";

/** What the ONNX Runtime process is asked; `requestId` comes back with the reply. */
export type OrtRequest =
  | {
      readonly type: "load";
      readonly requestId: number;
      /** The name under which the process keeps the model. */
      readonly epoch: number;
      readonly onnx: Uint8Array;
    }
  | {
      readonly type: "score";
      readonly requestId: number;
      readonly epoch: number;
      /** `count` rows, row-major; not shared memory. */
      readonly rows: Float32Array;
      readonly count: number;
    }
  | { readonly type: "drop"; readonly requestId: number; readonly epoch: number };

export type OrtReply =
  | { readonly type: "done"; readonly requestId: number }
  | { readonly type: "margins"; readonly requestId: number; readonly margins: Float64Array }
  | { readonly type: "failed"; readonly requestId: number; readonly error: WireError };
