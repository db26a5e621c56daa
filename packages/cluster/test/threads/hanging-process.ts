/** Says once that it lives and then never gives its event loop a turn again. */
process.send?.({ type: "alive" }, undefined, {}, () => {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(nothing, 0, 0);
});
