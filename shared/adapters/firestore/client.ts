import { Firestore } from '@google-cloud/firestore';

export type FirestoreClient = Firestore;

export interface FirestoreOptions {
  readonly project: string;
  /** Name of the database; a project's first one is called `(default)`. */
  readonly database: string;
  /** `host:port` of an emulator, spoken to without TLS or credentials. */
  readonly emulatorHost?: string;
}

/**
 * The one Firestore client of a process: it keeps gRPC connections of its own, so all adapters share it. Whoever opens it
 * ends it with `terminate()`.
 *
 * gRPC, not `preferRest`: either way the import takes 130 to 150 ms, because the client loads gRPC even where it speaks REST;
 * REST answers the first call some 20 ms earlier and every later one about twice as slowly (measured, client 9.4.1, Node 24).
 */
export function openFirestore({ project, database, emulatorHost }: FirestoreOptions): FirestoreClient {
  return new Firestore({
    projectId: project,
    databaseId: database,
    // A member that is undefined is a bug of ours: dropping it in silence would make a read model that nobody meant.
    ignoreUndefinedProperties: false,
    // Money and quantities are strings; the integers are counts, which a double holds exactly up to 2^53.
    useBigInt: false,
    ...(emulatorHost === undefined ? {} : { host: emulatorHost, ssl: false, auth: NO_CREDENTIALS }),
  });
}

// Without this the client looks for credentials and a metadata server, though it sends neither to an emulator
// (google-gax `GrpcClient.createStub` asks for the universe domain whatever the channel's credentials are).
const NO_CREDENTIALS = { getUniverseDomain: async () => 'googleapis.com' };
