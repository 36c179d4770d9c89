import assert from 'node:assert/strict';
import { fieldOf, withField } from '../../scripts/vectors/workpiece.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { feeConflict } from '../../shared/domain/ledger/fee-rules.ts';
import { MoneyBooks, type StandingFee } from '../../shared/domain/ledger/money-books.ts';
import { Replay } from '../../shared/domain/ledger/replay.ts';
import { leafHashTextOf } from '../../shared/domain/ledger/tree.ts';
import { type Instant, plusMicros } from '../../shared/domain/time.ts';
import { faultIn, LEDGER, linkedAnew, MARCH, PRICES, TENANT, TERMS, WholeLedger } from '../support/whole-ledger.ts';

const at = (lines: readonly string[], typ: string, from = 0): number =>
  lines.findIndex((line, i) => i >= from && fieldOf(line, 'typ') === typ);
const change =
  (field: string, value: (line: string, i: number, lines: readonly string[]) => string) =>
  (lines: readonly string[], i: number) =>
    lines.with(i, withField(lines[i]!, field, value(lines[i]!, i, lines)));
const without = (lines: readonly string[], i: number): string[] => lines.toSpliced(i, 1);
/** An entry of a kind that stands anywhere, put before another. */
const interrupted = (lines: readonly string[], i: number): string[] =>
  lines.toSpliced(i, 0, withField(lines[at(lines, 'erasure')]!, 'recorded_at', fieldOf(lines[i]!, 'recorded_at')));
const END = MARCH.slice(28);

describe('a log whose operator links and numbers everything anew is found out', () => {
  type Break = readonly [
    says: string,
    typ: string,
    change: (lines: readonly string[], i: number) => readonly string[],
    kind: string,
    later?: number,
  ];
  const TABLE: readonly Break[] = [
    [
      'where an entry is recorded before the one it follows',
      'payment',
      change('recorded_at', (line) => plusMicros(fieldOf(line, 'recorded_at') as Instant, -86_400_000_001n)),
      'clock_back',
    ],
    [
      'where it does not begin with its genesis',
      'genesis',
      ([first, second, ...rest]) => [withField(second!, 'prev', fieldOf(first!, 'prev')), ...rest],
      'gap',
    ],
    [
      'where it begins twice',
      'payment',
      (lines, i) => lines.with(i, withField(lines[0]!, 'recorded_at', fieldOf(lines[i]!, 'recorded_at'))),
      'gap',
    ],
    [
      'where an entry is not canonical',
      'payment',
      (lines, i) => lines.with(i, lines[i]!.replace(',', ', ')),
      'unreadable',
    ],
    ['where usage lies at the end of its period', 'charge', change('occurred_at', () => END), 'wrong_period'],
    [
      'where usage lies more than ten minutes ahead',
      'charge',
      change('occurred_at', (line) => plusMicros(fieldOf(line, 'recorded_at') as Instant, 600_000_001n)),
      'wrong_period',
    ],
    [
      'where an event is billed twice',
      'charge',
      (lines, i) => lines.with(i + 1, withField(lines[i + 1]!, 'event_id', fieldOf(lines[i]!, 'event_id'))),
      'duplicate_event',
      1,
    ],
    [
      'where a period ends after its end',
      'close',
      change('until', () => plusMicros(END as Instant, 1n)),
      'wrong_period',
    ],
    [
      'where a period ends before it begins',
      'close',
      change('until', () => plusMicros(MARCH.slice(0, 27) as Instant, -1n)),
      'wrong_period',
    ],
    [
      'where a close is without its invoice',
      'close',
      (lines, i) => lines.toSpliced(i + 1, at(lines, 'invoice', i) - i),
      'wrong_invoice',
      1,
    ],
    [
      'where something stands between a close and its invoice',
      'close',
      (lines, i) => interrupted(lines, i + 1),
      'wrong_invoice',
      1,
    ],
    ['where something stands between the tax and its invoice', 'invoice', interrupted, 'wrong_invoice'],
    ['where a tax is left out', 'tax', without, 'wrong_invoice', 2],
    // The tax stands next, and is that of a smaller sum.
    ['where a discount is left out', 'discount', without, 'wrong_invoice'],
    ['where a credit is left out that the invoice used', 'credit_use', without, 'wrong_invoice', 1],
    [
      'where what an invoice leaves to the customer is left out',
      'credit_grant',
      (lines) => without(lines, at(lines, 'credit_grant', 10)),
      'wrong_invoice',
      52,
    ],
    ['where an invoice of a period stands without its close', 'close', without, 'wrong_invoice', 2],
    ['where an invoice is of no kind', 'invoice', change('kind', () => 'gift'), 'wrong_invoice'],
    ['where an invoice closes what goes on', 'invoice', change('kind', () => 'final'), 'wrong_invoice'],
    [
      'where a correction is of an entry that comes later',
      'correction',
      change('ref_seq', (_, i) => String(i)),
      'wrong_aggregate',
    ],
    ['where a correction leaves less than nothing', 'correction', change('quantity', () => '-1000'), 'wrong_aggregate'],
  ];
  for (const [says, typ, broken, kind, later = 0] of TABLE) {
    it(says, () => {
      const lines = new WholeLedger().texts;
      const i = at(lines, typ);
      assert.deepEqual(faultIn(linkedAnew(broken(lines, i))), { kind, seq: i + later });
    });
  }

  it('but not where usage lies ten minutes ahead, or a correction names the entry before', () => {
    const lines = new WholeLedger().texts;
    const charge = at(lines, 'charge');
    const ahead = change('occurred_at', (line) => plusMicros(fieldOf(line, 'recorded_at') as Instant, 600_000_000n))(
      lines,
      charge,
    );
    assert.equal(faultIn(linkedAnew(ahead)), undefined);
    const correction = at(lines, 'correction');
    assert.equal(faultIn(linkedAnew(change('ref_seq', (_, i) => String(i - 1))(lines, correction))), undefined);
  });

  it('where money moves by a kind that no rule stands for', () => {
    const lines = new WholeLedger().texts;
    const payment = at(lines, 'payment');
    const chargeback = lines[payment]!.replace('"currency"', '"chargeback_id":"c","currency"').replace(
      '"typ":"payment"',
      '"typ":"chargeback"',
    );
    assert.deepEqual(faultIn(linkedAnew(lines.with(payment, chargeback))), { kind: 'reserved_kind', seq: payment });
  });
});

