// node ask.mjs SQL: prints the rows of the answer as JSON, numbers of 64 bits as text.
import { DuckDBInstance } from "@duckdb/node-api";

const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
const reader = await connection.runAndReadAll(process.argv[2]);
const plain = (_key, value) => (typeof value === "bigint" ? String(value) : value);
process.stdout.write(JSON.stringify(reader.getRowObjects(), plain));
