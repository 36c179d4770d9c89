import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseAccount, type Subscription } from '../../shared/domain/account/account.ts';
import { type Amount, formatAmount } from '../../shared/domain/decimals.ts';
import { feeConflict, reckonFee } from '../../shared/domain/ledger/fee-rules.ts';
import { standingOf } from '../../shared/domain/ledger/line-rules.ts';
import { feeKey, MoneyBooks } from '../../shared/domain/ledger/money-books.ts';
import { dueFees } from '../../shared/domain/subscription/fees.ts';
import {
  cancel,
  keepOn,
  pause,
  resume,
  type SubscriptionJson,
  stateAt,
} from '../../shared/domain/subscription/lifecycle.ts';
import { type Instant, parseInstant } from '../../shared/domain/time.ts';
import { refusalOf } from '../support/refusal.ts';

const at = (text: string): Instant => parseInstant(text.length === 10 ? `${text}T00:00:00Z` : text, 'test');
const price = (id: string, unit_amount: string) => ({
  price_id: id,
  version: '1',
  currency: 'EUR',
  model: { type: 'per_unit', unit_amount },
});
type Phase = readonly [from: string, quantity: string, unit: string | null];

interface Plan {
  readonly timing?: 'advance' | 'arrears';
  readonly proration?: 'second' | 'day' | 'none';
  readonly phases: readonly Phase[];
  readonly zone?: string;
  readonly start?: string;
  readonly unit?: 'month' | 'year' | 'week';
}

/** A subscription of one item, by calendar months from 1 March unless said. */
const jsonOf = ({
  timing = 'advance',
  proration = 'second',
  phases,
  start = '2026-03-01',
  unit = 'month',
}: Plan): SubscriptionJson => ({
  subscription_id: 'main',
  started_at: at(start),
  calendar: { unit, count: 1, anchor: at('2026-03-01') },
  meters: [],
  items: [
    {
      item_id: 'base',
      timing,
      proration,
      phases: phases.map(([from, quantity, amount]) => ({
        from: at(from),
        quantity,
        document: amount === null ? null : price(`p${amount.replace('.', '-')}`, amount),
      })),
    },
  ],
});

const read = (json: SubscriptionJson, zone = 'UTC'): Subscription =>
  parseAccount({ organization_id: 'acme', zone, currency: 'EUR', subscriptions: [json] }).subscriptions[0]!;

/** Everything that falls due up to an instant, asked for at each of some instants, as the ledger would hold it. */
function history(
  subscription: Subscription,
  askedAt: readonly string[],
): { readonly text: string; readonly amount: Amount }[] {
  const money = new MoneyBooks();
  const item = subscription.items[0]!;
  return askedAt.flatMap((upTo) =>
    dueFees(subscription, item, money.fees.get(feeKey('main', 'base')), at(upTo)).map(({ fee }) => {
      assert.equal(feeConflict(money, standingOf(fee)), undefined);
      money.stand(standingOf(fee));
      const { amount, numerator, denominator } = reckonFee(fee);
      const share =
        numerator === denominator
          ? ''
          : ` ${BigInt(numerator) / unitOf(fee.proration)}/${BigInt(denominator) / unitOf(fee.proration)}`;
      return {
        text: `${fee.kind} ${fee.from.slice(0, 10)}..${fee.to.slice(0, 10)}${share} ${formatAmount(amount)}`,
        amount,
      };
    }),
  );
}
const unitOf = (proration: string): bigint => (proration === 'second' ? 86_400_000_000n : 1n);
const textsOf = (plan: Plan, ...askedAt: string[]): string[] =>
  history(read(jsonOf(plan), plan.zone), askedAt).map(({ text }) => text);
const sumOf = (subscription: Subscription, ...askedAt: string[]): string =>
  formatAmount(history(subscription, askedAt).reduce((sum, { amount }) => sum + amount, 0n) as Amount);

