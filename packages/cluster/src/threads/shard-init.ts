import type { MessagePort } from "node:worker_threads";
import type { ClockSpec } from "@smcq/kernel";
import type { ShardMemory, SlotAssignment } from "@smcq/wire";
import type { ScanOptions } from "../scan/scan-core.ts";

/** What a shard's thread is started with. */
export interface ShardInit {
  readonly memory: ShardMemory;
  readonly clockSpec: ClockSpec;
  readonly assignments: readonly SlotAssignment[];
  readonly isScanning: boolean;
  readonly scan: ScanOptions;
  /** A port of its own: `parentPort` also carries messages of Node's watch mode. */
  readonly port: MessagePort;
}
