import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** what the header says; undefined where there is none */
  readonly retryAfter: string | undefined;
  /** as the answer counts them; undefined where it counts none */
  readonly taken: number | undefined;
}

const HEAD_END = Buffer.from('\r\n\r\n', 'latin1');
/** Counts stand at the beginning of an answer to usage. */
const COUNTS_BYTES = 100;
/** Servers end connections on which nothing happens (Node after 5 s): one that might just be ended is left before. */
const IDLE_MILLISECONDS = 4000;

/**
 * One connection that is kept alive, with one request at a time: bytes in, bytes out.
 *
 * An HTTP client of the usual kind costs more than the server's own front does. This one knows just enough of an answer: its status,
 * `Content-Length`, `Retry-After`, and the counts that its body begins with.
 */
export class Connection {
  readonly #port: number;
  readonly #answered: (answer: Answer) => void;
  readonly #broke: () => void;
  #socket: Socket | undefined;
  #partialHead: Buffer | undefined;
  #status = 0;
  #retryAfter: string | undefined;
  #closes = false;
  /** bytes of the body that are still to come; -1 while the head is */
  #left = -1;
  #counts = '';
  #underWay = false;
  #usedAt = 0;

  /**
   * @param answered told of each answer, in order
   * @param broke told when the connection ended before an answer was whole; the next request opens another
   */
  constructor(port: number, answered: (answer: Answer) => void, broke: () => void) {
    this.#port = port;
    this.#answered = answered;
    this.#broke = broke;
  }

  async open(): Promise<void> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#attach(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  }

  send(head: Buffer, body: Buffer): void {
    let socket = this.#socket;
    const now = performance.now();
    if (socket === undefined || socket.destroyed || now - this.#usedAt > IDLE_MILLISECONDS) {
      this.#socket = undefined;
      socket?.destroy();
      socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
      this.#attach(socket);
    }
    this.#underWay = true;
    if (body.length < 4096) {
      socket.write(Buffer.concat([head, body]));
      return;
    }
    // Both in one call of the system, without a copy.
    socket.cork();
    socket.write(head);
    socket.write(body);
    socket.uncork();
  }

  close(): void {
    this.#underWay = false;
    this.#socket?.destroy();
  }

  #attach(socket: Socket): void {
    this.#socket = socket;
    this.#usedAt = performance.now();
    this.#left = -1;
    this.#partialHead = undefined;
    socket.on('data', (chunk: Buffer) => {
      // What nobody asked for is a server that lost patience with an idle connection.
      if (this.#underWay && this.#socket === socket) this.#read(chunk);
      else socket.destroy();
    });
    // What went wrong is told by `close`, which always follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (!this.#underWay) return;
      this.#underWay = false;
      this.#broke();
    });
  }

  #read(chunk: Buffer): void {
    let body = chunk;
    if (this.#left < 0) {
      const bytes = this.#partialHead === undefined ? chunk : Buffer.concat([this.#partialHead, chunk]);
      const end = bytes.indexOf(HEAD_END);
      if (end < 0) {
        this.#partialHead = bytes;
        return;
      }
      this.#partialHead = undefined;
      this.#readHead(bytes.toString('latin1', 0, end + 2));
      body = bytes.subarray(end + HEAD_END.length);
    }
    if (this.#counts.length < COUNTS_BYTES) {
      this.#counts += body.toString('latin1', 0, Math.min(body.length, COUNTS_BYTES - this.#counts.length));
    }
    this.#left -= body.length;
    if (this.#left === 0) this.#finish();
    else if (this.#left < 0) throw new Error('an answer is longer than it says');
  }

  #readHead(head: string): void {
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1];
    if (!head.startsWith('HTTP/1.1 ') || length === undefined) throw new Error(`an answer without length: ${head}`);
    this.#status = Number(head.slice(9, 12));
    this.#retryAfter = this.#status < 400 ? undefined : /\r\nretry-after: *([^\r]+)\r\n/i.exec(head)?.[1];
    this.#closes = this.#status >= 400 && /\r\nconnection: *close\r\n/i.test(head);
    this.#left = Number(length);
    this.#counts = '';
  }

  #finish(): void {
    this.#left = -1;
    this.#underWay = false;
    this.#usedAt = performance.now();
    if (this.#closes) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    const counts = this.#status === 202 ? /"accepted":(\d+),"duplicates":(\d+)/.exec(this.#counts) : null;
    const taken = counts === null ? undefined : Number(counts[1]) + Number(counts[2]);
    this.#answered({ status: this.#status, retryAfter: this.#retryAfter, taken });
  }
}