describe('a fee in advance', () => {
  it('of 31.00 a month is charged on 1 March, 1 April, 1 May, once each however often one asks', () => {
    const plan = { phases: [['2026-03-01', '1', '31']] } as const;
    const once = [
      'advance 2026-03-01..2026-04-01 31',
      'advance 2026-04-01..2026-05-01 31',
      'advance 2026-05-01..2026-06-01 31',
    ];
    assert.deepEqual(textsOf(plan, '2026-05-10'), once);
    assert.deepEqual(textsOf(plan, '2026-03-01', '2026-03-01', '2026-04-15', '2026-05-01', '2026-05-10'), once);
  });

  it('of 31.00, changed to 62.00 on 17 March: 15/31 of 31 come back (15.00), 15/31 of 62 are charged (30.00)', () => {
    assert.deepEqual(
      textsOf(
        {
          phases: [
            ['2026-03-01', '1', '31'],
            ['2026-03-17', '1', '62'],
          ],
        },
        '2026-03-31',
      ),
      [
        'advance 2026-03-01..2026-04-01 31',
        'unused 2026-03-17..2026-04-01 15/31 -15',
        'advance 2026-03-17..2026-04-01 15/31 30',
      ],
    );
  });

  it('for 2 seats at 31.00, 5 from 11 March on: 21/31 of 62 come back (42.00), 21/31 of 155 are charged (105.00)', () => {
    assert.deepEqual(
      textsOf(
        {
          phases: [
            ['2026-03-01', '2', '31'],
            ['2026-03-11', '5', '31'],
          ],
        },
        '2026-03-31',
      ).slice(1),
      ['unused 2026-03-11..2026-04-01 21/31 -42', 'advance 2026-03-11..2026-04-01 21/31 105'],
    );
  });

  it('by days counts the day of the change for the new plan, wherever in it the change was', () => {
    const plan = {
      proration: 'day',
      phases: [
        ['2026-03-01', '1', '31'],
        ['2026-03-17T15:30:00Z', '1', '62'],
      ],
    } as const;
    assert.deepEqual(textsOf(plan, '2026-03-31').slice(1), [
      'unused 2026-03-17..2026-04-01 15/31 -15',
      'advance 2026-03-17..2026-04-01 15/31 30',
    ]);
  });

  it('by days of Berlin: 23:30 UTC on the 16th is the 17th there', () => {
    const plan = {
      proration: 'day',
      zone: 'Europe/Berlin',
      phases: [
        ['2026-03-01', '1', '31'],
        ['2026-03-16T23:30:00Z', '1', '62'],
      ],
    } as const;
    assert.match(textsOf(plan, '2026-03-31')[1]!, /15\/31 -15$/);
  });

  it('without proration changes with the next period', () => {
    assert.deepEqual(
      textsOf(
        {
          proration: 'none',
          phases: [
            ['2026-03-01', '1', '31'],
            ['2026-03-17', '1', '62'],
          ],
        },
        '2026-04-01',
      ),
      ['advance 2026-03-01..2026-04-01 31', 'advance 2026-04-01..2026-05-01 62'],
    );
  });

  it('that begins on 22 March of a calendar month is charged 10/31 of it', () => {
    assert.deepEqual(textsOf({ start: '2026-03-22', phases: [['2026-03-22', '1', '31']] }, '2026-03-22'), [
      'advance 2026-03-22..2026-04-01 10/31 10',
    ]);
  });

  it('for what is free is not charged, not even nothing', () => {
    assert.deepEqual(
      textsOf(
        {
          phases: [
            ['2026-03-01', '1', '0'],
            ['2026-03-17', '1', '31'],
          ],
        },
        '2026-03-31',
      ),
      ['advance 2026-03-17..2026-04-01 15/31 15'],
    );
  });

  it('A to B to A at one instant costs nothing', () => {
    const plan = {
      phases: [
        ['2026-03-01', '1', '31'],
        ['2026-03-17', '1', '62'],
        ['2026-03-17', '1', '31'],
      ],
    } as const;
    assert.deepEqual(textsOf(plan, '2026-03-31'), ['advance 2026-03-01..2026-04-01 31']);
  });

  it('of 10.00 changed a microsecond after it began comes back but for 10 / 2,678,400,000,000 = 0.0000000000037, rounded to 12 places', () => {
    assert.deepEqual(
      textsOf(
        {
          phases: [
            ['2026-03-01', '1', '10'],
            ['2026-03-01T00:00:00.000001Z', '1', '20'],
          ],
        },
        '2026-03-02',
      ),
      [
        'advance 2026-03-01..2026-04-01 10',
        'unused 2026-03-01..2026-04-01 30/31 -9.999999999996',
        'advance 2026-03-01..2026-04-01 30/31 19.999999999993',
      ],
    );
  });
});

describe('a fee in arrears', () => {
  it('is charged when its stretch is over: 16/31 of 31.00, then 15/31 of 62.00', () => {
    const plan = {
      timing: 'arrears',
      phases: [
        ['2026-03-01', '1', '31'],
        ['2026-03-17', '1', '62'],
      ],
    } as const;
    assert.deepEqual(textsOf(plan, '2026-03-16'), []);
    assert.deepEqual(textsOf(plan, '2026-03-17', '2026-04-01'), [
      'arrears 2026-03-01..2026-03-17 16/31 16',
      'arrears 2026-03-17..2026-04-01 15/31 30',
    ]);
  });

  it('without proration is charged whole at the end of the period, at the price it began with', () => {
    const plan = {
      timing: 'arrears',
      proration: 'none',
      phases: [
        ['2026-03-01', '1', '31'],
        ['2026-03-17', '1', '62'],
      ],
    } as const;
    assert.deepEqual(textsOf(plan, '2026-05-01'), [
      'arrears 2026-03-01..2026-04-01 31',
      'arrears 2026-04-01..2026-05-01 62',
    ]);
  });
});

