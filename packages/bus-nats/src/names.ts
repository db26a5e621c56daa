import { SmcqError } from "@smcq/kernel";
import { BusErrorCode } from "./errors.ts";

const NAME_FORM = /^[a-z][a-z0-9-]{0,31}$/;

/**
 * What one installation's subjects, streams and buckets are called: several may share servers. A subject is
 * `NAME.<who may publish>.<what>…`, so that rights can be given by its second word.
 */
export class BusNames {
  readonly name: string;

  /** Throws BUS_URL for a name that is none: a to z first, then a to z, 0 to 9 and -, 32 at most. */
  constructor(name: string) {
    if (!NAME_FORM.test(name))
      throw new SmcqError(
        BusErrorCode.Url,
        `bus.name ${JSON.stringify(name)} is none: wanted a-z, 0-9 and -, a letter first, 32 at most`,
      );
    this.name = name;
  }

  subject(role: "scanner" | "executor" | "job" | "worker", ...words: readonly string[]): string {
    return [this.name, role, ...words].join(".");
  }

  /** Of a stream, a bucket of keys or one of objects. */
  store(what: string): string {
    return `${this.name}_${what}`;
  }
}
