// Preload of a test: the wall's time of a process and of its threads goes by the number in the file of this address' query, ms added.
import { readFileSync } from "node:fs";

const file = new URL(import.meta.url).searchParams.get("file");
const LOOK_MS = 20;
const real = Date.now.bind(Date);
let lookedMs = Number.NEGATIVE_INFINITY;
let offsetMs = 0;

Date.now = () => {
  const nowMs = performance.now();
  if (nowMs - lookedMs >= LOOK_MS) {
    lookedMs = nowMs;
    offsetMs = Number(readFileSync(file, "latin1")) || 0;
  }
  return real() + offsetMs;
};
