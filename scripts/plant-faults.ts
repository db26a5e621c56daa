/**
 * Plants one fault after another in a copy of this repository, and says which tests find it: a net that catches nothing is
 * none. `node scripts/plant-faults.ts [name ...]`; exit code 1 when a fault goes unseen, or the untouched copy fails.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

interface Plant {
  readonly name: string;
  /** Below the root. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly sound: string;
  readonly planted: string;
}

const ENGINE = "packages/engine/src/trading";

export const PLANTS: readonly Plant[] = [
  {
    name: "no question after an outcome is lost",
    file: `${ENGINE}/stages/inquiries.ts`,
    sound: "if (turn.nowMs >= dueOf(inquiry)) {",
    planted: "if (turn.nowMs >= dueOf(inquiry) && doubt !== 'outcome' && doubt !== 'word') {",
  },
  {
    name: "an entry is sent twice",
    file: `${ENGINE}/stages/leverage-gate.ts`,
    sound: '      commands.push({ type: "submit", order });\n      return;',
    planted: '      commands.push({ type: "submit", order }, { type: "submit", order });\n      return;',
  },
  {
    name: "the stop is made for what was ordered, not for what was filled",
    file: `${ENGINE}/stages/closing-orders.ts`,
    sound: '...this.#base(trade, "stop", trade.qtySteps),',
    planted: '...this.#base(trade, "stop", trade.approvedSteps),',
  },
  {
    name: "heat leaves out what is approved and in flight",
    file: `${ENGINE}/open-risks.ts`,
    sound: "if (order === null) continue;",
    planted: "continue;",
  },
  {
    name: "the old stop goes before the new one stands",
    file: `${ENGINE}/stages/cover.ts`,
    sound:
      "    trade.formerStop = stop;\n    this.#closing.placeStop(trade, turn);\n  }\n\n  /** Less is held",
    planted:
      "    trade.formerStop = stop;\n    this.#closing.cancelStop(trade, stop, turn);\n    this.#closing.placeStop(trade, turn);\n  }\n\n  /** Less is held",
  },
  {
    name: "a fee is booked twice",
    file: "packages/portfolio/src/portfolio.ts",
    sound: "this.#feesE8 += fill.feeE8;",
    planted: "this.#feesE8 += fill.feeE8 + fill.feeE8;",
  },
  {
    name: "funding has the wrong sign",
    file: "packages/portfolio/src/portfolio.ts",
    sound: 'if (type === "funding") this.#fundingE8 += amountE8;',
    planted: 'if (type === "funding") this.#fundingE8 -= amountE8;',
  },
  {
    name: "a trade that is told twice counts twice",
    file: "packages/portfolio/src/portfolio.ts",
    sound: "if (this.#seen.has(key)) return false;",
    planted: "",
  },
  {
    name: "a short's result has a long's sign",
    file: "packages/portfolio/src/position.ts",
    sound: "const realisedE8 = BigInt(position.side) * (valueE8 - costE8);",
    planted: "const realisedE8 = valueE8 - costE8;",
  },
  {
    name: "an end that was told is undone by an older word",
    file: `${ENGINE}/stages/order-tracker.ts`,
    sound: "order.isTerminal ||= isEnd;",
    planted: "order.isTerminal = isEnd;",
  },
  {
    name: "an absent order is believed at the first answer",
    file: `${ENGINE}/stages/order-tracker.ts`,
    sound: "if (askedMs < order.agreeingMs + AGREE_MS || askedMs < order.sentMs + age) return [];",
    planted: "",
  },
  {
    name: "what is not covered in time is left alone",
    file: `${ENGINE}/stages/cover.ts`,
    sound: '    trade.coverDueMs = null;\n    this.#closing.beginExit(trade, "unguarded", turn);',
    planted: "    trade.coverDueMs = turn.nowMs + 3_600_000;",
  },
  {
    name: "orders are left behind at flat",
    file: `${ENGINE}/stages/position-controller.ts`,
    sound: "if (leg !== null && !leg.isEnded) this.#closing.cancelStop(trade, leg, turn);",
    planted: "void leg;",
  },
  {
    name: "the exit does not wait for the target's end",
    file: `${ENGINE}/stages/closing-orders.ts`,
    sound: "    if (target === null || target.isEnded) {\n      this.exit(trade, turn);",
    planted: "    if (target === null || true) {\n      this.exit(trade, turn);",
  },
  {
    name: "a day's loss stops nothing",
    file: "packages/risk/src/governors.ts",
    sound: "dayLossRatio >= dayLossStopRatio ||",
    planted: "",
  },
  {
    name: "a stop is rounded towards the entry",
    file: `${ENGINE}/stages/closing-orders.ts`,
    sound: "? Math.max(1, Math.floor((avgPrice - d) / rules.tickSize))",
    planted: "? Math.max(1, Math.ceil((avgPrice - d) / rules.tickSize))",
  },
  {
    name: "an entry leaves before its row is durable",
    file: "packages/cluster/src/loop/entry-gate.ts",
    sound: "if (entry.seq <= durability.durableSeq) return this.#send(entry);",
    planted: "if (entry.seq >= 0) return this.#send(entry);",
  },
  {
    name: "the chain forgets what stood before",
    file: "packages/ledger/src/journal/journal-row.ts",
    sound: "const lines = [previous, JSON.stringify(runId),",
    planted: "const lines = [JSON.stringify(runId),",
  },
  {
    name: "the ledger counts a fill that is told twice twice",
    file: "packages/ledger/src/projections/order-tables.ts",
    sound: "if (this.#hasFill.get(runKey, symbolId, tradeId) !== undefined) return true;",
    planted: "",
  },
  {
    name: "a refused row of the journal is taken for stored",
    file: "packages/ledger/src/journal/ledger-journal.ts",
    sound: "    this.#answered();\n    this.#failures++;",
    planted: "    this.#rows.splice(0, this.#answered());\n    this.#failures++;",
  },
];

const ROOT = resolve(import.meta.dirname, "..");
/** What is asked whether it sees a fault: named tests of core, money and ledger, the scenarios, and storms. */
const TESTS = [
  "packages/portfolio",
  "packages/risk",
  "packages/engine",
  "packages/cluster/test/entry-gate",
  "packages/ledger/test/journal",
  "packages/ledger/test/projections",
  "packages/cli/test/scenarios",
  "packages/cli/test/world",
];
const LEFT_OUT: ReadonlySet<string> = new Set(["dist", "results", "coverage", ".git", ".turbo", "var"]);
const RUN_MS_MAX = 600_000;

