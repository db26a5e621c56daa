import { measureWireOrders } from "./lib/wire-orders.ts";
import { distributionOf } from "./lib/results.ts";
const r = await measureWireOrders(Number(process.argv[2] ?? 2));
for (const [n, v] of Object.entries(r))
  console.log(
    n,
    v.length,
    distributionOf(v as number[], { id: "", group: "", title: "", unit: "us" }).quantiles,
  );
