import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, describe, expect, it } from "vitest";
import { type Alert, listOutbox, Outbox, outboxFile } from "../src/index.ts";
import type { OutboxOptions } from "../src/outbox/outbox.ts";

function folder(): string {
  const dataDir = mkdtempSync(join(tmpdir(), "smcq-outbox-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

function opened(file: string, change: Partial<OutboxOptions> = {}): Outbox {
  return new Outbox({ file, channels: ["slack"], severityMin: "warning", repeatMs: 600_000, ...change });
}

function alert(change: Partial<Alert> = {}): Alert {
  return { kind: "shard-off", key: "shard:1", atMs: 5, text: "shard 1", ...change };
}

describe("the outbox", () => {
  it("keeps alerts, position and memory of one step together, over processes", () => {
    const file = outboxFile(folder());
    const first = opened(file);
    expect([first.position, first.rules]).toEqual([null, null]);
    const position = { journalKey: 7, journalHash: "ab", modelEventKey: 2 };
    expect(first.take({ alerts: [alert()], position, rules: { a: 1 }, opened: ["disk"] }, 10)).toBe(1);
    first.close();
    const second = opened(file);
    expect([second.position, second.rules, second.conditions(), second.waitingCount("slack")]).toEqual([
      position,
      { a: 1 },
      ["disk"],
      1,
    ]);
    second.take({ closed: ["disk"] }, 11);
    expect(second.conditions()).toEqual([]);
    second.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("takes all of a step or nothing", () => {
    const outbox = opened(outboxFile(folder()));
    const bad = { ...alert({ key: "other" }), text: null as unknown as string };
    const position = { journalKey: 7, journalHash: "ab", modelEventKey: 2 };
    expect(() => outbox.take({ alerts: [alert(), bad], position }, 10)).toThrow(/NOT NULL/u);
    expect([outbox.position, outbox.waitingCount("slack")]).toEqual([null, 0]);
    outbox.close();
  });

  it("counts the same up within its time, and tells it anew afterwards", () => {
    const file = outboxFile(folder());
    const outbox = opened(file, { repeatMs: 100 });
    expect([0, 50, 149, 249].map((nowMs) => outbox.take({ alerts: [alert()] }, nowMs))).toEqual([1, 0, 0, 1]);
    expect(outbox.take({ alerts: [alert({ key: "shard:2" })] }, 250)).toBe(1);
    const { waiting = [] } = listOutbox(file, 10) ?? {};
    expect(waiting.map(({ count }) => count)).toEqual([1, 1, 3]);
    outbox.close();
  });

  it("takes nothing in that is worth less than what is wanted", () => {
    const outbox = opened(outboxFile(folder()));
    expect(outbox.take({ alerts: [alert({ kind: "trade-opened" })] }, 1)).toBe(0);
    expect(outbox.take({ alerts: [alert({ severity: "critical" })] }, 1)).toBe(1);
    outbox.close();
  });

  it("drops the least severe and oldest of too many, tells how many, and never a critical one before the others", () => {
    const outbox = opened(outboxFile(folder()), { waitingMax: 5 });
    const key = (n: number): string => `shard:${n}`;
    outbox.take({ alerts: [alert({ key: "c", severity: "critical" })] }, 1);
    for (let n = 0; n < 9; n++) outbox.take({ alerts: [alert({ key: key(n) })] }, 2 + n);
    const waiting = outbox.waiting("slack");
    expect(waiting).toHaveLength(5);
    expect(waiting.filter(({ severity }) => severity === "critical")).toHaveLength(2);
    outbox.compose("slack", [{ type: "single", alertIds: [waiting[0]?.alertId ?? 0] }], 20);
    expect(outbox.next("slack")?.message.lines.at(-1)).toMatch(
      /^6 alerts before this one were dropped: more than 5 waited/u,
    );
    outbox.close();
  });

  it("gives a message the same id and words at every try, and the critical first", () => {
    const file = outboxFile(folder());
    const first = opened(file);
    first.take({ alerts: [alert(), alert({ key: "c", severity: "critical" })] }, 1);
    const [one, two] = first.waiting("slack").map(({ alertId }) => alertId);
    first.compose(
      "slack",
      [one, two].map((id) => ({ type: "single" as const, alertIds: [id ?? 0] })),
      2,
    );
    const before = first.next("slack");
    first.retry(before?.messageId ?? 0, "503", 9);
    first.close();
    const second = opened(file);
    expect(second.next("slack")).toMatchObject({ message: before?.message, tries: 1, dueMs: 9 });
    expect(before?.message.severity).toBe("critical");
    second.sent(before?.messageId ?? 0, "200 ok", 10);
    expect(second.next("slack")?.message.severity).toBe("warning");
    expect(second.isEmpty).toBe(false);
    second.close();
  });

  it("forgets what waits for a channel that is configured no more, and what was told long ago", () => {
    const file = outboxFile(folder());
    const first = opened(file);
    first.take({ alerts: [alert()] }, 1);
    first.close();
    const second = opened(file, { channels: ["discord"] });
    expect(second.isEmpty).toBe(true);
    second.prune(40 * 86_400_000);
    second.close();
    expect(listOutbox(file, 10)).toMatchObject({ waiting: [], messages: [] });
  });

  it("refuses a file of somebody else, one of a newer engine, and is none where there is none", () => {
    const dataDir = folder();
    const file = outboxFile(dataDir);
    expect(listOutbox(file, 1)).toBeNull();
    writeFileSync(file, "no database");
    expect(() => opened(file)).toThrow(/cannot use the alerts' outbox .*alerts\.db/u);
    expect(() => listOutbox(file, 1)).toThrow(/alerts\.db/u);
  });
});
