import { sha256Hex } from "@smcq/config";
import { canonicalJson } from "@smcq/features";
import { ResearchBook } from "@smcq/ledger";
import type { Judge } from "@smcq/scoring";

/** A judge of trainings that notes each in the book of research, before its verdict, and knows what else stands there. */
export function bookJudge(file: string, nowMs: number): Judge {
  return (trial) => {
    const { name, sourceSha256, featureSchemaSha256, inputs, daily, testedDays, holdOut, trials } = trial;
    const book = new ResearchBook(file);
    try {
      const days = holdOut === null ? testedDays : [...testedDays, holdOut];
      const trialSha256 = sha256Hex(canonicalJson({ sourceSha256, featureSchemaSha256 }));
      const looks = holdOut === null ? 0 : book.looksAt(holdOut, [trialSha256]);
      const [row = 0] = book.record(
        [
          {
            name: `training of ${name}`,
            trialSha256,
            planSha256: featureSchemaSha256,
            featuresSha256: featureSchemaSha256,
            modelId: sourceSha256,
            dataSha256: sha256Hex(canonicalJson(inputs.toSorted())),
            days,
            holdOut: null,
            count: trials,
          },
        ],
        nowMs,
      );
      book.finish(row, daily, nowMs);
      return { ...book.triedBut([trialSha256]), holdOutLooks: looks };
    } finally {
      book.close();
    }
  };
}
