import type { AccountAnswer } from "@smcq/exchange";
import { type GatewayFaults, hash4, Mischief, type MischiefSettings } from "@smcq/exchange-sim";
import { Rng } from "@smcq/kernel";

type CallAbout = Parameters<GatewayFaults["call"]>[0];
type WordAbout = Parameters<GatewayFaults["word"]>[0];

/**
 * What goes wrong in a world, each thing by a name of its own: what it strikes, and the how manyeth of its kind that is. Chance
 * hangs on the name alone, so that one strike that is left out changes none of the others.
 */
export class Strikes implements GatewayFaults {
  readonly #seed: number;
  /** Only these happen; null: all that chance wants. */
  readonly #only: ReadonlySet<string> | null;
  readonly #counts = new Map<string, number>();
  readonly #happened = new Set<string>();
  #settings: MischiefSettings;

  constructor(seed: number, settings: MischiefSettings, only: readonly string[] | null) {
    this.#seed = seed;
    this.#settings = settings;
    this.#only = only === null ? null : new Set(only);
  }

  /** Names of what has gone wrong, in order. */
  get happened(): readonly string[] {
    return [...this.#happened];
  }

  set(settings: MischiefSettings): void {
    this.#settings = settings;
  }

  /** Chance of a name's own. */
  rng(name: string): Rng {
    let number = 0;
    for (let at = 0; at < name.length; at++) number = (Math.imul(number, 31) + name.charCodeAt(at)) | 0;
    return new Rng(hash4(this.#seed, number, name.length, 0));
  }

  /** True when it may happen; then it has. */
  strikes(name: string): boolean {
    if (this.#only !== null && !this.#only.has(name)) return false;
    this.#happened.add(name);
    return true;
  }

  call(about: CallAbout): ReturnType<GatewayFaults["call"]> {
    const name = this.#nth(`call ${about.kind} S${about.symbolId ?? "-"}`);
    const fate = this.#mischief(name).call(about);
    const isTrue = fate.reply === "true" && fate.refusal === null && fate.replyLateMs === 0;
    return isTrue || this.strikes(name) ? fate : { lateMs: 0, refusal: null, reply: "true", replyLateMs: 0 };
  }

  hidesStopMs(): number {
    const name = this.#nth("hidden stop");
    const hiddenMs = this.#mischief(name).hidesStopMs();
    return hiddenMs === 0 || this.strikes(name) ? hiddenMs : 0;
  }

  word({ type, status, symbolId }: WordAbout): readonly number[] {
    const name = this.#nth(`word ${type} ${status ?? "-"} S${symbolId ?? "-"}`);
    const copies = this.#mischief(name).word();
    const isTrue = copies.length === 1 && copies[0] === 0;
    return isTrue || this.strikes(name) ? copies : [0];
  }

  answer(answer: AccountAnswer): ReturnType<GatewayFaults["answer"]> {
    const { query } = answer;
    const name = this.#nth(`answer ${query.type} S${"symbolId" in query ? query.symbolId : "-"}`);
    const told = this.#mischief(name).answer(answer);
    return told.answer === answer || this.strikes(name) ? told : { answer, lateMs: 0 };
  }

  #mischief(name: string): Mischief {
    return new Mischief(this.rng(name).int(2 ** 31), this.#settings);
  }

  #nth(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind} #${count}`;
  }
}
