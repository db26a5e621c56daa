/**
 * Takes pictures of every page of the dashboard, on a simulated run that has traded, in dark and light, on a screen and on a phone:
 *
 *   node scripts/screenshots.ts [--out var/screenshots] [--symbols 120] [--trades 5] [--speed 60]
 *
 * Needs Chromium (Debian's `chromium`, or CHROMIUM_PATH). Build first (`pnpm run build`).
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Browser, chromium, type Page } from "playwright-core";

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "var/screenshots" },
    symbols: { type: "string", default: "120" },
    trades: { type: "string", default: "5" },
    speed: { type: "string", default: "60" },
  },
});
const MAIN = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url));
const BROWSERS = [
  process.env["CHROMIUM_PATH"] ?? "",
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
];
const VIEWS = [
  ["dark", 1_280],
  ["light", 1_280],
  ["dark", 390],
  ["light", 390],
] as const;
/** A run that has not traded by then is shown as it is, ms. */
const TRADES_MS_MAX = 300_000;

interface Line {
  readonly msg?: string;
  readonly link?: string;
}

/** A page of somebody who has the token, when nothing of it is loading any more. */
async function opened(
  browser: Browser,
  address: URL,
  token: string,
  view: (typeof VIEWS)[number],
): Promise<Page> {
  const [colorScheme, width] = view;
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  await page.addInitScript((text) => sessionStorage.setItem("smcq.token", text), token);
  await page.goto(address.href);
  await page.locator("main .panel").first().waitFor();
  while (await page.evaluate('document.body.textContent.includes("loading…")')) await page.waitForTimeout(50);
  return page;
}

/** Every page that the dashboard's own navigation names, and one symbol and one decision that its tables lead to. */
async function places(browser: Browser, origin: string, token: string): Promise<readonly string[]> {
  const page = await opened(browser, new URL(`${origin}/#/signals`), token, VIEWS[0]);
  const links = (await page
    .locator("a[href^='#/']")
    .evaluateAll((all) =>
      all.map((one) => (one as { getAttribute(name: string): string }).getAttribute("href")),
    )) as readonly string[];
  await page.close();
  const first = (kind: string): readonly string[] =>
    links.filter((link) => link.startsWith(`#/${kind}/`)).slice(0, 1);
  const pages = links.filter((link) => /^#\/[a-z]+$/.test(link));
  return [...new Set([...pages, ...first("symbol"), ...first("explain")])];
}

const executablePath = BROWSERS.find((path) => path !== "" && existsSync(path));
if (executablePath === undefined)
  throw new Error("there is no Chromium: install Debian's `chromium`, or set CHROMIUM_PATH");
const out = resolve(values.out);
mkdirSync(out, { recursive: true });
const dataDir = mkdtempSync(join(tmpdir(), "smcq-screenshots-"));
const flags = ["--symbols", values.symbols, "--speed", values.speed, "--shards", "2", "--log-format", "json"];
const engine = spawn(
  process.execPath,
  [MAIN, "engine", ...flags, "--dashboard-port", "0", "--data-dir", dataDir],
  { stdio: ["ignore", "pipe", "inherit"] },
);
try {
  let trades = 0;
  let link: string | undefined;
  const isReady = new Promise<void>((done) => {
    const judge = (): void => {
      if (link !== undefined && trades >= Number(values.trades)) done();
    };
    createInterface(engine.stdout).on("line", (text) => {
      if (!text.startsWith("{")) return;
      const line = JSON.parse(text) as Line;
      if (line.msg === "trade closed") trades++;
      if (line.msg === "dashboard is served") link = line.link;
      judge();
    });
    setTimeout(done, TRADES_MS_MAX).unref();
  });
  const ended = new Promise<never>((_, fail) => {
    engine.once("exit", (code) => fail(new Error(`the engine has ended with ${code ?? "a signal"}`)));
  });
  await Promise.race([isReady, ended]);
  if (link === undefined) throw new Error("the dashboard is not served");
  ended.catch(() => {});
  const { origin } = new URL(link);
  const token = readFileSync(join(dataDir, "dashboard.token"), "utf8").trim();
  const browser = await chromium.launch({ executablePath });
  for (const place of await places(browser, origin, token))
    for (const view of VIEWS) {
      const page = await opened(browser, new URL(`${origin}/${place}`), token, view);
      const [, name = ""] = place.split("/");
      const path = join(out, `${name}-${view.join("-")}.png`);
      await page.screenshot({ path, fullPage: true });
      await page.close();
      process.stdout.write(`${path}\n`);
    }
  await browser.close();
} finally {
  const gone = new Promise((done) => engine.once("exit", done));
  if (engine.exitCode === null) engine.kill("SIGTERM");
  if (engine.exitCode === null) await gone;
  rmSync(dataDir, { recursive: true, force: true });
}
