import assert from 'node:assert/strict';
import { recordPayment } from '../../shared/stores/money-desk.ts';
import { type AccountPlan, accountOf, flat, perUnit, tiered, usage } from './account.ts';
import { TestSuite } from './suite.ts';

/*
 * Three customers, billed by the day. On the morning of 4 March the database is lost.
 *   northwind  calls at 0.01 up to 1,000 and 0.004 above (0.006 from 3 March on), the most seats at 12.50, users at 0.75
 *   umbrella   calls at 0.02, 5 a day for the platform
 *   initech    signs up on 3 March; of it nothing is closed yet
 */
export const NORTHWIND: AccountPlan = {
  unit: 'day',
  meters: {
    calls: {
      model: tiered('graduated', ['1000', '0.01'], [null, '0.004']),
      later: { '2026-03-03T00:00:00Z': perUnit('0.006') },
    },
    seats: { aggregation: 'max', model: perUnit('12.5') },
    users: { aggregation: 'unique_count', valueProperty: 'user', model: perUnit('0.75') },
  },
  limits: [{ id: 'calls-a-day', metric: 'calls', period: 'daily', quantity: '2000', action: 'block' }],
};
export const UMBRELLA: AccountPlan = {
  unit: 'day',
  meters: { calls: { model: perUnit('0.02') }, platform: { model: flat('5') } },
};
export const INITECH: AccountPlan = {
  unit: 'day',
  meters: { calls: { model: perUnit('1') } },
  start: '2026-03-03T00:00:00Z',
};

export const calls = (key: string, quantity: string, time: string) => usage(key, 'calls', quantity, time);
export const user = (key: string, name: string, time: string) =>
  usage(key, 'users', '1', time, { properties: { user: name } });
const many = (prefix: string, count: number, time: string) =>
  Array.from({ length: count }, (_, i) => calls(`${prefix}-${i}`, '1', time));

/** When the database is lost. */
export const LOST = '2026-03-04T09:00:00Z';

/** What happened until then. The vault has everything up to the deep pass of 3 March, 10:30; the rest is in the mirror only. */
export async function keepBooks(): Promise<{
  readonly suite: TestSuite;
  readonly keysOf: ReadonlyMap<string, string>;
}> {
  const suite = await TestSuite.start({ at: '2026-03-01T08:00:00Z' });
  const northwind = await suite.organization(accountOf('northwind', NORTHWIND));
  const umbrella = await suite.organization(accountOf('umbrella', UMBRELLA));
  let now = '2026-03-01T10:00:00Z';
  suite.goTo(now);
  await northwind.send([calls('n1', '600', now), usage('n2', 'seats', '3', now), user('n3', 'anna', now)]);
  await umbrella.send(many('u', 300, now));
  await suite.settle();
  now = '2026-03-02T10:00:00Z';
  suite.goTo(now);
  await suite.runInvoices();
  // 500 calls more and 200 of the day before, late: 600 + 200 are below 1,000.
  await northwind.send([calls('n4', '500', now), calls('n5', '200', '2026-03-01T23:00:00Z'), user('n6', 'anna', now)]);
  await umbrella.send(calls('u-late', '7', '2026-03-01T22:00:00Z'));
  await suite.settle();
  // The first deep pass makes the secret from which salts follow; those of the first two days were made by chance.
  assert.deepEqual((await suite.deep()).faults, []);
  now = '2026-03-03T10:00:00Z';
  suite.goTo(now);
  await suite.runInvoices();
  const { signer, keys } = suite.platform;
  for (const purpose of ['checkpoint', 'evidence'] as const) await keys.adopt(await signer.createKey(purpose));
  const initech = await suite.organization(accountOf('initech', INITECH));
  await northwind.send([calls('n7', '1500', now), user('n8', 'ben', now), user('n9', 'anna', now)]);
  await initech.send(many('i', 3, now));
  await suite.settle();
  suite.goTo('2026-03-03T10:30:00Z');
  assert.deepEqual((await suite.deep()).faults, []);
  // From here on only the mirror knows.
  now = '2026-03-03T23:00:00Z';
  suite.goTo(now);
  const { data } = await northwind.read<{ data: { number: string }[] }>('/api/v1/billing/invoices');
  const wire = { number: data[0]!.number, id: 'wire-1', amount: 100n };
  await suite.platform.ledger.append(northwind.tenant, suite.clock.now(), (work, tx) => recordPayment(work, tx, wire));
  await northwind.send([calls('n10', '300', now), user('n11', 'cleo', now), usage('n12', 'seats', '2', now)]);
  await umbrella.send(calls('u-more', '50', now));
  await suite.settle();
  now = '2026-03-04T08:00:00Z';
  suite.goTo(now);
  await suite.runInvoices();
  await northwind.send([calls('n13', '10', now), user('n14', 'dora', now)]);
  await suite.settle();
  return { suite, keysOf: new Map([northwind, umbrella, initech].map(({ tenant, key }) => [tenant, key])) };
}
