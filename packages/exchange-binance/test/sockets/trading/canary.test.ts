import { inspect } from "node:util";
import { errorMessage, type Logger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { type KeyKind, readAccountConfig } from "../../../src/trading.ts";
import { GatewayRig } from "../../support/gateway-rig.ts";
import { type Answer, type Heard, ok, refuse } from "../../support/order-venue.ts";
import { API_KEY, API_SECRET, keyPair, until } from "../../support/trading-bench.ts";

/** Everything that was ever said, in every form in which a logger or a crash report may say it. */
class Scribe {
  readonly texts: string[] = [];

  note(value: unknown): void {
    this.texts.push(
      inspect(value, { depth: 20, showHidden: true }),
      inspect(value, { depth: 20, customInspect: false }),
    );
    try {
      this.texts.push(
        JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}` : part)) ?? "",
      );
    } catch {
      // What refers to itself has no JSON.
    }
    if (value instanceof Error)
      this.texts.push(String(value), value.stack ?? "", inspect(value.cause, { depth: 20 }));
  }

  get log(): Logger {
    const note = (fields: object, text: string): void => this.note({ fields, text });
    const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
    return logger;
  }
}

/** A firewall's page that repeats whatever it was asked. */
const echo = ({ path, query, body, apiKey }: Heard): Answer => ({
  status: 403,
  body: `<html>blocked ${path}?${query} ${body} X-MBX-APIKEY: ${apiKey}</html>`,
});

const said = ({ query, body, apiKey }: Heard): Answer => refuse(-1022, `bad: ${query} ${body} ${apiKey}`);

async function trouble(rig: GatewayRig, scribe: Scribe): Promise<void> {
  const { venue, gateway } = rig;
  for (const answer of [
    echo,
    said,
    refuse(-2015, "key", 401),
    "reset" as const,
    "cut" as const,
    ok("<html>"),
  ]) {
    venue.always("POST /fapi/v1/order", answer);
    venue.always("DELETE /fapi/v1/order", answer);
    venue.always("GET /fapi/v3/balance", answer);
    venue.always("GET /fapi/v1/accountConfig", answer);
    venue.always("PUT /fapi/v1/listenKey", answer);
    scribe.note(await rig.submit(rig.order("exit")));
    gateway.cancel({ symbolId: rig.order().symbolId, clientOrderId: "x", isAlgo: false }, (outcome) =>
      scribe.note(outcome),
    );
    scribe.note(await rig.ask({ type: "wallet" }));
    scribe.note(
      await readAccountConfig(gateway.rest).then(String, (error: unknown) => [error, errorMessage(error)]),
    );
    rig.clock.advance(31 * 60_000);
    await rig.live();
  }
}

it.concurrent.each<KeyKind>(["hmac", "rsa", "ed25519"])(
  "key, secret, listen key and signatures stand in no log, error, outcome or inspection (%s)",
  async (kind) => {
    const scribe = new Scribe();
    const rig = await GatewayRig.open({ kind, log: scribe.log });
    const { venue, gateway } = rig;
    const listenKeys = [venue.listenKey];
    await trouble(rig, scribe);
    venue.tell("no JSON at all");
    venue.tell({ e: "ORDER_TRADE_UPDATE", o: venue.listenKey });
    venue.tell({ e: "listenKeyExpired", E: 1, listenKey: venue.listenKey });
    venue.listenKey = "anotherCanaryListenKey";
    listenKeys.push(venue.listenKey);
    await until(() => {
      rig.clock.advance(1_000);
      return gateway.stats.isStreamLive && venue.sockets.at(-1)?.url.includes("anotherCanary") === true;
    }, "the stream under another key");
    for (const { socket } of venue.sockets) socket.close(1011, `reason ${listenKeys.join()}`);
    await until(() => !gateway.stats.isStreamLive, "its end");
    scribe.note([gateway, gateway.rest, gateway.stats, rig.rest, rig.listener.words]);
    const signatures = venue.heard
      .map(({ values }) => values.get("signature") ?? "")
      .filter((text) => text !== "");
    await rig.close();
    scribe.note([gateway, gateway.rest]);

    const pem = keyPair(kind)
      .secretText.split("\n")
      .filter((line) => line.length > 20 && !line.includes("---"));
    const secrets = [API_KEY, ...(kind === "hmac" ? [API_SECRET] : pem), ...listenKeys, ...signatures];
    const encoded = secrets.map((secret) => encodeURIComponent(secret));
    const all = scribe.texts.join("\n");
    expect(signatures.length).toBeGreaterThan(10);
    expect(all).toContain("venue call failed");
    expect([...secrets, ...encoded].filter((secret) => all.includes(secret))).toEqual([]);
  },
);
