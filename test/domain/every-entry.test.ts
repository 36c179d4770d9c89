import assert from 'node:assert/strict';
import { fieldOf, withField } from '../../scripts/vectors/workpiece.ts';
import { base64url } from '../../shared/domain/canonical.ts';
import type { FaultKind } from '../../shared/domain/ledger/faults.ts';
import type { Form } from '../../shared/domain/ledger/forms.ts';
import { ENTRY_KINDS, type EntryKind, RESERVED_KINDS } from '../../shared/domain/ledger/kinds.ts';
import { leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import { faultIn, WholeLedger } from '../support/whole-ledger.ts';

const ELSEWHERE = '2027-03-01T00:00:00.000000Z/2027-04-01T00:00:00.000000Z';

const byOne = (text: string, step: bigint): string[] => {
  const [whole = '', fraction = ''] = text.split('.');
  const moved = String(BigInt(whole) + step);
  return [fraction === '' ? moved : `${moved}.${fraction}`];
};
const number = (text: string): string[] => [
  ...byOne(text, 1n),
  ...(text.startsWith('0') || text === '1' ? [] : byOne(text, -1n)),
];

/** Other values of a form, near the one that stands where nearness means something. */
const OTHERS: Partial<Record<Form, (text: string) => readonly string[]>> = {
  origin: () => ['ledger.example/other'],
  tenant: () => ['somebody-else'],
  name: () => ['nobody'],
  text: () => ['nothing'],
  hash: () => ['A'.repeat(43)],
  'hash?': (text) => [text === '' ? 'A'.repeat(43) : ''],
  blind: () => ['A'.repeat(22)],
  instant: (text) => [`${text.slice(0, 20)}000001Z`],
  'instant?': (text) => [`${text.slice(0, 20)}000001Z`, ''],
  period: () => [ELSEWHERE],
  currency: () => ['USD'],
  price_ref: () => ['other@1'],
  count: number,
  'count?': (text) => (text === '' ? ['1'] : ['', ...number(text)]),
  positive: number,
  minor: number,
  quantity: number,
  delta: number,
  amount: number,
};

/**
 * What each field of each kind is held to: the fault that another value is, `later` where it only shows by an entry that builds
 * on this one. `free`: nothing that the books reckon with; who signs the head vouches for it.
 */
type Fate = FaultKind | `later ${FaultKind}` | 'free';
/** One for whatever else the value is, or one for more and one for less. */
type Rule = Fate | { readonly more: Fate; readonly less: Fate };
const COMMON: Readonly<Record<string, Rule>> = {
  ...{ blind: 'free', ledger: 'foreign_ledger', prev: 'altered', seq: 'gap', tenant: 'foreign_tenant' },
};
const BILLED = {
  amount: 'misrated',
  billed_in: 'wrong_period',
  currency: 'wrong_period',
  subscription: 'wrong_period',
} as const;
const PRICED = { price_digest: 'unknown_price', price_ref: 'unknown_price' } as const;
const COUNTED = {
  aggregate_after: 'wrong_aggregate',
  aggregate_before: 'wrong_aggregate',
  quantity: 'wrong_aggregate',
} as const;
const INVOICED = {
  amount: 'wrong_invoice',
  billed_in: 'wrong_invoice',
  currency: 'wrong_invoice',
  subscription: 'wrong_invoice',
} as const;
const MOVED = { amount: 'wrong_balance', currency: 'wrong_balance', number: 'wrong_balance' } as const;

const RULES: Partial<Record<EntryKind, Readonly<Record<string, Rule>>>> = {
  genesis: {},
  charge: {
    ...BILLED,
    ...PRICED,
    ...COUNTED,
    events_before: 'wrong_aggregate',
    period: 'wrong_period',
    value_commit: 'wrong_aggregate',
    event_commit: 'free',
    event_id: 'free',
    rater: 'free',
  },
  correction: {
    ...BILLED,
    ...PRICED,
    ...COUNTED,
    meter: 'wrong_aggregate',
    period: 'wrong_period',
    correction_id: 'free',
    reason: 'free',
    ref_hash: 'free',
  },
  true_up: {
    ...BILLED,
    ...PRICED,
    billed: 'misrated',
    commitment: 'misrated',
    denominator: 'misrated',
    from: 'misrated',
    numerator: 'misrated',
    period: 'misrated',
    zone: 'misrated',
    proration: 'misrated',
    meter: 'later wrong_invoice',
  },
  adjustment: {
    ...BILLED,
    amount: 'later wrong_invoice',
    adjustment_id: 'later wrong_invoice',
    tax_category: 'later wrong_invoice',
    reason: 'free',
  },
  close: {
    count: 'wrong_sum',
    currency: 'wrong_sum',
    first_seq: 'wrong_sum',
    last_seq: 'wrong_sum',
    total: 'wrong_sum',
    period: 'wrong_period',
    subscription: 'wrong_period',
    until: 'wrong_period',
  },
  discount: {
    ...INVOICED,
    base: 'wrong_invoice',
    discount_id: 'wrong_invoice',
    nth: 'wrong_invoice',
    discount_digest: 'later unknown_terms',
  },
  tax: {
    ...INVOICED,
    base: 'wrong_invoice',
    behavior: 'wrong_invoice',
    jurisdiction: 'wrong_invoice',
    rate: 'wrong_invoice',
    treatment: 'wrong_invoice',
    decision: 'later unknown_terms',
  },
  credit_use: {
    amount: 'wrong_invoice',
    currency: 'wrong_invoice',
    grant_id: 'wrong_invoice',
    number: 'wrong_invoice',
  },
  invoice: Object.fromEntries(
    Object.keys(ENTRY_KINDS.invoice)
      .filter((name) => !(name in ENTRY_KINDS.genesis))
      .map((name) => [name, 'wrong_invoice']),
  ),
  payment: { ...MOVED, amount: { more: 'wrong_balance', less: 'later wrong_balance' }, payment_id: 'free' },
  refund: {
    currency: 'wrong_balance',
    number: 'wrong_balance',
    amount: 'later wrong_sum',
    payment_id: 'free',
    refund_id: 'free',
  },
  credit_note: {
    currency: 'wrong_balance',
    number: 'wrong_balance',
    amount: 'wrong_balance',
    refundable: 'wrong_balance',
    tax_total: 'later wrong_sum',
    credit_note: 'free',
    note_digest: 'free',
    reason: 'free',
  },
  void: { ...MOVED, reason: 'free' },
  write_off: { ...MOVED, reason: 'free' },
  credit_return: { ...MOVED, amount: { more: 'wrong_balance', less: 'later wrong_sum' }, grant_id: 'wrong_balance' },
  credit_expiry: { amount: 'later wrong_sum', currency: 'wrong_balance', grant_id: 'wrong_balance', reason: 'free' },
  exchange_rate: {
    base_currency: 'free',
    quote_currency: 'free',
    rate: 'free',
    rate_date: 'free',
    rate_id: 'free',
    source: 'free',
  },
  erasure: { count: 'free', erasure_id: 'free', ref_digest: 'free' },
};

/** Fees and credits differ by what they are for, the opening of a period by what is to come. */
function rulesOf(line: string, next: string | undefined): Readonly<Record<string, Rule>> {
  const kind = fieldOf(line, 'typ') as EntryKind;
  if (kind === 'open') {
    const shows: Rule =
      next === undefined ? 'free' : next.includes('"typ":"open"') ? 'later wrong_sum' : 'later wrong_period';
    return { carried: 'wrong_sum', currency: shows, period: shows, subscription: shows };
  }
  if (kind === 'fee') {
    const share = {
      denominator: 'misrated',
      numerator: 'misrated',
      zone: 'misrated',
      proration: 'reserved_kind',
    } as const;
    const fee = { ...BILLED, ...PRICED, ...share, fee: 'reserved_kind' } as const;
    switch (fieldOf(line, 'fee')) {
      case 'base':
        return {
          ...fee,
          from: 'misrated',
          to: 'misrated',
          proration: 'misrated',
          quantity: 'misrated',
          period: 'wrong_period',
          meter: 'later misrated',
        };
      case 'unused':
        return {
          ...fee,
          from: 'misrated',
          to: 'wrong_fee',
          quantity: 'wrong_fee',
          period: 'wrong_fee',
          meter: 'wrong_fee',
        };
      default:
        return { ...fee, from: 'misrated', to: 'wrong_fee', quantity: 'misrated', period: 'wrong_fee' };
    }
  }
  if (kind === 'credit_grant') {
    const given = {
      amount: 'later wrong_sum',
      cost_basis: 'later wrong_sum',
      currency: 'later wrong_sum',
      expires_at: 'later wrong_sum',
      grant_id: 'later wrong_sum',
      priority: 'later wrong_sum',
    } as const;
    if (fieldOf(line, 'reason') !== 'negative_invoice') return { ...given, reason: 'free' };
    return Object.fromEntries(
      [...Object.keys(given), 'reason'].filter((name) => name !== 'expires_at').map((name) => [name, 'wrong_invoice']),
    );
  }
  return RULES[kind] ?? {};
}

/** The log with an entry changed and every later one linked again. */
function* relinked(lines: readonly string[], from: number, changed: string): Iterable<string> {
  yield* lines.slice(0, from);
  yield changed;
  let before = changed;
  for (const line of lines.slice(from + 1)) {
    before = withField(line, 'prev', base64url(leafHashOfText(before)));
    yield before;
  }
}

const isIssued = (kind: EntryKind): boolean => !RESERVED_KINDS.includes(kind);

describe('a ledger with an entry of every kind', () => {
  it('is replayed without a fault', () => {
    const lines = new WholeLedger().texts;
    assert.equal(faultIn(lines), undefined);
    const kinds = new Set(lines.map((line) => fieldOf(line, 'typ')));
    assert.deepEqual([...kinds, ...RESERVED_KINDS].sort(), Object.keys(ENTRY_KINDS).sort());
  });

  for (const kind of (Object.keys(ENTRY_KINDS) as EntryKind[]).filter(isIssued)) {
    it(`holds each field of each ${kind} to what the entries before it say`, () => {
      const lines = new WholeLedger().texts;
      for (const [i, line] of lines.entries()) {
        if (fieldOf(line, 'typ') !== kind) continue;
        for (const [name, rule] of Object.entries({ ...COMMON, ...rulesOf(line, lines[i + 1]) })) {
          const form = (ENTRY_KINDS[kind] as Readonly<Record<string, Form>>)[name]!;
          for (const [at, other] of OTHERS[form]!(fieldOf(line, name)).entries()) {
            const found = faultIn(relinked(lines, i, withField(line, name, other)));
            const fate = found === undefined ? 'free' : `${found.seq > i ? 'later ' : ''}${found.kind}`;
            const expected = typeof rule === 'string' ? rule : at === 0 ? rule.more : rule.less;
            assert.equal(fate, expected, `${name} of ${i}: ${fieldOf(line, name)} -> ${other}`);
          }
        }
      }
    });
  }
});
