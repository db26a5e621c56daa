import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { FieldReader } from "../src/files/decimal.ts";

describe("the decimal reader", () => {
  it("rounds like the language itself", () => {
    const rng = new Rng(Number(process.env["SMCQ_SEED"] ?? 4_711));
    const fields = new FieldReader();
    const texts = [
      "0",
      "0.0",
      "1e3",
      "12345678901234567890",
      "0.00000000000000000000000001",
      "9007199254740993",
    ];
    for (let k = 0; k < 20_000; k++) {
      const whole = String(rng.int(10 ** (1 + rng.int(12))));
      const decimals = Array.from({ length: rng.int(14) }, () => rng.int(10)).join("");
      texts.push(decimals === "" ? whole : `${whole}.${decimals}`);
    }
    const wrong = texts.filter((text) => {
      const bytes = Buffer.from(`7,${text},9`);
      const value = fields.read(bytes, 2, bytes.length);
      return !Object.is(value, Number(text)) || fields.at !== 2 + text.length;
    });
    expect(wrong).toEqual([]);
  });
});
