import type { EngineConfig } from "@smcq/config";
import type { CredentialSources } from "@smcq/exchange-binance/trading";

/** The files of key and secret that the settings name. */
export function keyFilesOf({ account }: Pick<EngineConfig, "account">): Omit<CredentialSources, "env"> {
  const { keyFile, secretFile } = account;
  return {
    ...(keyFile === null ? {} : { keyFile }),
    ...(secretFile === null ? {} : { secretFile }),
  };
}
