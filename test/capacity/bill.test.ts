import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chainsOf } from '../../scripts/capacity/backups.ts';
import { billOf, ITEMS, type Load, type Model, totalOf } from '../../scripts/capacity/bill.ts';
import { Fraction, sumOf } from '../../scripts/capacity/fraction.ts';
import { type OperationRun, readPrices } from '../../scripts/capacity/inputs.ts';
import { eventsPerSecond, nodePerEventRate, unitsNeeded } from '../../scripts/capacity/nodes.ts';
import { report } from '../../scripts/capacity/report.ts';
import { steadily } from '../../scripts/capacity/stored.ts';
import { pricing, supposing } from '../../scripts/capacity/supposed.ts';
import { tailAsked } from '../../scripts/capacity/tail.ts';
import {
  asking,
  assuming,
  everyPrice,
  inputs,
  leaving,
  measuredAs,
  NOTHING,
  ONE_OF_EACH,
  timesPrice,
} from './model.ts';

/** A month of a million events on one stack that nobody keeps warm, all prices 1. */
const plain = (run: OperationRun = ONE_OF_EACH, ...settings: string[]): Model => ({
  run,
  measured: measuredAs(run),
  cpuMicros: Fraction.of(25),
  supposed: supposing(
    assuming(
      'stacks=1',
      'warm_vcpus=0',
      'warm_gib=0',
      'evidence_bytes=0',
      'ledger_years=1',
      'hot_window_days=100',
      ...settings,
    ),
  ),
  costOf: pricing(everyPrice('1')),
});
const MILLION: Load = {
  customers: Fraction.ZERO,
  events: Fraction.of(1_000_000),
  held: steadily(Fraction.of(1000), Fraction.of(365)),
  age: Fraction.of(365),
};
const item = (name: (typeof ITEMS)[number], model = plain(), load = MILLION): string =>
  billOf(load, model)[name].toDecimal(2);

describe('a month of a million events, one call of each kind per event, one USD per call', () => {
  it('a node costs an hour 1 USD: one for 730 hours is 730 USD, and bought for a year a fifth less', () => {
    assert.equal(item('Spanner compute', plain(ONE_OF_EACH, 'spanner_compute_discount=0')), '730.00');
    assert.equal(item('Spanner compute'), '584.00');
  });

  it('one read, one write, and two deletes of Firestore: its own, and what was written goes later; and 30 reads by the tail check', () =>
    // A page each, that is in the tail for 1.5 hours and compared each three minutes.
    assert.equal(item('Firestore operations'), '34000000.00'));

  it('Pub/Sub bills 1,000 bytes of a message of one byte, published and delivered: 2,000,000,000', () =>
    assert.equal(item('Pub/Sub'), '2000000000.00'));

  it('a million requests and a million pushes leave 2,500 bytes each in the log: 5,000,000,000', () =>
    assert.equal(item('Logs'), '5000000000.00'));

  it('2 key versions, 24 data keys, 262,800 seals, and two operations an event: 2,262,826', () =>
    assert.equal(item('Cloud KMS'), '2262826.00'));

  it('25 microseconds at half a vCPU are 50 seconds, but waiting is longer: 2 million requests of 0.1 s, ten at once, 20,000 s', () => {
    // 20,000 of vCPU, as many of memory, 2,000,000 requests.
    assert.equal(item('Functions at work'), '2040000.00');
  });

  it('nothing is kept warm, nothing is stored', () => {
    for (const name of [
      'Functions kept warm',
      'Spanner storage',
      'Spanner backups',
      'Firestore storage',
      'Vault storage',
    ] as const)
      assert.equal(item(name), '0.00', name);
  });
});

