import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { pageFolder, readTokens, TOKEN_FILES } from "@smcq/dashboard";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askEngine } from "../../src/control/control-client.ts";
import type { PositionView } from "../../src/control/protocol.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import type { LogView } from "../../src/control/log-views.ts";
import type { ModelView } from "../../src/control/model-views.ts";
import type { LatencyView } from "../../src/control/latency-view.ts";
import type { SystemView } from "../../src/control/system-views.ts";
import type { BacktestReport } from "../../src/offline/backtest/backtest-report.ts";
import { backtestsFolder, listResults } from "../../src/offline/backtest/backtests-folder.ts";
import { MODELS_DIR } from "../../src/run/models/model-source.ts";
import { runCommand } from "../support/run-command.ts";
import { descendants, EngineRuns, isWholeMinute, type SmcqRun, until } from "./engine-run.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const BROWSERS = [
  process.env["CHROMIUM_PATH"] ?? "",
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
];
const BROWSER = BROWSERS.find((path) => path !== "" && existsSync(path));
if (BROWSER === undefined)
  process.stderr.write(
    "\n*** NO CHROMIUM: the dashboard's pages are NOT LOOKED AT (set CHROMIUM_PATH) ***\n\n",
  );

const PAGES = ["overview", "market", "signals", "trades", "system", "latency", "model", "backtests"] as const;
const VIEWS = [
  ["dark", 1_280],
  ["light", 1_280],
  ["dark", 390],
] as const;
/** What a browser has to load, gzip bytes. */
const BUNDLE_BYTES_MAX = 250 * 1_024;
/** Of the simulated venue's time 60 minutes pass in one of the wall's. */
const FLAGS = ["--symbols", "60", "--dashboard", "--dashboard-port", "0"];

/** Pixels by which the page is wider than the screen; what has the focus. */
const OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
const FOCUSED = "document.activeElement.textContent";

interface AxeFault {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

const runs = new EngineRuns();
const shots = mkdtempSync(join(tmpdir(), "smcq-shots-"));
let run: SmcqRun;
let folder: string;
let origin: string;
let link: string;
let browser: Browser | null = null;
/** The market's next refusal is waited for so long. */
const REFUSED_MS_MAX = { timeout: 120_000 };
/** What a page has said on its console, or has thrown. */
const said: string[] = [];

beforeAll(async () => {
  const built = spawnSync(
    join(ROOT, "node_modules/.bin/vite"),
    ["build", "page", "--config", "page/vite.config.ts", "--logLevel", "warn"],
    { cwd: join(ROOT, "packages/dashboard"), stdio: "inherit" },
  );
  if (built.status !== 0) throw new Error("the page cannot be built");
  folder = runs.fresh();
  run = runs.start(FLAGS, folder);
  const served = await run.sees("dashboard is served");
  link = String(served["link"]);
  origin = new URL(link).origin;
  await runCommand("backtest", "--no-cache", "--rows=3000", "--data-dir", folder);
  await run.sees("trade closed", 2, 300_000);
  if (BROWSER !== undefined) browser = await chromium.launch({ executablePath: BROWSER });
});

afterAll(async () => {
  await browser?.close();
  runs.clean();
});

/** Of which run a page is. */
interface Served {
  readonly origin: string;
  readonly folder: string;
}

interface View {
  readonly name: string;
  readonly theme: "dark" | "light";
  readonly width: number;
}

function opened(name: string, theme: View["theme"], width: number): Promise<Page> {
  return openedOf({ origin, folder }, { name, theme, width });
}

/** A page of somebody who has the token, as wide and as dark as he likes. */
async function openedOf(served: Served, { name, theme: colorScheme, width }: View): Promise<Page> {
  if (browser === null) throw new Error("there is no browser");
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  page.on("console", (message) => said.push(`${name}: ${message.type()} ${message.text()}`));
  page.on("pageerror", (error) => said.push(`${name}: ${error.message}`));
  const { look } = readTokens(served.folder);
  await page.addInitScript((token) => sessionStorage.setItem("smcq.token", token), look);
  await page.goto(`${served.origin}/#/${name}`);
  // Everything that the page asks for is there.
  await page.locator("main .panel").first().waitFor();
  // Not `waitForFunction`, whose polling is code in a text, which the page's policy refuses.
  while (await page.evaluate('document.body.textContent.includes("loading…")')) await page.waitForTimeout(20);
  return page;
}

/** Looks at pages in every view, keeps what is seen; what is wrong with them. */
async function looked(served: Served, names: readonly string[]): Promise<readonly string[]> {
  const shots = mkdtempSync(join(tmpdir(), "smcq-shots-"));
  const faults: string[] = [];
  for (const [theme, width] of VIEWS)
    for (const name of names) {
      const page = await openedOf(served, { name, theme, width });
      const own = name.includes("/") ? `${name.split("/")[0] ?? name}-one` : name;
      if (name.startsWith("symbol/")) await pickBar(page);
      await page.screenshot({ path: join(shots, `${own}-${theme}-${width}.png`), fullPage: true });
      for (const fault of await seriousFaults(page)) faults.push(`${own} ${theme} ${width}: ${fault}`);
      const overflow: number = await page.evaluate(OVERFLOW);
      if (overflow > 0) faults.push(`${own} ${theme} ${width}: ${overflow} px wider than the screen`);
      await page.close();
    }
  console.log(`screenshots: ${shots}`);
  return faults;
}

async function seriousFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  const found = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<{ violations: readonly AxeFault[] }> } }).axe.run(),
  );
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

