import { livePlan } from "../plans/traded-plan.ts";
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { EngineConfig } from "@smcq/config";
import { ledgerFile, verifyJournal } from "@smcq/ledger";
import { type Clock, errorMessage, type Logger } from "@smcq/kernel";
import { loadScoring } from "../run/models/load-models.ts";
import type { ExaminedMode } from "../modes/examined.ts";
import { fail, type Finding, looked, ok, skip, warn } from "./finding.ts";

const NODE_MIN: readonly [major: number, minor: number] = [22, 19];
const GIB = 2 ** 30;
/** A busy day's journal has less. */
const DISK_BYTES_WARN = 5 * GIB;
const DISK_BYTES_MIN = GIB / 2;
/** A chain that is longer is proved by `smcq ledger verify`, which may take its time. */
const QUICK_LEDGER_BYTES_MAX = GIB / 4;
/** What a file's permissions are called; no mode of the engine. */
const PERMISSION_BITS = "mode";
const OTHERS_MASK = 0o077;

/** The machine: Node, data folder, disk, ledger. */
export async function lookAtHost(config: EngineConfig): Promise<readonly Finding[]> {
  return [
    nodeFinding(process.versions.node, process.execArgv),
    ...(await looked("data folder", "name another one by --data-dir", () => folderFindings(config.dataDir))),
    ...(await looked("ledger", "move it aside, or restore it from a backup", () =>
      ledgerFinding(config.dataDir),
    )),
  ];
}

export function nodeFinding(version: string, flags: readonly string[]): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [majorMin, minorMin] = NODE_MIN;
  const text = `${version}${flags.length === 0 ? "" : `, flags ${flags.join(" ")}`}`;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return ok("node", text);
  return fail("node", text, `install Node ${majorMin}.${minorMin} or newer`);
}

function folderFindings(dataDir: string): readonly Finding[] {
  const path = resolve(dataDir);
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  accessSync(there, constants.W_OK | constants.X_OK);
  const { bavail, bsize } = statfsSync(there);
  const bytes = bavail * bsize;
  const space = `${(bytes / GIB).toFixed(1)} GiB free`;
  const free =
    bytes < DISK_BYTES_MIN
      ? fail("disk", space, "make room: a full disk stops entries")
      : bytes < DISK_BYTES_WARN
        ? warn("disk", space, "make room before it fills")
        : ok("disk", space);
  if (there !== path) return [ok("data folder", `${path} will be made`), free];
  const { [PERMISSION_BITS]: permissions } = statSync(path);
  const isOpen = (permissions & OTHERS_MASK) !== 0;
  const place = isOpen
    ? warn("data folder", `${path} is open to other users`, `run chmod 700 ${path}`)
    : ok("data folder", `${path} can be written`);
  return [place, free];
}

function ledgerFinding(dataDir: string): Finding {
  const file = ledgerFile(dataDir);
  if (!existsSync(file)) return ok("ledger", "none yet: the first run makes it");
  const { size } = statSync(file);
  if (size > QUICK_LEDGER_BYTES_MAX)
    return skip("ledger", `${(size / GIB).toFixed(1)} GiB: run smcq ledger verify to prove it whole`);
  const { rows, runs, broken } = verifyJournal(file);
  if (broken === null) return ok("ledger", `whole: ${rows} rows of ${runs} runs`);
  return fail("ledger", `broken at seq ${broken.seq}: ${broken.problem}`, "restore it from a backup");
}

/** The model: does it load, and may it trade? */
export async function lookAtModel(
  config: EngineConfig,
  { scorer, refusesUnproven }: ExaminedMode,
  deps: { readonly clock: Clock; readonly logger: Logger },
): Promise<Finding> {
  const { clock, logger } = deps;
  try {
    const scoring = await loadScoring(config, {
      plan: livePlan(config),
      policy: scorer,
      venueClock: clock,
      wallClock: clock,
      logger,
    });
    await scoring.close();
    const current = scoring.models?.current ?? null;
    const status = current?.card.metadata.status ?? "a hand-made rule, unproven";
    const text = `${scoring.scorerId}: ${status}`;
    if (current?.isExpired === true)
      return fail(
        "model",
        `${text}, expired ${current.card.metadata.expiresUtc}`,
        "train a new one: it only observes",
      );
    if (status === "proven") return ok("model", text);
    return refusesUnproven
      ? warn("model", `${text}: this mode opens nothing by it`, "prove a model, or set risk.allowUnproven")
      : ok("model", text);
  } catch (error) {
    return fail("model", errorMessage(error), "name another one by --model");
  }
}
