import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, expect, it } from "vitest";
import { askEngine } from "../../src/control/control-client.ts";
import { parseRequest } from "../../src/control/protocol.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { descendants, partsOf, SmcqRun, temporaryFolder, until } from "./engine-run.ts";

const PRELOAD = pathToFileURL(fileURLToPath(new URL("./known-keys.mjs", import.meta.url))).href;
const [KEY = "", SECRET = ""] = ["canary of the key, 32 bytes long", "canary of the secret, 32 bytes l"].map(
  (text) => Buffer.from(text, "latin1").toString("hex"),
);

const folder = temporaryFolder();
let run: SmcqRun | null = null;
afterEach(() => {
  if (run?.child.exitCode === null) run.child.kill("SIGKILL");
  folder.remove();
});

/** Everything that stands in files below a folder. */
function filesOf(path: string): readonly (readonly [name: string, text: string])[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file, readFileSync(file, "latin1")]);
}

it("keeps the account's key and secret out of logs at level debug, ledger, metrics, arguments, environment and reports", async () => {
  const dataDir = join(folder.path, "var");
  const small = ["--shards", "2", "--symbols", "24", "--speed", "60", "--log-format", "json"];
  run = new SmcqRun(["engine", ...small, "--log-level", "debug", "--data-dir", dataDir], {
    preloads: [`${PRELOAD}?reports=${encodeURIComponent(folder.path)}`],
    env: { SMCQ_METRICS__PORT: "0" },
  });
  await run.sees("READY");
  const metrics = await run.sees("metrics are served");
  const own = run;
  await until(() => own.count("entry failed") + own.count("trade closed") > 0, "a trade");
  const places: (readonly [name: string, text: string])[] = [];
  const parts = partsOf(run);
  for (const pid of [run.pid, ...descendants(run.pid).map((child) => child.pid)])
    for (const page of ["cmdline", "environ"])
      places.push([`${page} of ${pid}`, readFileSync(`/proc/${pid}/${page}`, "latin1")]);
  const isReported = (): boolean =>
    readdirSync(folder.path).filter((name) => name.startsWith("report.")).length === 2;
  for (const pid of [parts.engine, parts.venue]) process.kill(pid, "SIGUSR2");
  await until(isReported, "the reports");
  // It is this key that the venue takes.
  const rest = run.lines.find((line) => line["step"] === "venue")?.["rest"];
  const headers = { "X-MBX-APIKEY": KEY };
  const asked = await fetch(`${String(rest)}/fapi/v1/listenKey`, { method: "POST", headers });
  expect(asked.status).toBe(200);
  places.push(["metrics", await (await fetch(String(metrics["url"]))).text()]);
  places.push([
    "smcq log",
    JSON.stringify(await askEngine(dataDir, parseRequest('{"request":"log","lines":500}'))),
  ]);
  process.kill(parts.engine, "SIGTERM");
  expect(await run.ends()).toBe(ExitCode.Ok);
  places.push(["standard output", run.stdout], ["standard error", run.stderr], ...filesOf(folder.path));
  // The account has its key in one file that nobody else may read.
  const keyFile = join(dataDir, "venue", "key.json");
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  const found = places.filter(
    ([name, text]) => name !== keyFile && (text.includes(KEY) || text.includes(SECRET)),
  );
  expect(found.map(([name]) => name)).toEqual([]);
  expect(places.length).toBeGreaterThan(10);
});
