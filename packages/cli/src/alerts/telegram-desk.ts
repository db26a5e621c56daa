import type { Desk } from "@smcq/alerts";
import { ledgerFile, RecordReader } from "@smcq/ledger";
import { askEngine } from "../control/control-client.ts";
import { positionsText, statusText, wordText } from "../control/control-text.ts";
import { askPnl } from "../offline/ledger/ask-pnl.ts";

/** Answers a person in a chat: as the commands of the same names do, of the engine and the ledger of a data folder. */
export function telegramDesk(dataDir: string): Desk {
  return {
    look: async (look) => {
      switch (look) {
        case "status":
          return statusText(await askEngine(dataDir, { request: "status" }));
        case "positions":
          return positionsText(await askEngine(dataDir, { request: "positions" }));
        case "pnl":
          return pnlText(dataDir);
        default:
          return look satisfies never;
      }
    },
    say: async (word) => wordText(await askEngine(dataDir, { request: word, by: "telegram" })),
  };
}

function pnlText(dataDir: string): string {
  const reader = new RecordReader(ledgerFile(dataDir));
  try {
    return askPnl(reader, reader.run(null), "day").text;
  } finally {
    reader.close();
  }
}
