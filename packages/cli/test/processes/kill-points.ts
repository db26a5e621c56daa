import { appendFileSync, existsSync, rmSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { BinanceGateway } from "@smcq/exchange-binance/trading";
import { LedgerJournal } from "../../../ledger/test/support/inside.ts";

/*
 * Preloaded into every process of an engine: the engine's own kills itself, as kill -9 does, at the point of an order's life
 * that the file `armed` in the folder of this address names, and tells in `killed` beside it. One death an arming.
 */
const FOLDER = new URL(import.meta.url).searchParams.get("folder") ?? "";
/** Between the leaving of a request and the coming of its reply; the venue's answers are slowed down for it. */
const AFTER_SEND_MS = 25;

/** Points at which an entry may be cut off, each of a process of its own. */
export type KillPoint = "before-write" | "after-write" | "after-send" | "after-ack" | "between-fill-and-stop";

function isArmed(point: KillPoint): boolean {
  return existsSync(`${FOLDER}/armed-${point}`);
}

function die(point: KillPoint, clientOrderId: string): void {
  rmSync(`${FOLDER}/armed-${point}`, { force: true });
  appendFileSync(`${FOLDER}/killed`, `${JSON.stringify({ point, clientOrderId, atMs: Date.now() })}\n`);
  process.kill(process.pid, "SIGKILL");
}

function around<T, K extends keyof T>(prototype: T, name: K, wrap: (real: T[K]) => T[K]): void {
  prototype[name] = wrap(prototype[name]);
}

function patch(): void {
  const entries = new Map<number, string>();
  const sent = new Set<string>();
  around(
    LedgerJournal.prototype,
    "append",
    (append) =>
      function (this: LedgerJournal, seq, event, commands) {
        for (const command of commands) {
          if (command.type !== "submit" || command.order.value.role !== "entry") continue;
          const { clientOrderId } = command.order.value;
          sent.add(clientOrderId);
          entries.set(seq, clientOrderId);
          if (isArmed("before-write")) die("before-write", clientOrderId);
        }
        append.call(this, seq, event, commands);
        if (event.type === "order-outcome" && event.outcome.type === "acked" && sent.has(event.clientOrderId))
          // Its row has to reach the file first.
          if (isArmed("after-ack")) setImmediate(() => die("after-ack", event.clientOrderId));
        if (event.type !== "order-update" || event.update.fill === null) return;
        const { clientOrderId } = event.update;
        if (sent.has(clientOrderId) && isArmed("between-fill-and-stop"))
          die("between-fill-and-stop", clientOrderId);
      },
  );
  around(
    LedgerJournal.prototype,
    "onDurable",
    (onDurable) =>
      function (this: LedgerJournal, listener) {
        onDurable.call(this, () => {
          for (const [seq, clientOrderId] of entries) {
            if (seq > this.durableSeq) continue;
            entries.delete(seq);
            if (isArmed("after-write")) die("after-write", clientOrderId);
          }
          listener();
        });
      },
  );
  around(
    BinanceGateway.prototype,
    "submit",
    (submit) =>
      function (this: BinanceGateway, order, onOutcome) {
        submit.call(this, order, onOutcome);
        const { role, clientOrderId } = order.value;
        if (role === "entry" && isArmed("after-send"))
          setTimeout(() => die("after-send", clientOrderId), AFTER_SEND_MS);
      },
  );
}

if (isMainThread && process.argv[1]?.includes("engine-process") === true) patch();
