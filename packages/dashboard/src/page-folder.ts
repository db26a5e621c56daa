import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SmcqError } from "@smcq/kernel";

/** Where the built page lies, seen from `src` as from `dist`; refuses with DASHBOARD_PAGE where it was not built. */
export function pageFolder(): string {
  const folder = fileURLToPath(new URL("../dist/page", import.meta.url));
  if (existsSync(join(folder, "index.html"))) return folder;
  throw new SmcqError(
    "DASHBOARD_PAGE",
    `the dashboard's page is not built: ${folder} has no index.html; \`pnpm run build\` makes it`,
    { context: { folder } },
  );
}
