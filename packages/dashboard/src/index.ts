export { ControlWords } from "./access/control-words.ts";
export type { AccessFiles } from "./access/token-files.ts";
export { readTokens, TOKEN_FILES } from "./access/token-files.ts";
export type {
  ApiAnswer,
  ControlWord,
  DashboardSource,
  EngineShown,
  IncidentShown,
  LiveFrame,
  LiveState,
  PositionShown,
  StatusShown,
} from "./contract.ts";
export { DashboardServer } from "./http/dashboard-server.ts";
export type { DashboardServerOptions, Listening } from "./http/dashboard-server.ts";
export { pageFolder } from "./page-folder.ts";