describe('of two entries that do not fit', () => {
  /** Where the fault lies if an entry is another, told from what its successor names. */
  const faultAt = (changed: number, told: boolean): number | undefined => {
    const lines = new WholeLedger().texts;
    const shown = lines.with(changed, withField(lines[changed]!, 'blind', 'A'.repeat(22)));
    const replay = Replay.fromGenesis(LEDGER, TENANT, PRICES, TERMS);
    try {
      for (const [i, line] of shown.entries())
        replay.apply(line, told ? () => fieldOf(lines[i + 1] ?? line, 'prev') : undefined);
      return undefined;
    } catch (error) {
      assert.ok(error instanceof LedgerFault && error.kind === 'altered');
      return error.seq;
    }
  };
  it('it is the first that was altered, where the next still names the second', () =>
    assert.equal(faultAt(5, true), 5));
  it('it is the second, where nobody says so', () => assert.equal(faultAt(5, false), 6));
  it('and of the first of all, itself', () => {
    const [first, second] = new WholeLedger().texts as [string, string];
    const replay = Replay.fromGenesis(LEDGER, TENANT, PRICES, TERMS);
    const changed = withField(first, 'prev', leafHashTextOf('other'));
    assert.throws(() => replay.apply(changed, () => leafHashTextOf(changed)), { kind: 'altered', seq: 0 });
    assert.equal(fieldOf(second, 'seq'), '1');
  });
});

describe('a fee conflicts', () => {
  const day = (text: string): Instant => `2026-03-${text}T00:00:00.000000Z` as Instant;
  const fee = (kind: StandingFee['kind'], from: string, to: string, more: Partial<StandingFee> = {}): StandingFee => ({
    ...{
      subscription: 'main',
      item: 'seats',
      kind,
      period: MARCH,
      from: day(from),
      to: to === 'end' ? (END as Instant) : day(to),
    },
    ...{ quantity: '2', priceDigest: 'd', ...more },
  });
  const conflicts = (standing: StandingFee | undefined, next: StandingFee): boolean => {
    const money = new MoneyBooks();
    if (standing !== undefined) money.stand(standing);
    return feeConflict(money, next) !== undefined;
  };
  const CHARGED = fee('advance', '05', 'end');
  const TABLE: readonly [says: string, standing: StandingFee | undefined, next: StandingFee, conflicts: boolean][] = [
    ['not where nothing was charged', undefined, fee('advance', '01', 'end'), false],
    ['where it pays for no time', undefined, fee('advance', '05', '05'), true],
    ['where it pays backwards', undefined, fee('arrears', '06', '05'), true],
    [
      'where it begins before its period',
      undefined,
      fee('advance', '01', 'end', { from: '2026-02-28T00:00:00.000000Z' as Instant }),
      true,
    ],
    [
      'where it ends after its period',
      undefined,
      fee('advance', '01', 'end', { to: '2026-04-02T00:00:00.000000Z' as Instant }),
      true,
    ],
    [
      'where it begins before the end of what was charged',
      fee('arrears', '01', '10'),
      fee('arrears', '09', '20'),
      true,
    ],
    ['not where it begins with that end', fee('arrears', '01', '10'), fee('arrears', '10', '20'), false],
    ['not where it begins where the unused began', fee('unused', '10', 'end'), fee('advance', '10', 'end'), false],
    ['where it begins before the unused', fee('unused', '10', 'end'), fee('advance', '09', 'end'), true],
    ['where it gives back what was never charged', undefined, fee('unused', '10', 'end'), true],
    ['where it gives back what was charged afterwards', fee('arrears', '05', 'end'), fee('unused', '10', 'end'), true],
    ['where it gives back twice', fee('unused', '10', 'end'), fee('unused', '12', 'end'), true],
    ['not where it gives back a part, or all of it', CHARGED, fee('unused', '10', 'end'), false],
    ['not where it gives back all of it', CHARGED, fee('unused', '05', 'end'), false],
    ['where it gives back more than was charged', CHARGED, fee('unused', '04', 'end'), true],
    ['where it gives back less than all that is left', CHARGED, fee('unused', '10', '20'), true],
    ['where it gives back for another quantity', CHARGED, fee('unused', '10', 'end', { quantity: '3' }), true],
    ['where it gives back at another price', CHARGED, fee('unused', '10', 'end', { priceDigest: 'e' }), true],
    [
      'where it gives back of another period',
      { ...CHARGED, period: `2026-02-01T00:00:00.000000Z/${END}` },
      fee('unused', '10', 'end'),
      true,
    ],
    ['not with another item’s', CHARGED, fee('advance', '05', 'end', { item: 'support' }), false],
  ];
  for (const [says, standing, next, expected] of TABLE)
    it(says, () => assert.equal(conflicts(standing, next), expected));
});
