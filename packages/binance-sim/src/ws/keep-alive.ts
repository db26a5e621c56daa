import type { SimStats } from "../stats.ts";
import type { Venue } from "../venue.ts";
import type { Connection } from "./connection.ts";

const MS_NS = 1e6;

/** Pings a connection, and ends one that owes a pong for too long or has reached its lifetime. */
export function keepAlive(connection: Connection, venue: Venue, stats: SimStats): void {
  if (connection.isBlackholed || !connection.isOpen) return;
  const { clock, wall, speed } = venue.time;
  const { pingEveryMs, pongDeadlineMs, lifetimeMs, pingWallMsMin, pongWallMsMin } = venue.settings;
  // At high speed the venue's times would shrink below what a socket can do: wall times are the floor.
  const wallNs = wall.monoNs();
  if (clock.nowMs() - connection.openedAtMs >= lifetimeMs) {
    stats.connections.expired++;
    connection.ws.close(1001, "lifetime reached");
    return;
  }
  const deadlineNs = Math.max(pongWallMsMin, pongDeadlineMs / speed) * MS_NS;
  if (connection.lastPingNs > connection.lastPongNs && wallNs - connection.lastPongNs > deadlineNs) {
    stats.connections.expired++;
    connection.ws.close(1008, "Pong timeout");
    return;
  }
  if (wallNs - connection.lastPingNs < Math.max(pingWallMsMin, pingEveryMs / speed) * MS_NS) return;
  connection.lastPingNs = wallNs;
  connection.ws.ping(String(clock.nowMs()));
}
