import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sealLedger } from '../../functions/seal-ledger/seal-ledger.ts';
import { signReceipts } from '../../functions/sign-receipts/sign-receipts.ts';
import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import { blindedTenant } from '../../shared/domain/ledger/seal.ts';
import { type Registry, readRegistry } from '../../shared/domain/registry.ts';
import { escrowName, openSalts } from '../../shared/stores/escrow.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, MINUTE, TestSuite } from '../support/suite.ts';

const NOON = '2026-03-01T12:00:00Z';
const plan = (tenant: string, price = '0.75') =>
  accountOf(tenant, {
    meters: {
      calls: { model: perUnit('0.01') },
      users: { aggregation: 'unique_count', valueProperty: 'user', model: perUnit(price) },
    },
    limits: [{ id: 'calls-a-day', metric: 'calls', period: 'daily', quantity: '100', action: 'notify' }],
  });
const user = (key: string, name: string) => usage(key, 'users', '1', NOON, { properties: { user: name } });

describe('for the day on which the database is lost, the vault keeps beside the ledger', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
    acme = await suite.organization(plan('acme'));
    await acme.send([user('order-4711', 'anna.schmidt'), user('k2', 'ben.miller'), usage('k3', 'calls', '5', NOON)]);
    await suite.settle();
  });
  afterEach(() => suite.close());

  const objects = (...parts: string[]): string => join(suite.folder.path, 'vault/objects', ...parts);
  const taken = () => suite.platform.vault.list('registry/taken/');
  const last = async (): Promise<Registry> => {
    const jws = Buffer.from((await suite.platform.vault.read((await taken()).at(-1)!))!).toString('latin1');
    const signed = await verifyJws(jws, 'registry+jws', await suite.platform.keys.keyset());
    assert.equal(signed?.key.purpose, 'evidence');
    return readRegistry(signed!.payload)!;
  };
  const overwrite = async (file: string, change: (bytes: Buffer) => Uint8Array): Promise<void> => {
    await chmod(file, 0o644);
    await writeFile(file, change(await readFile(file)));
  };

  it('who the organizations are, by what they are billed, and who may ask: signed, by digest', async () => {
    await suite.deep();
    const registry = await last();
    assert.deepEqual(
      registry.accounts.map(({ tenant, updated_at, limits }) => [tenant, updated_at, limits]),
      [['acme', '2026-03-01T12:00:00.000000Z', [{ limit_id: 'calls-a-day', since: '2026-03-01T12:00:00.000000Z' }]]],
    );
    const document = await readFile(objects('registry/accounts', `${registry.accounts[0]!.document}.json`), 'utf8');
    assert.deepEqual(JSON.parse(document), plan('acme'));
    assert.equal(registry.prices.length, 2);
    assert.deepEqual(
      registry.api_keys.map(({ tenant, role, revoked_at }) => [tenant, role, revoked_at]),
      [['acme', 'tenant_admin', '']],
    );
  });

  it('the same as long as nothing changes: one object for many passes; a new price, one more', async () => {
    for (let pass = 0; pass < 3; pass++) await suite.deep(pass === 2);
    assert.equal((await taken()).length, 1);
    suite.clock.advance(60 * MINUTE);
    const dearer = plan('acme');
    const [subscription] = dearer.subscriptions;
    const price = {
      effective_from: '2026-04-01T00:00:00Z',
      document: { price_id: 'calls', version: '2', currency: 'USD', model: perUnit('0.02') },
    };
    const meters = subscription!.meters.map((meter) =>
      meter.metric_name === 'calls' ? { ...meter, prices: [...meter.prices, price] } : meter,
    );
    await suite.platform.accounts.put({ ...dearer, subscriptions: [{ ...subscription!, meters }] }, suite.clock.now());
    await suite.deep();
    const registry = await last();
    assert.deepEqual([(await taken()).length, registry.prices.length], [2, 3]);
    // The limit was there before: what was used until now still counts.
    assert.equal(registry.accounts[0]!.limits[0]!.since, '2026-03-01T12:00:00.000000Z');
    assert.notEqual(registry.accounts[0]!.updated_at, '2026-03-01T12:00:00.000000Z');
  });

  it('no secret and nobody’s name: not the API key, not a salt, not the secret they follow from, not a user', async () => {
    await suite.deep();
    const salts = suite
      .sql('SELECT value_salt FROM aggregates')
      .map((row) => Buffer.from(row['value_salt'] as Uint8Array));
    const secrets = suite.sql('SELECT value FROM secrets').map((row) => Buffer.from(row['value'] as Uint8Array));
    assert.deepEqual([salts.length, secrets.length], [2, 2]);
    const words = [acme.key.slice(-20), 'anna.schmidt', 'ben.miller', 'order-4711'];
    for (const bytes of [...salts, ...secrets]) {
      words.push(
        bytes.toString('latin1'),
        bytes.toString('hex'),
        bytes.toString('base64'),
        bytes.toString('base64url'),
      );
    }
    const files = readdirSync(objects(), { recursive: true, encoding: 'utf8' })
      .map((name) => objects(name))
      .filter((name) => statSync(name).isFile());
    assert.ok(files.length > 8);
    for (const file of files) {
      const content = readFileSync(file);
      // A signed document is base64url inside: what it says is looked through as well.
      const texts = [
        content,
        ...content
          .toString('latin1')
          .split('.')
          .map((part) => Buffer.from(part, 'base64url')),
      ];
      for (const word of words) {
        assert.ok(
          texts.every((text) => !text.includes(Buffer.from(word, 'latin1'))),
          `${file} says ${word}`,
        );
      }
    }
  });

  it('the salts, for whoever holds the evidence key, and nobody else', async () => {
    await suite.deep();
    const { keys, signer } = suite.platform;
    const kid = await keys.keyFor('evidence', 0);
    const salts = await openSalts(kid, suite.platform);
    const kept = suite.sql("SELECT aggregate, value_salt FROM aggregates WHERE aggregation='unique_count'");
    assert.deepEqual(
      salts!.others.map(({ tenant, aggregate, salt }) => [tenant, aggregate, Buffer.from(salt)]),
      kept.map((row) => ['acme', row['aggregate'], Buffer.from(row['value_salt'] as Uint8Array)]),
    );
    // Another key gives another signature, and with it another lock.
    const other = await signer.createKey('evidence');
    const stolen = {
      publicKeys: () => signer.publicKeys(),
      createKey: signer.createKey.bind(signer),
      sign: (_: string, bytes: Uint8Array) => signer.sign(other.kid, bytes),
    };
    await assert.rejects(openSalts(kid, { ...suite.platform, signer: stolen }));
    assert.equal(await openSalts(other.kid, suite.platform), undefined);
  });

  it('the salts again after the evidence key was changed; an aggregate that came later follows from the secret', async () => {
    await suite.deep();
    const { keys, signer, vault } = suite.platform;
    const key = await signer.createKey('evidence');
    await keys.adopt(key);
    await acme.send(usage('k4', 'users', '1', NOON, { properties: { user: 'cleo' } }));
    await (await suite.organization(plan('umbrella', '0.5'))).send(user('k5', 'dora'));
    await suite.settle();
    await suite.deep();
    assert.ok(await vault.read(escrowName(key.kid)));
    const salts = await openSalts(key.kid, suite.platform);
    assert.deepEqual(
      salts!.others.map(({ tenant }) => tenant),
      ['acme'],
    );
  });

  it('an account document that the vault lost is there again after a full pass; one exchanged registry is passed over', async () => {
    await suite.deep();
    const [account] = (await last()).accounts;
    const name = `registry/accounts/${account!.document}.json`;
    await rm(objects(name));
    assert.deepEqual((await suite.deep()).healed, []);
    assert.deepEqual((await suite.deep(true)).healed, [name]);
    await overwrite(objects((await taken())[0]!), (bytes) => Buffer.concat([bytes, Buffer.from('A')]));
    await suite.deep();
    assert.equal((await taken()).length, 2);
    assert.ok(suite.lines.some(({ event }) => event === 'registry_damaged'));
    assert.equal((await last()).accounts[0]!.tenant, 'acme');
  });

  it('what a seal rests on, before the seal: its heads, and under which name a new log stands in it', async () => {
    const { vault, seals, bus, ledgerOrigin } = suite.platform;
    const umbrella = await suite.organization(plan('umbrella', '0.5'));
    await bus.stop();
    await umbrella.send(user('k5', 'dora'));
    const room = { ...suite.platform, bus: { publish: async () => undefined } };
    await signReceipts(umbrella.tenant, room);
    suite.clock.advance(MINUTE);
    const names: string[] = [];
    const watched = {
      create: async (name: string, bytes: Uint8Array) => {
        names.push(name);
        return vault.create(name, bytes);
      },
      read: vault.read.bind(vault),
      list: vault.list.bind(vault),
      link: vault.link.bind(vault),
      delete: vault.delete.bind(vault),
    };
    assert.deepEqual(await sealLedger({ ...room, vault: watched }), [1]);
    assert.deepEqual(names, ['heads/000000000001.zst', 'logs/umbrella.json', 'seals/000000000001.json']);
    for (const tenant of ['acme', 'umbrella']) {
      const { blind } = JSON.parse(await readFile(objects('logs', `${tenant}.json`), 'utf8')) as { blind: string };
      const sealed = await seals.seal(1);
      assert.ok(sealed!.heads.some((head) => head.includes(blindedTenant(ledgerOrigin, blind, tenant))));
    }
    // Named by seal 0 and not changed since.
    assert.equal((await vault.list('keysets/')).length, 1);
  });

  it('and what of that the vault lost comes back with a full pass', async () => {
    await suite.deep();
    const [keyset] = await suite.platform.vault.list('keysets/');
    const lost = ['heads/000000000000.zst', 'logs/acme.json', keyset!];
    const before = await Promise.all(lost.map((name) => readFile(objects(name))));
    for (const name of lost) await rm(objects(name));
    const { healed, faults } = await suite.deep(true);
    assert.deepEqual([healed.toSorted(), faults], [lost.toSorted(), []]);
    assert.deepEqual(await Promise.all(lost.map((name) => readFile(objects(name)))), before);
  });

  it('a log whose name in the vault somebody exchanged is a fault of the seal that first named it', async () => {
    await overwrite(objects('logs/acme.json'), (bytes) =>
      Buffer.from(bytes.toString('latin1').replace('"blind":"', '"blind":"A'), 'latin1'),
    );
    assert.deepEqual(
      (await suite.deep(true)).faults.map(({ kind, seq }) => [kind, seq]),
      [['wrong_seal', 0]],
    );
  });
});
