// Rewrites config.schema.json from the schema: node --conditions=@smcq/source packages/config/scripts/write-schema.ts
import { writeFileSync } from "node:fs";
import { jsonSchema } from "../src/index.ts";

writeFileSync(
  new URL("../config.schema.json", import.meta.url),
  `${JSON.stringify(jsonSchema(), null, 2)}\n`,
);
