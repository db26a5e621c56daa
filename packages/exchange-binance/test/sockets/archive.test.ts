import { createHash } from "node:crypto";
import { errorCode, errorMessage, ManualClock, Rng } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ARCHIVE_WAIT_MS_MAX,
  archiveBase,
  type ArchiveBytes,
  type ArchiveFile,
  archivePath,
  BinanceArchive,
} from "../../src/archive.ts";
import { type ArchiveMirror, type MirrorFault, startArchiveMirror } from "../support/archive-mirror.ts";

const FILE: ArchiveFile = { kind: "klines", symbol: "BTCUSDT", period: "2024-01" };
const PATH = archivePath(FILE);
const BYTES = Buffer.from("the bytes of a zip archive, or so the mirror says");
const START_MS = Date.UTC(2024, 1, 2);

let mirror: ArchiveMirror;
let archive: BinanceArchive;
let clock: ManualClock;
beforeEach(async () => {
  mirror = await startArchiveMirror();
  clock = new ManualClock(START_MS);
  archive = open();
  mirror.put(FILE, BYTES);
});
afterEach(async () => {
  await archive.close();
  await mirror.close();
});

function open(silenceMsMax = 5_000): BinanceArchive {
  return new BinanceArchive({
    base: archiveBase(mirror.origin, false),
    clock,
    rng: new Rng(1),
    connections: 4,
    connectTimeoutMs: 5_000,
    silenceMsMax,
  });
}

/** What comes of it, with every wait passed at once; a refusal as its code and text. */
async function outcome(work: Promise<ArchiveBytes | null>): Promise<ArchiveBytes | string | null> {
  let isOver = false;
  const done = work
    .catch((error: unknown) => `${errorCode(error)} ${errorMessage(error)}`)
    .finally(() => {
      isOver = true;
    });
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    if (clock.pendingCount > 0) clock.advance(250);
  }
  return done;
}

const sha256 = createHash("sha256").update(BYTES).digest("hex");

