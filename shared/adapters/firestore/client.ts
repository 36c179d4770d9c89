import { Firestore, type Settings } from '@google-cloud/firestore';
import { TryAgain } from '../../domain/errors.ts';
import { isTransient } from './failures.ts';

export interface FirestoreOptions {
  readonly project: string;
  /** Name of the database; a project's first one is called `(default)`. */
  readonly database: string;
  /** `host:port` of an emulator, spoken to without TLS or credentials. */
  readonly emulatorHost?: string;
  /**
   * How long a call waits for its answer, 10 s unless said. Nothing that stands behind Firestore is worth more: what is missing
   * there, the sweep puts there later.
   */
  readonly patienceMilliseconds?: number;
}

const PATIENCE_MILLISECONDS = 10_000;
const LAST_ANSWERS_MILLISECONDS = 1000;

/**
 * The one Firestore client of a process: it keeps gRPC connections of its own, so all adapters share it. Whoever opens it
 * ends it with `terminate()`.
 *
 * gRPC, not `preferRest`: either way the import takes 130 to 150 ms, because the client loads gRPC even where it speaks REST;
 * REST answers the first call some 20 ms earlier and every later one about twice as slowly (measured, client 9.4.1, Node 24).
 */
export const openFirestore = (options: FirestoreOptions): FirestoreClient =>
  new FirestoreClient(
    {
      projectId: options.project,
      databaseId: options.database,
      // A member that is undefined is a bug of ours: dropping it in silence would make a read model that nobody meant.
      ignoreUndefinedProperties: false,
      // Money and quantities are strings; the integers are counts, which a double holds exactly up to 2^53.
      useBigInt: false,
      ...(options.emulatorHost === undefined ? {} : { host: options.emulatorHost, ssl: false, auth: NO_CREDENTIALS }),
    },
    options.patienceMilliseconds ?? PATIENCE_MILLISECONDS,
  );

// Without this the client looks for credentials and a metadata server, though it sends neither to an emulator
// (google-gax `GrpcClient.createStub` asks for the universe domain whatever the channel's credentials are).
const NO_CREDENTIALS = { getUniverseDomain: async () => 'googleapis.com' };

/** Google's client with an end to its patience. */
export class FirestoreClient extends Firestore {
  readonly #patienceMilliseconds: number;
  readonly #unanswered = new Set<Promise<unknown>>();

  constructor(settings: Settings, patienceMilliseconds: number) {
    super(settings);
    this.#patienceMilliseconds = patienceMilliseconds;
  }

  /**
   * Awaits an answer. Left alone the client repeats a write that finds nobody for up to ten minutes (`total_timeout_millis` of
   * its `firestore_client_config.json`, which no setting changes) and the request behind it would outlive its push
   * subscription's deadline. What is given up may still arrive: writes here are made so that it may.
   * @throws TryAgain for what may pass, everything else as it is
   */
  async answered<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(forget, forget);
    this.#unanswered.add(settled);
    void settled.then(() => this.#unanswered.delete(settled));
    try {
      return await Promise.race([work, after(this.#patienceMilliseconds, 'Firestore has not answered')]);
    } catch (error) {
      if (isTransient(error)) throw new TryAgain('Firestore does not answer now', 1, { cause: error });
      throw error;
    }
  }

  /**
   * Closes the connections, unless a call that was given up is still being repeated: ending the client under it is an unhandled
   * rejection inside the client (`requestStream` does not await its pool), and the process would die in the middle of its drain.
   * Such connections end with the process.
   */
  override async terminate(): Promise<void> {
    const last = Promise.allSettled(this.#unanswered).then(forget);
    await Promise.race([last, after(LAST_ANSWERS_MILLISECONDS, 'calls are left').catch(forget)]);
    if (this.#unanswered.size === 0) await super.terminate();
  }
}

const forget = (): void => undefined;

/** Rejects after so many milliseconds; keeps no process alive. */
const after = (milliseconds: number, what: string): Promise<never> =>
  new Promise((_, reject) => {
    const patience = AbortSignal.timeout(milliseconds);
    patience.addEventListener('abort', () => reject(new TryAgain(`${what} in ${milliseconds} ms`)));
  });