/** Says a word as a person does. */
async function typed(page: Page, button: string, word: string): Promise<void> {
  await page.getByRole("button", { name: button }).click();
  const dialog = page.getByRole("dialog");
  await dialog
    .getByLabel(/^Control token/u)
    .fill(readFileSync(join(folder, TOKEN_FILES.control), "utf8").trim());
  await dialog.getByLabel(/^Type/u).fill(word);
  await page.keyboard.press("Enter");
  await dialog.getByRole("status").waitFor();
  await dialog.getByRole("button", { name: "Back" }).click();
}

describe("the page", () => {
  it("is small", () => {
    const assets = join(pageFolder(), "assets");
    const bytes = readdirSync(assets).reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length,
      0,
    );
    console.log(`the page's files: ${bytes} bytes gzip`);
    expect(bytes).toBeLessThan(BUNDLE_BYTES_MAX);
  });

  it.skipIf(BROWSER === undefined)("opens by the printed link, once", async () => {
    if (browser === null) return;
    const page = await browser.newPage();
    await page.goto(link);
    await page.getByRole("heading", { name: "Open positions" }).waitFor();
    expect(new URL(page.url()).hash).toBe("");
    await page.close();
    // Another tab has neither the token nor a second use of the code.
    const second = await browser.newPage();
    await second.goto(link);
    await second.getByText("this link was opened already").waitFor();
    await second.close();
  });

  it.skipIf(BROWSER === undefined)(
    "shows everything in dark, light and on a phone, without an error or a serious fault of access",
    async () => {
      const [result] = await listResults(folder);
      const symbol = encodeURIComponent(await tradedSymbol());
      const names = [
        ...PAGES,
        `explain/${await lastDecision()}`,
        `backtests/${result?.id ?? "none"}`,
        `symbol/${symbol}`,
      ];
      expect([await looked({ origin, folder }, names), said]).toEqual([[], []]);
    },
  );

  it.skipIf(BROWSER === undefined)(
    "shows what is held of a symbol, with its stop as the engine tells it",
    async () => {
      let held: PositionView | undefined;
      await expect
        .poll(
          async () => {
            const { positions } = await askEngine(folder, { request: "positions" });
            held = positions.find(({ stop }) => stop !== null);
            return held !== undefined;
          },
          { timeout: 300_000 },
        )
        .toBe(true);
      const page = await opened(`symbol/${encodeURIComponent(held?.symbol ?? "")}`, "dark", 1_280);
      await page.locator(".candles canvas").first().waitFor();
      const panel = page.locator(".panel", {
        has: page.getByRole("heading", { name: `Held: ${held?.side}` }),
      });
      // It may be left meanwhile, and the page says so.
      await expect
        .poll(async () => {
          const { positions } = await askEngine(folder, { request: "positions" });
          const now = positions.find(({ symbol }) => symbol === held?.symbol);
          if (now === undefined) return (await panel.count()) === 0;
          const text = (await panel.allTextContents()).join("");
          return [now.qty, now.stop, now.target].every((figure) => text.includes(figure ?? ""));
        })
        .toBe(true);
      await page.screenshot({ path: join(shots, "held-dark-1280.png"), fullPage: true });
      expect(await seriousFaults(page)).toEqual([]);
      await page.close();
    },
  );

  it.skipIf(BROWSER === undefined)("says what is no symbol, whatever is typed", async () => {
    for (const symbol of ["btcusdt", "%E0%A4%A", "%3Cimg%20src%3Dx%3E", "__proto__"]) {
      const page = await opened(`symbol/${symbol}`, "light", 1_280);
      await page.getByRole("alert").getByText("is no symbol of this run").waitFor();
      expect(await page.locator("main img").count()).toBe(0);
      await page.close();
    }
    // A browser writes each refusal down by itself.
    const own = said.splice(0).filter((line) => !line.includes("409 (Conflict)"));
    expect(own).toEqual([]);
  });

  it.skipIf(BROWSER === undefined)("shows a model with its card and its challenger", async () => {
    const own = runs.fresh();
    const file = join(MODELS_DIR, "lgbm_smc.onnx");
    const second = runs.start([...FLAGS, "--model", file, "--challenger", file], own);
    const served = {
      origin: new URL(String((await second.sees("dashboard is served"))["link"])).origin,
      folder: own,
    };
    expect([await looked(served, ["model"]), said]).toEqual([[], []]);
    const page = await openedOf(served, { name: "model", theme: "light", width: 1_280 });
    const view = JSON.parse((await runCommand("scorer", "--data-dir", own, "--json")).text) as ModelView;
    const card = page.getByRole("region", { name: "Its card" });
    await card.getByText(view.current?.onnxSha256 ?? "none").waitFor();
    const rows = view.current?.metadata.metrics?.reliability.filter(({ count }) => count > 0) ?? [];
    const diagram = page.getByRole("region", { name: "Reliability out of sample" });
    expect(await diagram.locator("tbody tr").count()).toBe(rows.length);
    expect(await diagram.locator("tbody td:nth-child(2)").allTextContents()).toEqual(
      rows.map(({ count }) => count.toLocaleString("en-US")),
    );
    await page.close();
    second.child.kill("SIGTERM");
    expect(await second.ends()).toBe(ExitCode.Ok);
  });

  it.skipIf(BROWSER === undefined)("shows the numbers of the commands and of the reports", async () => {
    const page = await opened("system", "light", 1_280);
    const system = JSON.parse(
      (await runCommand("system", "--data-dir", folder, "--json")).text,
    ) as SystemView;
    const cells = (region: string, column: number): Promise<string[]> =>
      page
        .getByRole("region", { name: region, exact: true })
        .locator(`tbody td:nth-child(${column})`)
        .allTextContents();
    expect(await cells("Connections", 1)).toEqual(system.connections.map(({ kind }) => kind));
    expect(
      await page.locator("[role=region][aria-label=Shards] tbody td:nth-child(4)").allTextContents(),
    ).toEqual(system.shards.map(({ symbols }) => String(symbols)));
    const log = JSON.parse(
      (await runCommand("log", "--level", "info", "--data-dir", folder, "--json")).text,
    ) as LogView;
    const last = log.lines.at(-1);
    await page
      .getByRole("log")
      .getByText(last?.text ?? "none", { exact: false })
      .first()
      .waitFor();
    const [result] = await listResults(folder);
    const report = JSON.parse(
      readFileSync(join(backtestsFolder(folder), result?.id ?? "", "report.json"), "utf8"),
    ) as BacktestReport;
    await page.goto(`${origin}/#/backtests/${result?.id}`);
    const tile = (name: string): Promise<string | null> =>
      page
        .locator(".tile", { has: page.getByText(name, { exact: true }) })
        .locator(".value")
        .textContent();
    await expect.poll(() => tile("Trades")).toBe(report.total.trades.toLocaleString("en-US"));
    expect(await tile("Bars")).toBe(report.bars.toLocaleString("en-US"));
    expect(Number((await tile("Wallet, USDT"))?.replaceAll(",", ""))).toBeCloseTo(Number(report.wallet), 1);
    const interval = report.expectancy?.interval95;
    if (interval !== null && interval !== undefined)
      await page
        .getByText(`95 % ${interval.lower > 0 ? "+" : ""}${interval.lower.toFixed(2)} to`)
        .first()
        .waitFor();
    await page.goto(`${origin}/#/backtests/..%2F..%2Fsecret`);
    await page
      .getByText(/there is no backtest/u)
      .first()
      .waitFor();
    expect(said.splice(0).filter((line) => !line.includes("404"))).toEqual([]);
    await page.close();
  });

  it.skipIf(BROWSER === undefined)(
    "tells a newcomer by clicks alone which position is the worst, and why a symbol was refused last",
    async () => {
      const page = await opened("overview", "dark", 1_280);
      await page.getByRole("heading", { name: "Open positions, the worst first" }).waitFor();
      await expect
        .poll(async () => {
          const { positions } = await askEngine(folder, { request: "positions" });
          const worst = positions.toSorted((a, b) => (a.r ?? -99) - (b.r ?? -99))[0];
          const row = page
            .getByRole("region", { name: "Open positions, the worst first" })
            .locator("tbody tr");
          return worst === undefined || (await row.first().innerText()).startsWith(worst.symbol);
        })
        .toBe(true);
      let symbol = "";
      await expect
        .poll(async () => {
          const { text } = await runCommand("decisions", "--data-dir", folder, "--json");
          const { decisions } = JSON.parse(text) as {
            readonly decisions: readonly { readonly symbol: string; readonly outcome: string }[];
          };
          symbol = decisions.findLast(({ outcome }) => outcome !== "APPROVED")?.symbol ?? "";
          return symbol;
        }, REFUSED_MS_MAX)
        .not.toBe("");
      await page.getByRole("link", { name: "Signals", exact: true }).click();
      await page.getByLabel("Symbol", { exact: true }).fill(symbol);
      const refused = page.locator("tbody tr").filter({ hasNotText: "APPROVED" }).first();
      await expect.poll(async () => (await refused.innerText()).includes(symbol)).toBe(true);
      const why = await refused.locator("td.text").innerText();
      expect(why.split(" ").length).toBeGreaterThan(4);
      await refused.getByRole("link", { name: symbol, exact: true }).click();
      // The same words stand below its candles.
      await page.getByRole("region", { name: "Signals", exact: true }).getByText(why).first().waitFor();
      await page.close();
    },
  );

  it.skipIf(BROWSER === undefined)("times what smcq latency times", async () => {
    const page = await opened("latency", "light", 1_280);
    const figure = (value: number, places: number): string =>
      value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
    const spanOf = (ms: number): string =>
      ms >= 1_000 ? `${figure(ms / 1_000, ms >= 10_000 ? 0 : 1)} s` : `${figure(ms, ms >= 10 ? 0 : 2)} ms`;
    const isShown = (ms: number | null, cell = ""): boolean =>
      ms === null ? cell.startsWith("> ") : cell === `≤ ${spanOf(ms)}`;
    for (const metric of ["order_round_trip_ms", "position_naked_ms", "stage_ms"]) {
      const asked = async () => {
        const { text } = await runCommand("latency", "--data-dir", folder, "--json");
        const view = JSON.parse(text) as LatencyView;
        return view.groups.find((group) => group.metric === metric);
      };
      const { title = "", timed = [] } = (await asked()) ?? {};
      expect(timed.length).toBeGreaterThan(0);
      const cells = (column: number): Promise<string[]> =>
        page
          .getByRole("region", { name: title, exact: true })
          .locator(`tbody td:nth-child(${column})`)
          .allTextContents();
      // Both move on with the engine: at one moment they are equal.
      await expect
        .poll(async () => {
          const rows = (await asked())?.timed ?? [];
          const [counts, halves, most] = [await cells(2), await cells(3), await cells(4)];
          return rows.map(
            ({ count, p50Ms, p99Ms }, at) =>
              counts[at] === figure(count, 0) && isShown(p50Ms, halves[at]) && isShown(p99Ms, most[at]),
          );
        })
        .toEqual(timed.map(() => true));
    }
    await page.close();
  });

  it.skipIf(BROWSER === undefined)("has its head on one line, and cuts no mark of a tile off", async () => {
    const wide = await opened("overview", "dark", 1_280);
    const tops = await wide
      .locator(".head > *, .head nav a, .head .brand > *")
      .evaluateAll((parts) =>
        parts.map((part) => part.getBoundingClientRect()).map(({ top, height }) => top + height / 2),
      );
    expect(Math.max(...tops) - Math.min(...tops)).toBeLessThan(12);
    await wide.close();
    for (const width of [320, 390, 1_280]) {
      const page = await opened("market", "dark", width);
      // As wide as marks become: held, and with a candidate.
      const cut = await page.locator(".market .marks").evaluateAll(
        (all) =>
          all.filter((marks) => {
            marks.innerHTML = "<b class='held'>● short</b><b>◆ 0.88</b>";
            return (
              marks.scrollWidth > marks.clientWidth ||
              marks.getBoundingClientRect().bottom > (marks.closest("a")?.getBoundingClientRect().bottom ?? 0)
            );
          }).length,
      );
      expect([width, cut]).toEqual([width, 0]);
      await page.close();
    }
  });

  it.skipIf(BROWSER === undefined)("is walked through by the keyboard alone", async () => {
    const page = await opened("overview", "light", 1_280);
    await page.keyboard.press("Tab");
    expect(await page.evaluate(FOCUSED)).toContain("to the content");
    for (const name of ["Overview", "Market", "Signals"]) {
      await page.keyboard.press("Tab");
      expect(await page.evaluate(FOCUSED)).toBe(name);
    }
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Decisions, the newest first" }).waitFor();
    await page.close();
  });

  it.skipIf(BROWSER === undefined)("counts the seconds without news by itself", async () => {
    const page = await opened("overview", "dark", 1_280);
    const engine = descendants(run.pid).find(({ command }) => command.includes("engine-process"));
    if (engine === undefined) throw new Error("there is no engine");
    process.kill(engine.pid, "SIGSTOP");
    try {
      await page.getByText(/No data for \d+ s\. The engine does not answer\./u).waitFor({ timeout: 60_000 });
      await expect.poll(() => page.locator("main.stale").count(), { timeout: 60_000 }).toBe(1);
    } finally {
      process.kill(engine.pid, "SIGCONT");
    }
    await page.getByText(/No data for/u).waitFor({ state: "detached", timeout: 60_000 });
    await page.close();
  });
});

