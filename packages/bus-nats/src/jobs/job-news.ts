import type { Msg } from "@nats-io/transport-node";
import type { BusConnection } from "../connection.ts";

/** What a worker says of itself, every `HERE_MS` and when asked. */
export interface WorkerHere {
  readonly id: string;
  readonly version: string;
  readonly versionText: string;
  readonly threads: number;
  /** Labels of the jobs that it is at. */
  readonly running: readonly string[];
  readonly isLeaving: boolean;
}

/** Something of a job is to be looked at. */
export interface JobNews {
  readonly run: string;
  readonly key: string;
  readonly worker: string;
  /** Why a try has failed; null: it did not. */
  readonly fault: string | null;
}

/** A command that waits for workers. */
export interface CommandCall {
  readonly run: string;
  readonly version: string;
  readonly versionText: string;
}

export const HERE_MS = 2_000;
/** A worker that is silent for so long is gone. */
export const GONE_MS = 7_000;

/** News that may be lost: whoever needs them looks by itself now and then. */
export class JobNewsWire {
  readonly #connection: BusConnection;

  constructor(connection: BusConnection) {
    this.#connection = connection;
  }

  sayHere(here: WorkerHere): void {
    this.#say("worker", "here", here);
  }

  sayNews(news: JobNews): void {
    this.#say("worker", "job", news);
  }

  call(call: CommandCall): void {
    this.#say("job", "call", call);
  }

  onHere(listener: (here: WorkerHere) => void): () => void {
    return this.#hear("worker", "here", listener);
  }

  onNews(listener: (news: JobNews) => void): () => void {
    return this.#hear("worker", "job", listener);
  }

  onCall(listener: (call: CommandCall) => void): () => void {
    return this.#hear("job", "call", listener);
  }

  #say(role: "job" | "worker", what: string, data: object): void {
    const { nats, names, isConnected } = this.#connection;
    if (!isConnected || nats.isClosed() || nats.isDraining()) return;
    nats.publish(names.subject(role, what), JSON.stringify(data));
  }

  #hear<T>(role: "job" | "worker", what: string, listener: (data: T) => void): () => void {
    const { nats, names } = this.#connection;
    const subscription = nats.subscribe(names.subject(role, what), {
      callback: (error, message) => {
        const said = error === null ? wordOf<T>(message) : null;
        if (said !== null) listener(said);
      },
    });
    return () => {
      if (!nats.isClosed()) subscription.unsubscribe();
    };
  }
}

/** Null: no word of ours. */
function wordOf<T>(message: Msg): T | null {
  try {
    const said = message.json<T>();
    return typeof said === "object" ? said : null;
  } catch {
    return null;
  }
}
