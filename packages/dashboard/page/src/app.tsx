import type { ComponentChildren } from "preact";
import { ControlDialog } from "./ui/control.tsx";
import { Backtests } from "./pages/backtests.tsx";
import { Explain } from "./pages/explain.tsx";
import { Latency } from "./pages/latency.tsx";
import { Market } from "./pages/market.tsx";
import { Model } from "./pages/model.tsx";
import { Overview } from "./pages/overview.tsx";
import { Signals } from "./pages/signals.tsx";
import { SymbolPage } from "./pages/symbol.tsx";
import { System } from "./pages/system.tsx";
import { Trades } from "./pages/trades.tsx";
import { Entrance } from "./ui/entrance.tsx";
import { numberText } from "./state/format.ts";
import { live, stale } from "./state/live.ts";
import { PAGES, route } from "./state/route.ts";
import { dropToken, token } from "./state/session.ts";
import { secondText } from "./state/format.ts";
import { type Theme, theme, THEMES } from "./state/theme.ts";

export function App() {
  if (token.value === null) return <Entrance />;
  const old = stale.value;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        to the content
      </a>
      <Head />
      <StaleLine />
      <main id="main" tabIndex={-1} class={old === null ? "" : "stale"}>
        <Page />
      </main>
      <ControlDialog />
    </>
  );
}

/** The address is the page's route: the jump is made by hand. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}

function Head() {
  const status = live.value?.status;
  const [own = ""] = route.value;
  // A symbol is one of the market's.
  const name = own === "symbol" ? "market" : own;
  return (
    <header class="head">
      <div class="brand">
        <strong>smc-quant</strong>
        {status?.modeName === undefined ? null : (
          <span class={`mode ${status.modeName}`}>{status.modeName}</span>
        )}
        <StateChip />
        <Now />
      </div>
      <nav aria-label="Pages">
        {PAGES.map(([path, text]) => (
          <a key={path} href={`#/${path}`} aria-current={path === name ? "page" : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <div class="tools">
        <ThemeChoice />
        <button type="button" class="quiet" onClick={() => dropToken(null)}>
          Leave
        </button>
      </div>
    </header>
  );
}

/** The venue's time; the day is left out where there is no room. */
function Now() {
  const nowMs = live.value?.status.nowMs;
  if (nowMs === undefined) return <span class="clock minor" />;
  const text = secondText(nowMs);
  const at = text.indexOf(" ") + 1;
  return (
    <span class="clock minor">
      <span class="day">{text.slice(0, at)}</span>
      {text.slice(at)} UTC
    </span>
  );
}

function StateChip() {
  const account = live.value?.status.account;
  if (stale.value !== null) return <span class="chip warn">OLD DATA</span>;
  if (account === undefined || account === null) return null;
  return <span class={`chip ${account.state === "ACTIVE" ? "good" : "bad"}`}>{account.state}</span>;
}

function ThemeChoice() {
  return (
    <label class="choice">
      <span class="unseen">Colours</span>
      <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A number that does not move any more must not look alive. */
function StaleLine() {
  const old = stale.value;
  if (old === null) return null;
  const { seconds, what } = old;
  return (
    <p class="stale-line" role="alert">
      <strong>No data for {numberText(seconds, 0)} s.</strong> {what} Everything below is as it was then.
    </p>
  );
}

const VIEWS: Readonly<Record<string, () => ComponentChildren>> = {
  overview: Overview,
  market: Market,
  symbol: SymbolPage,
  signals: Signals,
  trades: Trades,
  system: System,
  latency: Latency,
  model: Model,
  backtests: Backtests,
  explain: Explain,
};

function Page() {
  const [name = ""] = route.value;
  const View = VIEWS[name];
  if (View !== undefined) return <View />;
  return (
    <p class="empty">
      There is no such page. <a href="#/overview">Overview</a>
    </p>
  );
}
