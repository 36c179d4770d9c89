import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

// As for the guard: the framework makes its server after our code has loaded and never shows it to us, but Node announces it.
const LISTEN = 'tracing:net.server.listen:asyncStart';
const REQUEST = 'http.server.request.start';

/** Every HTTP server of this process, and the requests that they have not answered yet. */
export class Traffic {
  readonly #servers = new Set<Server>();
  /** Oldest first. */
  readonly #underway = new Set<ServerResponse<IncomingMessage>>();
  readonly #onServer: (server: Server) => void;
  #parting = false;
  #onQuiet: () => void = () => undefined;

  private constructor(onServer: (server: Server) => void) {
    this.#onServer = onServer;
  }

  /**
   * Watches from now on, servers that listen later as well as those that get their next request.
   * @param onServer told of each server before its `listening` event
   */
  static watch(onServer: (server: Server) => void): Traffic {
    const traffic = new Traffic(onServer);
    subscribe(LISTEN, traffic.#listens);
    subscribe(REQUEST, traffic.#begins);
    return traffic;
  }

  unwatch(): void {
    unsubscribe(LISTEN, this.#listens);
    unsubscribe(REQUEST, this.#begins);
  }

  get isListening(): boolean {
    return [...this.#servers].some((server) => server.listening);
  }

  /** From now on each connection is told by its last answer that it ends there. */
  part(): void {
    this.#parting = true;
    for (const response of this.#underway) this.#partAfter(response);
  }

  /** Takes no new connection, ends those on which nothing is asked, and the others once they are answered. */
  closeServers(): void {
    for (const server of this.#servers) server.close();
  }

  /** Resolves when no request is under way. */
  async quiet(): Promise<void> {
    while (this.#underway.size > 0) await new Promise<void>((resolve) => (this.#onQuiet = resolve));
  }

  /** Ends every connection, after `lastWord` to each request under way that has no answer begun. @returns how many were under way */
  cut(lastWord: (response: ServerResponse<IncomingMessage>) => void): number {
    const left = [...this.#underway];
    for (const response of left) if (!response.headersSent) lastWord(response);
    // Connections that have not sent a whole head are left. Nobody may ask anything any more of what is closed next.
    if (left.length === 0) for (const server of this.#servers) server.closeAllConnections();
    return left.length;
  }

  readonly #listens = (message: unknown): void => {
    const server = fieldOf(message, 'server');
    if (!(server instanceof Server) || this.#servers.has(server)) return;
    this.#servers.add(server);
    server.once('close', () => this.#servers.delete(server));
    this.#onServer(server);
  };

  readonly #begins = (message: unknown): void => {
    const response = fieldOf(message, 'response');
    if (!(response instanceof ServerResponse)) return;
    this.#underway.add(response);
    response.once('close', () => this.#ends(response));
    if (this.#parting) this.#partAfter(response);
  };

  #ends(response: ServerResponse<IncomingMessage>): void {
    this.#underway.delete(response);
    // An answer that had begun before could not say that it is the connection's last.
    if (this.#parting) for (const server of this.#servers) server.closeIdleConnections();
    if (this.#underway.size === 0) this.#onQuiet();
  }

  // A second request may be waiting behind the first on one connection (pipelining): `close` on any but the last answer
  // would throw away those behind it.
  #partAfter(response: ServerResponse<IncomingMessage>): void {
    const { socket } = response.req;
    for (const other of this.#onSameConnection(response, socket))
      if (!other.headersSent) other.setHeader('Connection', 'keep-alive');
    if (!response.headersSent) response.setHeader('Connection', 'close');
  }

  #onSameConnection(response: ServerResponse<IncomingMessage>, socket: Socket): ServerResponse<IncomingMessage>[] {
    return [...this.#underway].filter((other) => other !== response && other.req.socket === socket);
  }
}

const fieldOf = (message: unknown, name: string): unknown =>
  typeof message === 'object' && message !== null ? Reflect.get(message, name) : undefined;
