import type { Transaction as SpannerTransaction } from '@google-cloud/spanner';
import type { Clock } from '../../ports/clock.ts';
import type { AnyTable, Columns, Database, Key, Reader, RowOf, Table, Transaction } from '../../ports/database.ts';
import type { Entropy } from '../../ports/entropy.ts';
import { openSpannerClient, type SpannerClient, type SpannerPlace } from './spanner-client.ts';
import {
  fateOf,
  fateOfCommit,
  isSessionLost,
  pauseBefore,
  RERUNS_MAX,
  tryAgain,
  withPatience,
} from './spanner-failures.ts';
import { SpannerReader } from './spanner-reader.ts';
import type { Mutation } from './spanner-rows.ts';
import { pauseBetweenStreams } from './spanner-streams.ts';
import { BufferedTransaction } from './spanner-transaction.ts';
import { Turnstile } from './turnstile.ts';

export interface SpannerOptions extends SpannerPlace {
  /** read-write transactions at once; more wait. Always 1 on an emulator: it has one per database and aborts the others */
  readonly transactionsMax: number;
  /** times the pauses between attempts, so it must go on by itself: a clock that stands would let nothing be retried */
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** The client may send a commit again: it carries the transaction's id, so that Spanner applies it once. Not for ten minutes, though. */
const COMMIT = {
  timeout: 20_000,
  retry: {
    backoffSettings: {
      initialRetryDelayMillis: 50,
      retryDelayMultiplier: 1.5,
      maxRetryDelayMillis: 2_000,
      initialRpcTimeoutMillis: 20_000,
      rpcTimeoutMultiplier: 1,
      maxRpcTimeoutMillis: 20_000,
      totalTimeoutMillis: 20_000,
    },
  },
};

/**
 * Cloud Spanner, GoogleSQL. Serializable read-write transactions with locks, read-only ones at one strong timestamp.
 *
 * The client's own runner is not used: it waits a second and more before it runs aborted work again, goes on for an hour,
 * runs again what a broken connection may have committed, and leaves the locks of work that threw to die by themselves.
 */
export class SpannerDatabase implements Database {
  readonly #client: SpannerClient;
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #transactions: Turnstile;
  readonly #snapshots = new Turnstile(Number.POSITIVE_INFINITY);
  #closing: Promise<void> | undefined;

  private constructor(client: SpannerClient, { transactionsMax, emulatorHost, clock, entropy }: SpannerOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#entropy = entropy;
    this.#transactions = new Turnstile(emulatorHost === undefined ? transactionsMax : 1);
  }

  /** Reaches for nothing yet: sessions are made in the background, schema by the migrations. */
  static async open(options: SpannerOptions): Promise<SpannerDatabase> {
    return new SpannerDatabase(openSpannerClient(options), options);
  }

  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#transactions.pass(() => this.#untilCommitted(work));
  }

  async #untilCommitted<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let previous: SpannerTransaction | undefined;
    for (let rerun = 0; ; rerun++) {
      const attempt = await this.#attempt(work, previous);
      if ('result' in attempt) return attempt.result;
      if (rerun === RERUNS_MAX) throw tryAgain('others were always faster', attempt.aborted);
      await pauseBefore(rerun + 1, this.#clock, this.#entropy);
      previous = attempt.transaction;
    }
  }

