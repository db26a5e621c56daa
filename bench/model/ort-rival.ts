import { createRequire } from "node:module";
import { FEATURE_COUNT, present } from "@smcq/kernel";

// onnxruntime-node is a dependency of the scoring package, and is found where that package finds it. Here it runs in
// the bench's main thread, which nobody terminates.
interface OrtTensor {
  readonly data: unknown;
}

interface OrtSession {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
}

interface Ort {
  readonly InferenceSession: { create(bytes: Uint8Array, options: object): Promise<OrtSession> };
  readonly Tensor: new (type: "float64", data: Float64Array, dims: readonly number[]) => OrtTensor;
}

const ort = createRequire(import.meta.resolve("@smcq/scoring"))("onnxruntime-node") as Ort;

/** ONNX Runtime with the settings that suit it best for one caller (docs/model.md section 3): one thread, CPU. */
export class OrtRival {
  readonly #session: OrtSession;

  private constructor(session: OrtSession) {
    this.#session = session;
  }

  static async open(onnx: Uint8Array): Promise<OrtRival> {
    const options = { executionProviders: ["cpu"], intraOpNumThreads: 1, interOpNumThreads: 1 };
    return new OrtRival(await ort.InferenceSession.create(onnx, options));
  }

  /** Margins of rows of float32; their copy into the tensor of doubles is part of what ONNX Runtime needs. */
  async margins(rows: Float32Array): Promise<Float64Array> {
    const features = new ort.Tensor("float64", Float64Array.from(rows), [
      rows.length / FEATURE_COUNT,
      FEATURE_COUNT,
    ]);
    const { margin } = await this.#session.run({ features });
    return present(margin, "Invariant: the model's output is called margin").data as Float64Array;
  }
}
