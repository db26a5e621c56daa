#!/usr/bin/env node
// Nothing but this check may run on an old Node: native packages built for a newer one would take the process down.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `Node ${process.version} is too old: 22.19 or newer is needed. \`pnpm run engine\` brings its own.`,
  );
  process.exit(1);
}
const { main } = await import("./cli.ts");
const { howStarted, isHangupIgnored } = await import("./process/hangup.ts");
const { sayFaultsAloud } = await import("./output/faults-aloud.ts");
sayFaultsAloud();
// Without a listener Node ends whatever `nohup` has started.
if (isHangupIgnored(howStarted())) process.on("SIGHUP", () => {});
process.exitCode = await main(process.argv.slice(2));

export {};
