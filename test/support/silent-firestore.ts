import { type handleServerStreamingCall, type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';

type Bytes = Uint8Array;
const asTheyAre = { serialize: (bytes: Bytes) => Buffer.from(bytes), deserialize: (bytes: Bytes) => bytes };
const raw = {
  requestSerialize: asTheyAre.serialize,
  requestDeserialize: asTheyAre.deserialize,
  responseSerialize: asTheyAre.serialize,
  responseDeserialize: asTheyAre.deserialize,
};
const at = (method: string) => `/google.firestore.v1.Firestore/${method}`;
const SERVICE = {
  commit: { path: at('Commit'), requestStream: false, responseStream: false, ...raw },
  batchGetDocuments: { path: at('BatchGetDocuments'), requestStream: false, responseStream: true, ...raw },
  runQuery: { path: at('RunQuery'), requestStream: false, responseStream: true, ...raw },
} as const;

/** A Firestore that takes every call and answers none, as one does behind a network that swallows packets. */
export interface SilentFirestore {
  readonly host: string;
  /**
   * Answers what is waiting and ends: there is no such document, the query finds nothing, the write is refused. Its client
   * repeats a read that failed, whatever the reason, for seven seconds.
   */
  stop(): void;
}

export async function silentFirestore(): Promise<SilentFirestore> {
  const answers: (() => void)[] = [];
  const refusal = { code: status.PERMISSION_DENIED, details: 'the test is over' };
  const commit: handleUnaryCall<Bytes, Bytes> = (_, callback) => void answers.push(() => callback(refusal));
  const runQuery: handleServerStreamingCall<Bytes, Bytes> = (call) => void answers.push(() => call.end());
  const batchGetDocuments: handleServerStreamingCall<Bytes, Bytes> = (call) =>
    void answers.push(() => {
      call.write(missing(call.request));
      call.end();
    });
  const server = new Server();
  server.addService(SERVICE, { commit, batchGetDocuments, runQuery });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    host: `127.0.0.1:${port}`,
    stop: () => {
      for (const answer of answers) answer();
      server.tryShutdown(() => undefined);
    },
  };
}

/** `BatchGetDocumentsResponse` with `missing` (field 2) and an empty `read_time` (field 4); the name ends the request. */
function missing(request: Bytes): Bytes {
  const bytes = Buffer.from(request);
  const name = bytes.subarray(bytes.lastIndexOf('projects/'));
  return Buffer.concat([Buffer.from([0x12, name.length]), name, Buffer.from([0x22, 0])]);
}
