import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import type pg from 'pg';
import { readDecimal } from '../../../shared/domain/decimals.ts';
import { BadInput } from '../../../shared/domain/errors.ts';
import type { TenantId } from '../../../shared/domain/ids.ts';
import { canonicalEvent, parseUsageEvent, type UsageEvent } from '../../../shared/domain/usage/event.ts';
import { byteaArray, textArray } from './binary-array.ts';

/*
 * Usage as rows with a signature each: what comes to mind first when every event is to have a receipt.
 *
 * Content is text rather than jsonb: it is cheaper, and jsonb does not give back the bytes that were signed. A key that comes
 * again with other content goes unnoticed here, which ours finds out; that, too, is in this peer's favour.
 */

export const TABLE = `
  DROP TABLE IF EXISTS signed_events;
  CREATE TABLE signed_events (
    tenant text NOT NULL, key text NOT NULL, content text NOT NULL, amount numeric NOT NULL, signature bytea NOT NULL,
    PRIMARY KEY (tenant, key)
  )`;

// One statement is one transaction: BEGIN and COMMIT of their own would only be two more round trips.
const INSERT = {
  name: 'insert-signed',
  text: `INSERT INTO signed_events
    SELECT $1, k, c, a::numeric, s FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[]) AS rows (k, c, a, s)
    ON CONFLICT (tenant, key) DO NOTHING RETURNING key`,
};

export interface SignedRow {
  readonly tenant: string;
  readonly key: string;
  /** the event's canonical text */
  readonly content: string;
  /** what it costs, counted in 10^-12 of the currency's main unit */
  readonly amount: string;
}

export interface Answer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly results: readonly { readonly status: 'accepted' | 'duplicate'; readonly key: string }[];
}

const signAsync = promisify(
  (bytes: Uint8Array, key: KeyObject, done: (error: Error | null, signature: Buffer) => void): void =>
    sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PADDING }, done),
);

/** What a row's signature is over: the whole of it. A canonical text has no line breaks, nor has any of the others. */
export const signedBytes = ({ tenant, key, content, amount }: SignedRow): Buffer =>
  Buffer.from(`${tenant}\n${key}\n${amount}\n${content}`, 'utf8');

export const isSignedBy = (row: SignedRow, signature: Uint8Array, key: KeyObject): boolean =>
  verify('sha256', signedBytes(row), { key, padding: constants.RSA_PKCS1_PADDING }, signature);

/** One price for everything: rating is not what this peer is slow at. Counted in 10^-6 per unit. */
const UNIT_PRICE = 12n;

function amountOf({ data }: UsageEvent): string {
  const quantity = readDecimal(data['quantity'] ?? '1', { whole: 18, places: 6 });
  if (quantity === undefined) throw new BadInput('invalid_quantity', 'a quantity is a decimal string', 'quantity');
  return String(quantity * UNIT_PRICE);
}

function rowOf(item: unknown, tenant: TenantId): SignedRow {
  const event = parseUsageEvent(item, tenant);
  return { tenant, key: event.key, content: canonicalEvent(event), amount: amountOf(event) };
}

const utf8 = (texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'utf8'));

/** Takes batches in: validates, rates, signs and inserts each in one transaction. */
export class SignedRows {
  readonly #pool: pg.Pool;
  readonly #key: KeyObject;

  constructor(pool: pg.Pool, key: KeyObject) {
    this.#pool = pool;
    this.#key = key;
  }

  /** @throws BadInput where any event is wrong: then none is kept */
  async take(tenant: TenantId, items: readonly unknown[]): Promise<Answer> {
    const rows = items.map((item) => rowOf(item, tenant));
    // On the thread pool, all at once: it uses as many cores as there are.
    const signatures = await Promise.all(rows.map((row) => signAsync(signedBytes(row), this.#key)));
    const inserted = await this.#pool.query<{ key: string }>({
      ...INSERT,
      values: [
        tenant,
        textArray(utf8(rows.map(({ key }) => key))),
        textArray(utf8(rows.map(({ content }) => content))),
        textArray(utf8(rows.map(({ amount }) => amount))),
        byteaArray(signatures),
      ],
    });
    const fresh = new Set(inserted.rows.map(({ key }) => key));
    // A key twice in one batch is inserted once: the first is the accepted one.
    const results = rows.map(({ key }) => ({ status: fresh.delete(key) ? 'accepted' : 'duplicate', key }) as const);
    const accepted = inserted.rows.length;
    return { accepted, duplicates: rows.length - accepted, results };
  }
}
