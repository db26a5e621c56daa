// Makes the keys of a run known to whoever looks for them, and has a diagnostic report written on SIGUSR2, into the folder that
// the query of its address names.
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

const real = crypto.randomBytes;
const texts = ["canary of the key, 32 bytes long", "canary of the secret, 32 bytes l"];
let made = 0;
crypto.randomBytes = (size, ...rest) =>
  size === 32 && rest.length === 0 && made < texts.length
    ? Buffer.from(texts[made++] ?? "", "latin1")
    : real(size, ...rest);
syncBuiltinESMExports();
process.report.reportOnSignal = true;
process.report.signal = "SIGUSR2";
process.report.directory = new URL(import.meta.url).searchParams.get("reports") ?? "";
