import { describe, expect, it } from "vitest";
import { LOG_LINES_MAX } from "../src/control/log-views.ts";
import { LogTail, TAIL_LINE_CHARS_MAX, TAIL_LINES_MAX, TAIL_TOLD_CHARS_MAX } from "../src/output/log-tail.ts";

const line = (msg: string, level = "info", more: object = {}): string =>
  `${JSON.stringify({ level, time: "2026-01-01T00:00:00.000Z", ...more, msg })}\n`;
const wish = { after: 0, lines: LOG_LINES_MAX, level: "debug" } as const;

function filled(count: number): LogTail {
  const tail = new LogTail(5);
  for (let at = 1; at <= count; at++) tail.keep(line(`line ${at}`, at % 10 === 0 ? "warn" : "info"));
  return tail;
}

describe("the tail of the log", () => {
  it("tells nothing before anything is written", () => {
    expect(new LogTail(5).look(wish)).toEqual({ sinceMs: 5, lastSeq: 0, gone: 0, isCut: false, lines: [] });
  });

  it("keeps the last lines, and says how many are gone that were not known", () => {
    const tail = filled(TAIL_LINES_MAX + 7);
    const all = tail.look(wish);
    expect([all.lastSeq, all.gone, all.isCut, all.lines.length]).toEqual([
      TAIL_LINES_MAX + 7,
      7,
      true,
      LOG_LINES_MAX,
    ]);
    expect(all.lines.at(-1)?.text).toBe(`line ${TAIL_LINES_MAX + 7}`);
    expect(tail.look({ ...wish, after: 5 }).gone).toBe(2);
    expect(tail.look({ ...wish, after: 7 }).gone).toBe(0);
  });

  it("goes on after the line that is known, and begins anew for who knows more than there is", () => {
    const tail = filled(30);
    expect(tail.look({ ...wish, after: 28 }).lines.map(({ seq }) => seq)).toEqual([29, 30]);
    expect(tail.look({ ...wish, after: 30 }).lines).toEqual([]);
    expect(tail.look({ ...wish, after: 31 }).lines).toHaveLength(30);
  });

  it("tells the newest of a level and above", () => {
    const tail = filled(60);
    const { lines, isCut } = tail.look({ ...wish, level: "warn", lines: 2 });
    expect([lines.map(({ seq }) => seq), isCut]).toEqual([[50, 60], true]);
    expect(tail.look({ ...wish, level: "error" }).lines).toEqual([]);
  });

  it("cuts a line that is too long, and an answer that would be", () => {
    const tail = new LogTail(5);
    tail.keep(line("x".repeat(TAIL_LINE_CHARS_MAX)));
    expect(tail.look(wish).lines[0]?.text).toMatch(/^x{512} \(a line of \d+ characters, cut\)$/u);
    for (let at = 0; at < 200; at++) tail.keep(line("y".repeat(TAIL_LINE_CHARS_MAX - 100)));
    const { lines, isCut } = tail.look(wish);
    const told = lines.reduce((sum, { text, detail }) => sum + text.length + detail.length, 0);
    expect([isCut, told <= TAIL_TOLD_CHARS_MAX]).toEqual([true, true]);
    expect(lines.at(-1)?.seq).toBe(201);
  });

  it("shows what cannot be seen as its escape, in words and in fields", () => {
    const tail = new LogTail(5);
    tail.keep(line("a\u202eb\nc", "info", { symbol: "\u200bX", "\u0007": 1, display: "for eyes" }));
    const [told] = tail.look(wish).lines;
    expect(told?.text).toBe("a\\u202eb\\u000ac");
    for (const hidden of ["\u0007", "\u200b"]) expect(told?.detail).not.toContain(hidden);
    expect(told?.detail).toContain("\\u200bX");
    expect(told?.detail).not.toContain("for eyes");
  });
});
