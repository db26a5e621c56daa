import { assert, hashText } from "@smcq/kernel";

/**
 * Who is to have each part. Given the same members and the same owners, every host comes to the same answer:
 *
 * - each member has as many parts as every other, or one more: who has one more, a hash of its name says;
 * - who has a part keeps it, as far as that goes: with `N` members, one that comes gets about `parts / N`, and of one that goes
 *   its own move, and hardly any others;
 * - what has to move goes where it ranks highest by the hash of part and member (rendezvous hashing), room given; and moving one
 *   part after another changes nothing for those that are still to move.
 *
 * `owners`: by part, null: nobody. Owners that are no members count as nobody. Returns a member for each part.
 */
export function assignParts(
  members: readonly string[],
  owners: readonly (string | null)[],
): readonly string[] {
  assert(members.length > 0, "Invariant: parts are given to somebody");
  const room = quotas(members, owners.length);
  const result: (string | null)[] = owners.map(() => null);
  const kept = owners
    .map((owner, part) => ({ owner, part }))
    .filter(
      (claim): claim is { owner: string; part: number } => claim.owner !== null && room.has(claim.owner),
    )
    // Of one that has too many, those stay that rank highest with it.
    .sort((a, b) => weight(b.part, b.owner) - weight(a.part, a.owner) || a.part - b.part);
  for (const { owner, part } of kept) if (take(room, owner)) result[part] = owner;
  for (let part = 0; part < result.length; part++) result[part] ??= bestWithRoom(part, room);
  return result as readonly string[];
}

/** How many parts each member may have. */
function quotas(members: readonly string[], parts: number): Map<string, number> {
  const ranked = [...members].sort((a, b) => hashText(b) - hashText(a) || (a < b ? -1 : 1));
  const least = Math.floor(parts / ranked.length);
  const more = parts % ranked.length;
  return new Map(ranked.map((member, rank) => [member, least + Number(rank < more)]));
}

function bestWithRoom(part: number, room: Map<string, number>): string {
  let best: string | null = null;
  let bestWeight = -1;
  for (const [member, left] of room) {
    const own = weight(part, member);
    if (left === 0 || own < bestWeight || (own === bestWeight && best !== null && member > best)) continue;
    best = member;
    bestWeight = own;
  }
  assert(best !== null, "Invariant: quotas hold all parts");
  take(room, best);
  return best;
}

function take(room: Map<string, number>, member: string): boolean {
  const left = room.get(member) ?? 0;
  if (left === 0) return false;
  room.set(member, left - 1);
  return true;
}

function weight(part: number, member: string): number {
  return hashText(`${part}:${member}`);
}
