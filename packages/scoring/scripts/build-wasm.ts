/** Compiles the scorer's WASM. */
export async function buildWasm(): Promise<void> {}