export interface Finding {
  readonly name: string;
  /** Titles of tests that failed; empty: nobody has seen it. */
  readonly seenBy: readonly string[];
}

/** A copy that faults can be planted in, whatever becomes of this process. */
class Copy {
  readonly root: string;

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), "smcq-planted-"));
    const modules = join(ROOT, "node_modules");
    const foreign = join(ROOT, "scripts/peers/node_modules");
    cpSync(ROOT, this.root, {
      recursive: true,
      // Packages find each other in the copy, and what is installed in its one folder of modules.
      verbatimSymlinks: true,
      filter: (source) => source !== modules && source !== foreign && !LEFT_OUT.has(basename(source)),
    });
    symlinkSync(modules, join(this.root, "node_modules"));
  }

  /** Titles of the tests that fail now. */
  failing(isWhole: boolean): readonly string[] {
    const report = join(this.root, "report.json");
    const argv = [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", ...TESTS];
    const flags = ["--reporter=json", `--outputFile=${report}`, ...(isWhole ? [] : ["--bail=1"])];
    rmSync(report, { force: true });
    const ran = spawnSync(process.execPath, [...argv, ...flags], {
      cwd: this.root,
      timeout: RUN_MS_MAX,
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
    });
    if (!existsSync(report)) throw new Error(`the tests end without a report: ${ran.stderr.slice(-400)}`);
    return failedIn(JSON.parse(readFileSync(report, "utf8")) as Report);
  }

  /** Plants a fault, looks who sees it, and takes it out again. */
  try({ name, file, sound, planted }: Plant): Finding {
    const path = join(this.root, file);
    const text = readFileSync(path, "utf8");
    const parts = text.split(sound);
    if (parts.length !== 2) throw new Error(`"${name}": ${file} has its place ${parts.length - 1} times`);
    writeFileSync(path, parts.join(planted));
    try {
      return { name, seenBy: this.failing(false) };
    } finally {
      writeFileSync(path, text);
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** A file that cannot even be read sees nothing: that is no fault, but a mistake of ours. */
function failedIn({ testResults }: Report): readonly string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((one) => one.status === "failed").map(({ fullName }) => fullName);
    if (failed.length === 0 && status === "failed") throw new Error(`${name} does not run: ${message}`);
    return failed;
  });
}

/** Looks who sees each of these faults; `report` hears of each. */
export function plantAll(names: readonly string[], report: (finding: Finding) => void): boolean {
  const copy = new Copy();
  try {
    const broken = copy.failing(true);
    report({ name: "(nothing planted)", seenBy: broken });
    if (broken.length > 0) return false;
    const wanted = PLANTS.filter(({ name }) => names.length === 0 || names.includes(name));
    const findings = wanted.map((plant) => {
      const finding = copy.try(plant);
      report(finding);
      return finding;
    });
    return findings.every(({ seenBy }) => seenBy.length > 0);
  } finally {
    copy.remove();
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const isCaught = plantAll(process.argv.slice(2), ({ name, seenBy }) => {
    const by = seenBy.length === 0 ? "seen by nobody" : `seen by: ${seenBy[0]}`;
    process.stdout.write(`${name}: ${by}\n`);
  });
  process.exitCode = isCaught ? 0 : 1;
}
