import { copyFileSync } from "node:fs";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differences } from "../support/compared.ts";
import { HastyClock, mirrorOf, never, WrittenLedger } from "../support/ledgers.ts";
import { hasServer, PASSWORD, PostgresServer } from "../support/postgres.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);

describe.skipIf(!hasServer())("a mirror in PostgreSQL", () => {
  let server: PostgresServer;
  let client: Client;

  beforeAll(async () => {
    server = await PostgresServer.start({ settings: ["fsync = off"], auth: "scram-sha-256" });
    client = server.client();
    await client.connect();
  });

  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  const password = (): string => PASSWORD;
  const mirror = (file: string, schema: string, isAgain = false) =>
    mirrorOf(file, server.url(), { schema, password, isAgain, clock: new HastyClock() });

  it(`has every row of every table, whenever it has read to the end (seed ${SEED})`, async () => {
    const ledger = new WrittenLedger(SEED);
    const different: string[] = [];
    for (let run = 0; run < 2; run++) {
      let step = 0;
      for (const _rows of ledger.run(25)) {
        if (step++ % 15 !== 0) continue;
        await mirror(ledger.file, "same").once(never());
        different.push(...(await differences(ledger.file, client, "same")));
      }
    }
    await mirror(ledger.file, "same").once(never());
    different.push(...(await differences(ledger.file, client, "same")));
    expect(different).toEqual([]);
    const { rows } = await client.query("SELECT * FROM same.mirror_lag");
    expect(rows).toEqual([expect.objectContaining({ ledger_id: `run-${SEED}-0`, rows_behind: "0" })]);
  });

  it("answers what an analyst asks first, in exact USDT and UTC days", async () => {
    const ledger = new WrittenLedger(SEED + 1);
    ledger.write(60);
    await mirror(ledger.file, "asked").once(never());
    await client.query("SET search_path TO asked");
    const one = async (sql: string): Promise<Record<string, unknown> | undefined> =>
      (await client.query<Record<string, unknown>>(sql)).rows[0];
    const sums = "sum(trades) AS trades, sum(pnl_usdt) AS pnl, sum(fees_usdt) AS fees";
    const wanted = "count(*)::numeric AS trades, sum(pnl_e8) / 1e8 AS pnl, sum(fees_e8) / 1e8 AS fees";
    expect(
      await one(`SELECT (a.*) = (b.*) AS same, a.trades > 5 AS some FROM (SELECT ${sums} FROM pnl_daily) a,
      (SELECT ${wanted} FROM trades) b`),
    ).toEqual({ same: true, some: true });
    expect(
      await one("SELECT sum(count) = (SELECT sum(count) FROM refusals) AS same FROM refusals_daily"),
    ).toEqual({ same: true });
    expect(await one("SELECT count(*) FROM positions_open")).toEqual(
      await one("SELECT count(*) FROM positions WHERE qty_steps <> 0"),
    );
    expect(
      await one(
        "SELECT d.equity_usdt * 1e8 = e.equity_e8 AS same FROM equity_daily d, (SELECT * FROM equity ORDER BY close_ms DESC LIMIT 1) e ORDER BY d.day DESC LIMIT 1",
      ),
    ).toEqual({ same: true });
    expect(
      await one(
        "SELECT bool_and(extract(epoch FROM exit_at) * 1000 = exit_ms) AS same, bool_and(pnl_usdt * 1e8 = pnl_e8) AS exact FROM trades",
      ),
    ).toEqual({ same: true, exact: true });
    expect(
      await one(
        "SELECT bool_and(gross_usdt - fees_usdt + funding_usdt = pnl_usdt) AS same, min(symbol) AS symbol FROM trade_list",
      ),
    ).toEqual({ same: true, symbol: "S0" });
    await client.query("RESET search_path");
  });

  it("is refused where another mirror, another ledger, an older one or another program writes", async () => {
    const [ledger, other] = [new WrittenLedger(SEED + 2), new WrittenLedger(SEED + 3)];
    ledger.write(4);
    other.write(4);
    const refusal = (schema: string, file = ledger.file): Promise<unknown> =>
      mirror(file, schema)
        .once(never())
        .then(
          () => "no refusal",
          (error: { readonly code: string }) => error.code,
        );
    const older = `${ledger.file}.older`;
    copyFileSync(ledger.file, older);
    copyFileSync(`${ledger.file}-wal`, `${older}-wal`);
    ledger.write(4);
    const [locked, unlocked] = [new AbortController(), Promise.withResolvers<void>()];
    const first = mirrorOf(ledger.file, server.url(), {
      schema: "one",
      password,
      onProgress: () => unlocked.resolve(),
    }).follow(locked.signal);
    await unlocked.promise;
    expect(await refusal("one")).toBe("MIRROR_LOCKED");
    locked.abort();
    await first;
    expect(await refusal("one", other.file)).toBe("MIRROR_OTHER_LEDGER");
    expect(await refusal("one", older)).toBe("MIRROR_OTHER_LEDGER");
    await mirror(older, "one", true).once(never());
    expect(await differences(older, client, "one")).toEqual([]);
    await client.query("CREATE SCHEMA foreign_one CREATE TABLE accounts (id integer)");
    expect(await refusal("foreign_one")).toBe("MIRROR_FOREIGN");
    await client.query("INSERT INTO one.mirror_schema (version) VALUES (99)");
    expect(await refusal("one", older)).toBe("MIRROR_SCHEMA_NEWER");
    await mirror(other.file, "two").once(never());
    expect(await differences(other.file, client, "two")).toEqual([]);
  });

  it("says why a server refuses it, and never the password", async () => {
    const ledger = new WrittenLedger(SEED + 4);
    const said = async (url: string, secret: (() => string) | undefined): Promise<string> =>
      mirrorOf(ledger.file, url, secret === undefined ? {} : { password: secret })
        .once(never())
        .then(
          () => "no refusal",
          (error: { readonly code: string; readonly message: string }) => `${error.code} ${error.message}`,
        );
    expect(await said(server.url(), () => "not this one")).toMatch(
      /^MIRROR_REFUSED .*password authentication failed/,
    );
    expect(await said(server.url(), () => "not this one")).not.toContain("not this one");
    expect(await said(server.url("nowhere"), password)).toMatch(/^MIRROR_REFUSED .*"nowhere" does not exist/);
    expect(await said(`${server.url()}?sslmode=require`, password)).toMatch(/^MIRROR_REFUSED .*SSL/);
    expect(await said(server.url(), undefined)).toMatch(/^MIRROR_REFUSED .*PGPASSWORD/);
  });
});
