import { randomInt } from "node:crypto";

const ID_LENGTH = 4;

/**
 * The four characters that begin the ids of a process's orders: no two processes on an account have the same ones but by
 * chance, for an order that one before has left at the venue must not be taken for a new one.
 */
export function newEngineId(): string {
  return randomInt(36 ** ID_LENGTH)
    .toString(36)
    .padStart(ID_LENGTH, "0");
}
