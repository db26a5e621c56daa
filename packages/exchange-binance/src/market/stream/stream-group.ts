import type { CancelTimer } from "@smcq/kernel";
import { FeedCounter } from "@smcq/exchange";
import { BackOff } from "./back-off.ts";
import { FrameUse, NO_DATA_HINT } from "./group-options.ts";
import type { GroupOptions, GroupState, GroupStatus } from "./group-options.ts";
import { StreamSocket } from "./stream-socket.ts";
import type { SocketEnd } from "./stream-socket.ts";

/** Statuses of a refused handshake that time changes. */
const ASK_AGAIN: ReadonlySet<number> = new Set([408, 418, 425, 429]);

/** The watchdog looks so many times in its limit and trips one look before it. */
const LOOKS = 5;
const SPARE_RETRY_MS = 60_000;

/**
 * A set of streams on one connection: connects, subscribes, watches for data, comes back after failures, and replaces
 * a healthy connection before the venue's 24 h end it (the new one first, the old one after).
 *
 *   waiting ──token──► connecting ──open, SUBSCRIBE──► silent ──first data──► live ──23 h──► live + spare ──► live
 *      ▲                   │                             │                      │
 *      └──── back-off ─────┴──────── ended, no data, no pong, garbage ──────────┘
 */
export class StreamGroup {
  readonly index: number;
  readonly names: Set<string> = new Set();
  readonly #options: GroupOptions;
  readonly #backOff: BackOff;
  readonly #sockets = new Set<StreamSocket>();
  #active: StreamSocket | undefined;
  #spare: StreamSocket | undefined;
  #state: GroupState = "stopped";
  #lastEnd = "";
  #isRefused = false;
  #words = "";
  #connectCount = 0;
  #sinceMs: number | null = null;
  #hasData = false;
  #spareHasData = false;
  #quietLooks = 0;
  #quietSinceWallMs = 0;
  #badInRow = 0;
  #cancelRetry: CancelTimer | undefined;
  #cancelWatch: CancelTimer | undefined;
  #cancelRotate: CancelTimer | undefined;
  #cancelHealthy: CancelTimer | undefined;
  #onTried: (() => void) | undefined;
  readonly #onEmpty: (() => void)[] = [];

  constructor(options: GroupOptions) {
    this.index = options.index;
    this.#options = options;
    this.#backOff = new BackOff(options.rng, options.timing);
  }

  status(): GroupStatus {
    return {
      index: this.index,
      state: this.#state,
      streams: this.names.size,
      connects: this.#connectCount,
      sinceMs: this.#sinceMs,
      lastEnd: this.#lastEnd,
      isAcked: this.#active?.isOpen === true && this.#active.isAcked,
      isRefused: this.#isRefused,
      words: this.#words,
    };
  }

  get isLive(): boolean {
    return this.#state === "live";
  }

  /** Connects; resolves when the connection has been tried once. */
  start(): Promise<void> {
    this.#state = "waiting";
    this.#sinceMs = this.#options.clock.nowMs();
    return new Promise((resolve) => {
      this.#onTried = resolve;
      this.#connect();
    });
  }

