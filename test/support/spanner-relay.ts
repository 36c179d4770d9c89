import {
  Client,
  credentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from '@grpc/grpc-js';

/** What a relay does with calls of a method instead of only passing them on. */
export interface Mishap {
  readonly code: status;
  /** what the error says */
  readonly details?: string;
  /** how many calls it meets; all from now on, unless said */
  readonly times?: number;
  /** meets only each so-manieth call: 10 is the 10th, the 20th, and so on */
  readonly every?: number;
  /** the emulator does its work, and its answer gets lost on the way */
  readonly applied?: true;
  /** nobody answers at all */
  readonly silent?: true;
}

const UNARY = ['BatchCreateSessions', 'CreateSession', 'DeleteSession', 'BeginTransaction', 'Commit', 'Rollback'];
const STREAMING = ['StreamingRead', 'ExecuteStreamingSql'];
const SERVICE = '/google.spanner.v1.Spanner/';
/** `multiplexed = true` of google.spanner.v1.Session (field 6). */
const MULTIPLEXED = Buffer.of(0x30, 1);
const asIs = (bytes: Buffer): Buffer => bytes;
/** Of no interest to anybody but the client and its sessions. */
const HOUSEKEEPING = ['BatchCreateSessions', 'CreateSession', 'DeleteSession'];

/** A wire between client and emulator: bytes go through unchanged, calls are noted, and mishaps happen on demand. */
export class SpannerRelay {
  readonly host: string;
  /** Methods called so far, without those that only manage sessions. */
  readonly calls: string[] = [];
  /** Their requests, as bytes. */
  readonly requests: Buffer[] = [];
  /** Commits answered ABORTED, by this relay before they reached the emulator and by the emulator itself. */
  readonly commitsAborted = { here: 0, there: 0 };
  readonly #multiplexed: boolean;
  readonly #server: Server;
  readonly #emulator: Client;
  readonly #mishaps = new Map<string, { readonly mishap: Mishap; left: number; met: number }>();

  private constructor(host: string, server: Server, emulator: Client, multiplexed: boolean) {
    this.host = host;
    this.#server = server;
    this.#emulator = emulator;
    this.#multiplexed = multiplexed;
  }

  /**
   * @param target host:port of the emulator
   * @param multiplexed answers as Google Cloud does, which multiplexes a session that is asked to be; the emulator does not
   */
  static async start(target: string, multiplexed = false): Promise<SpannerRelay> {
    const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
    const server = new Server(unlimited);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const emulator = new Client(target, credentials.createInsecure(), unlimited);
    const relay = new SpannerRelay(`127.0.0.1:${port}`, server, emulator, multiplexed);
    for (const name of UNARY) relay.#serveUnary(name);
    for (const name of STREAMING) relay.#serveStreaming(name);
    return relay;
  }

  happen(method: string, mishap: Mishap): void {
    this.#mishaps.set(method, { mishap, left: mishap.times ?? Number.POSITIVE_INFINITY, met: 0 });
  }

  stop(): void {
    this.#server.forceShutdown();
    this.#emulator.close();
  }

  #serveUnary(name: string): void {
    const path = SERVICE + name;
    const serve: handleUnaryCall<Buffer, Buffer> = (call, answer) => {
      const mishap = this.#note(name, call.request);
      if (mishap?.silent === true) return;
      const lost = mishap === undefined ? null : failure(mishap);
      if (lost !== null && mishap?.applied !== true) {
        if (name === 'Commit' && lost.code === status.ABORTED) this.commitsAborted.here += 1;
        answer(lost);
      } else {
        this.#emulator.makeUnaryRequest(path, asIs, asIs, call.request, onward(call.metadata), (error, bytes) => {
          if (name === 'Commit' && error?.code === status.ABORTED) this.commitsAborted.there += 1;
          const marked = this.#multiplexed && name === 'CreateSession' && bytes !== undefined;
          answer(error ?? lost, marked ? Buffer.concat([bytes, MULTIPLEXED]) : bytes);
        });
      }
    };
    this.#server.addService(
      { [name]: { path, requestStream: false, responseStream: false, ...CODEC } },
      { [name]: serve },
    );
  }

  #serveStreaming(name: string): void {
    const path = SERVICE + name;
    const serve: handleServerStreamingCall<Buffer, Buffer> = (call) => {
      const mishap = this.#note(name, call.request);
      if (mishap?.silent === true) return;
      if (mishap !== undefined) {
        call.emit('error', failure(mishap));
        return;
      }
      const stream = this.#emulator.makeServerStreamRequest(path, asIs, asIs, call.request, onward(call.metadata));
      stream.on('data', (bytes: Buffer) => call.write(bytes));
      stream.on('error', (error) => call.emit('error', error));
      stream.on('end', () => call.end());
    };
    this.#server.addService(
      { [name]: { path, requestStream: false, responseStream: true, ...CODEC } },
      { [name]: serve },
    );
  }

  #note(name: string, request: Buffer): Mishap | undefined {
    if (!HOUSEKEEPING.includes(name)) {
      this.calls.push(name);
      this.requests.push(request);
    }
    const expected = this.#mishaps.get(name);
    if (expected === undefined || expected.left === 0) return undefined;
    expected.met += 1;
    if (expected.met % (expected.mishap.every ?? 1) !== 0) return undefined;
    expected.left -= 1;
    return expected.mishap;
  }
}

const CODEC = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
} as const;

const failure = ({ code, details = `a mishap: ${status[code]}` }: Mishap) =>
  Object.assign(new Error(details), { code, details });

/** Headers that are about the resource, not about the connection they came by. */
function onward(metadata: Metadata): Metadata {
  const kept = new Metadata();
  for (const [name, value] of Object.entries(metadata.getMap())) {
    if (name.startsWith('x-goog-') || name === 'google-cloud-resource-prefix') kept.set(name, value);
  }
  return kept;
}
