import assert from 'node:assert/strict';
import { ROLES, type Role } from '../../shared/stores/account-store.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const API = '/api/v1/billing';
const NOON = '2026-03-01T12:00:00Z';
const TENANTS = ['acme', 'umbrella', 'initech'] as const;
/** The same metric and the same keys everywhere, at a price of each one's own. */
const PRICES = { acme: '1', umbrella: '10', initech: '100' } as const;
const plan = (tenant: (typeof TENANTS)[number], limit?: string) =>
  accountOf(tenant, {
    unit: 'day',
    meters: { api_calls: { model: perUnit(PRICES[tenant]) } },
    limits:
      limit === undefined
        ? []
        : [{ id: 'daily', metric: 'api_calls', period: 'daily', quantity: limit, action: 'block' }],
  });
const events = (count: number) => Array.from({ length: count }, (_, i) => usage(`key-${i}`, 'api_calls', '1', NOON));

interface Owned {
  readonly client: Client;
  readonly receipts: readonly string[];
  readonly invoice: string;
}

describe('tenants do not meet', () => {
  let suite: TestSuite;
  const owned = new Map<string, Owned>();
  const of = (tenant: (typeof TENANTS)[number]): Owned => owned.get(tenant)!;

  before(async () => {
    suite = await TestSuite.start({ at: NOON });
    const sent = await Promise.all(
      TENANTS.map(async (tenant, i) => {
        const client = await suite.organization(plan(tenant));
        // 3, 4 and 5 events, all under the same keys.
        const { results } = await client.send(events(3 + i));
        return { client, receipts: results.map(({ receipt_id }) => receipt_id!) };
      }),
    );
    await suite.settle();
    suite.goTo('2026-03-02T01:00:00Z');
    const { issued } = await suite.runInvoices();
    await suite.settle();
    for (const [i, tenant] of TENANTS.entries()) {
      owned.set(tenant, { ...sent[i]!, invoice: issued.find((one) => one.tenant === tenant)!.number });
    }
  });
  after(() => suite.close());

  const statusOf = async (client: Client, path: string): Promise<number> => {
    const response = await client.get(path, { Accept: '*/*' });
    await response.arrayBuffer();
    return response.status;
  };
  const READS = ['usage/summary', 'invoices', 'evidence', 'receipts', 'ledger/head'];
  const objectsOf = ({ receipts, invoice }: Owned): string[] => [
    ...receipts.map((id) => `receipts/${id}`),
    `invoices/${invoice}`,
    `evidence/${invoice}`,
  ];

  it('the same keys and the same metric: 3 x 1, 4 x 10 and 5 x 100, each on its own invoice', async () => {
    const totals = await Promise.all(
      TENANTS.map(async (tenant) => {
        const { data } = await of(tenant).client.read<{ data: { number: string; total: { amount: string } }[] }>(
          `${API}/invoices`,
        );
        return data.map(({ number, total }) => [number === of(tenant).invoice, total.amount]);
      }),
    );
    assert.deepEqual(totals, [[[true, '300']], [[true, '4000']], [[true, '50000']]]);
    assert.equal(new Set(TENANTS.flatMap((tenant) => of(tenant).receipts)).size, 12);
  });

  for (const role of ROLES) {
    it(`${role}: every object of one’s own is there, every object of another’s is not, whatever the operation`, async () => {
      for (const mine of TENANTS) {
        const client = await suite.client(mine, role);
        for (const path of [...READS, ...objectsOf(of(mine))]) {
          assert.equal(await statusOf(client, `${API}/${path}`), 200, `${mine} ${path}`);
        }
        for (const theirs of TENANTS.filter((tenant) => tenant !== mine)) {
          for (const path of objectsOf(of(theirs))) {
            assert.equal(await statusOf(client, `${API}/${path}`), 404, `${mine} asks for ${theirs}’s ${path}`);
          }
        }
      }
    });
  }

  it('no list, summary, head, proof or evidence shows anything of another tenant', async () => {
    for (const mine of TENANTS) {
      const { client } = of(mine);
      const bodies = await Promise.all(
        [...READS, ...objectsOf(of(mine))].map(async (path) =>
          (await client.get(`${API}/${path}`, { Accept: '*/*' })).text(),
        ),
      );
      const seen = bodies.join('\n');
      for (const theirs of TENANTS.filter((tenant) => tenant !== mine)) {
        const { receipts, invoice } = of(theirs);
        const blind = String(suite.sql('SELECT blind FROM heads WHERE tenant=?', theirs)[0]!['blind']);
        for (const secret of [theirs, invoice, blind, ...receipts])
          assert.ok(!seen.includes(secret), `${mine} sees ${secret}`);
      }
    }
  });

  it('usage in another’s name is refused event by event and touches neither', async () => {
    const before = suite.counts();
    for (const [mine, theirs] of [
      ['acme', 'umbrella'],
      ['umbrella', 'initech'],
    ] as const) {
      const { results } = await of(mine).client.send(events(2).map((event) => ({ ...event, organization_id: theirs })));
      assert.deepEqual(
        results.map(({ code }) => code),
        ['organization_mismatch', 'organization_mismatch'],
      );
    }
    assert.deepEqual(suite.counts(), before);
  });

  it('a doorbell for one tenant makes receipts for that tenant only', async () => {
    await suite.platform.bus.stop();
    for (const tenant of ['acme', 'umbrella'] as const)
      await of(tenant).client.send(usage('late', 'api_calls', '1', NOON));
    await suite.restart();
    await suite.platform.bus.idle();
    const sizes = () =>
      Object.fromEntries(suite.sql('SELECT tenant, size FROM heads').map((row) => [row['tenant'], row['size']]));
    const before = sizes();
    assert.equal((await suite.ring('sign-receipts', { tenant: 'umbrella' })).status, 204);
    assert.equal(sizes()['acme'], before['acme']);
    assert.ok(Number(sizes()['umbrella']) > Number(before['umbrella']));
    await suite.ring('sign-receipts', { tenant: 'acme' });
  });

  it('one tenant’s limit is nobody else’s, and a change of its document is a change for it alone, at once', async () => {
    const { accounts } = suite.platform;
    const time = suite.clock.now();
    const sendOne = async (tenant: (typeof TENANTS)[number], key: string) =>
      (await of(tenant).client.send(usage(key, 'api_calls', '2', time))).results.map(
        ({ status, code }) => code ?? status,
      )[0];
    await accounts.put(plan('acme', '1'), suite.clock.now());
    assert.equal(await sendOne('acme', 'limited'), 'quota_exceeded');
    assert.equal(await sendOne('umbrella', 'limited'), 'accepted');
    await accounts.put(plan('acme'), suite.clock.now());
    assert.equal(await sendOne('acme', 'limited'), 'accepted');
  });

  it('1,200 requests of three tenants in turn on one instance, every fourth of them a mistake: no answer is another’s', async function () {
    this.slow(3000);
    const expected = new Map<string, string>();
    for (const tenant of TENANTS) {
      const body = await (await of(tenant).client.get(`${API}/usage/summary`)).text();
      expected.set(tenant, body);
    }
    assert.equal(new Set(expected.values()).size, 3);
    const mistakes = ['invoices/x', 'receipts?cursor=x', 'receipts?limit=0', 'nowhere'];
    for (let round = 0; round < 25; round++) {
      await Promise.all(
        Array.from({ length: 48 }, async (_, i) => {
          const tenant = TENANTS[(round + i) % 3]!;
          const { client } = of(tenant);
          if (i % 4 === 3) {
            const response = await client.get(`${API}/${mistakes[(i >> 2) % 4]}`);
            assert.ok(response.status === 404 || response.status === 400);
            const text = await response.text();
            assert.ok(!TENANTS.some((other) => other !== tenant && text.includes(other)), text);
          } else if (i % 4 === 2) {
            const head = await client.read<{ tenant: string }>(`${API}/ledger/head`);
            assert.equal(head.tenant, tenant);
          } else {
            assert.equal(await (await client.get(`${API}/usage/summary`)).text(), expected.get(tenant));
          }
        }),
      );
    }
  });

  it('a key stands for the tenant it was made for, for ever: it cannot be made to mean another', async () => {
    const viewer = await suite.client('acme', 'tenant_viewer' satisfies Role);
    const [prefix, environment, region, id, ...secret] = viewer.key.split('_') as string[];
    const other = of('umbrella').client.key.split('_');
    // Somebody else's id with one's own secret, and the other way round.
    for (const [keyId, keySecret] of [
      [other[3], secret.join('_')],
      [id, other.slice(4).join('_')],
    ] as const) {
      const response = await fetch(`${suite.url}${API}/ledger/head`, {
        headers: { Authorization: `Bearer ${prefix}_${environment}_${region}_${keyId}_${keySecret}` },
      });
      assert.equal(response.status, 401);
    }
  });
});