  /** @param previous the attempt before: named, the new one inherits its age, and the oldest transaction wins a lock */
  async #attempt<T>(
    work: (tx: Transaction) => Promise<T>,
    previous: SpannerTransaction | undefined,
  ): Promise<Attempt<T>> {
    const transaction = await this.#begin();
    if (previous?.id !== undefined) transaction.multiplexedSessionPreviousTransactionId = previous.id;
    const tx = new BufferedTransaction(transaction);
    try {
      const result = await work(tx);
      if (tx.failure !== undefined) throw tx.failure.error;
      const mutations = tx.mutations();
      try {
        await this.#commit(transaction, mutations);
      } catch (error) {
        const fate = fateOfCommit(error);
        if (fate === 'rerun') return { aborted: error, transaction };
        if (fate === 'later') throw tryAgain('the database did not say whether it committed', error);
        throw error;
      }
      return { result };
    } catch (thrown) {
      const cause = tx.failure?.error;
      const fate = cause === undefined ? 'bug' : fateOf(cause);
      if (fate === 'rerun') {
        // A pool that is not told would hand the lost session out again.
        if (isSessionLost(cause)) transaction.session.lastError = cause as LostSession;
        return { aborted: cause, transaction };
      }
      await rollBack(transaction, tx);
      throw fate === 'later' ? tryAgain('the database cannot be read now', cause) : thrown;
    } finally {
      await tx.settled();
      // Gives the session back. The client does so by itself only after a commit.
      transaction.end();
    }
  }

  async #begin(): Promise<SpannerTransaction> {
    try {
      const begun = this.#client.database.getTransaction();
      const [transaction] = await withPatience(this.#clock, begun, ([late]) => late.end());
      pauseBetweenStreams(transaction, this.#clock, this.#entropy);
      return transaction;
    } catch (error) {
      throw fateOf(error) === 'bug' ? error : tryAgain('the database cannot be reached now', error);
    }
  }

  async #commit(transaction: SpannerTransaction, mutations: readonly Mutation[]): Promise<void> {
    // Without reads the transaction has not begun. Nothing to write: nothing to do. Otherwise it must begin first, because
    // a commit without an id may be applied twice when it is repeated (CommitRequest.single_use_transaction).
    if (transaction.id === undefined) {
      if (mutations.length === 0) return;
      transaction.useInRunner();
    }
    for (const mutation of mutations) buffer(transaction, mutation);
    await withPatience(this.#clock, transaction.commit({ gaxOptions: COMMIT }));
  }

  read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    return this.snapshot((view) => view.read(table, key));
  }

  snapshot<T>(work: (view: Reader) => Promise<T>): Promise<T> {
    return this.#snapshots.pass(async () => {
      const view = await this.#look();
      const reader = new SpannerReader(view);
      try {
        const result = await work(reader);
        if (reader.failure !== undefined) throw reader.failure.error;
        return result;
      } catch (thrown) {
        const cause = reader.failure?.error;
        throw cause === undefined || fateOf(cause) === 'bug'
          ? thrown
          : tryAgain('the database cannot be read now', cause);
      } finally {
        await reader.settled();
        view.end();
      }
    });
  }

  /** Begins at once: the instant of a snapshot is when it begins, not when it first looks. */
  async #look() {
    try {
      const begun = this.#client.database.getSnapshot({ strong: true });
      const [view] = await withPatience(this.#clock, begun, ([late]) => late.end());
      pauseBetweenStreams(view, this.#clock, this.#entropy);
      return view;
    } catch (error) {
      throw fateOf(error) === 'bug' ? error : tryAgain('the database cannot be reached now', error);
    }
  }

  /** Spanner deletes them by itself, by the table's row deletion policy, within 72 hours. */
  async purgeExpired(table: AnyTable): Promise<number> {
    if (table.expires === undefined) throw new Error(`rows of ${table.name} do not expire`);
    return 0;
  }

  /** Lets finish what is under way; who waits for a turn is told to try again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#transactions.close(), this.#snapshots.close()]);
    await this.#client.database.close();
    await this.#client.spanner.close();
  }
}

type LostSession = NonNullable<SpannerTransaction['session']['lastError']>;
type Attempt<T> = { readonly result: T } | { readonly aborted: unknown; readonly transaction: SpannerTransaction };

/** Locks of a transaction that was begun are given back now, not when Spanner finds it idle. */
async function rollBack(transaction: SpannerTransaction, tx: BufferedTransaction): Promise<void> {
  // The first read begins the transaction: before it has answered there is no id to roll back.
  await tx.settled();
  // After a commit, even a failed one, there is nothing left to undo.
  if (transaction.id === undefined || transaction.ended) return;
  try {
    await transaction.rollback({ timeout: 5_000, retry: null });
  } catch {
    // Its locks die with it after ten idle seconds; the reason for rolling back matters more than this.
  }
}

function buffer(transaction: SpannerTransaction, { kind, table, columns, rows }: Mutation): void {
  if (kind === 'delete') {
    transaction.deleteRows(table, rows as string[][]);
    return;
  }
  const named = rows.map((values) => Object.fromEntries(values.map((value, i) => [columns[i]!, value])));
  transaction[kind](table, named);
}
