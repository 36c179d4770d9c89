import { canonicalJson } from '../domain/canonical.ts';
import { sha256Base64url } from '../domain/digest.ts';
import { BadInput } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../domain/time.ts';
import type { AcceptedEvent } from '../domain/usage/accepted.ts';
import type { Database, RowOf, Transaction } from '../ports/database.ts';
import type { Entropy } from '../ports/entropy.ts';
import { eventsOf, resealEvents } from './accepted-events.ts';
import type { LedgerWork } from './ledger-work.ts';
import type { PersonalData, TenantKeys } from './personal-data.ts';
import type { ProfileStore } from './profile-store.ts';
import { batches, erasures, payment_methods, unrolled, waiting } from './tables.ts';

export const ERASURE_SCOPES = ['events', 'organization'] as const;
export type ErasureScope = (typeof ERASURE_SCOPES)[number];
export const ERASURE_STATES = ['proposed', 'running', 'done'] as const;
export type ErasureRow = RowOf<typeof erasures.columns>;

/** What an erasure is about. Never logged, and gone when it is done. */
export type Subject =
  | { readonly scope: 'events'; readonly property: string; readonly value: string }
  | { readonly scope: 'organization' };

/** Batches that one commit looks through, up to 1,000 events each. */
const BATCHES_PER_COMMIT = 8;
/** As long as a proposal may wait for its decision. */
const FORGOTTEN_AFTER_DAYS = 30n;
const NOTHING = new Uint8Array(0);

const placeOf = (tenant: string, id: string): string => `erasures ${tenant} ${id}`;

/** Erases persons from what was sent. Receipts and proofs stay: they hold salted commitments, whose salts go with the events. */
export class ErasureStore {
  readonly #database: Database;
  readonly #personal: PersonalData;
  readonly #profiles: ProfileStore;
  readonly #entropy: Entropy;

  constructor(database: Database, personal: PersonalData, profiles: ProfileStore, entropy: Entropy) {
    this.#database = database;
    this.#personal = personal;
    this.#profiles = profiles;
    this.#entropy = entropy;
  }

  /** Keeps what is to be erased until somebody has decided. */
  propose(tx: Transaction, tenant: TenantId, id: string, subject: Subject, keys: TenantKeys, now: Instant): ErasureRow {
    // With its salt the digest could be opened by whoever knows the subject; without it, by nobody.
    const salt = Buffer.from(this.#entropy.bytes(32)).toString('base64url');
    const text = canonicalJson({ ...subject, salt });
    const row: ErasureRow = {
      tenant,
      erasure_id: id,
      state: 'proposed',
      scope: subject.scope,
      sealed: keys.seal(placeOf(tenant, id), Buffer.from(text, 'utf8')),
      ref_digest: sha256Base64url(text),
      after: '',
      count: 0,
      proposed_at: now,
      done_at: null,
    };
    tx.insert(erasures, row);
    return row;
  }

  get(tenant: TenantId, id: string): Promise<ErasureRow | undefined> {
    return this.#database.read(erasures, [tenant, id]);
  }

  list(tenant: TenantId, after: string, limit: number): Promise<ErasureRow[]> {
    return this.#database.snapshot((view) => view.range(erasures, { prefix: [tenant], from: [`${after}\0`], limit }));
  }

  /** Erasures that were decided and are not done. */
  running(limit: number): Promise<ErasureRow[]> {
    return this.#database.snapshot((view) =>
      view.range(erasures, { index: 'erasures_by_state', prefix: ['running'], limit }),
    );
  }

  /** Marks a proposal as decided. @throws BadInput `not_found`, `invalid_transition` */
  async start(tx: Transaction, tenant: TenantId, id: string): Promise<ErasureRow> {
    const row = await tx.read(erasures, [tenant, id]);
    if (row === undefined) throw new BadInput('not_found', 'no such erasure');
    if (row.state !== 'proposed') throw new BadInput('invalid_transition', `the erasure is ${row.state}`);
    tx.update(erasures, [tenant, id], { state: 'running' });
    return row;
  }

