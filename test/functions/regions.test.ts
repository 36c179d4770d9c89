import assert from 'node:assert/strict';
import { parseLedgerOrigin } from '../../shared/domain/ids.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { checkedFetch } from '../support/contract.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const PLAN = {
  currency: 'EUR',
  zone: 'UTC',
  start: '2026-03-01T00:00:00Z',
  unit: 'month',
  meters: { calls: { model: perUnit('0.25') } },
} as const;
const ENDPOINTS = new Map([
  ['us', 'https://us.ledger.example.com'],
  ['eu', 'https://eu.ledger.example.com'],
]);

describe('an organization lives in one residency region', () => {
  let europe: TestSuite;
  let america: TestSuite;
  let acme: Client;

  before(async () => {
    const stackOf = (region: string) =>
      TestSuite.start({
        config: { region, regionEndpoints: ENDPOINTS, ledgerOrigin: parseLedgerOrigin(`${region}.example.com/1`) },
      });
    [europe, america] = await Promise.all([stackOf('eu'), stackOf('us')]);
    acme = await europe.organization({ ...accountOf('acme', PLAN), region: 'eu' });
  });
  after(() => Promise.all([europe.close(), america.close()]));

  /** The same call to a stack, whichever it is for. */
  const ask = (suite: TestSuite, path: string, key: string, body?: unknown): Promise<Response> =>
    checkedFetch(`${suite.url}/api/v1/billing/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  it('its own region takes its usage; every receipt carries that region’s ledger', async () => {
    const sent = await ask(europe, 'usage', acme.key, usage('k1', 'calls', '4', '2026-03-01T00:00:00Z'));
    assert.equal(sent.status, 202);
    await europe.settle();
    const [charge] = await europe.entriesOf('acme', 'charge');
    // 4 x 0.25
    assert.deepEqual([charge?.ledger, charge?.amount], ['eu.example.com/1', '1']);
  });

  it('another region answers 421 with the endpoint of the right one, and keeps nothing', async () => {
    for (const response of [
      await ask(america, 'usage', acme.key, usage('k2', 'calls', '9', '2026-03-01T00:00:00Z')),
      await ask(america, 'invoices', acme.key),
      await ask(america, 'ledger/head', acme.key),
    ]) {
      assert.equal(response.status, 421);
      const problem = (await response.json()) as Record<string, unknown>;
      assert.equal(problem['code'], 'wrong_region');
      assert.equal(problem['endpoint'], 'https://eu.ledger.example.com');
    }
    assert.deepEqual(await america.platform.accounts.list(undefined, 10), []);
    assert.deepEqual(await america.platform.usage.waitingTenants(10), []);
  });

  it('a key that names a region nobody serves is a key that is not valid', async () => {
    const response = await ask(europe, 'invoices', acme.key.replace('_eu_', '_mars_'));
    assert.equal(response.status, 401);
  });

  it('relabelling a key does not let it in: the other region never issued it', async () => {
    const response = await ask(america, 'invoices', acme.key.replace('_eu_', '_us_'));
    assert.equal(response.status, 401);
  });

  it('an organization pinned to one region is not taken in by another', async () => {
    await assert.rejects(america.organization({ ...accountOf('umbrella', PLAN), region: 'eu' }), {
      code: 'wrong_region',
    });
    assert.deepEqual(await america.platform.accounts.list(undefined, 10), []);
  });
});
