import { utcText } from "@smcq/scoring";
import { moneyText, NONE, numberText, shareText, signedText } from "../offline/report/format.ts";
import { textTable, wrapped } from "../offline/ledger/answer/text-table.ts";
import type { MirrorStatus } from "../mirror/mirror-status.ts";
import type {
  AccountView,
  ControlAnswers,
  OrderView,
  PositionView,
  StateView,
  StatusView,
  HostView,
} from "./protocol.ts";

const LABEL_WIDTH = 15;

/** A mirror that says nothing for so long is not at work, ms. */
const MIRROR_SILENT_MS = 10_000;

/** What the mirror of the folder last said; nothing where none has run. */
export function mirrorText(mirror: MirrorStatus | null, nowMs: number): string {
  if (mirror === null) return "";
  const { target, rowsBehind, behindSinceMs, problem, atMs } = mirror;
  const lag =
    behindSinceMs === null
      ? "level with the ledger"
      : `behind for ${spanText(nowMs - behindSinceMs)}, ${numberText(rowsBehind)} rows known`;
  const silent = nowMs - atMs > MIRROR_SILENT_MS ? `; it has been silent for ${spanText(nowMs - atMs)}` : "";
  return linesText([["mirror", `${lag}${silent}; ${problem ?? target}`]]);
}

/** `smcq status` for eyes. */
export function statusText(status: StatusView): string {
  const { modeName, runId, nowMs, uptimeMs, isStopping, feed, rest, account, host } = status;
  const lines: [string, string][] = [
    ["mode", `${modeName}${account === null ? ", nobody trades" : `, orders by ${account.orders}`}`],
    ["run", runId],
    ["up", `${spanText(uptimeMs)}${isStopping ? ", stopping" : ""}; venue time ${momentText(nowMs)}`],
  ];
  if (host !== undefined) lines.push(["host", hostText(host)]);
  if (account !== null) lines.push(...accountLines(account, nowMs));
  lines.push(
    ["feed", `${feed.ready} of ${feed.pairs} pairs ready, ${feed.warming} warming up`],
    ["shards", `${feed.shardsRunning} running, ${feed.shardsOff} off`],
    ["REST", restText(rest)],
  );
  return linesText(lines);
}

function hostText({ role, isConnected, lease, rowsWaiting, parts }: HostView): string {
  const hasTakenOver = role === "standby" && lease?.state === "held";
  return [
    hasTakenOver ? "standby that has taken over" : role,
    ...(lease === null ? [] : [`the account's lease is ${lease.state} (epoch ${lease.epoch})`]),
    ...(rowsWaiting === null ? [] : [`${rowsWaiting} rows of the journal wait for the bus`]),
    ...(parts === null ? [] : [`${parts.held} of ${parts.of} parts are scanned here`]),
    isConnected ? "the bus is there" : "the bus is lost",
  ].join(", ");
}

function accountLines(account: AccountView, nowMs: number): [string, string][] {
  const { positions, pendingEntries, openOrders, unknownOrders, reconciledMs } = account;
  const unknown = unknownOrders === 0 ? "" : `, ${unknownOrders} of them of unknown outcome`;
  return [
    ...stateLines(account, nowMs),
    ["wallet", `${moneyText(account.wallet)} USDT`],
    ["equity", `${moneyText(account.equity)} USDT, today ${signedText(Number(account.dayPnl), 2)} USDT`],
    ["positions", `${positions} open, ${pendingEntries} entries on their way`],
    ["orders", `${openOrders} at work${unknown}`],
    ["heat", `${heatText(account.heatRatio)} of at most ${shareText(account.heatRatioMax)}`],
    ["reconciled", reconciledMs === null ? "not yet" : `${spanText(nowMs - reconciledMs)} ago`],
  ];
}

function heatText(ratio: number | null): string {
  return ratio === null ? "no equity is left" : shareText(ratio, 2);
}

/** What a word has come to. */
export function wordText(answer: StateView & { readonly leaving?: readonly string[] }): string {
  const { leaving } = answer;
  const left =
    leaving === undefined
      ? []
      : [["leaving", leaving.length === 0 ? "nothing is held" : leaving.join(", ")] as [string, string]];
  return linesText([...left, ...stateLines(answer, null)]);
}

/** `nowMs`: null where only moments are told. */
function stateLines(view: StateView, nowMs: number | null): [string, string][] {
  const since = (sinceMs: number): string =>
    `since ${momentText(sinceMs)}${nowMs === null ? "" : ` (${spanText(nowMs - sinceMs)})`}`;
  const { state, stateSinceMs, reasons, isHaltFile } = view;
  const lines: [string, string][] = [
    ["state", stateSinceMs === null ? `${state} since the start` : `${state} ${since(stateSinceMs)}`],
    ...reasons.map(({ reason, sinceMs }): [string, string] => ["", `${reason} ${since(sinceMs)}`]),
  ];
  if (isHaltFile)
    lines.push(["", "the file HALT stands in the data folder: nobody resumes before it is gone"]);
  return lines;
}

