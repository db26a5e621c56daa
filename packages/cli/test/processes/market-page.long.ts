import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ApiAnswer,
  DashboardServer,
  type DashboardSource,
  pageFolder,
  readTokens,
} from "@smcq/dashboard";
import { MINUTE_MS, Rng, silentLogger, SystemClock } from "@smcq/kernel";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MarketAnswer, SymbolState } from "../../src/control/market-protocol.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const BROWSERS = [
  process.env["CHROMIUM_PATH"] ?? "",
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
];
const BROWSER = BROWSERS.find((path) => path !== "" && existsSync(path));
if (BROWSER === undefined)
  process.stderr.write("\n*** NO CHROMIUM: 1,000 symbols are NOT LOOKED AT (set CHROMIUM_PATH) ***\n\n");

const SYMBOLS = 1_000;
/** The screen's own rhythm at 60 Hz, and what rounding adds. */
const FRAME_MS_MAX = 16.9;
const SECONDS = 20;
const START_MS = 1_769_947_200_000;
const FOCUSED = "document.activeElement.dataset.symbol";

/** A market of 1,000 symbols of which each question finds all changed. */
class MovingMarket implements DashboardSource {
  readonly #rng = new Rng(7);
  asked = 0;
  isMoving = true;
  last: MarketAnswer = { nowMs: START_MS, symbols: [] };

  answer(name: string): Promise<ApiAnswer | null> {
    if (name !== "market") return Promise.resolve(null);
    this.asked++;
    if (this.isMoving || this.last.symbols.length === 0) this.last = this.#market();
    return Promise.resolve({ contentType: "application/json", body: JSON.stringify(this.last) });
  }

  live(): ReturnType<DashboardSource["live"]> {
    const engine = { isReachable: true, problem: null, heardMs: new SystemClock().nowMs() };
    return Promise.resolve({ engine, status: {}, positions: {}, incidents: {} });
  }

  say(): Promise<unknown> {
    return Promise.reject(new Error("nobody says anything here"));
  }

  #market(): MarketAnswer {
    const nowMs = START_MS + this.asked * 500;
    return { nowMs, symbols: Array.from({ length: SYMBOLS }, (_, at) => this.#symbol(at, nowMs)) };
  }

  #symbol(at: number, nowMs: number): SymbolState {
    const rng = this.#rng;
    const ageMs = at % 50 === 0 ? 5 * MINUTE_MS : 3_000;
    const isUp = (at + this.asked) % 2 === 0;
    return {
      symbol: `SYM${String(at).padStart(4, "0")}USDT`,
      stage: at % 97 === 0 ? "warming" : "ready",
      lastCloseMs: nowMs - ageMs,
      ageMs,
      isStale: ageMs > 2 * MINUTE_MS,
      isBusy: false,
      m1Trend: isUp ? 1 : -1,
      m5Trend: rng.int(3) - 1,
      candidate:
        rng.int(4) === 0
          ? { closeMs: nowMs - MINUTE_MS, side: "long", setup: "S1", score: rng.int(1_000) / 1_000 }
          : null,
      held: at % 200 === 3 ? "short" : null,
    };
  }
}

let folder: string;
let source: MovingMarket;
let server: DashboardServer;
let origin: string;
let browser: Browser | null = null;
const said: string[] = [];

beforeAll(async () => {
  const built = spawnSync(
    join(ROOT, "node_modules/.bin/vite"),
    ["build", "page", "--config", "page/vite.config.ts", "--logLevel", "warn"],
    { cwd: join(ROOT, "packages/dashboard"), stdio: "inherit" },
  );
  if (built.status !== 0) throw new Error("the page cannot be built");
  folder = mkdtempSync(join(tmpdir(), "smcq-market-page-"));
  source = new MovingMarket();
  server = new DashboardServer({
    host: "127.0.0.1",
    port: 0,
    publicOrigin: null,
    pageFolder: pageFolder(),
    tokens: readTokens(folder),
    source,
    wallClock: new SystemClock(),
    logger: silentLogger,
  });
  origin = `http://127.0.0.1:${(await server.listen()).port}`;
  if (BROWSER !== undefined) browser = await chromium.launch({ executablePath: BROWSER });
});