describe('the life of a subscription', () => {
  const monthly = jsonOf({ phases: [['2026-03-01', '1', '31']] });

  it('is scheduled, active, paused, active, canceled', () => {
    const paused = resume(pause(monthly, at('2026-03-11')), at('2026-03-21'));
    const ended = cancel(paused, at('2026-03-26'), at('2026-03-26'));
    const states = ['2026-02-28', '2026-03-05', '2026-03-11', '2026-03-20', '2026-03-21', '2026-03-26'].map((day) =>
      stateAt(ended, at(day)),
    );
    assert.deepEqual(states, ['scheduled', 'active', 'paused', 'paused', 'active', 'canceled']);
  });

  it('pays for 31 days less ten of a pause and six after its end: 31 - 21 + 11 - 6 = 15.00', () => {
    const json = cancel(resume(pause(monthly, at('2026-03-11')), at('2026-03-21')), at('2026-03-26'), at('2026-03-26'));
    assert.equal(sumOf(read(json), '2026-03-01', '2026-03-11', '2026-03-21', '2026-03-26', '2026-05-01'), '15');
  });

  it('that is ended at the end of its period pays nothing more', () => {
    const json = cancel(monthly, at('2026-04-01'), at('2026-03-10'));
    assert.equal(sumOf(read(json), '2026-03-01', '2026-06-01'), '31');
    assert.equal(stateAt(json, at('2026-03-31')), 'active');
  });

  it('goes on as before when its planned end is taken back', () => {
    const json = keepOn(cancel(monthly, at('2026-04-01'), at('2026-03-10')), at('2026-03-20'));
    assert.deepEqual(json, monthly);
    assert.equal(refusalOf(() => keepOn(json, at('2026-03-20')))?.code, 'invalid_transition');
  });

  it('is not paused twice, not resumed unpaused, not ended twice', () => {
    const paused = pause(monthly, at('2026-03-11'));
    assert.equal(refusalOf(() => pause(paused, at('2026-03-12')))?.code, 'invalid_transition');
    assert.equal(refusalOf(() => resume(monthly, at('2026-03-12')))?.code, 'invalid_transition');
    const ended = cancel(monthly, at('2026-03-11'), at('2026-03-11'));
    assert.equal(refusalOf(() => cancel(ended, at('2026-03-12'), at('2026-03-12')))?.code, 'invalid_transition');
    assert.equal(refusalOf(() => pause(ended, at('2026-03-12')))?.code, 'invalid_transition');
  });
});

describe('laws of fees', () => {
  const END = '2026-03-31T23:59:59.999999Z';
  const instants = fc
    .uniqueArray(fc.integer({ min: 1, max: 31 * 24 * 60 - 1 }), { maxLength: 8 })
    .map((minutes) =>
      [...minutes].sort((a, b) => a - b).map((m) => new Date(Date.UTC(2026, 2, 1, 0, m)).toISOString()),
    );
  const unit = fc
    .integer({ min: 1, max: 999_999 })
    .map((n) => `${Math.floor(n / 1000)}.${String(n % 1000).padStart(3, '0')}`);
  const proration = fc.constantFrom('second' as const, 'day' as const);

  it('changing to the same price any number of times changes nothing', () => {
    fc.assert(
      fc.property(instants, unit, proration, (times, amount, by) => {
        const same = read(
          jsonOf({
            proration: by,
            phases: [['2026-03-01', '1', amount], ...times.map((t): Phase => [t, '1', amount])],
          }),
        );
        assert.equal(sumOf(same, END), sumOf(read(jsonOf({ phases: [['2026-03-01', '1', amount]] })), '2026-03-31'));
      }),
    );
  });

  it('in arrears any cutting of a period into stretches of one price adds up to the price', () => {
    fc.assert(
      fc.property(instants, unit, proration, (times, amount, by) => {
        const other = (i: number): string => (i % 2 === 0 ? '1' : '2');
        // A quantity of 2 at half the price is another phase of the same cost.
        const phases = times.map((t, i): Phase => [t, other(i + 1), i % 2 === 0 ? halfOf(amount) : amount]);
        const cut = read(
          jsonOf({ timing: 'arrears', proration: by, phases: [['2026-03-01', '1', amount], ...phases] }),
        );
        assert.equal(
          sumOf(cut, '2026-04-01'),
          formatAmount((BigInt(Math.round(Number(amount) * 1000)) * 10n ** 21n) as Amount),
        );
      }),
    );
  });

  it('what comes back is never more than what was charged, and the result does not depend on when one asks', () => {
    const change = fc.tuple(fc.integer({ min: 0, max: 5 }), unit);
    fc.assert(
      fc.property(instants, fc.array(change, { minLength: 8, maxLength: 8 }), proration, (times, changes, by) => {
        const phases = times.map((t, i): Phase => [t, String(changes[i]![0]), changes[i]![1]]);
        const subscription = read(jsonOf({ proration: by, phases: [['2026-03-01', '1', '50'], ...phases] }));
        const atOnce = history(subscription, [END]);
        const oneByOne = history(subscription, ['2026-03-01', ...times, END]);
        assert.deepEqual(oneByOne, atOnce);
        let sum = 0n;
        for (const { amount } of atOnce) {
          sum += amount;
          assert.ok(sum >= 0n);
        }
      }),
    );
  });
});

/** Half of an amount with three places has four. */
const halfOf = (amount: string): string => {
  const thousandths = Math.round(Number(amount) * 1000) * 5;
  return `${Math.floor(thousandths / 10_000)}.${String(thousandths % 10_000).padStart(4, '0')}`;
};