describe('what is stored', () => {
  const pages = leaving(ONE_OF_EACH, { hot_window: { pages: 10 } });

  it('1,000 events a day, 10 bytes each, hot for 100 days and 7 as versions: 1,070,000 bytes', () =>
    assert.equal(item('Spanner storage', plain(pages)), '1070000.00'));

  it('a key is known for 35 days, and 4.5 of margin, and 7 as a version: 46,500 rows of 10 bytes', () =>
    assert.equal(item('Spanner storage', plain(leaving(ONE_OF_EACH, { expiring: { dedupe: 10 } }))), '465000.00'));

  it('a table that nobody has said an end of stays as long as the ledger, and 7 days', () =>
    assert.equal(item('Spanner storage', plain(leaving(ONE_OF_EACH, { for_ever: { tree_nodes: 10 } }))), '3650000.00'));

  it('records of seals stay for ever, heads of 10 customers for 107 days, and those of 24 anchors a day for ever', () => {
    const one = leaving(ONE_OF_EACH, { for_ever: { seals: 1100 } });
    const many = { ...leaving(ONE_OF_EACH, { for_ever: { seals: 2000 } }), tenants: 10 };
    const model = { ...plain(), measured: { runs: [one], one, many } };
    // 8,640 a day: 365 days of 1,000 bytes are 3,153,600,000; 107 days of 10 x 100 bytes 924,480,000; 24 x 258 days of these 6,192,000.
    assert.equal(item('Spanner storage', model, { ...MILLION, customers: Fraction.of(10) }), '4084272000.00');
  });

  it('a backup a day and 14 to a chain: the full copies of 43 of each 14 days, and what changed in 33.4 days', () => {
    // A full copy is kept for 13 days until its chain's last backup, and 30 more. The 13 increments stand 42, 41 ... 30 days of 14.
    const { fulls, changedDays } = chainsOf(supposing(assuming()));
    assert.equal(fulls.toDecimal(4), '3.0714');
    assert.equal(changedDays.toDecimal(4), '33.4286');
    // Backups hold no versions: 1,000,000 bytes x 43/14, and 10,000,000 a month of 365/12 days x 33.4286.
    assert.equal(item('Spanner backups', plain(pages)), '14061643.84');
  });

  for (const { says, interval, fulls } of [
    {
      says: 'every four hours a chain is over in 56 hours, and 13.79 full copies stand',
      interval: '4',
      fulls: '13.79',
    },
    { says: 'each second day it lasts its 28 days, and 2 stand', interval: '48', fulls: '2.00' },
    { says: 'each week four backups fill 28 days, and 1.82 stand', interval: '168', fulls: '1.82' },
  ]) {
    it(says, () =>
      assert.equal(
        chainsOf(supposing(assuming(`spanner_backup_interval_hours=${interval}`))).fulls.toDecimal(2),
        fulls,
      ),
    );
  }

  it('evidence cools: 30 days standard, 60 nearline, 275 coldline, and then archive', () => {
    const prices = readPrices();
    const only = (name: string): Model => ({
      ...plain(ONE_OF_EACH, 'evidence_bytes=1', 'ledger_years=2'),
      costOf: pricing({ ...everyPrice('0'), [name]: { ...prices[name]!, usd: '1', units: 1 } }),
    });
    const load = { ...MILLION, held: steadily(Fraction.of(1000), Fraction.of(730)) };
    for (const [name, receipts] of [
      ['storage_standard', '30000.00'],
      ['storage_nearline', '60000.00'],
      ['storage_coldline', '275000.00'],
      ['storage_archive', '365000.00'],
    ] as const)
      assert.equal(item('Vault storage', only(name), load), receipts, name);
  });
});

describe('the tail check', () => {
  const month = Fraction.of(30);
  /** What it asks in thirty days: 14,400 comparisons, 43,200 checks. */
  const asked = (run: Partial<OperationRun>, customers: number, events: number) => {
    const model = plain({ ...ONE_OF_EACH, ...run }, 'tail_base_calls=10', 'tail_lot_calls=3');
    const { reads, calls } = tailAsked(
      { ...MILLION, customers: Fraction.of(customers), events: Fraction.of(events) },
      model,
      month,
    );
    return [reads.toDecimal(0), calls.toDecimal(0)];
  };

  it('reads a page 30 times: 360,000 receipts by 500 are two pages for each 500, 1,440 in all, 3 at a time in the tail', () => {
    // Compared: one customer's last lot and 3 of 200. Checked: 3 calls for each of its last lot and 3 of 64; 10 more for each of 24 anchors a day.
    const calls = 14_400 * (1 + 3 / 200) + 43_200 * 3 * (1 + 3 / 64) + 30 * 24 * 10;
    assert.deepEqual(asked({ batch: 500 }, 1, 360_000), [String(1440 * 30), String(calls)]);
  });

  it('of requests that are answered at once makes one page: 16 by 10 receipts are one of 160', () =>
    assert.equal(asked({ batch: 10, together: 16 }, 1, 160_000)[0], String(1000 * 30)));

  it('asks for the copies of ten customers who send nothing all the same, and each answer that there are none is a document', () =>
    assert.deepEqual(asked({}, 10, 0), [String(10 * 14_400), String(10 * 14_400 + 10 * 10 * 30 * 24)]));

  it('leaves 1,500 bytes in the trail for each call: 730 hours of 20 comparisons and the tree before one anchor of one customer', () => {
    const idle = { ...MILLION, events: Fraction.ZERO, held: () => Fraction.ZERO, age: Fraction.ZERO };
    const only = (name: string, model = plain()): Model => ({
      ...model,
      costOf: pricing({ ...everyPrice('0'), [name]: { ...readPrices()[name]!, usd: '1', units: 1 } }),
    });
    const lines = (customers: number): number =>
      Number(item('Audit trail', only('log_routing'), { ...idle, customers: Fraction.of(customers) })) / 1500;
    assert.equal(lines(1) - lines(0), 730 * (20 + 14));
  });
});

