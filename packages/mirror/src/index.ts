export { MirrorErrorCode } from "./errors.ts";
export { Mirror } from "./mirror.ts";
export type { MirrorOptions, MirrorProgress, MirrorResult } from "./mirror.ts";
export { MIRROR_MIGRATIONS } from "./schema/migrate.ts";
export type { PasswordSource } from "./session.ts";
export type {
  LogName,
  MirrorSource,
  Place,
  Places,
  SourceChange,
  SourceRows,
  SourceValue,
} from "./source.ts";
export { readPasswordFile, targetOf } from "./target.ts";
export type { MirrorTarget } from "./target.ts";