  /** Adds streams, on the open connection at once. */
  subscribe(names: readonly string[]): void {
    for (const name of names) this.names.add(name);
    for (const socket of this.#sockets) if (socket.isOpen) socket.subscribe(names);
  }

  unsubscribe(names: readonly string[]): void {
    for (const name of names) this.names.delete(name);
    for (const socket of this.#sockets) if (socket.isOpen) socket.unsubscribe(names);
  }

  /** Subscribes silent streams anew on the open connection. */
  resubscribe(names: readonly string[]): void {
    if (this.#active?.isOpen !== true) return;
    this.#active.unsubscribe(names);
    this.#active.subscribe(names);
  }

  /** Closes every socket and timer; resolves when the last socket is gone. Idempotent. */
  stop(): Promise<void> {
    this.#state = "stopped";
    this.#cancelRetry?.();
    this.#cancelTimers();
    this.#tried();
    if (this.#sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve);
      for (const socket of this.#sockets) socket.close();
    });
  }

  #tried(): void {
    this.#onTried?.();
    this.#onTried = undefined;
  }

  #cancelTimers(): void {
    this.#cancelWatch?.();
    this.#cancelRotate?.();
    this.#cancelHealthy?.();
  }

  #connect(): void {
    if (this.#state === "stopped") return;
    const waitMs = this.#options.budget.take();
    if (waitMs > 0) {
      this.#retryAfter(waitMs);
      return;
    }
    if (this.#connectCount > 0) this.#options.meter.count(FeedCounter.Reconnects, 1);
    this.#state = "connecting";
    this.#active = this.#open();
  }

  #retryAfter(delayMs: number): void {
    this.#state = "waiting";
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.after(delayMs, () => this.#connect(), { unref: true });
  }

  #open(): StreamSocket {
    this.#connectCount++;
    this.#options.meter.count(FeedCounter.Connects, 1);
    const socket = new StreamSocket({
      url: this.#options.url,
      wallClock: this.#options.wallClock,
      timeouts: this.#options.timeouts,
      handlers: {
        onOpen: (opened) => this.#onOpen(opened),
        onFrame: (from, data) => this.#onFrame(from, data),
        onAcked: (acked) => this.#onAcked(acked),
        onEnd: (ended, end) => this.#onEnd(ended, end),
      },
    });
    this.#sockets.add(socket);
    return socket;
  }

  #onOpen(socket: StreamSocket): void {
    socket.subscribe([...this.names]);
    this.#isRefused = false;
    if (socket === this.#active) this.#beginSilent();
    this.#options.onState?.();
    this.#tried();
  }

  #beginSilent(): void {
    this.#state = "silent";
    this.#sinceMs = this.#options.clock.nowMs();
    this.#hasData = false;
    this.#badInRow = 0;
    this.#quietLooks = 0;
    this.#armWatch();
    const { rotateAfterMs, rotateSpreadMs } = this.#options.timing;
    this.#armRotation(rotateAfterMs + this.#options.rng.next() * rotateSpreadMs);
  }

