// Preload of a test: whatever connects by TCP, and to whom, ends at the loopback port of this file's query.
import net from "node:net";

const port = Number(new URL(import.meta.url).searchParams.get("port"));
const real = Reflect.get(net.Socket.prototype, "connect");

net.Socket.prototype.connect = function trapped(...args) {
  const [first] = args;
  const [options] = Array.isArray(first) ? first : args;
  const isPipe = typeof options === "object" && options !== null && "path" in options && options.path;
  return isPipe ? real.apply(this, args) : real.call(this, { host: "127.0.0.1", port });
};
