import {
  Client,
  credentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
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

interface Expected {
  readonly mishap: Mishap;
  left: number;
  seen: number;
}

export interface RelayedService {
  /** e.g. `/google.spanner.v1.Spanner/` */
  readonly path: string;
  readonly unary: readonly string[];
  readonly streaming: readonly string[];
  /** Methods of interest to nobody but the client, which are not noted. */
  readonly housekeeping?: readonly string[];
}

const asIs = (bytes: Buffer): Buffer => bytes;
const UNLIMITED = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

/** A wire between a client and its emulator: bytes go through unchanged, calls are noted, and mishaps happen on demand. */
export class GrpcRelay {
  /** Methods called so far, without the service's housekeeping. */
  readonly calls: string[] = [];
  /** Their requests, as bytes. */
  readonly requests: Buffer[] = [];
  /** How often each mishap happened, as `Commit UNAVAILABLE` or, where the emulator did its work, `Commit UNAVAILABLE applied`. */
  readonly met: Record<string, number> = {};
  readonly #service: RelayedService;
  readonly #server = new Server(UNLIMITED);
  readonly #emulator: Client;
  readonly #mishaps = new Map<string, Expected[]>();
  #host = '';

  /** @param target host:port of the emulator */
  protected constructor(target: string, service: RelayedService) {
    this.#service = service;
    this.#emulator = new Client(target, credentials.createInsecure(), UNLIMITED);
    for (const name of service.unary) this.#serveUnary(name);
    for (const name of service.streaming) this.#serveStreaming(name);
  }

  /** host:port */
  get host(): string {
    return this.#host;
  }

  protected async listen(): Promise<this> {
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.#host = `127.0.0.1:${port}`;
    return this;
  }

  /** From now on this happens to calls of a method, and nothing else. Of several that are due at once the first does; all count the call. */
  happen(method: string, ...mishaps: readonly Mishap[]): void {
    this.#mishaps.set(
      method,
      mishaps.map((mishap) => ({ mishap, left: mishap.times ?? Number.POSITIVE_INFINITY, seen: 0 })),
    );
  }

  stop(): void {
    this.#server.forceShutdown();
    this.#emulator.close();
  }

  /** Told of each error that a call is answered with. @param where whether this relay made it, or the emulator */
  protected failed(_method: string, _code: status, _where: 'here' | 'there'): void {}

  /** The answer as it goes out. */
  protected answered(_method: string, bytes: Buffer): Buffer {
    return bytes;
  }

  #serveUnary(name: string): void {
    const path = this.#service.path + name;
    const serve: handleUnaryCall<Buffer, Buffer> = (call, answer) => {
      const mishap = this.#note(name, call.request);
      if (mishap?.silent === true) return;
      const lost = mishap === undefined ? null : failure(mishap);
      if (lost !== null) this.failed(name, lost.code, 'here');
      if (lost !== null && mishap?.applied !== true) return answer(lost);
      this.#emulator.makeUnaryRequest(path, asIs, asIs, call.request, onward(call.metadata), (error, bytes) => {
        if (error !== null) this.failed(name, error.code, 'there');
        answer(error ?? lost, bytes === undefined ? undefined : this.answered(name, bytes));
      });
    };
    this.#server.addService(
      { [name]: { path, requestStream: false, responseStream: false, ...CODEC } },
      { [name]: serve },
    );
  }

  #serveStreaming(name: string): void {
    const path = this.#service.path + name;
    const serve: handleServerStreamingCall<Buffer, Buffer> = (call) => {
      const mishap = this.#note(name, call.request);
      if (mishap?.silent === true) return;
      if (mishap !== undefined) {
        this.failed(name, mishap.code, 'here');
        call.emit('error', failure(mishap));
        return;
      }
      const stream = this.#emulator.makeServerStreamRequest(path, asIs, asIs, call.request, onward(call.metadata));
      stream.on('data', (bytes: Buffer) => call.write(bytes));
      stream.on('error', (error: ServiceError) => {
        this.failed(name, error.code, 'there');
        call.emit('error', error);
      });
      stream.on('end', () => call.end());
    };
    this.#server.addService(
      { [name]: { path, requestStream: false, responseStream: true, ...CODEC } },
      { [name]: serve },
    );
  }

  #note(name: string, request: Buffer): Mishap | undefined {
    if (this.#service.housekeeping?.includes(name) !== true) {
      this.calls.push(name);
      this.requests.push(request);
    }
    const expected = this.#mishaps.get(name) ?? [];
    for (const one of expected) one.seen += 1;
    const due = expected.find(({ mishap, left, seen }) => left > 0 && seen % (mishap.every ?? 1) === 0);
    if (due === undefined) return undefined;
    due.left -= 1;
    const { code, applied } = due.mishap;
    const what = `${name} ${status[code]}${applied === true ? ' applied' : ''}`;
    this.met[what] = (this.met[what] ?? 0) + 1;
    return due.mishap;
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

/** Headers that are about the resource, or say who asks, not about the connection they came by. */
function onward(metadata: Metadata): Metadata {
  const kept = new Metadata();
  for (const [name, value] of Object.entries(metadata.getMap())) {
    if (name.startsWith('x-goog-') || name === 'google-cloud-resource-prefix' || name === 'authorization')
      kept.set(name, value);
  }
  return kept;
}
