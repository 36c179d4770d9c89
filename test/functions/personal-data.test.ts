import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { FileKeyWrapper } from '../../shared/adapters/local/key-wrapper.ts';
import { parseTenantId } from '../../shared/domain/ids.ts';
import { SealBroken } from '../../shared/domain/sealed.ts';
import { eventsOf } from '../../shared/stores/accepted-events.ts';
import { usage } from '../support/account.ts';
import { Shop } from '../support/shop.ts';
import { TestSuite } from '../support/suite.ts';

const ACME = parseTenantId('acme');
const PROFILE = {
  legal_name: 'Wintergrün Gärtnerei',
  customer_type: 'business',
  address: { line1: 'Lindenallee 7', postal_code: '10407', city: 'Berlin', country: 'DE' },
  tax_ids: [{ type: 'eu_vat', value: 'DE136695976' }],
  email: 'billing@wintergruen.example',
  locale: 'de-DE',
};
const PERSON = 'rosalind.franklin@lab.example';
/** Whatever of it stood anywhere in plain, one of these would be found. */
const SECRETS = ['Wintergr', 'Lindenallee', '10407', 'DE136695976', 'wintergruen.example', PERSON, 'rosalind'];

describe('personal data', () => {
  let suite: TestSuite;
  let shop: Shop;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: ACME });
    await shop.metric({ metric_name: 'calls', aggregation: 'sum' });
    await shop.plan({
      plan_id: 'pro',
      anchor: 'calendar',
      usage: [{ metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0.10' } }],
    });
    await shop.subscribe({ plan_id: 'pro', subscription_id: 'main' });
  });
  afterEach(() => suite.close());

  const event = (key: string, quantity: string) =>
    usage(key, 'calls', quantity, '2026-03-01T00:00:00Z', { properties: { user_email: PERSON } });
  const put = (profile: object) => shop.do(shop.customer, 'PUT', '/billing-profile', profile);
  const batch = () =>
    suite.sql('SELECT tenant, batch_id, payload FROM batches ORDER BY batch_id')[0] as unknown as Parameters<
      typeof eventsOf
    >[0];

  /** Names of the files below the store's folder in which a text stands, as UTF-8 bytes. */
  async function filesWith(texts: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const name of await readdir(suite.folder.path, { recursive: true })) {
      const path = join(suite.folder.path, name);
      if (!(await stat(path)).isFile()) continue;
      const bytes = await readFile(path);
      for (const text of texts) if (bytes.includes(text)) found.push(`${name}: ${text}`);
    }
    return found;
  }

  it('is in no file of the store, no copy and no log line: database, bus, mirror, vault and read models', async () => {
    await put(PROFILE);
    await shop.customer.send([event('a', '3'), event('b', '4')]);
    await suite.settle();
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    await suite.settle();
    // What is looked for would be found: the event's own key is no secret of anybody's, and the search sees the tenant.
    assert.notDeepEqual(await filesWith(['acme']), []);
    assert.deepEqual(await filesWith(SECRETS), []);
    const lines = JSON.stringify(suite.lines);
    for (const secret of SECRETS) assert.ok(!lines.includes(secret), secret);
    const keys = await suite.platform.personal.keysOf(ACME);
    assert.match(eventsOf(batch(), keys)[0]!.event, new RegExp(PERSON));
    await shop.prove();
  });

  it('comes back to who may read it: the profile in force, and every version for documents of its time', async () => {
    await put(PROFILE);
    suite.goTo('2026-03-02T00:00:00Z');
    await put({ ...PROFILE, legal_name: 'Wintergrün Nachf.' });
    const now = await shop.do<{ version: number; profile: typeof PROFILE }>(shop.customer, 'GET', '/billing-profile');
    assert.deepEqual([now.version, now.profile.legal_name], [2, 'Wintergrün Nachf.']);
    const { profiles } = suite.platform;
    const names = [];
    for (const day of ['2026-02-01', '2026-03-01', '2026-03-03']) {
      names.push((await profiles.at(ACME, `${day}T12:00:00.000000Z` as never))?.profile.legal_name);
    }
    assert.deepEqual(names, ['Wintergrün Gärtnerei', 'Wintergrün Gärtnerei', 'Wintergrün Nachf.']);
  });

  it('of one organization does not open under another’s key, nor in another place', async () => {
    const other = await Shop.open(suite, { organization_id: 'umbrella' });
    await shop.customer.send(event('a', '1'));
    const [own, others] = await Promise.all(
      [ACME, other.tenant].map((t) => suite.platform.personal.keysOf(parseTenantId(t))),
    );
    assert.throws(() => eventsOf(batch(), others!), SealBroken);
    assert.throws(() => eventsOf({ ...batch(), batch_id: 'another' }, own!), SealBroken);
    assert.equal(eventsOf(batch(), own!).length, 1);
  });

  it('sealed before a rotation opens after it, and what comes later is under the new key', async () => {
    await shop.customer.send(event('a', '3'));
    const rotated = await shop.do<{ data: { version: number; wrapped_by: string }[] }>(
      shop.customer,
      'POST',
      '/data-keys/rotate',
    );
    assert.deepEqual(
      rotated.data.map(({ version, wrapped_by }) => [version, wrapped_by]),
      [
        [1, 'file-1'],
        [2, 'file-1'],
      ],
    );
    assert.deepEqual(await shop.do(shop.customer, 'GET', '/data-keys'), rotated);
    suite.goTo('2026-03-01T00:00:01Z');
    await shop.customer.send(event('b', '4'));
    const versions = suite
      .sql('SELECT payload FROM batches ORDER BY batch_id')
      .map(({ payload }) => Buffer.from(payload as Uint8Array).readUInt32BE(1));
    assert.deepEqual(versions, [1, 2]);
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    // 7 calls at 0.10
    assert.equal((await shop.invoices())[0]?.total, '70');
    await shop.prove();
  });

  it('is still there when the wrapping key was changed and every data key wrapped again; then the old one may go', async () => {
    await put(PROFILE);
    const folder = join(suite.folder.path, 'wrapping-keys');
    await (await FileKeyWrapper.open({ folder, entropy: new SystemEntropy() })).rotate();
    await suite.restart();
    const { personal } = suite.platform;
    assert.deepEqual(
      (await personal.list(ACME)).map(({ wrappedBy }) => wrappedBy),
      ['file-1'],
    );
    assert.equal(await personal.rewrap(ACME), 1);
    assert.deepEqual(
      (await personal.list(ACME)).map(({ version, wrappedBy }) => [version, wrappedBy]),
      [[1, 'file-2']],
    );
    await suite.restart();
    const { profile } = await shop.do<{ profile: typeof PROFILE }>(shop.customer, 'GET', '/billing-profile');
    assert.equal(profile.legal_name, PROFILE.legal_name);
  });

  it('is gone with its key from every copy at once, and the ledger is proven as before', async () => {
    await put(PROFILE);
    await shop.customer.send(event('a', '3'));
    await suite.settle();
    const { database, personal } = suite.platform;
    await database.transact((tx) => personal.destroy(tx, ACME));
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    assert.equal((await shop.invoices())[0]?.total, '30');
    assert.equal(await shop.refused(shop.customer, 'GET', '/billing-profile'), '404 not_found');
    assert.deepEqual(eventsOf(batch(), await personal.keysOf(ACME)), []);
    // Whoever comes back has a key that never sealed anything before.
    await put(PROFILE);
    assert.deepEqual(
      (await personal.list(ACME)).map(({ version, wrappedBy }) => [version, wrappedBy]),
      [
        [1, ''],
        [2, 'file-1'],
      ],
    );
    await shop.prove();
  });

  it('is asked of the key service once per organization and instance: 50 requests, one call', async () => {
    const { personal } = suite.platform;
    await shop.customer.send(event('first', '1'));
    suite.sql('UPDATE data_keys SET wrapped_by=?', 'nobody');
    for (let i = 0; i < 50; i++) await shop.customer.send(event(`k-${i}`, '1'));
    await personal.keysOf(ACME);
    // Five minutes later it would be asked again, and finds what was done to the row.
    suite.goTo('2026-03-01T00:06:00Z');
    await assert.rejects(personal.keysOf(ACME), /no wrapping key "nobody"/);
  });
});
