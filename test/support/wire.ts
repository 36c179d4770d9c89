import { connect, type Socket } from 'node:net';

/** What a server sent on one connection. */
export interface Answer {
  /** everything, as latin1 */
  readonly raw: string;
  /** 0 where the connection was closed without an answer */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly closed: boolean;
  /** from the first byte sent until the answer was whole */
  readonly milliseconds: number;
}

/** Nothing that is answered takes as long; what is not ends here, as if it had been closed. */
const PATIENCE_MILLISECONDS = 2000;

export type Parts = readonly (string | Uint8Array)[];

function readAnswer(raw: string, closed: boolean): Omit<Answer, 'milliseconds'> | undefined {
  const blank = raw.indexOf('\r\n\r\n');
  if (blank < 0) return undefined;
  const [first = '', ...lines] = raw.slice(0, blank).split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const body = raw.slice(blank + 4);
  const status = Number(first.split(' ')[1]);
  const length = status === 204 ? 0 : Number(headers.get('content-length') ?? Number.POSITIVE_INFINITY);
  if (!closed && body.length < length) return undefined;
  return { raw, status, headers, body, closed };
}

export const bytesOf = (part: string | Uint8Array): Uint8Array =>
  typeof part === 'string' ? Buffer.from(part, 'latin1') : part;

/**
 * Sends bytes exactly as given.
 * @param until `answered`: one whole answer is enough; `closed`: everything until the server ends the connection; `silent`: the same,
 * and an end without any answer is one, of status 0
 */
export function exchange(port: number, parts: Parts, until: 'answered' | 'closed' | 'silent'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let raw = '';
    const patience = setTimeout(() => socket.destroy(), PATIENCE_MILLISECONDS);
    const started = performance.now();
    let milliseconds: number | undefined;
    const done = (closed: boolean): void => {
      const read = readAnswer(raw, closed);
      if (read !== undefined) milliseconds ??= performance.now() - started;
      const answer = read && { ...read, milliseconds: milliseconds! };
      if (answer !== undefined && (closed || until === 'answered')) {
        socket.destroy();
        resolve(answer);
      } else if (closed && until === 'silent')
        resolve({ raw, status: 0, headers: new Map(), body: '', closed, milliseconds: performance.now() - started });
      else if (closed) reject(new Error(`no whole answer before the end: ${raw}`));
    };
    socket.on('data', (chunk) => {
      raw += chunk.toString('latin1');
      done(false);
    });
    // A server that closes early may also reset what we still send; the answer before that is what counts.
    socket.on('error', () => done(true));
    socket.on('close', () => {
      clearTimeout(patience);
      done(true);
    });
    for (const part of parts) socket.write(bytesOf(part));
  });
}

/** One connection on which requests follow each other without waiting; answers come in their order. */
export class Pipe {
  readonly #socket: Socket;
  readonly #waiting: { readonly resolve: (answer: Answer) => void; readonly started: number }[] = [];
  #raw = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#raw += chunk.toString('latin1');
      this.#take();
    });
  }

  static open(port: number): Promise<Pipe> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Pipe(socket)));
      socket.once('error', reject);
    });
  }

  ask(parts: Parts): Promise<Answer> {
    return new Promise((resolve) => {
      this.#waiting.push({ resolve, started: performance.now() });
      this.#socket.write(Buffer.concat(parts.map(bytesOf)));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(): void {
    for (let read = readAnswer(this.#raw, false); read !== undefined; read = readAnswer(this.#raw, false)) {
      const length = read.status === 204 ? 0 : Number(read.headers.get('content-length'));
      const end = this.#raw.length - read.body.length + length;
      const { resolve, started } = this.#waiting.shift()!;
      const raw = this.#raw.slice(0, end);
      this.#raw = this.#raw.slice(end);
      resolve({ ...read, raw, body: read.body.slice(0, length), milliseconds: performance.now() - started });
    }
  }
}
