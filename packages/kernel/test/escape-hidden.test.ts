import { expect, it } from "vitest";
import { escapeHidden } from "../src/index.ts";

it.each([
  ["BTCUSDT 币安人生 é 😀", "BTCUSDT 币安人生 é 😀"],
  ["\u001b[2J\u0007", "\\u001b[2J\\u0007"],
  ["a\u0085b\u009bc\u007f", "a\\u0085b\\u009bc\\u007f"],
  ["\u202Etxt.exe\u2066", "\\u202etxt.exe\\u2066"],
  ["zero\u200bwidth\ufeff\u00ad", "zero\\u200bwidth\\ufeff\\u00ad"],
  ["line\u2028end\u2029", "line\\u2028end\\u2029"],
  ["lone \ud800 half", "lone \\ud800 half"],
])("writes out what hides or turns text in %j", (text, shown) => {
  expect(escapeHidden(text)).toBe(shown);
  expect(JSON.parse(`"${shown}"`)).toBe(text);
});

it("keeps the layout where it is asked to", () => {
  expect(escapeHidden("a\tb\nc\r\nd\re\r", true)).toBe("a\tb\nc\r\nd\\u000de\\u000d");
  expect(escapeHidden("a\n")).toBe("a\\u000a");
});
