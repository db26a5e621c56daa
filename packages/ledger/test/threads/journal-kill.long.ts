import { expect, it } from "vitest";
import { temporaryFolder } from "../helpers.ts";
import { killAgainAndAgain } from "../support/journal-kills.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const FILES = 10;
const KILLS_EACH = 10;

it(`outlives kill -9 at ${FILES * KILLS_EACH} moments of writing (seed ${SEED})`, async () => {
  for (let file = 0; file < FILES; file++)
    expect(await killAgainAndAgain(temporaryFolder(), KILLS_EACH, SEED + 1_000 * file)).toEqual([]);
});
