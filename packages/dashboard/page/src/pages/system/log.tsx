import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { LINES_SHOWN_MAX, type LogLine, useLog } from "../../state/log.ts";
import { Filters, Pick } from "../../ui/filters.tsx";
import { Empty, Loading, Panel, Problem } from "../../ui/parts.tsx";
import "./log.css";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** Characters of a line's fields that are shown at once. */
const DETAIL_SHOWN_MAX = 160;

const level = signal<string>("info");
const isFollowing = signal(true);

/** The end of the engine's log, as it is written. */
export function Log() {
  const { shown, problem } = useLog(level.value, isFollowing.value);
  return (
    <Panel title="Log of the engine">
      <Filters>
        <Pick
          name="Level and above"
          value={level.value}
          choices={LEVELS}
          onValue={(chosen) => (level.value = chosen)}
        />
        <button
          type="button"
          aria-pressed={isFollowing.value}
          onClick={() => (isFollowing.value = !isFollowing.value)}
        >
          {isFollowing.value ? "Pause" : "Follow"}
        </button>
      </Filters>
      {problem === null ? null : <Problem text={`The log is not heard: ${problem}`} />}
      {shown === null ? (
        problem === null ? (
          <Loading />
        ) : null
      ) : (
        <>
          <Lines lines={shown.lines} />
          <p class="note">
            {shown.lines.length} lines, times of the engine’s machine, UTC
            {shown.hasHole ? `; older ones are left out, ${LINES_SHOWN_MAX} at most are shown` : ""}
            {isFollowing.value ? "" : "; paused"}
          </p>
        </>
      )}
    </Panel>
  );
}

/** Long fields are there for whoever opens them. */
function Detail({ detail }: { readonly detail: string }) {
  if (detail.length <= DETAIL_SHOWN_MAX) return <span class="quiet">{detail}</span>;
  return (
    <details class="quiet">
      <summary>{detail.slice(0, DETAIL_SHOWN_MAX)}…</summary>
      {detail}
    </details>
  );
}

function Lines({ lines }: { readonly lines: readonly LogLine[] }) {
  const place = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const last = lines.at(-1)?.seq;
  useEffect(() => {
    const element = place.current;
    // Whoever has scrolled back reads: he is left where he is.
    if (element !== null && isAtEnd.current) element.scrollTop = element.scrollHeight;
  }, [last]);
  if (lines.length === 0) return <Empty>Nothing is logged at this level.</Empty>;
  return (
    <div
      class="log"
      ref={place}
      role="log"
      aria-label="Log lines"
      aria-live="off"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40;
      }}
    >
      {lines.map(({ seq, time, level: own, text, detail }) => (
        <div key={seq} class={own}>
          <time dateTime={time}>{time.slice(11, 23)}</time> <b>{own}</b> {text} <Detail detail={detail} />
        </div>
      ))}
    </div>
  );
}