  #onFrame(socket: StreamSocket, data: Buffer): void {
    const use = this.#options.onFrame(data);
    if (use === FrameUse.Data) {
      this.#badInRow = 0;
      if (socket === this.#active) {
        this.#hasData = true;
        if (this.#state === "silent") this.#goLive();
      } else if (socket === this.#spare) {
        this.#spareHasData = true;
        this.#swapWhenReady();
      }
    } else if (use === FrameUse.Control) {
      const reply = socket.onControl(data.toString());
      if (reply === undefined) this.#options.meter.count(FeedCounter.Unknown, 1);
      else if (reply.error !== "") this.#onError(reply.error);
    } else {
      this.#badInRow++;
      if (this.#badInRow === this.#options.timing.badFramesInRowMax)
        socket.cut("garbage", "too many unreadable frames in a row");
    }
  }

  /** Said once a connection: the same words may come with every frame. */
  #onError(error: string): void {
    if (this.#words === error) return;
    this.#words = error;
    this.#options.log.error({ connection: this.index, error }, "the venue refused a command");
    this.#options.onState?.();
  }

  /** An ACK proves nothing, except on streams that may be silent for hours. */
  #onAcked(socket: StreamSocket): void {
    if (socket === this.#spare) this.#swapWhenReady();
    else if (socket === this.#active && this.#state === "silent" && this.#mayBeSilent()) this.#goLive();
    this.#options.onState?.();
  }

  #mayBeSilent(): boolean {
    return this.#options.timing.dataSilenceMsMax === Number.POSITIVE_INFINITY;
  }

  #goLive(): void {
    this.#state = "live";
    this.#cancelHealthy?.();
    this.#cancelHealthy = this.#options.clock.after(
      this.#options.timing.healthyAfterMs,
      () => this.#backOff.reset(),
      { unref: true },
    );
    this.#options.onLive();
  }

  #onEnd(socket: StreamSocket, end: SocketEnd): void {
    this.#sockets.delete(socket);
    this.#tried();
    if (this.#state === "stopped") {
      if (this.#sockets.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
      return;
    }
    if (socket === this.#spare) {
      this.#spare = undefined;
      this.#armRotation(SPARE_RETRY_MS);
      return;
    }
    if (socket !== this.#active) return;
    this.#cancelTimers();
    this.#active = undefined;
    const { httpStatus } = end;
    this.#isRefused = httpStatus >= 400 && httpStatus < 500 && !ASK_AGAIN.has(httpStatus);
    if (httpStatus !== 0 || (end.errorCode === "" && end.kind !== "silent")) this.#words = end.detail;
    this.#lastEnd = `${end.kind}: ${end.detail === "" ? String(end.closeCode) : end.detail}`;
    this.#logEnd(end);
    this.#sinceMs = this.#options.clock.nowMs();
    if (this.#spare === undefined) this.#retryAfter(this.#backOff.nextMs(end.kind));
    else this.#promoteSpare();
    this.#options.onState?.();
  }

  #logEnd(end: SocketEnd): void {
    const wasSilent = this.#state === "silent" && end.kind === "silent";
    const { kind, closeCode, httpStatus, errorCode, detail } = end;
    const fields = {
      connection: this.index,
      streams: this.names.size,
      kind,
      closeCode,
      httpStatus,
      errorCode,
      detail,
    };
    if (wasSilent) this.#options.log.error({ ...fields, hint: NO_DATA_HINT }, "connected, but no data came");
    else if (kind === "tls") this.#options.log.error(fields, "the venue's certificate was refused");
    else this.#options.log.warn(fields, "connection ended");
  }

  /** The old connection died while its successor was being made: that one takes over as it is. */
  #promoteSpare(): void {
    const spare = this.#spare;
    this.#active = spare;
    this.#spare = undefined;
    if (spare?.isOpen === true) this.#beginSilent();
    else this.#state = "connecting";
  }

  #armWatch(): void {
    this.#cancelWatch?.();
    const { timing, clock, defer } = this.#options;
    const isFew = this.names.size <= timing.fewStreamsMax;
    const limitMs = isFew
      ? Math.max(timing.dataSilenceFewMsMax, timing.dataSilenceMsMax)
      : timing.dataSilenceMsMax;
    if (limitMs === Number.POSITIVE_INFINITY) return;
    // Deferred: frames that wait in the socket are read before a late timer may call the venue silent.
    this.#cancelWatch = clock.after(limitMs / LOOKS, () => defer(() => this.#look()), { unref: true });
  }

  #look(): void {
    const socket = this.#active;
    if (socket === undefined || (this.#state !== "live" && this.#state !== "silent")) return;
    const wallMs = this.#options.wallClock.nowMs();
    if (this.#hasData || this.names.size === 0 || this.#quietLooks === 0) this.#quietSinceWallMs = wallMs;
    this.#quietLooks = this.#hasData || this.names.size === 0 ? 0 : this.#quietLooks + 1;
    this.#hasData = false;
    const isWallOver = wallMs - this.#quietSinceWallMs >= this.#options.timing.dataSilenceWallMsMin;
    if (this.#quietLooks >= LOOKS - 1 && isWallOver) {
      this.#options.meter.count(FeedCounter.WatchdogTrips, 1);
      socket.cut("silent", "no data");
      return;
    }
    this.#armWatch();
  }

  #armRotation(delayMs: number): void {
    this.#cancelRotate?.();
    this.#cancelRotate = this.#options.clock.after(delayMs, () => this.#rotate(), { unref: true });
  }

  /** Opens the successor while the old connection keeps delivering; repeated frames are harmless. */
  #rotate(): void {
    if (this.#state !== "live" || this.#spare !== undefined) return;
    const waitMs = this.#options.budget.take();
    if (waitMs > 0) {
      this.#armRotation(waitMs);
      return;
    }
    this.#spareHasData = false;
    this.#spare = this.#open();
    const spare = this.#spare;
    // A successor that never brings data is given up; the old connection stays.
    const giveUp = (): void => {
      if (this.#spare === spare) spare.cut("silent", "the successor brought no data");
    };
    this.#cancelRotate = this.#options.clock.after(SPARE_RETRY_MS, giveUp, { unref: true });
  }

  #swapWhenReady(): void {
    const spare = this.#spare;
    if (spare === undefined || !spare.isAcked || !(this.#spareHasData || this.#mayBeSilent())) return;
    const old = this.#active;
    this.#active = spare;
    this.#spare = undefined;
    this.#options.meter.count(FeedCounter.Rotations, 1);
    this.#cancelTimers();
    this.#beginSilent();
    this.#goLive();
    old?.close();
  }
}
