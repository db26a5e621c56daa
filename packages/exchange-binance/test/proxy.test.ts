import { describe, expect, it } from "vitest";
import { proxyOf } from "../src/index.ts";

const REST = "https://fapi.binance.com";

describe("the proxy of an address", () => {
  it.each<readonly [string, Record<string, string>, string]>([
    [REST, { HTTPS_PROXY: "http://proxy:3128" }, "http://proxy:3128"],
    [
      "wss://fstream.binance.com",
      { https_proxy: "proxy:3128", HTTPS_PROXY: "http://other" },
      "http://proxy:3128",
    ],
    [
      "ws://venue.test",
      { HTTP_PROXY: "http://10.0.0.1:8080", HTTPS_PROXY: "http://other" },
      "http://10.0.0.1:8080",
    ],
    [REST, { ALL_PROXY: " https://proxy:443/ " }, "https://proxy"],
    [
      REST,
      {
        HTTPS_PROXY: "http://proxy:1",
        NO_PROXY: "example.com,binance.co,pi.binance.com,fapi.binance.com:80",
      },
      "http://proxy:1",
    ],
  ])("of %s in %j is %s", (target, env, text) => {
    expect(proxyOf(target, env)?.text).toBe(text);
  });

  it.each<readonly [string, Record<string, string>]>([
    [REST, {}],
    [REST, { HTTPS_PROXY: "" }],
    [REST, { HTTP_PROXY: "http://proxy" }],
    [REST, { HTTPS_PROXY: "http://proxy", NO_PROXY: "*" }],
    [REST, { HTTPS_PROXY: "http://proxy", no_proxy: "localhost, .binance.com" }],
    [REST, { HTTPS_PROXY: "http://proxy", NO_PROXY: "x *.Binance.com:443" }],
    ["http://127.0.0.1:8080", { ALL_PROXY: "http://proxy", HTTP_PROXY: "nonsense://" }],
    ["ws://localhost:1", { HTTP_PROXY: "http://proxy" }],
    ["ws://[::1]:1", { HTTP_PROXY: "http://proxy" }],
  ])("of %s in %j is none", (target, env) => {
    expect(proxyOf(target, env)).toBeNull();
  });

  it("keeps name and password for the connection", () => {
    const proxy = proxyOf(REST, { HTTPS_PROXY: "http://anna:secret@proxy:3128" });
    expect(proxy).toEqual({ url: "http://anna:secret@proxy:3128/", text: "http://proxy:3128" });
  });

  it.each(["socks5://proxy:1080", "ftp://proxy", "http://", "http://pro xy", "http://proxy:99999", "://"])(
    "refuses %j aloud, without showing it",
    (value) => {
      const refused = (): unknown =>
        proxyOf(REST, { HTTPS_PROXY: value.replace("proxy", "anna:secret@proxy") });
      expect(refused).toThrow(
        expect.objectContaining({ code: "BINANCE_PROXY", message: expect.stringMatching(/^HTTPS_PROXY /) }),
      );
      expect(refused).not.toThrow(/secret/);
    },
  );
});
