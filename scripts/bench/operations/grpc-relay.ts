import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** One call as it went over the wire: its messages as bytes, and gRPC's status, 0 for OK. */
export interface GrpcCall {
  /** `/google.spanner.v1.Spanner/Commit` */
  readonly path: string;
  readonly requests: readonly Buffer[];
  readonly responses: readonly Buffer[];
  readonly status: number;
}

/** A message's frame: a byte that says whether it is compressed, its length, the message itself. */
const FRAME_HEAD_BYTES = 5;

/** A wire between a client and an emulator of any gRPC service: bytes go through unchanged, finished calls are told of. */
export class GrpcRelay {
  readonly host: string;
  readonly #server: Http2Server;
  readonly #sessions: Set<ServerHttp2Session>;

  private constructor(host: string, server: Http2Server, sessions: Set<ServerHttp2Session>) {
    this.host = host;
    this.#server = server;
    this.#sessions = sessions;
  }

  /**
   * @param target host:port
   * @param hear told of each call before its caller learns how it ended, so that who waits for the answer finds it counted
   */
  static async start(target: string, hear: (call: GrpcCall) => void): Promise<GrpcRelay> {
    const server = createServer();
    const sessions = new Set<ServerHttp2Session>();
    server.on('session', (session) => {
      const upstream = connect(`http://${target}`);
      // A connection that breaks ends its calls, and those are told of one by one.
      upstream.on('error', () => session.destroy());
      session.on('error', () => upstream.destroy());
      sessions.add(session);
      session.once('close', () => {
        sessions.delete(session);
        upstream.destroy();
      });
      session.on('stream', (stream, headers) => passOn(stream, headers, { upstream, target, hear }));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return new GrpcRelay(`127.0.0.1:${(server.address() as AddressInfo).port}`, server, sessions);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const session of this.#sessions) session.destroy();
    await closed;
  }
}

interface Wire {
  readonly upstream: ClientHttp2Session;
  readonly target: string;
  readonly hear: (call: GrpcCall) => void;
}

function passOn(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, { upstream, target, hear }: Wire): void {
  const asked: Buffer[] = [];
  const answered: Buffer[] = [];
  const end = (last: IncomingHttpHeaders): void =>
    hear({
      path: String(headers[':path']),
      requests: messagesOf(Buffer.concat(asked)),
      responses: messagesOf(Buffer.concat(answered)),
      status: Number(last['grpc-status'] ?? 0),
    });
  const onward: ClientHttp2Stream = upstream.request({ ...headers, ':authority': target });
  stream.on('data', (chunk: Buffer) => {
    asked.push(chunk);
    onward.write(chunk);
  });
  stream.on('end', () => onward.end());
  stream.on('error', () => onward.close(constants.NGHTTP2_CANCEL));
  stream.on('aborted', () => onward.close(constants.NGHTTP2_CANCEL));
  onward.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));

  let trailers: IncomingHttpHeaders = {};
  onward.on('response', (head, flags) => {
    if (stream.destroyed) return;
    // A call that fails at once has its status in the head, and nothing follows.
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
      end(head);
      stream.respond(sendable(head), { endStream: true });
      return;
    }
    stream.respond(sendable(head), { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers(sendable(trailers)));
    onward.on('data', (chunk: Buffer) => {
      answered.push(chunk);
      stream.write(chunk);
    });
    onward.on('end', () => {
      end(trailers);
      stream.end();
    });
  });
  onward.on('trailers', (last) => {
    trailers = last;
  });
}

/** What is marked as sensitive there is a symbol, which cannot be sent as a header. */
const sendable = (headers: IncomingHttpHeaders): OutgoingHttpHeaders => Object.fromEntries(Object.entries(headers));

function messagesOf(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + FRAME_HEAD_BYTES <= bytes.length; ) {
    if (bytes[at] !== 0) throw new Error('a compressed message cannot be read here');
    const start = at + FRAME_HEAD_BYTES;
    const end = start + bytes.readUInt32BE(at + 1);
    found.push(bytes.subarray(start, end));
    at = end;
  }
  return found;
}
