import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fieldOf, withField } from '../../scripts/vectors/workpiece.ts';
import { base64url, canonicalJson } from '../../shared/domain/canonical.ts';
import { parseQuantity } from '../../shared/domain/decimals.ts';
import { Books, type OpenPeriod } from '../../shared/domain/ledger/books.ts';
import { booksOf } from '../../shared/domain/ledger/carried.ts';
import { type FaultKind, LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { Replay, type ReplayedHead } from '../../shared/domain/ledger/replay.ts';
import { type RatableEvent, Scribe } from '../../shared/domain/ledger/scribe.ts';
import { CompactRange, leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import { type PriceVersion, parsePriceVersion } from '../../shared/domain/pricing/version.ts';
import { type Instant, plusMicros } from '../../shared/domain/time.ts';
import { naiveDifference, naiveSum } from '../support/naive-pricing.ts';
import { billOf, type Happening, LEDGER, METER_COUNT, PRICES, SmallLedger, TENANT } from '../support/small-ledger.ts';

/** A few days of a customer: events on time and late, days closed in order. */
const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.record({
    minutes: fc.oneof(fc.constant(0), fc.nat(900)),
    commit: fc.boolean(),
    event: fc.option(
      fc.record({
        meter: fc.nat(METER_COUNT - 1),
        quantity: fc.constantFrom('0', '1', '2.5', '0.000000000001', '7', '12345678901234567890'),
        value: fc.nat(3),
        lag: fc.oneof(fc.constant(0), fc.nat(3000)),
      }),
      { nil: undefined, freq: 3 },
    ),
  }),
  { minLength: 1, maxLength: 40 },
);

const replayed = (texts: readonly string[]): Replay => {
  const replay = Replay.fromGenesis(LEDGER, TENANT, PRICES);
  for (const text of texts) replay.apply(text);
  return replay;
};
const balance = (books: Replay['books'], at: Instant): string => canonicalJson(books.carried(at));

/** The first thing wrong with a log that should lead to a signed head; without a head, with what the entries say alone. */
function firstFault(
  lines: readonly string[],
  head?: ReplayedHead,
): { readonly kind: FaultKind; readonly seq: number } | undefined {
  const replay = Replay.fromGenesis(LEDGER, TENANT, PRICES);
  try {
    for (const [i, text] of lines.entries()) {
      replay.apply(text, () => (i + 1 < lines.length ? fieldOf(lines[i + 1]!, 'prev') : head?.last));
    }
  } catch (error) {
    if (error instanceof LedgerFault) return error;
    throw error;
  }
  if (head === undefined) return undefined;
  const { size, root, last } = replay.head();
  if (size !== head.size) return { kind: 'wrong_head', seq: Math.min(size, head.size) };
  if (last !== head.last) return { kind: 'wrong_head', seq: size - 1 };
  return root === head.root ? undefined : { kind: 'wrong_head', seq: 0 };
}

describe('writing and replaying a ledger', () => {
  it('whatever is written is replayed without a fault, to the same head, balance and invoices', () => {
    fc.assert(
      fc.property(happenings, (story) => {
        const ledger = new SmallLedger(story);
        const replay = replayed(ledger.texts);
        assert.deepEqual(replay.head(), ledger.head());
        assert.equal(balance(replay.books, ledger.recordedAt), balance(ledger.books, ledger.recordedAt));
      }),
      { numRuns: 150 },
    );
  });

  it('the entries are the same in one commit or in many', () => {
    fc.assert(
      fc.property(happenings, (story) => {
        const inMany = new SmallLedger(story.map((happening) => ({ ...happening, commit: true })));
        const inFew = new SmallLedger(story.map((happening) => ({ ...happening, commit: false })));
        assert.deepEqual(inMany.texts, inFew.texts);
        assert.equal(balance(inMany.books, inMany.recordedAt), balance(inFew.books, inFew.recordedAt));
      }),
      { numRuns: 75 },
    );
  });

  it('a replay goes on from a written balance as if it had read everything before', () => {
    fc.assert(
      fc.property(happenings, fc.nat(), (story, cut) => {
        const { texts, seen, recordedAt } = new SmallLedger(story);
        const at = 1 + (cut % texts.length);
        if (fieldOf(texts[at - 1]!, 'typ') === 'close') return;
        const before = replayed(texts.slice(0, at));
        // What a unique_count had seen by then: the first as many as it counted.
        const carried = before.books.carried(before.recordedAt!) as { aggregates: Record<string, string>[] };
        const values = new Map<string, readonly string[]>();
        for (const { aggregation, subscription, period, meter, price_digest, value } of carried.aggregates) {
          if (aggregation !== 'unique_count') continue;
          const key = `${subscription} ${period} ${meter} ${price_digest}`;
          values.set(key, seen.get(key)!.slice(0, Number(value)));
        }
        const rest = new Replay(LEDGER, TENANT, PRICES, {
          range: before.range.clone(),
          last: before.last,
          books: booksOf(JSON.parse(canonicalJson(carried)), values),
          seenValues: values,
        });
        for (const text of texts.slice(at)) rest.apply(text);
        const whole = replayed(texts);
        assert.deepEqual(rest.head(), whole.head());
        assert.equal(balance(rest.books, recordedAt), balance(whole.books, recordedAt));
      }),
      { numRuns: 100 },
    );
  });

  it('each close is the sum of the amounts billed in its period, added by other code', () => {
    fc.assert(
      fc.property(happenings, (story) => {
        const { texts } = new SmallLedger(story);
        const amounts = new Map<string, string[]>();
        for (const entry of texts.map(readEntry)) {
          if (entry.typ === 'charge' || entry.typ === 'fee') {
            amounts.set(entry.billed_in, [...(amounts.get(entry.billed_in) ?? []), entry.amount]);
          } else if (entry.typ === 'close') {
            const billed = amounts.get(entry.period) ?? [];
            assert.equal(String(billed.length), entry.count);
            assert.equal(signedSum(billed), entry.total);
          }
        }
      }),
      { numRuns: 75 },
    );
  });
});

/** The naive sum reads unsigned decimals: what is owed and what is credited are added apart. */
function signedSum(amounts: readonly string[]): string {
  const isCredit = (amount: string): boolean => amount.startsWith('-');
  const owed = naiveSum('0', ...amounts.filter((amount) => !isCredit(amount)));
  const credited = naiveSum('0', ...amounts.filter(isCredit).map((amount) => amount.slice(1)));
  return naiveDifference(owed, credited);
}

interface Tampering {
  readonly what: string;
  readonly kinds: readonly FaultKind[];
  /** whether it can be done to this entry */
  readonly fits?: (line: string, i: number, lines: readonly string[]) => boolean;
  readonly change: (lines: readonly string[], i: number) => string[];
  /** where it shows, if not at the entry itself */
  readonly seq?: (i: number) => number;
  /** found even where the operator lets all later entries name their new predecessors, and signs a new head */
  readonly evenSignedAgain?: true;
}

const is =
  (...kinds: string[]) =>
  (line: string): boolean =>
    kinds.includes(fieldOf(line, 'typ'));
const edit = (lines: readonly string[], i: number, change: (line: string) => string): string[] =>
  lines.map((line, at) => (at === i ? change(line) : line));
const set =
  (field: string, value: string | ((old: string) => string)): Tampering['change'] =>
  (lines, i) =>
    edit(lines, i, (line) => withField(line, field, typeof value === 'string' ? value : value(fieldOf(line, field))));
const HASH = 'A'.repeat(43);
const more = (amount: string): string => (amount.startsWith('-') ? amount.slice(1) : `1${amount}`);
const isSum = (line: string): boolean => is('charge')(line) && fieldOf(line, 'aggregation') === 'sum';
const previousCharge = (lines: readonly string[], i: number): string | undefined =>
  lines.slice(0, i).find(is('charge'));
const ELSEWHERE = '2027-03-01T00:00:00.000000Z/2027-03-02T00:00:00.000000Z';

const TAMPERINGS: readonly Tampering[] = [
  { what: 'an entry is another', kinds: ['altered', 'wrong_head'], change: set('blind', 'A'.repeat(22)) },
  { what: 'an entry names another before it', kinds: ['altered'], change: set('prev', HASH) },
  {
    what: 'an entry is missing',
    kinds: ['gap', 'wrong_head'],
    change: (lines, i) => lines.filter((_, at) => at !== i),
  },
  {
    what: 'the first entries are missing',
    kinds: ['gap'],
    fits: (_, i) => i > 0,
    change: (lines, i) => lines.slice(i),
    seq: () => 0,
  },
  { what: 'the last entries are missing', kinds: ['wrong_head'], change: (lines, i) => lines.slice(0, i) },
  {
    what: 'two entries change places',
    kinds: ['gap'],
    fits: (_, i, lines) => i + 1 < lines.length,
    change: (lines, i) => [...lines.slice(0, i), lines[i + 1]!, lines[i]!, ...lines.slice(i + 2)],
  },
  {
    what: 'an entry stands there twice',
    kinds: ['gap'],
    change: (lines, i) => [...lines.slice(0, i), lines[i]!, ...lines.slice(i)],
    seq: (i) => i + 1,
  },
  {
    what: 'an entry has another number',
    kinds: ['gap'],
    change: set('seq', (old) => `7${old}`),
    evenSignedAgain: true,
  },
  {
    what: 'an entry is not canonical',
    kinds: ['unreadable'],
    change: (lines, i) => edit(lines, i, (line) => line.replace(',', ', ')),
    evenSignedAgain: true,
  },
  {
    what: 'an entry is another customer’s',
    kinds: ['foreign_tenant'],
    change: set('tenant', 'somebody-else'),
    evenSignedAgain: true,
  },
  {
    what: 'an entry is another ledger’s',
    kinds: ['foreign_ledger'],
    change: set('ledger', 'ledger.example/other'),
    evenSignedAgain: true,
  },
  {
    what: 'an entry is recorded before the one it follows',
    kinds: ['clock_back'],
    fits: (_, i) => i > 0,
    change: (lines, i) =>
      set('recorded_at', plusMicros(fieldOf(lines[i - 1]!, 'recorded_at') as Instant, -1n))(lines, i),
    evenSignedAgain: true,
  },
  {
    what: 'an amount is another',
    kinds: ['misrated'],
    fits: is('charge', 'fee'),
    change: set('amount', more),
    evenSignedAgain: true,
  },
  {
    what: 'a quantity is another',
    kinds: ['wrong_aggregate'],
    fits: isSum,
    change: set('quantity', (old) => `1${old}`),
    evenSignedAgain: true,
  },
  {
    what: 'an aggregate starts elsewhere',
    kinds: ['wrong_aggregate'],
    fits: is('charge'),
    change: set('aggregate_before', (old) => `1${old}`),
    evenSignedAgain: true,
  },
  {
    what: 'events are counted wrongly',
    kinds: ['wrong_aggregate'],
    fits: is('charge'),
    change: set('events_before', (old) => `1${old}`),
    evenSignedAgain: true,
  },
  {
    what: 'a value is another',
    kinds: ['altered', 'wrong_aggregate', 'wrong_head'],
    fits: (line) => is('charge')(line) && fieldOf(line, 'aggregation') === 'unique_count',
    change: set('value_commit', HASH),
  },
  {
    what: 'a price is unknown',
    kinds: ['unknown_price'],
    fits: is('charge', 'fee'),
    change: set('price_digest', HASH),
    evenSignedAgain: true,
  },
  {
    what: 'a price has another name',
    kinds: ['unknown_price'],
    fits: is('charge', 'fee'),
    change: set('price_ref', 'meter-9@1'),
    evenSignedAgain: true,
  },
  {
    what: 'usage is billed in another period',
    kinds: ['wrong_period'],
    fits: is('charge', 'fee'),
    change: set('billed_in', ELSEWHERE),
    evenSignedAgain: true,
  },
  {
    what: 'usage belongs to another period',
    kinds: ['wrong_period'],
    fits: is('charge', 'fee'),
    change: set('period', ELSEWHERE),
    evenSignedAgain: true,
  },
  {
    what: 'usage lies at the end of its period',
    kinds: ['wrong_period'],
    fits: is('charge'),
    change: (lines, i) => set('occurred_at', fieldOf(lines[i]!, 'period').split('/')[1]!)(lines, i),
    evenSignedAgain: true,
  },
  {
    what: 'an event is billed twice',
    kinds: ['duplicate_event'],
    fits: (line, i, lines) => is('charge')(line) && previousCharge(lines, i) !== undefined,
    change: (lines, i) => set('event_id', fieldOf(previousCharge(lines, i)!, 'event_id'))(lines, i),
    evenSignedAgain: true,
  },
  {
    what: 'a balance brought forward is another',
    kinds: ['wrong_sum'],
    fits: is('open'),
    change: set('carried', HASH),
    evenSignedAgain: true,
  },
  {
    what: 'a close says another total',
    kinds: ['wrong_sum'],
    fits: is('close'),
    change: set('total', more),
    evenSignedAgain: true,
  },
  {
    what: 'a close says another count',
    kinds: ['wrong_sum'],
    fits: is('close'),
    change: set('count', (old) => `1${old}`),
    evenSignedAgain: true,
  },
  {
    what: 'an invoice says another total',
    kinds: ['wrong_invoice'],
    fits: is('invoice'),
    change: set('total', more),
    evenSignedAgain: true,
  },
  {
    what: 'an invoice has another number',
    kinds: ['wrong_invoice'],
    fits: is('invoice'),
    change: set('number', 'INV-0'),
    evenSignedAgain: true,
  },
  {
    what: 'money is moved by a kind without a rule',
    kinds: ['reserved_kind'],
    fits: (line, i) => i > 0 && !is('invoice')(line),
    change: (lines, i) =>
      edit(lines, i, (line) => {
        const [prev, recordedAt, blind] = ['prev', 'recorded_at', 'blind'].map((field) => fieldOf(line, field));
        return `{"amount":"1","blind":"${blind}","chargeback_id":"c","currency":"EUR","ledger":"${LEDGER}","number":"INV-1","payment_id":"p","prev":"${prev}","recorded_at":"${recordedAt}","seq":"${i}","tenant":"${TENANT}","typ":"chargeback","v":"1"}`;
      }),
    evenSignedAgain: true,
  },
];

const relinked = (lines: readonly string[], from: number): string[] => {
  const all = [...lines];
  for (let at = from + 1; at < all.length; at++) {
    all[at] = withField(all[at]!, 'prev', base64url(leafHashOfText(all[at - 1]!)));
  }
  return all;
};

describe('a replay of a ledger in which', () => {
  for (const { what, kinds, fits, change, seq, evenSignedAgain } of TAMPERINGS) {
    it(`${what} names the first bad entry`, () => {
      let done = 0;
      fc.assert(
        fc.property(happenings, fc.nat(), (story, place) => {
          const ledger = new SmallLedger(story);
          const lines = ledger.texts;
          const places = [...lines.keys()].filter((at) => fits === undefined || fits(lines[at]!, at, lines));
          if (places.length === 0) return;
          const i = places[place % places.length]!;
          const changed = change(lines, i);
          const expected = seq === undefined ? i : seq(i);
          const found = firstFault(changed, ledger.head());
          assert.equal(found?.seq, expected, `${found?.kind}`);
          assert.ok(kinds.includes(found.kind), `${found.kind} is none of ${kinds.join()}`);
          if (evenSignedAgain) {
            const again = firstFault(relinked(changed, i));
            assert.deepEqual([again?.kind, again?.seq], [kinds[0], expected]);
          }
          done++;
        }),
        { numRuns: 80 },
      );
      assert.ok(done >= 5, `was done only ${done} times`);
    });
  }
});

describe('a ledger whose writer was wrong', () => {
  const [FIRST, SECOND, THIRD] = ['01', '02', '03'].map(
    (day) => `2026-03-${day}T00:00:00.000000Z/2026-03-0${Number(day) + 1}T00:00:00.000000Z`,
  ) as [string, string, string];
  const priced = (price_id: string, currency: string, model: Readonly<Record<string, unknown>>): PriceVersion =>
    parsePriceVersion({ price_id, version: '1', currency, model });
  const EUROS = priced('calls', 'EUR', { type: 'per_unit', unit_amount: '1' });
  const OTHER_EUROS = priced('calls', 'EUR', { type: 'per_unit', unit_amount: '2' });
  const DOLLARS = priced('dollars', 'USD', { type: 'per_unit', unit_amount: '1' });
  const PERCENT = priced('percent', 'EUR', { type: 'percentage', rate: '0.5' });
  const KNOWN = new Map([EUROS, OTHER_EUROS, DOLLARS, PERCENT].map((price) => [price.digest, price]));

  let events = 0;
  const event = (period: string, price: PriceVersion, more: Partial<RatableEvent> = {}): RatableEvent => ({
    receiptId: base64url(leafHashOfText(`event ${++events}`)),
    eventCommit: HASH,
    occurredAt: period.slice(0, 27) as Instant,
    subscription: 'main',
    meter: 'calls',
    aggregation: 'sum',
    quantity: parseQuantity('1'),
    valueCommit: '',
    isNewValue: false,
    period,
    price,
    ...more,
  });

  /** Lets a scribe write what it should not: it believes whoever calls it. @returns the fault that a replay finds */
  const faultOf = (story: (scribe: Scribe, first: OpenPeriod) => void): string => {
    const position = {
      ledger: LEDGER,
      tenant: TENANT,
      range: new CompactRange(),
      last: undefined,
      recordedAt: undefined,
    };
    const scribe = new Scribe(
      position,
      new Books(),
      '2026-03-09T00:00:00.000000Z' as Instant,
      () => new Uint8Array(16),
    );
    scribe.genesis();
    story(scribe, scribe.open('main', FIRST, 'EUR'));
    const replay = Replay.fromGenesis(LEDGER, TENANT, KNOWN);
    try {
      for (const text of scribe.texts) replay.apply(text);
    } catch (error) {
      if (error instanceof LedgerFault) return `${error.kind} at ${error.seq} of ${scribe.texts.length}`;
      throw error;
    }
    return 'no fault';
  };

  it('is told from one whose writer was right', () => {
    const right = faultOf((scribe, first) => {
      scribe.charge(event(FIRST, EUROS), first);
      bill(scribe, first, 'INV-1');
      const second = scribe.open('main', SECOND, 'EUR');
      scribe.open('main', THIRD, 'EUR');
      scribe.charge(event(FIRST, EUROS), second);
      bill(scribe, second, 'INV-2');
    });
    assert.equal(right, 'no fault');
  });

  it('bills late usage in a later period than the next: the charge is named', () => {
    const found = faultOf((scribe, first) => {
      bill(scribe, first, 'INV-1');
      scribe.open('main', SECOND, 'EUR');
      scribe.charge(event(FIRST, EUROS), scribe.open('main', THIRD, 'EUR'));
    });
    assert.equal(found, 'wrong_period at 6 of 7');
  });

  it('opens a period twice, or again after its close', () => {
    assert.equal(
      faultOf((scribe) => scribe.open('main', FIRST, 'EUR')),
      'wrong_period at 2 of 3',
    );
    const again = faultOf((scribe, first) => {
      bill(scribe, first, 'INV-1');
      scribe.open('main', FIRST, 'EUR');
    });
    assert.equal(again, 'wrong_period at 4 of 5');
  });

  it('closes a period twice, leaves one out, or closes one that was never opened', () => {
    const twice = faultOf((scribe, first) => {
      bill(scribe, first, 'INV-1');
      bill(scribe, first, 'INV-2');
    });
    assert.equal(twice, 'wrong_period at 4 of 6');
    const leftOut = faultOf((scribe, first) => {
      bill(scribe, first, 'INV-1');
      bill(scribe, scribe.open('main', THIRD, 'EUR'), 'INV-2');
    });
    assert.equal(leftOut, 'wrong_period at 5 of 7');
    const neverOpened = faultOf((scribe, first) => {
      bill(scribe, first, 'INV-1');
      bill(scribe, { ...first, period: SECOND }, 'INV-2');
    });
    assert.equal(neverOpened, 'wrong_period at 4 of 6');
  });

  it('gives one invoice number twice', () => {
    const found = faultOf((scribe, first) => {
      bill(scribe, first, 'INV-1');
      bill(scribe, scribe.open('main', SECOND, 'EUR'), 'INV-1');
    });
    assert.equal(found, 'wrong_invoice at 6 of 7');
  });

  it('lets one price reference stand for two documents', () => {
    const found = faultOf((scribe, first) => {
      scribe.charge(event(FIRST, EUROS), first);
      scribe.charge(event(FIRST, OTHER_EUROS), first);
    });
    assert.equal(found, 'unknown_price at 3 of 4');
  });

  it('charges a price of another currency, or in another currency than the period', () => {
    assert.equal(
      faultOf((scribe, first) => scribe.charge(event(FIRST, DOLLARS), first)),
      'misrated at 2 of 3',
    );
    assert.equal(
      faultOf((scribe, first) => scribe.charge(event(FIRST, DOLLARS), { ...first, currency: 'USD' })),
      'wrong_period at 2 of 3',
    );
  });

  it('charges a percentage on a count', () => {
    const found = faultOf((scribe, first) => scribe.charge(event(FIRST, PERCENT, { aggregation: 'count' }), first));
    assert.equal(found, 'misrated at 2 of 3');
  });
});

const bill = (scribe: Scribe, open: OpenPeriod, number: string): void => {
  scribe.invoice(open, billOf(open, number));
};
