import { ManualClock } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { GONE_MS, HERE_MS } from "../src/jobs/job-news.ts";
import { WorkerList } from "../src/jobs/worker-list.ts";

const HERE = { version: "a", versionText: "", threads: 1, running: [], isLeaving: false };

describe("the workers that a command knows", () => {
  function listAt(clock: ManualClock): {
    readonly workers: WorkerList;
    readonly look: (ms: number) => string[];
  } {
    const workers = new WorkerList(clock);
    /** Looks every `HERE_MS` for so long. */
    const look = (ms: number): string[] => {
      const gone: string[] = [];
      for (let passedMs = 0; passedMs < ms; passedMs += HERE_MS) {
        clock.advanceTo(clock.nowMs() + HERE_MS);
        gone.push(...workers.takeGone().map(({ id }) => id));
      }
      return gone;
    };
    return { workers, look };
  }

  it("are gone when they say nothing, unless they took leave", () => {
    const { workers, look } = listAt(new ManualClock(0));
    expect(look(10 * GONE_MS)).toEqual([]);
    expect(workers.hear({ ...HERE, id: "dies" })).toBe(true);
    workers.hear({ ...HERE, id: "leaves" });
    workers.hear({ ...HERE, id: "leaves", isLeaving: true });
    expect(look(GONE_MS - HERE_MS)).toEqual([]);
    expect(look(2 * HERE_MS)).toEqual(["dies"]);
    expect(workers.of("a")).toEqual([]);
  });

  it("are not gone because the command itself was busy and heard nobody", () => {
    const clock = new ManualClock(0);
    const { workers, look } = listAt(clock);
    look(10 * GONE_MS);
    workers.hear({ ...HERE, id: "works" });
    clock.advanceTo(clock.nowMs() + 10 * GONE_MS);
    expect(workers.takeGone()).toEqual([]);
    expect(workers.of("a")).toHaveLength(1);
    workers.hear({ ...HERE, id: "works" });
    expect(look(GONE_MS - HERE_MS)).toEqual([]);
    // It does die in the end.
    expect(look(2 * GONE_MS)).toEqual(["works"]);
  });
});
