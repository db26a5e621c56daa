import type { ComponentChildren } from "preact";
import type { Asked } from "../state/api.ts";
import { symbolLink } from "../state/route.ts";
import { second } from "../state/time.ts";
import { minuteText, spanText } from "../state/format.ts";

interface Titled {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A part of a page with a heading of its own. */
export function Panel({ title, aside, children }: Titled) {
  return (
    <section class="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly tone?: string;
}

/** One figure with its name. */
export function Tile({ name, value, note, tone = "" }: TileProps) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>
        <span class={`value ${tone}`}>{value}</span>
        {note === undefined ? null : <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

export function Tiles({ children }: { readonly children: ComponentChildren }) {
  return <dl class="tiles">{children}</dl>;
}

/** A minute of an ISO time; on a narrow screen without its year. */
export function Minute({ iso }: { readonly iso: string }) {
  const text = minuteText(iso);
  return (
    <time dateTime={iso}>
      <span class="minor">{text.slice(0, 5)}</span>
      {text.slice(5)}
    </time>
  );
}

/** A symbol's name, which leads to its candles. */
export function SymbolLink({ symbol }: { readonly symbol: string }) {
  return <a href={symbolLink(symbol)}>{symbol}</a>;
}

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export function Loading() {
  return (
    <p class="empty" role="status">
      loading…
    </p>
  );
}

export function Problem({ text }: { readonly text: string }) {
  return (
    <p class="problem" role="alert">
      {text}
    </p>
  );
}

interface AnswerProps<T> {
  readonly asked: Asked<T>;
  readonly children: (data: T) => ComponentChildren;
}

/** The answer to a question in each of its states: on its way, refused, old, here. */
export function Answer<T>({ asked, children }: AnswerProps<T>) {
  const { data, askedMs, problem } = asked;
  if (data === null) return problem === null ? <Loading /> : <Problem text={problem} />;
  const age = askedMs === null ? "" : spanText(second.value - askedMs);
  return (
    <>
      {problem === null ? null : <Problem text={`What you see is ${age} old: ${problem}`} />}
      {children(data)}
    </>
  );
}

interface MeterProps {
  readonly name: string;
  readonly value: number;
  readonly max: number;
  readonly text: string;
  /** Being full is no fault. */
  readonly isFine?: boolean;
}

/** A figure beside what it may be at most. */
export function Meter({ name, value, max, text, isFine = false }: MeterProps) {
  const share = max > 0 ? Math.min(1, Math.max(0, value) / max) : 0;
  const tone = isFine ? "" : share > 0.9 ? "bad" : share > 0.7 ? "warn" : "";
  return (
    <div class="meter">
      <span>{name}</span>
      <div
        class="bar"
        role="meter"
        aria-label={name}
        aria-valuenow={value}
        aria-valuemin={0}
        aria-valuemax={max}
        aria-valuetext={text}
      >
        <div class={`fill ${tone}`} style={{ width: `${share * 100}%` }} />
      </div>
      <span class="figure">{text}</span>
    </div>
  );
}

interface BarsProps {
  readonly name: string;
  readonly bars: readonly { readonly label: string; readonly count: number; readonly tone?: string }[];
}

/** A histogram whose figures can be read and heard. */
export function Bars({ name, bars }: BarsProps) {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  return (
    <table class="bars" aria-label={name}>
      <tbody>
        {bars.map(({ label, count, tone = "" }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td class="figure">{count.toLocaleString("en-US")}</td>
            <td class="track">
              <div class={`fill ${tone}`} style={{ width: `${(count / most) * 100}%` }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