afterAll(async () => {
  await browser?.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function opened(width: number): Promise<Page> {
  if (browser === null) throw new Error("there is no browser");
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  page.on("console", (message) => said.push(`${message.type()} ${message.text()}`));
  page.on("pageerror", (error) => said.push(error.message));
  const { look } = readTokens(folder);
  await page.addInitScript((token) => sessionStorage.setItem("smcq.token", token), look);
  await page.goto(`${origin}/#/market`);
  await page
    .locator(".market a")
    .nth(SYMBOLS - 1)
    .waitFor({ state: "attached" });
  return page;
}

interface Watched {
  readonly frames: readonly number[];
  readonly longTasks: readonly number[];
}

/** Distances of frames, and tasks of more than 50 ms, for a while; ms. A text: the tests know no browser. */
const WATCH = `new Promise((resolve) => {
  const frames = [];
  const longTasks = [];
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  });
  observer.observe({ entryTypes: ["longtask"] });
  const begun = performance.now();
  let last = begun;
  const frame = (now) => {
    frames.push(now - last);
    last = now;
    if (now - begun < ${SECONDS * 1_000}) requestAnimationFrame(frame);
    else resolve({ frames: frames.slice(1), longTasks });
  };
  requestAnimationFrame(frame);
})`;

/** Symbol, trends, score and what is held, of each row of the table. */
const ROWS = `[...document.querySelectorAll("tbody tr")].map((row) =>
  [0, 1, 2, 6, 7].map((at) => row.children[at].textContent).join(" "),
)`;

/** Begins to count what changes among the tiles. */
const COUNT_CHANGES = `{
  globalThis.changes = 0;
  new MutationObserver((records) => (globalThis.changes += records.length)).observe(
    document.querySelector(".market"),
    { subtree: true, childList: true, attributes: true, characterData: true },
  );
}`;

function wordOf(trend: number | null): string {
  return trend === null ? "unknown" : trend > 0 ? "up" : trend < 0 ? "down" : "flat";
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? Number.NaN;
}

describe("1,000 symbols that all change twice a second", () => {
  it.skipIf(BROWSER === undefined)("are drawn without a frame's delay at the median", async () => {
    for (const width of [1_280, 390]) {
      const page = await opened(width);
      const before = source.asked;
      const { frames, longTasks } = (await page.evaluate(WATCH)) as Watched;
      const [median, p99] = [quantile(frames, 0.5), quantile(frames, 0.99)];
      const sum = longTasks.reduce((own, one) => own + one, 0);
      console.log(
        `${width} px: ${source.asked - before} changes in ${SECONDS} s; frames: median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; tasks over 50 ms: ${longTasks.length}, ${sum.toFixed(0)} ms in all`,
      );
      expect(source.asked - before).toBeGreaterThan(SECONDS);
      expect(median).toBeLessThan(FRAME_MS_MAX);
      await page.close();
    }
    expect(said).toEqual([]);
  });

  it.skipIf(BROWSER === undefined)(
    "change tiles in their places: what looks as before is left alone",
    async () => {
      const page = await opened(1_280);
      source.isMoving = false;
      const still = source.asked + 2;
      await expect.poll(() => source.asked).toBeGreaterThan(still);
      await page.evaluate(COUNT_CHANGES);
      const after = source.asked + 4;
      await expect.poll(() => source.asked, { timeout: 10_000 }).toBeGreaterThan(after);
      expect(await page.evaluate("globalThis.changes")).toBe(0);
      source.isMoving = true;
      await expect.poll(() => page.evaluate("globalThis.changes")).toBeGreaterThan(SYMBOLS / 2);
      await page.close();
    },
  );

  it.skipIf(BROWSER === undefined)("are walked through, found and opened by the keyboard", async () => {
    const page = await opened(1_280);
    await page.locator(".market a").first().focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.evaluate(FOCUSED)).toBe("SYM0001USDT");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowUp");
    expect(await page.evaluate(FOCUSED)).toBe("SYM0000USDT");
    await page.keyboard.press("End");
    expect(await page.evaluate(FOCUSED)).toBe("SYM0999USDT");
    // One tile is in the way of the Tab key.
    expect(await page.locator('.market a[tabindex="0"]').count()).toBe(1);
    await page.keyboard.press("/");
    await page.keyboard.type("sym0123");
    await expect.poll(() => page.locator(".market a").count()).toBe(1);
    await page.locator(".market a").focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).hash).toBe("#/symbol/SYM0123USDT");
    await page.close();
  });

  it.skipIf(BROWSER === undefined)("are filtered, sorted and read as a table", async () => {
    const page = await opened(1_280);
    const tiles = page.locator(".market a");
    await page.getByLabel("Show").selectOption("stale");
    await expect.poll(() => tiles.count()).toBe(SYMBOLS / 50);
    await page.getByLabel("Show").selectOption("held");
    await expect.poll(() => tiles.count()).toBe(SYMBOLS / 200);
    await page.getByRole("combobox", { name: /^As/u }).selectOption("table");
    await expect.poll(() => page.locator("tbody tr").count()).toBe(SYMBOLS / 200);
    await page.getByLabel("Show").selectOption("all");
    await expect.poll(() => page.locator("tbody tr").count()).toBe(SYMBOLS);
    source.isMoving = false;
    const wanted = (): readonly string[] =>
      source.last.symbols.map(({ symbol, m1Trend, m5Trend, candidate, held }) =>
        [symbol, wordOf(m1Trend), wordOf(m5Trend), candidate?.score.toFixed(3) ?? "–", held ?? "–"].join(" "),
      );
    await expect.poll(() => page.evaluate(ROWS), { timeout: 20_000 }).toEqual(wanted());
    source.isMoving = true;
    await page.close();
  });
});
