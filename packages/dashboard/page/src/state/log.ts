import { useEffect, useState } from "preact/hooks";
import { ask } from "./api.ts";
import { every } from "./time.ts";

const AGAIN_MS = 1_000;
/** Lines that the page holds; of more the oldest goes. */
export const LINES_SHOWN_MAX = 500;

export interface LogLine {
  readonly seq: number;
  readonly time: string;
  readonly level: string;
  readonly text: string;
  readonly detail: string;
}

interface LogAnswer {
  readonly sinceMs: number;
  readonly lastSeq: number;
  readonly gone: number;
  readonly isCut: boolean;
  readonly lines: readonly LogLine[];
}

/** What is shown of the log: lines of one process, in the order in which they were written. */
export interface LogShown {
  readonly sinceMs: number;
  readonly lastSeq: number;
  /** Lines between two of those shown are missing, or older ones are not told. */
  readonly hasHole: boolean;
  readonly lines: readonly LogLine[];
}

/** What is known, and what came since; another process's lines take the place of all. */
export function followed(before: LogShown | null, answer: LogAnswer): LogShown {
  const { sinceMs, lastSeq, gone, isCut, lines } = answer;
  const isSame = before !== null && before.sinceMs === sinceMs;
  const all = isSame ? [...before.lines, ...lines] : lines;
  return {
    sinceMs,
    lastSeq,
    hasHole: (isSame && before.hasHole) || gone > 0 || isCut || all.length > LINES_SHOWN_MAX,
    lines: all.slice(-LINES_SHOWN_MAX),
  };
}

export interface Followed {
  readonly shown: LogShown | null;
  readonly problem: string | null;
}

/** Follows the engine's log from a level on, by what came since; asks nothing while it is paused or nobody looks. */
export function useLog(level: string, isFollowing: boolean): Followed {
  const [state, setState] = useState<Followed>({ shown: null, problem: null });
  useEffect(() => setState({ shown: null, problem: null }), [level]);
  useEffect(() => {
    let isGone = false;
    let isBusy = false;
    let shown: LogShown | null = null;
    const look = async (): Promise<void> => {
      if (isBusy || document.hidden) return;
      isBusy = true;
      try {
        const wish = { level, lines: String(LINES_SHOWN_MAX), after: String(shown?.lastSeq ?? 0) };
        let answer = await ask<LogAnswer>("log", wish);
        // Another process counts anew: what it said first is asked for, too.
        if (shown !== null && shown.sinceMs !== answer.sinceMs)
          answer = await ask<LogAnswer>("log", { ...wish, after: "0" });
        shown = followed(shown, answer);
        if (!isGone) setState({ shown, problem: null });
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        if (!isGone) setState((before) => ({ ...before, problem }));
      } finally {
        isBusy = false;
      }
    };
    void look();
    const stop = isFollowing ? every(AGAIN_MS, () => void look()) : () => {};
    return () => {
      isGone = true;
      stop();
    };
  }, [level, isFollowing]);
  return state;
}