describe("a person at the page", () => {
  it.skipIf(BROWSER === undefined)(
    "halts, sees it, and leaves everything; the numbers are the commands'",
    async () => {
      const page = await opened("overview", "light", 1_280);
      await typed(page, "Halt entries…", "halt");
      await page.locator(".head").getByText("HALTED").waitFor();
      expect((await askEngine(folder, { request: "status" })).account).toMatchObject({ state: "HALTED" });
      await typed(page, "Flatten everything…", "flatten");
      await page.getByText("Nothing is held.", { exact: true }).waitFor({ timeout: 60_000 });
      // Nothing moves any more: both are of one moment.
      await page.goto(`${origin}/#/trades`);
      const { total } = JSON.parse((await runCommand("pnl", "--data-dir", folder, "--json")).text) as {
        readonly total: { readonly net: string; readonly trades: number };
      };
      const net = Number(total.net);
      const text = `${net > 0 ? "+" : ""}${net.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
      const tile = (name: string): Promise<string | null> =>
        page
          .locator(".tile", { has: page.getByText(name, { exact: true }) })
          .locator(".value")
          .textContent();
      await expect.poll(() => tile("Net, USDT")).toBe(text);
      expect(await tile("Trades")).toBe(String(total.trades));
      await page.goto(`${origin}/#/overview`);
      await typed(page, "Resume…", "resume");
      await page.locator(".head").getByText("ACTIVE").waitFor();
      await page.close();
    },
  );
});

