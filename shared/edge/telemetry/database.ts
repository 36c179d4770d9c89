import { type Attributes, context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { AnyTable, Columns, Database, Key, Reader, RowOf, Table, Transaction } from '../../ports/database.ts';
import { noteSeconds, type Telemetry, telemetry } from './active.ts';
import { RowCounts } from './counts.ts';
import { errorTypeOf, NAMES, OWN } from './names.ts';

/** Which engine it is and which of its databases, as the conventions name them. */
export interface Engine {
  readonly system: 'gcp.spanner' | 'sqlite';
  readonly namespace: string;
}

/** A database that times its transactions and counts what they commit; the same database while telemetry is off. */
export function observedDatabase(database: Database, engine: Engine): Database {
  const on = telemetry();
  return on === undefined ? database : new ObservedDatabase(database, engine, on);
}

/** One span per transaction, snapshot or row by itself, none per row of many: a batch of a thousand events is still one span. */
class ObservedDatabase implements Database {
  readonly #database: Database;
  readonly #on: Telemetry;
  readonly #engine: Attributes;

  constructor(database: Database, { system, namespace }: Engine, on: Telemetry) {
    this.#database = database;
    this.#on = on;
    this.#engine = { [NAMES.dbSystemName]: system, [NAMES.dbNamespace]: namespace };
  }

  async transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let counts = new RowCounts();
    const result = await this.#observe('transact', (attempt) =>
      this.#database.transact((tx) => {
        attempt();
        // Only what the attempt that was committed wrote.
        counts = new RowCounts();
        return work(counting(tx, counts));
      }),
    );
    counts.note(this.#on);
    return result;
  }

  read<C extends Columns>(table: Table<C>, key: Key): Promise<RowOf<C> | undefined> {
    return this.#observe('read', (attempt) => {
      attempt();
      return this.#database.read(table, key);
    });
  }

  snapshot<T>(work: (view: Reader) => Promise<T>): Promise<T> {
    return this.#observe('snapshot', (attempt) =>
      this.#database.snapshot((view) => {
        attempt();
        return work(view);
      }),
    );
  }

  purgeExpired(table: AnyTable, now: string, limit: number): Promise<number> {
    return this.#observe('purge', (attempt) => {
      attempt();
      return this.#database.purgeExpired(table, now, limit);
    });
  }

  async ready(): Promise<void> {
    await this.#database.ready?.();
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async #observe<T>(operation: string, run: (attempt: () => void) => Promise<T>): Promise<T> {
    const { tracer, clock, operationDuration } = this.#on;
    const known = { ...this.#engine, [NAMES.dbOperationName]: operation };
    // Outside of any request it would be a trace of its own that says nothing.
    const span = trace.getActiveSpan() && tracer.startSpan(operation, { kind: SpanKind.CLIENT, attributes: known });
    const inside = span === undefined ? context.active() : trace.setSpan(context.active(), span);
    const began = clock.now();
    const failed: Attributes = {};
    let attempts = 0;
    try {
      return await context.with(inside, () => run(() => attempts++));
    } catch (error) {
      failed[NAMES.errorType] = errorTypeOf(error);
      span?.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      noteSeconds(operationDuration, clock, began, { ...known, ...failed });
      span?.setAttributes({ ...failed, [OWN.attempts]: attempts }).end();
    }
  }
}

const counting = (tx: Transaction, counts: RowCounts): Transaction => ({
  read: (table, key) => tx.read(table, key),
  readMany: (table, keys) => tx.readMany(table, keys),
  range: (table, range) => tx.range(table, range),
  ranges: (table, stretches, limit) => tx.ranges(table, stretches, limit),
  insert: (table, row) => {
    counts.insert(table, row);
    tx.insert(table, row);
  },
  upsert: (table, row) => tx.upsert(table, row),
  update: <C extends Columns>(table: Table<C>, key: Parameters<Transaction['update']>[1], changes: object) => {
    counts.update(table, changes);
    tx.update(table, key, changes);
  },
  delete: (table, key) => tx.delete(table, key),
});
