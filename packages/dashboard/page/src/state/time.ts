import { signal } from "@preact/signals";

/* The page's only door to the browser's clock. */

/** Wall ms of this machine. */
export function nowMs(): number {
  return Date.now();
}

/** Calls again and again; returns what stops it. */
export function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  return () => clearInterval(timer);
}

export function after(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}

/** Calls before the screen is drawn next; not while nobody sees it. */
export function nextFrame(work: () => void): void {
  requestAnimationFrame(work);
}

/** The time, once a second: what an age on the page is counted by. */
export const second = signal(nowMs());
every(1_000, () => {
  second.value = nowMs();
});
