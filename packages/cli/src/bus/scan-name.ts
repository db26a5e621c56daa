import { sha256Hex } from "@smcq/config/run";
import { FEATURES_V1, featureSchemaJson, HEURISTIC_ID, type TradePlanParameters } from "@smcq/features";
import { SMC_PARAMETERS } from "@smcq/smc";
import type { RunModels } from "../run/models/run-models.ts";

const LENGTH = 24;

/**
 * Names what is scanned for and what scores it: plan, features, rules of the detector, and the model by its file's digest. Two
 * engines of the same name find the same signals. The name follows the model.
 */
export class ScanName {
  readonly #ground: string;
  readonly #models: Pick<RunModels, "look" | "report">;
  #of = "";
  #name = "";

  constructor(plan: TradePlanParameters, models: Pick<RunModels, "look" | "report">) {
    this.#models = models;
    this.#ground = JSON.stringify([featureSchemaJson(plan), SMC_PARAMETERS, FEATURES_V1.version]);
  }

  now(): string {
    const current = this.#models.look()?.current;
    const model = current === undefined ? HEURISTIC_ID : `${current.id} ${current.sha256}`;
    if (model !== this.#of) {
      this.#of = model;
      this.#name = sha256Hex(`${this.#ground} ${model}`).slice(0, LENGTH);
    }
    return this.#name;
  }
}
