import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import type { Instant } from '../../domain/time.ts';
import type { Delivery, Message } from '../../ports/bus.ts';
import { LogSync } from '../sqlite-log.ts';

/** A message on its way to one subscription. */
export interface Pending extends Delivery {
  /** Position in the queue; never used twice. */
  readonly id: number;
}

/** A message that was given up. Waits for somebody to look and to redrive it. */
export interface DeadLetter extends Pending {
  /** What the last attempt failed with. */
  readonly reason: string;
  readonly deadLetteredAt: string;
}

/** A message as it is written: its attributes in one canonical text, so that equal messages are equal rows. */
export interface Outgoing {
  readonly message: Message;
  readonly attributes: string;
  readonly publishTime: string;
}

const LONGEST_REASON = 500;

// `copyOf` is the position of the first copy of a message that went to several subscriptions or was redriven.
const CONTENT = 'subscription, topic, orderingKey, attributes, copyOf, publishTime, deliveryAttempt';
const CONTENT_COLUMNS = `
  subscription TEXT NOT NULL, topic TEXT NOT NULL, orderingKey TEXT NOT NULL, attributes TEXT NOT NULL,
  copyOf INTEGER, publishTime TEXT NOT NULL, deliveryAttempt INTEGER NOT NULL`;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY AUTOINCREMENT, ${CONTENT_COLUMNS}) STRICT;
  CREATE INDEX IF NOT EXISTS messages_by_key ON messages (subscription, orderingKey, id);
  CREATE INDEX IF NOT EXISTS messages_by_content ON messages (subscription, orderingKey, topic, attributes);
  CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY, ${CONTENT_COLUMNS}, reason TEXT NOT NULL, deadLetteredAt TEXT NOT NULL) STRICT;`;

/** The rows behind the local bus, in a SQLite file that one process holds at a time. Synchronous throughout. */
export class BusStore {
  readonly #database: DatabaseSync;
  readonly #log: LogSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @throws Error where another bus, here or in another process, has the file open */
  constructor(file: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.#database = new DatabaseSync(file);
    this.#log = new LogSync(file, { isCopied: false });
    try {
      // Two buses on one file would both deliver, and order per key would be lost: the lock is kept for good.
      this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
      this.#database.exec(SCHEMA);
    } catch (error) {
      this.#database.close();
      throw new Error(`the bus cannot use ${file}; is another one running on it?`, { cause: error });
    }
  }

  /**
   * Runs writes that must survive a power failure: they do once it resolves. Everything else (attempts, acknowledgements) only
   * needs to survive the process: what a power failure undoes there is delivered again, as at-least-once allows.
   */
  durably(work: () => void): Promise<void> {
    this.#together(work);
    this.#log.committed();
    return this.#log.kept();
  }

  /** Resolves when everything that was written durably by now survives a power failure. */
  kept(): Promise<void> {
    return this.#log.kept();
  }

  /** @returns its position in the queue */
  insert(subscription: string, { message, attributes, publishTime }: Outgoing, copyOf: number | null): number {
    const { lastInsertRowid } = this.#prepare(`INSERT INTO messages (${CONTENT}) VALUES (?, ?, ?, ?, ?, ?, 0)`).run(
      subscription,
      message.topic,
      message.orderingKey,
      attributes,
      copyOf,
      publishTime,
    );
    return Number(lastInsertRowid);
  }

  /** Positions of the messages of a subscription that say the very same. */
  same(subscription: string, { message, attributes }: Outgoing): number[] {
    const sql = 'SELECT id FROM messages WHERE subscription = ? AND orderingKey = ? AND topic = ? AND attributes = ?';
    const rows = this.#prepare(sql).all(subscription, message.orderingKey, message.topic, attributes);
    return rows.map((row) => Number(row['id']));
  }

  /** Keys that have messages for a subscription, the one that has waited longest first. */
  keys(subscription: string): string[] {
    const sql = 'SELECT orderingKey FROM messages WHERE subscription = ? GROUP BY orderingKey ORDER BY min(id)';
    const rows = this.#prepare(sql).all(subscription);
    return rows.map((row) => String(row['orderingKey']));
  }

  count(subscription: string): number {
    const row = this.#prepare('SELECT count(*) AS pending FROM messages WHERE subscription = ?').get(subscription);
    return Number(row?.['pending']);
  }

  /** The oldest message of a key. */
  head(subscription: string, orderingKey: string): Pending | undefined {
    const sql = 'SELECT * FROM messages WHERE subscription = ? AND orderingKey = ? ORDER BY id LIMIT 1';
    const row = this.#prepare(sql).get(subscription, orderingKey);
    return row === undefined ? undefined : pendingOf(row);
  }

  recordAttempt(id: number, deliveryAttempt: number): void {
    this.#prepare('UPDATE messages SET deliveryAttempt = ? WHERE id = ?').run(deliveryAttempt, id);
  }

  remove(id: number): void {
    this.#prepare('DELETE FROM messages WHERE id = ?').run(id);
  }

  /** Moves a message to the dead letters. */
  bury(id: number, reason: string, at: Instant): void {
    this.#together(() => {
      this.#prepare(
        `INSERT INTO dead_letters (id, ${CONTENT}, reason, deadLetteredAt)
         SELECT id, ${CONTENT}, ?, ? FROM messages WHERE id = ?`,
      ).run(reason.slice(0, LONGEST_REASON), at, id);
      this.remove(id);
    });
  }

  /** Dead letters in the order they were published, or the one with that id. */
  deadLetters(id?: number): DeadLetter[] {
    const rows = this.#prepare('SELECT * FROM dead_letters WHERE id = coalesce(?, id) ORDER BY id').all(id ?? null);
    return rows.map((row) => ({
      ...pendingOf(row),
      reason: String(row['reason']),
      deadLetteredAt: String(row['deadLetteredAt']),
    }));
  }

  removeDeadLetter(id: number): void {
    this.#prepare('DELETE FROM dead_letters WHERE id = ?').run(id);
  }

  async close(): Promise<void> {
    await this.#log.close();
    this.#database.close();
  }

  #together<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite has already rolled back where the disk was full; a second ROLLBACK would hide that.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

const pendingOf = (row: Record<string, SQLOutputValue>): Pending => ({
  id: Number(row['id']),
  subscription: String(row['subscription']),
  topic: String(row['topic']),
  orderingKey: String(row['orderingKey']),
  attributes: JSON.parse(String(row['attributes'])),
  messageId: String(row['copyOf'] ?? row['id']),
  publishTime: String(row['publishTime']),
  deliveryAttempt: Number(row['deliveryAttempt']),
});