describe("the archive", () => {
  it("gives a file with its checksum, and null where it has none", async () => {
    expect(await outcome(archive.file(FILE))).toEqual({
      name: "BTCUSDT-1m-2024-01.zip",
      bytes: BYTES,
      sha256,
    });
    for (const period of ["2027-01", "2024-01-31"])
      expect(await outcome(archive.file({ ...FILE, period }))).toBeNull();
    expect(await outcome(archive.file({ ...FILE, kind: "fundingRate" }))).toBeNull();
    expect(mirror.requests).toEqual([
      "/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip",
      "/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip.CHECKSUM",
      "/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2027-01.zip",
      "/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01-31.zip",
      "/data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-01.zip",
    ]);
  });

  it("takes names that are no ASCII and a base with a path", async () => {
    const file = { ...FILE, symbol: "币安人生USDT" };
    mirror.put(file, BYTES);
    expect(await outcome(archive.file(file))).toMatchObject({ name: "币安人生USDT-1m-2024-01.zip", sha256 });
    expect(archiveBase(`${mirror.origin}/a/mirror/`, false)).toEqual({
      origin: mirror.origin,
      prefix: "/a/mirror",
    });
  });

  const passing: Readonly<Record<string, MirrorFault>> = {
    "a cut body": { type: "cut" },
    "half a file that says it is whole": { type: "short" },
    "a page with status 200": { type: "page", contentType: "text/html" },
    "a page as bytes": { type: "page", contentType: "binary/octet-stream" },
    "a reset": { type: "reset" },
    "an internal error": { type: "status", status: 500 },
    "a gateway's": { type: "status", status: 502 },
    "503 without a time": { type: "status", status: 503 },
  };
  it.each(Object.keys(passing))("asks again after %s, of the file or its checksum", async (name) => {
    const fault = passing[name] as MirrorFault;
    for (const path of [PATH, `${PATH}.CHECKSUM`]) {
      mirror.faults.set(path, [fault, fault]);
      expect(await outcome(archive.file(FILE))).toMatchObject({ sha256 });
    }
    expect(archive.retries).toBe(4);
    mirror.faults.set(PATH, [fault, fault, fault, fault, fault]);
    expect(await outcome(archive.file(FILE))).toMatch(/^BINANCE_(?!.*undefined).*BTCUSDT-1m-2024-01\.zip/u);
  });

  it("asks again when nothing more comes", async () => {
    const hasty = open(100);
    mirror.faults.set(PATH, [{ type: "silence" }]);
    expect(await outcome(hasty.file(FILE))).toMatchObject({ sha256 });
    await hasty.close();
  });

  it.each([
    [429, "7", 7_000],
    [418, "31", 31_000],
    [503, "2", 2_000],
    [503, new Date(START_MS + 90_000).toUTCString(), 88_000],
    [429, undefined, 60_000],
    [418, undefined, 60_000],
  ])("stops all downloads after %i with Retry-After %s", async (status, retryAfter, waitMs) => {
    mirror.faults.set(PATH, [
      { type: "status", status, ...(retryAfter === undefined ? {} : { retryAfter }) },
    ]);
    const first = archive.file(FILE);
    while (clock.pendingCount === 0) await new Promise((resolve) => setImmediate(resolve));
    const other = archive.file({ ...FILE, period: "2030-01" });
    clock.advance(waitMs - 1_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(mirror.requests).toEqual([PATH]);
    expect(await outcome(first)).toMatchObject({ sha256 });
    expect(await outcome(other)).toBeNull();
  });

  it("does not wait for longer than it may, and says how long it was asked to", async () => {
    for (const [status, code] of [
      [429, "BINANCE_TOO_MANY_REQUESTS"],
      [418, "BINANCE_BANNED"],
      [503, "BINANCE_UNAVAILABLE"],
    ] as const) {
      mirror.faults.set(PATH, [{ type: "status", status, retryAfter: "86400" }]);
      const said = await outcome(archive.file(FILE));
      expect(said).toMatch(new RegExp(`^${code} .*wait 86400 s, more than the 300 s`, "u"));
    }
    expect(clock.nowMs() - START_MS).toBeLessThan(ARCHIVE_WAIT_MS_MAX);
  });

  it("refuses a checksum that is none of the file's, or lacks", async () => {
    const other = createHash("sha256").update("another file").digest("hex");
    for (const [sum, said] of [
      [other, "do not fit its .CHECKSUM"],
      ["", "is no checksum of it"],
      [`${sha256} something`, "is no checksum of it"],
      [sha256.slice(1), "is no checksum of it"],
      [null, "has no .CHECKSUM"],
    ] as const) {
      const file = {
        ...FILE,
        period: `2020-0${mirror.requests.length % 9 === 0 ? 1 : (mirror.requests.length % 9) + 1}`,
      };
      mirror.put(file, BYTES, sum);
      expect(await outcome(archive.file(file))).toMatch(
        `BINANCE_ARCHIVE_CHECKSUM ${file.symbol}-1m-${file.period}.zip`,
      );
      expect(await outcome(archive.file(file))).toContain(said);
    }
  });

  it("does not ask again what the way there refuses", async () => {
    for (const status of [403, 302, 451]) {
      mirror.requests.length = 0;
      mirror.faults.set(PATH, [{ type: "status", status }]);
      expect(await outcome(archive.file(FILE))).toMatch(/^BINANCE_(?:FIREWALL|REFUSED) /u);
      expect(mirror.requests.length).toBe(1);
    }
  });
});

describe("the archive's address", () => {
  it.each([
    ["ftp://data.binance.vision", "BINANCE_ARCHIVE_URL"],
    ["http://data.binance.vision", "BINANCE_ARCHIVE_URL"],
    ["https://data.binance.vision/?prefix=x", "BINANCE_ARCHIVE_URL"],
    ["https://me:secret@data.binance.vision", "BINANCE_ARCHIVE_URL"],
    ["data.binance.vision", "BINANCE_ARCHIVE_URL"],
    ["https://data.binance.vision.evil.example", "BINANCE_HOST_REFUSED"],
  ])("%s is refused", (base, code) => {
    const work = (): unknown => archiveBase(base, false);
    expect(work).toThrow(/feed\.archiveBaseUrl/u);
    expect(work).toThrow(expect.objectContaining({ code }) as Error);
  });

  it("may be the venue's, this machine's, and another one where a setting says so", () => {
    expect(archiveBase("https://data.binance.vision", false).prefix).toBe("");
    expect(archiveBase("http://localhost:8080/x", false).prefix).toBe("/x");
    expect(archiveBase("https://mirror.example/a", true).origin).toBe("https://mirror.example");
  });
});
