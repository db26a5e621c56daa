/** A venue time for people, to the second. */
export function timeText(timeMs: number): string {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: "UTC",
    dateStyle: "short",
    timeStyle: "medium",
  });
  return `${format.format(timeMs)} UTC`;
}
