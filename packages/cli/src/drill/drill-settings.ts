import type { EngineConfig } from "@smcq/config";
import { takeAlertsEnvironment, type Environment } from "../alerts/alert-secrets.ts";
import type { AlertSink } from "./alert-sink.ts";

/**
 * What the user's engine runs with, in a folder of the drill's own and in mode sim. Whatever leads out of the drill is cut
 * off: nobody is woken, no bot takes a `/halt` from the engine that trades, no mirror gets the drill's ledger, no other host hears of it. The alerts go to `alertsUrl`
 * by the user's limits; quiet hours are left out, so that a rehearsal tells at any hour what it would tell.
 */
export function drillSettings(
  config: EngineConfig,
  { dataDir, alertsUrl }: { readonly dataDir: string; readonly alertsUrl: string },
): EngineConfig {
  const { alerts, bus, ledger, metrics } = config;
  return {
    ...config,
    mode: "sim",
    role: "all",
    bus: { ...bus, url: null },
    dataDir,
    runForMs: null,
    metrics: { ...metrics, port: null },
    ledger: { ...ledger, mirrorUrl: null, mirrorPasswordFile: null },
    alerts: {
      ...alerts,
      channels: ["webhook"],
      quietHours: null,
      webhook: { url: alertsUrl, secretFile: null },
    },
  };
}

/**
 * The environment of the drilled engine: without settings, for those in force stand in its file and a variable would win over
 * it, and without the user's ways to be told.
 */
export function drillEnvironment(env: Environment, { secret }: Pick<AlertSink, "secret">): Environment {
  const own: Environment = { ...env };
  takeAlertsEnvironment(own);
  for (const name of Object.keys(own)) if (name.startsWith("SMCQ_")) delete own[name];
  return { ...own, ALERTS_WEBHOOK_SECRET: secret };
}
