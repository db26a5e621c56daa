import { afterEach, describe, expect, it } from "vitest";
import { AwakeMeter, afterAwake, afterTurn, ManualClock, SilenceWatch, watchPauses } from "../src/index.ts";
import type { EpochMs, Pause } from "../src/index.ts";

/** A turn of the event loop, after which everything is judged. */
const turn = (): Promise<void> => new Promise((resolve) => afterTurn(resolve));

/** A clock of a process that can be stopped: time goes on, and what is due then comes at once, late. */
class PausableClock extends ManualClock {
  #pausedMs = 0;
  #setMs = 0;

  override nowMs(): EpochMs {
    return (super.nowMs() + this.#pausedMs + this.#setMs) as EpochMs;
  }

  override monoNs(): ReturnType<ManualClock["monoNs"]> {
    return (super.monoNs() + this.#pausedMs * 1e6) as ReturnType<ManualClock["monoNs"]>;
  }

  /** The process does not run for so long; its next timer is due the moment it goes on. */
  pause(ms: number): void {
    const dueMs = (this.nextDueMs ?? super.nowMs()) - super.nowMs();
    this.#pausedMs += Math.max(0, ms - dueMs);
    this.advance(dueMs);
  }

  /** The monotonic clock stands, the wall's goes on: a suspended machine, or a clock that was set. */
  set(ms: number): void {
    this.#setMs += ms;
  }
}

function watched(): {
  readonly clock: PausableClock;
  readonly said: string[];
  readonly beat: (value?: number | null) => void;
  readonly watch: SilenceWatch;
} {
  const clock = new PausableClock();
  const said: string[] = [];
  let value: number | null = 0;
  const watch = new SilenceWatch({
    clock,
    warnMs: 5_000,
    msMax: 30_000,
    beat: () => value,
    onWarn: (ms) => void said.push(`warn ${ms}`),
    onSilent: (ms) => void said.push(`silent ${ms}`),
  });
  return { clock, said, watch, beat: (next = (value ?? 0) + 1) => (value = next) };
}

describe("SilenceWatch", () => {
  it("names a silence once, and judges it when it is longer than the limit", async () => {
    const { clock, said } = watched();
    for (let second = 1; second <= 31; second++) {
      clock.advance(1_000);
      await turn();
    }
    expect(said).toEqual(["warn 5000", "silent 31000"]);
  });

  it.each([40_000, 3_600_000, 86_400_000])("takes a pause of %i ms of its own for no silence", async (ms) => {
    const { clock, said, beat } = watched();
    clock.advance(4_000);
    clock.pause(ms);
    await turn();
    clock.advance(900);
    beat();
    clock.advance(4_000);
    await turn();
    expect(said.filter((text) => text.startsWith("silent"))).toEqual([]);
  });

  it("reads what was waiting before it judges", async () => {
    const { clock, said, beat } = watched();
    clock.advance(31_000);
    // Due, and the beat lies in the pipe: it is read in the same turn.
    beat();
    await turn();
    expect(said).toEqual([]);
  });

  it("judges nobody who is not there, and nobody after its end", async () => {
    const { clock, said, beat, watch } = watched();
    beat(null);
    clock.advance(100_000);
    await turn();
    beat(1);
    clock.advance(31_000);
    watch.stop();
    await turn();
    expect(said).toEqual([]);
    expect(clock.pendingCount).toBe(0);
  });
});

describe("afterAwake", () => {
  it("comes after its time, and not while that was slept away", async () => {
    const clock = new PausableClock();
    let count = 0;
    afterAwake(clock, 15_000, () => count++);
    clock.pause(3_600_000);
    await turn();
    expect(count).toBe(0);
    clock.advance(13_999);
    await turn();
    expect(count).toBe(0);
    clock.advance(1);
    await turn();
    clock.advance(60_000);
    await turn();
    expect(count).toBe(1);
  });

  it.each([0, 1, 500, 1_000, 1_001, 2_500])("waits %i ms", async (ms) => {
    const clock = new ManualClock();
    let firedMs = -1;
    afterAwake(clock, ms, () => (firedMs = clock.nowMs()));
    clock.advance(Math.max(ms - 1, 0));
    await turn();
    expect(firedMs).toBe(ms === 0 ? 0 : -1);
    clock.advance(1);
    await turn();
    expect(firedMs).toBe(ms === 0 ? 0 : ms);
  });

  it("is cancelled by what is read in the turn that it was due in", async () => {
    const clock = new ManualClock();
    let count = 0;
    const cancel = afterAwake(clock, 2_000, () => count++);
    clock.advance(2_000);
    cancel();
    await turn();
    expect(count).toBe(0);
  });
});

describe("AwakeMeter", () => {
  it("leaves pauses between two looks out", () => {
    const clock = new PausableClock();
    const meter = new AwakeMeter(clock);
    clock.advance(300);
    expect(meter.look()).toBe(300);
    clock.pause(60_000);
    expect(meter.look()).toBe(1_300);
    clock.advance(200);
    expect(meter.look()).toBe(1_500);
  });
});

describe("watchPauses", () => {
  const pauses: Pause[] = [];
  afterEach(() => void pauses.splice(0));

  it("tells a pause, a sleep of the machine and a clock that was set back, and nothing else", () => {
    const clock = new PausableClock(1_000_000);
    const cancel = watchPauses(clock, (pause) => void pauses.push(pause));
    clock.advance(60_000);
    clock.pause(4_000);
    expect(pauses).toEqual([]);
    clock.pause(61_000);
    clock.set(3_600_000);
    clock.advance(1_000);
    clock.set(-7_200_000);
    clock.advance(5_000);
    expect(pauses).toEqual([
      { monoMs: 60_000, wallMs: 60_000 },
      { monoMs: 0, wallMs: 3_600_000 },
      { monoMs: 0, wallMs: -7_200_000 },
    ]);
    cancel();
    expect(clock.pendingCount).toBe(0);
  });
});