function restText({
  requests,
  failures,
  weightUsed,
  weightLimit,
  bannedUntilMs,
}: StatusView["rest"]): string {
  const ban = bannedUntilMs === 0 ? "" : `, banned until ${momentText(bannedUntilMs)}`;
  return `${numberText(weightUsed)} of ${numberText(weightLimit)} weight this minute; ${numberText(requests)} calls for market data, ${numberText(failures)} failed${ban}`;
}

/** `smcq positions` for eyes. */
export function positionsText({ positions }: ControlAnswers["positions"]): string {
  if (positions.length === 0) return "nothing is held\n";
  const table = textTable(
    [
      { name: "Symbol", mayShrink: true },
      { name: "Side" },
      { name: "Qty", isFigure: true },
      { name: "Entry", isFigure: true },
      { name: "Mark", isFigure: true },
      { name: "Stop", isFigure: true },
      { name: "Target", isFigure: true },
      { name: "R", isFigure: true },
      { name: "Age", isFigure: true },
      { name: "Guard" },
    ],
    positions.map((one) => [
      one.symbol,
      one.side,
      one.qty,
      shortPrice(one.entry),
      one.mark ?? NONE,
      `${one.stop ?? NONE}${one.isStopConfirmed ? "" : "?"}`,
      one.target ?? NONE,
      one.r === null ? NONE : signedText(one.r, 2),
      spanText(one.ageMs),
      guardText(one),
    ]),
  );
  const doubtful = positions.some(({ isStopConfirmed }) => !isStopConfirmed);
  return doubtful ? `${table}${wrapped("?: the venue has not confirmed a stop for all of it")}` : table;
}

/** An average has more digits than anybody reads. */
function shortPrice(text: string): string {
  return text.length <= 9 ? text : String(Number(Number(text).toPrecision(8)));
}

function guardText({ guard, exitReason }: PositionView): string {
  return exitReason === null ? guard : exitReason;
}

/** `smcq orders` for eyes. */
export function ordersText({ orders }: ControlAnswers["orders"]): string {
  if (orders.length === 0) return "no order is at work\n";
  return textTable(
    [
      { name: "Symbol", mayShrink: true },
      { name: "Role" },
      { name: "Kind" },
      { name: "Side" },
      { name: "Qty", isFigure: true },
      { name: "Filled", isFigure: true },
      { name: "Price", isFigure: true },
      { name: "Age", isFigure: true },
      { name: "State", mayShrink: true },
    ],
    orders.map((one) => [
      one.symbol,
      one.role,
      one.kind,
      one.side,
      one.qty,
      one.filled,
      one.price ?? NONE,
      spanText(one.ageMs),
      orderState(one),
    ]),
  );
}

function orderState({ state, isCancelled }: OrderView): string {
  const said = state === "sent" ? "in flight" : state;
  return isCancelled ? `${said}, being cancelled` : said;
}

/** `smcq log` for eyes: a line a line. */
export function logText({ lines, gone, isCut }: ControlAnswers["log"]): string {
  const head = gone > 0 || isCut ? "older lines are not told\n" : "";
  if (lines.length === 0) return "nothing is logged at this level\n";
  const told = lines.map(({ time, level, text, detail }) =>
    [time.slice(11, 23), level.padEnd(5), text, detail].filter((part) => part !== "").join(" "),
  );
  return `${head}${told.join("\n")}\n`;
}

function linesText(lines: readonly (readonly [string, string])[]): string {
  const indent = " ".repeat(LABEL_WIDTH);
  return lines.map(([label, text]) => wrappedLine(label.padEnd(LABEL_WIDTH), text, indent)).join("");
}

/** The label is padded: words are broken behind it. */
function wrappedLine(label: string, text: string, indent: string): string {
  const mark = "\u0000";
  return wrapped(`${label.replaceAll(" ", mark)}${text}`, indent).replaceAll(mark, " ");
}

/** UTC to the second. */
function momentText(timeMs: number): string {
  return utcText(timeMs).slice(0, 19).replace("T", " ");
}

/** A span in its two largest units. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const units = [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
    ["s", 1],
  ] as const;
  const at = units.findIndex(([, length]) => seconds >= length);
  if (at < 0) return "0s";
  return units
    .slice(at, at + 2)
    .map(([unit, length], nth) => {
      const before = nth === 0 ? Number.POSITIVE_INFINITY : (units[at]?.[1] ?? 1);
      return `${Math.floor((seconds % before) / length)}${unit}`;
    })
    .join("");
}