describe("the dashboard's process", () => {
  it("is started again when it dies, and the engine goes on without it", async () => {
    const part = (): number | undefined =>
      descendants(run.pid).find(({ command }) => command.includes("dashboard-process"))?.pid;
    const before = part();
    if (before === undefined) throw new Error("there is no dashboard");
    const served = run.count("dashboard is served");
    const minutes = run.lines.filter(isWholeMinute).length;
    process.kill(before, "SIGKILL");
    await run.sees("dashboard is served", served + 1);
    expect(part()).not.toBe(before);
    await until(() => run.lines.filter(isWholeMinute).length > minutes, "another minute");
    expect([run.count("READY"), run.count("process crashed; it is started again")]).toEqual([1, 1]);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
  });

  it("tells of a port in use, and the engine goes on without a dashboard", async () => {
    const first = runs.start([...FLAGS], runs.fresh());
    const { port } = await first.sees("dashboard is served");
    const second = runs.start(["--dashboard-port", String(port), "--for", "8s"], runs.fresh());
    await second.sees("cannot serve the dashboard");
    expect(await second.ends()).toBe(ExitCode.Ok);
    expect([second.count("READY"), second.count("process crashed")]).toEqual([1, 0]);
    first.child.kill("SIGTERM");
    expect(await first.ends()).toBe(ExitCode.Ok);
  });

  it("refuses a token that others may read", async () => {
    const own = runs.fresh();
    mkdirSync(own, { recursive: true });
    readTokens(own);
    spawnSync("chmod", ["644", join(own, TOKEN_FILES.look)]);
    const other = runs.start([...FLAGS, "--for", "5s"], own);
    await other.sees("the dashboard's token");
    expect(await other.ends()).toBe(ExitCode.Ok);
  });
});

