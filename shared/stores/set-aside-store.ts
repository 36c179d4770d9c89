import { canonicalBytes } from '../domain/canonical.ts';
import { sha256 } from '../domain/digest.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { Instant } from '../domain/time.ts';
import type { Delivery } from '../ports/bus.ts';
import type { Database, RowOf } from '../ports/database.ts';
import { set_aside } from './tables.ts';

/** A push that was refused for good. */
export interface RefusedPush {
  /** The request's body as it came. */
  readonly body: Uint8Array;
  /** What could be read of it; undefined where it is no push at all. */
  readonly pushed: (Omit<Delivery, 'topic'> & { readonly data: string }) | undefined;
  readonly code: ErrorCode;
  readonly detail: string;
}

export type SetAsideRow = RowOf<typeof set_aside.columns>;

/** What is kept of a body. A doorbell has a few hundred bytes; nothing longer could be rung again. */
const BODY_MAX_BYTES = 64 * 1024;
const TEXT_MAX = 500;

/**
 * What the bus delivered and nobody can ever answer: a message without its attributes, or none at all. It was acknowledged,
 * because trying again cannot help and would hold up its key, and waits here for a person.
 */
export class SetAsideStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Keeps it once, however often it comes. @returns its id */
  async keep({ body, pushed, code, detail }: RefusedPush, now: Instant): Promise<string> {
    const id = idOf(body, pushed);
    await this.#database.transact(async (tx) => {
      const known = await tx.read(set_aside, [id]);
      if (known !== undefined) {
        tx.update(set_aside, [id], { last_at: now, times: known.times + 1 });
        return;
      }
      tx.insert(set_aside, {
        id,
        subscription: pushed?.subscription.slice(0, TEXT_MAX) ?? null,
        message_id: pushed?.messageId.slice(0, TEXT_MAX) ?? null,
        delivery_attempt: pushed?.deliveryAttempt ?? null,
        received_at: now,
        last_at: now,
        times: 1,
        code,
        detail: detail.slice(0, TEXT_MAX),
        body: body.slice(0, BODY_MAX_BYTES),
        body_bytes: body.length,
      });
    });
    return id;
  }

  /** The oldest first. */
  async list(limit: number): Promise<SetAsideRow[]> {
    const rows = await this.#database.snapshot((view) => view.range(set_aside, { limit }));
    return rows.sort((a, b) => (a.received_at < b.received_at ? -1 : 1));
  }

  async find(id: string): Promise<SetAsideRow | undefined> {
    return this.#database.read(set_aside, [id]);
  }

  async drop(id: string): Promise<void> {
    await this.#database.transact(async (tx) => tx.delete(set_aside, [id]));
  }
}

/**
 * A digest of what was said, and to whom. Neither message id nor attempt is part of it: the sweep rings the same doorbell
 * every ten seconds, each time as a new message, and a person need read it once.
 */
function idOf(body: Uint8Array, pushed: RefusedPush['pushed']): string {
  const said = pushed && [pushed.subscription, pushed.orderingKey, pushed.attributes, pushed.data];
  const digest = sha256(said === undefined ? body : canonicalBytes(said));
  return Buffer.from(digest.subarray(0, 16)).toString('hex');
}
