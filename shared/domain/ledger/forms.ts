import { readCanonicalDecimal } from '../decimals.ts';
import { isInstant, readPeriod } from '../time.ts';

const isCount = (text: string): boolean =>
  /^(?:0|[1-9][0-9]{0,15})$/.test(text) && Number(text) <= Number.MAX_SAFE_INTEGER;
/** The last of 43 characters carries four bits; in canonical base64url the spare two are zero. */
const isHash = (text: string): boolean => /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(text);

/**
 * The forms a field of a ledger record may take. Every value is a JSON string of printable ASCII without `"` and `\`,
 * so no question of escapes, number formats or Unicode can arise. `docs/receipt-format.md` states the same in words.
 */
export const FORMS = {
  version: (text: string) => text === '1',
  origin: (text: string) => /^[a-z0-9][a-z0-9.-]{0,62}(?:\/[a-z0-9][a-z0-9.-]{0,30}){0,4}$/.test(text),
  tenant: (text: string) => /^[a-z0-9][a-z0-9-]{2,39}$/.test(text),
  name: (text: string) => /^[a-z0-9][a-z0-9_.-]{0,63}$/.test(text),
  /** Whole number from 0 below 2^53, no leading zero. */
  count: isCount,
  /** The empty text, or a count. */
  'count?': (text: string) => text === '' || isCount(text),
  /** Canonical base64url of 32 bytes. */
  hash: isHash,
  /** The empty text, or a hash. */
  'hash?': (text: string) => text === '' || isHash(text),
  /** Canonical base64url of 16 bytes: the last of 22 characters carries two bits. */
  blind: (text: string) => /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text),
  instant: isInstant,
  /** The empty text, or an instant. */
  'instant?': (text: string) => text === '' || isInstant(text),
  period: (text: string) => readPeriod(text) !== undefined,
  /** Unsigned canonical decimal with at most 12 places. */
  quantity: (text: string) => text.length <= 60 && text[0] !== '-' && readCanonicalDecimal(text, 12) !== undefined,
  /** Signed canonical decimal with at most 12 places: a change of a level, or where it stands. */
  delta: (text: string) => text.length <= 61 && readCanonicalDecimal(text, 12) !== undefined,
  /** Signed canonical decimal with at most 24 places. */
  amount: (text: string) => text.length <= 80 && readCanonicalDecimal(text, 24) !== undefined,
  /** Signed whole number of minor units; `-0` does not exist. */
  minor: (text: string) => /^(?:0|-?[1-9][0-9]{0,29})$/.test(text),
  /** Whole number from 1. */
  positive: (text: string) => /^[1-9][0-9]{0,29}$/.test(text),
  currency: (text: string) => /^[A-Z]{3}$/.test(text),
  aggregation: (text: string) => /^(?:count|last|max|sum|unique_count|weighted_sum)$/.test(text),
  price_ref: (text: string) => /^[a-z0-9][a-z0-9_.-]{0,63}@[1-9][0-9]{0,14}$/.test(text),
  /** Printable ASCII, 1 to 100 characters, without `"` and `\`. */
  text: (text: string) => /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(text),
} as const satisfies Record<string, (text: string) => boolean>;

export type Form = keyof typeof FORMS;
