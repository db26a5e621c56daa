import { describe, expect, it } from "vitest";
import { CODE_MS_MAX, ConfirmBook, WRONG_CODES_MAX } from "../src/channels/confirm-book.ts";

describe("a confirm code", () => {
  it("is good once, for whoever got it, within its time", () => {
    const book = new ConfirmBook();
    const code = book.issue("anna", "halt", 0);
    expect(code).toMatch(/^\d{6}$/);
    expect(book.redeem("bert", code, 1)).toBeNull();
    expect(book.redeem("anna", code, CODE_MS_MAX - 1)).toBe("halt");
    expect(book.redeem("anna", code, CODE_MS_MAX - 1)).toBeNull();
    const late = book.issue("anna", "flatten", 0);
    expect(book.redeem("anna", late, CODE_MS_MAX)).toBeNull();
  });

  it("is void when another one is asked for, or after wrong ones", () => {
    const book = new ConfirmBook();
    const first = book.issue("anna", "halt", 0);
    const second = book.issue("anna", "flatten", 1);
    expect(book.redeem("anna", first, 2)).toBeNull();
    for (let wrong = 1; wrong < WRONG_CODES_MAX; wrong++) expect(book.redeem("anna", "0", 3)).toBeNull();
    expect(book.redeem("anna", second, 4)).toBeNull();
  });
});