  /**
   * Looks through the next accepted events. Twice or after a crash it goes on where it was.
   * @returns `more`; `waiting` where usage has to become receipts and sums first; `through` at the end
   */
  async step(tenant: TenantId, id: string): Promise<'more' | 'waiting' | 'through'> {
    const keys = await this.#personal.keysOf(tenant);
    return this.#database.transact(async (tx) => {
      const row = await tx.read(erasures, [tenant, id]);
      if (row?.state !== 'running') return 'through';
      const subject = this.#subjectOf(row, keys);
      if (subject.scope !== 'events') return 'through';
      const found = await tx.range(batches, { prefix: [tenant], from: [`${row.after}\0`], limit: BATCHES_PER_COMMIT });
      const noted = await tx.readMany(
        unrolled,
        found.map(({ batch_id }) => [tenant, batch_id]),
      );
      let { after, count } = row;
      let outcome: 'more' | 'waiting' | 'through' = found.length < BATCHES_PER_COMMIT ? 'through' : 'more';
      for (const [i, batch] of found.entries()) {
        if (batch.first_seq === null || noted[i] !== undefined) {
          outcome = 'waiting';
          break;
        }
        const events = eventsOf(batch, keys);
        const left = events.map((event) => (isAbout(event, subject) ? withoutPerson(event) : event));
        const changed = left.filter((event, at) => event !== events[at]).length;
        if (changed > 0) {
          tx.update(batches, [tenant, batch.batch_id], { payload: resealEvents(tenant, batch.batch_id, left, keys) });
        }
        after = batch.batch_id;
        count += changed;
      }
      tx.update(erasures, [tenant, id], { after, count });
      return outcome;
    });
  }

  /** Says in the ledger that an erasure is done, and forgets what it was about. @returns whether this call did */
  async finish(work: LedgerWork, tx: Transaction, id: string, now: Instant): Promise<boolean> {
    const row = await tx.read(erasures, [work.tenant, id]);
    if (row?.state !== 'running') return false;
    const { erasure_id, ref_digest, count } = row;
    work.scribe.erasure({ erasure_id, ref_digest, count: String(count) });
    tx.update(erasures, [work.tenant, id], { state: 'done', sealed: NOTHING, done_at: now });
    return true;
  }

  /**
   * Erases who an organization is and how it paid, and destroys its keys: payload and profile cannot be read again by anybody.
   * @throws BadInput `invalid_transition` while it is billed or usage waits
   */
  async eraseOrganization(work: LedgerWork, tx: Transaction, id: string, now: Instant): Promise<void> {
    const { tenant, account, books } = work;
    const open = account.subscriptions.find((one) => {
      const closedUntil = books.closedUntil(one.id);
      return one.endedAt === undefined || closedUntil === undefined || closedUntil < one.endedAt;
    });
    if (open !== undefined) throw new BadInput('invalid_transition', `subscription ${open.id} is still billed`);
    for (const table of [waiting, unrolled]) {
      if ((await tx.range(table, { prefix: [tenant], limit: 1 })).length > 0) {
        throw new BadInput('invalid_transition', 'usage that was accepted is not billed yet');
      }
    }
    const profiles = await this.#profiles.erase(tx, tenant);
    // Mandates and what cards are recognised by: nobody charges it any more.
    const methods = await tx.range(payment_methods, { prefix: [tenant] });
    for (const { payment_method_id } of methods) tx.delete(payment_methods, [tenant, payment_method_id]);
    const keys = await this.#personal.destroy(tx, tenant);
    const row = await this.start(tx, tenant, id);
    const count = profiles + methods.length + keys;
    work.scribe.erasure({ erasure_id: id, ref_digest: row.ref_digest, count: String(count) });
    tx.update(erasures, [tenant, id], { state: 'done', sealed: NOTHING, count, done_at: now });
  }

  /** Forgets proposals that nobody has decided in time. @returns how many */
  async forget(now: Instant, limit: number): Promise<number> {
    const before = plusMicros(now, -FORGOTTEN_AFTER_DAYS * MICROS_PER_DAY);
    // Asked every ten seconds and nearly always of nothing: a snapshot keeps no lock.
    const rows = await this.#database.snapshot((view) =>
      view.range(erasures, { index: 'erasures_by_state', prefix: ['proposed'], limit }),
    );
    let forgotten = 0;
    for (const { tenant, erasure_id } of rows.filter(({ proposed_at }) => proposed_at < before)) {
      await this.#database.transact(async (tx) => {
        const row = await tx.read(erasures, [tenant, erasure_id]);
        if (row?.state === 'proposed') tx.delete(erasures, [tenant, erasure_id]);
      });
      forgotten++;
    }
    return forgotten;
  }

  #subjectOf(row: ErasureRow, keys: TenantKeys): Subject {
    const plain = keys.open(placeOf(row.tenant, row.erasure_id), row.sealed);
    return JSON.parse(Buffer.from(plain).toString('utf8')) as Subject;
  }
}

/** Whether an event's property, or its CloudEvents `subject`, is the person's. */
function isAbout({ event }: AcceptedEvent, { property, value }: Extract<Subject, { scope: 'events' }>): boolean {
  if (event === '') return false;
  const { data, subject } = JSON.parse(event) as { data: Readonly<Record<string, unknown>>; subject?: string };
  if (property === 'subject' && subject === value) return true;
  return Object.hasOwn(data, property) && String(data[property]) === value;
}

/** What is left: what was billed. Without text and salt nobody can open the receipt's commitment again. */
const withoutPerson = (event: AcceptedEvent): AcceptedEvent => ({
  ...event,
  receiptId: event.receiptId,
  value: '',
  salt: '',
  event: '',
});