/** The symbol of the last trade. */
async function tradedSymbol(): Promise<string> {
  const { text } = await runCommand("trades", "--data-dir", folder, "--json");
  const { trades } = JSON.parse(text) as { readonly trades: readonly { readonly symbol: string }[] };
  const last = trades.at(-1);
  if (last === undefined) throw new Error("nothing was traded");
  return last.symbol;
}

/** Asks about a bar of the chart by the keyboard, and waits for the answer. */
async function pickBar(page: Page): Promise<void> {
  await page.locator(".candles canvas").first().waitFor();
  await page.locator(".candles").focus();
  for (let step = 0; step < 5; step++) await page.keyboard.press("ArrowLeft");
  await page.getByRole("complementary").getByRole("heading", { name: "In short" }).waitFor();
}

/** `SYMBOL/TIME` of the last decision, as the page's address has it. */
async function lastDecision(): Promise<string> {
  const { text } = await runCommand("decisions", "--data-dir", folder, "--json");
  const { decisions } = JSON.parse(text) as {
    readonly decisions: readonly { readonly symbol: string; readonly time: string }[];
  };
  const last = decisions.at(-1);
  if (last === undefined) throw new Error("nothing was decided");
  return `${last.symbol}/${encodeURIComponent(`${last.time.slice(0, 16)}Z`)}`;
}
