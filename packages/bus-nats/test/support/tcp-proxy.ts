import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A way to a port of loopback that can be cut: what is sent then is held, as by a network that has parted. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Come while it was cut: nobody answers them. */
  readonly #held = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on("connection", (near) => {
      if (proxy.#isCut) {
        proxy.#held.add(near);
        near.on("error", () => {});
        return;
      }
      const far = connect(port, "127.0.0.1");
      proxy.#join(near, far);
      proxy.#join(far, near);
      near.pipe(far);
      far.pipe(near);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Holds everything, both ways, and answers no new connection; or lets it through again: what was held comes late. */
  cut(isCut: boolean): void {
    this.#isCut = isCut;
    for (const socket of this.#sockets)
      if (isCut) socket.pause();
      else socket.resume();
    if (!isCut) this.#drop();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#drop();
    this.#server.close();
    await once(this.#server, "close");
  }

  #drop(): void {
    for (const socket of this.#held) socket.destroy();
    this.#held.clear();
  }

  #join(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      other.destroy();
    });
  }
}