describe('Spanner nodes', () => {
  const supposed = supposing(
    assuming(
      'spanner_writes_per_node=1000',
      'spanner_reads_per_node=10000',
      'spanner_shared_row=0.2',
      'spanner_cpu_target=0.5',
    ),
  );
  /** 100 events in 2 commits of 51 rows each, with 200 looks, most of them at rows that are not there. */
  const run: OperationRun = {
    ...asking(ONE_OF_EACH, {
      commits: 2,
      written_rows: 102,
      mutations: 700,
      read_keys: 150,
      read_ranges: 50,
      read_rows: 20,
    }),
    batch: 50,
    events: 100,
  };

  it('2 commits at 1 and 100 further rows at 0.2 are 22 writes for 100 events: 0.00022 of a node, reading 0.0002', () =>
    assert.equal(nodePerEventRate(run, supposed).toDecimal(6), '0.000420'));

  it('at half its CPU a node carries 0.5 / 0.00042 = 1,190 events a second', () =>
    assert.equal(eventsPerSecond(Fraction.of(1000), run, supposed).toDecimal(0), '1190'));

  for (const { says, rate, bytes, units } of [
    { says: '100 events a second: 0.084 of a node, in hundreds 100 units', rate: '100', bytes: '0', units: '100' },
    { says: '1,000 events a second: 0.84 of a node, 900 units', rate: '1000', bytes: '0', units: '900' },
    { says: '1,500 events a second: 1.26 nodes, two whole ones', rate: '1500', bytes: '0', units: '2000' },
    {
      says: '30 TiB need four nodes of 7.5 TiB, however little happens',
      rate: '1',
      bytes: String(30 * 2 ** 40),
      units: '4000',
    },
  ]) {
    it(says, () => assert.equal(unitsNeeded(Fraction.of(rate), Fraction.of(bytes), run, supposed).toDecimal(0), units));
  }
});

describe('laws of the bill', () => {
  const counts = fc.integer({ min: 0, max: 5000 });
  const runs = fc
    .record({
      rows: counts,
      reads: counts,
      commits: fc.integer({ min: 1, max: 2000 }),
      messages: counts,
      writes: counts,
      bytes: fc.integer({ min: 1, max: 5000 }),
    })
    .map(({ rows, reads, commits, messages, writes, bytes }): OperationRun => {
      const kept = { expiring: { dedupe: bytes }, hot_window: { pages: bytes } };
      const run = leaving(
        asking(ONE_OF_EACH, { written_rows: rows, read_keys: reads, reads, commits }),
        kept,
        bytes,
        bytes,
      );
      const usage = {
        ...run.phases.usage,
        pubsub: { publishes: messages, messages, bytes: messages, deliveries: messages },
        firestore: { ...NOTHING.firestore, reads: writes, writes },
      };
      return { ...run, batch: 10, events: 1000, phases: { ...run.phases, usage } };
    });

  it('items add up to the total, to the last digit', () => {
    fc.assert(
      fc.property(runs, (run) => {
        const { year, perMillion } = report(inputs({ measured: measuredAs(run) }));
        assert.ok(totalOf(year).equals(sumOf(Object.values(year))));
        assert.ok(perMillion.times(Fraction.of(100_000)).equals(totalOf(year)));
      }),
      { numRuns: 10 },
    );
  });

  it('prices three times as high make three times the cost', () => {
    fc.assert(
      fc.property(runs, (run) => {
        const once = report(inputs({ measured: measuredAs(run) })).year;
        const thrice = report(inputs({ measured: measuredAs(run), prices: timesPrice('3') })).year;
        for (const name of ITEMS) assert.ok(thrice[name].equals(once[name].times(Fraction.of(3))), name);
      }),
      { numRuns: 5 },
    );
  });

  it('more calls and more bytes never cost less', () => {
    fc.assert(
      fc.property(runs, runs, (a, b) => {
        const busier = asking(a, {
          written_rows: a.phases.usage.spanner.written_rows + b.phases.usage.spanner.written_rows,
        });
        const { pages = 0 } = b.stored_bytes.firestore.hot_window;
        const both: OperationRun = {
          ...busier,
          stored_bytes: {
            ...a.stored_bytes,
            firestore: {
              ...a.stored_bytes.firestore,
              hot_window: { pages: (a.stored_bytes.firestore.hot_window['pages'] ?? 0) + pages },
            },
          },
        };
        const [less, more] = [
          report(inputs({ measured: measuredAs(a) })).year,
          report(inputs({ measured: measuredAs(both) })).year,
        ];
        for (const name of ITEMS) assert.ok(!less[name].isMoreThan(more[name]), name);
      }),
      { numRuns: 5 },
    );
  });
});
