import { hash } from 'node:crypto';
import { formatDecimal, readCanonicalDecimal } from '../decimals.ts';
import type { Template } from './page-template.ts';

/** Columns of a page that charges alone have, in the order in which the page holds them. */
export const CHARGE_COLUMNS = [
  'occurredAt',
  'quantity',
  'before',
  'after',
  'amount',
  'eventsBefore',
] as const satisfies readonly (keyof typeof CHARGE)[];
export type ChargeColumns = Record<(typeof CHARGE_COLUMNS)[number], string[]>;

/**
 * A page taken apart. What neighbours share stands in templates; a cell is empty where it is what the entries before let
 * one expect, and so is every cell that is not there; what does not compress stands by itself.
 */
export interface PageParts {
  readonly ledger: string;
  readonly tenant: string;
  readonly firstSeq: number;
  /** `prev` of the first entry; those of the others follow */
  readonly prev: string;
  /** leaf hash of the last entry: as each names the one before, it vouches for the whole page */
  readonly last: string;
  /** bytes kept of each event id: all 32, or 16 where the others follow from them */
  readonly idBytes: number;
  readonly templates: readonly Template[];
  readonly count: number;
  /** template of each entry, where it is not the one that came after that of the entry before last time */
  readonly which: readonly string[];
  readonly recordedAt: readonly string[];
  readonly charges: Readonly<Record<keyof ChargeColumns, readonly string[]>>;
  /** charges that commit to a value: empty where the value is new to the page, else its number among those */
  readonly values: readonly string[];
  /** blinds, event ids, event and value commitments, entry by entry */
  readonly raw: Buffer;
}

// Where the moving members stand in the list of an entry's values: ascending by name, as in its text.
export const CHARGE = {
  after: 0,
  before: 1,
  amount: 2,
  blind: 3,
  eventCommit: 4,
  eventId: 5,
  eventsBefore: 6,
  occurredAt: 7,
  prev: 8,
  quantity: 9,
  recordedAt: 10,
  seq: 11,
  valueCommit: 12,
} as const;
export const OTHER = { blind: 0, prev: 1, recordedAt: 2, seq: 3 } as const;

export const BLIND_BYTES = 16;
export const HASH_BYTES = 32;
/** The half of an event id from which, with the time of use, the other half follows. */
export const KEY_BYTES = 16;

/** Which template came after which last time: meters take turns. */
export class Turns {
  readonly #next = new Map<number, number>();
  #last = -1;

  /** The template to expect next. */
  get expected(): number | undefined {
    return this.#next.get(this.#last);
  }

  took(which: number): void {
    this.#next.set(this.#last, which);
    this.#last = which;
  }
}

/** What the next charge of a template goes on from. */
export interface Trail {
  after: string;
  events: number;
  quantity: string;
}
export const newTrail = (): Trail => ({ after: '0', events: 0, quantity: '' });

/** The aggregate after a charge, as far as its aggregation lets one tell. */
export function expectedAfter(aggregation: string, before: string, quantity: string, isNewValue: boolean): string {
  if (aggregation === 'sum' || aggregation === 'count') return plus(before, quantity);
  if (aggregation === 'last') return quantity;
  return isNewValue ? plus(before, '1') : before;
}

const SHORT = 15;
function plus(a: string, b: string): string {
  // Most are short whole numbers; those are exact in any arithmetic.
  const whole = a.length <= SHORT && b.length <= SHORT && !a.includes('.') && !b.includes('.');
  if (whole) return String(Number(a) + Number(b));
  const [x, y] = [readCanonicalDecimal(a, 12), readCanonicalDecimal(b, 12)];
  return x === undefined || y === undefined ? '' : formatDecimal(x + y, 12);
}

/** What an instant does not share with the one before. */
export function tailOf(instant: string, before: string): string {
  if (instant === before) return '';
  let at = 0;
  while (at < instant.length && instant.charCodeAt(at) === before.charCodeAt(at)) at++;
  return instant.slice(at);
}

/** Instants are of one width: the tail replaces as much of the one before. */
export const withTail = (before: string, tail: string): string =>
  tail === '' ? before : before.slice(0, Math.max(0, before.length - tail.length)) + tail;

/** The digest with whose first 16 bytes an event id ends (`usage/identity.ts`). @param key base64url of its first 16 */
export const idDigest = (key: string, occurredAt: string): string =>
  hash('sha256', `event-id/v1\n${key}\n${occurredAt}`, 'base64url');
