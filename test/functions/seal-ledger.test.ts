import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { sealLedger } from '../../functions/seal-ledger/seal-ledger.ts';
import { sealName } from '../../functions/seal-ledger/sealed-parts.ts';
import { signReceipts } from '../../functions/sign-receipts/sign-receipts.ts';
import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import { readKeyset } from '../../shared/domain/evidence/keyset.ts';
import { readHead, readSeal } from '../../shared/domain/ledger/record.ts';
import type { Database } from '../../shared/ports/database.ts';
import type { Signer } from '../../shared/ports/signer.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import { Notary } from '../../shared/stores/notary.ts';
import { SealStore } from '../../shared/stores/seal-store.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, SECOND, TestSuite } from '../support/suite.ts';

const plan = (tenant: string) => accountOf(tenant, { meters: { api_calls: { model: perUnit('1') } } });
let keys = 0;
const call = () => usage(`key-${++keys}`, 'api_calls', '1', '2026-03-01T00:00:00Z');
const dies = (): never => {
  throw new Error('the process dies here');
};

describe('seal-ledger signs where all logs stand', () => {
  let suite: TestSuite;
  let acme: Client;

  // The suite's own sealer makes seal 0 when the first receipt rings, then rests for an hour: the test is the sealer.
  beforeEach(async () => {
    suite = await TestSuite.start({ config: { sealIntervalSeconds: 3600 } });
    acme = await suite.organization(plan('acme'));
    await acme.send(call());
    await suite.platform.bus.idle();
  });
  afterEach(() => suite.close());

  type Room = Parameters<typeof sealLedger>[0];
  const sealNow = (doubles: Partial<Room> = {}) =>
    sealLedger({ ...suite.platform, sealIntervalSeconds: 10, ...doubles });
  const seals = async () => suite.platform.seals.range(0, (await suite.platform.seals.latest()).size);
  const lastSeal = async () => (await seals()).at(-1)!;
  const inVault = async (n: number) => Buffer.from((await suite.platform.vault.read(sealName(n))) ?? []).toString();
  /** A new receipt, and enough time since the last seal for another one. */
  const grow = async (client = acme): Promise<void> => {
    await client.send(call());
    await suite.platform.bus.idle();
    suite.clock.advance(10 * SECOND);
  };

  const signerThat = (sign: Signer['sign']): Notary => {
    const { signer, keys: keyStore } = suite.platform;
    const rest = { publicKeys: () => signer.publicKeys(), createKey: signer.createKey.bind(signer) };
    return new Notary({ sign, ...rest }, keyStore);
  };
  const vaultThat = (create: Vault['create']): Vault => {
    const { vault } = suite.platform;
    const rest = { read: vault.read.bind(vault), list: vault.list.bind(vault), delete: vault.delete.bind(vault) };
    return { create, ...rest, link: vault.link.bind(vault) };
  };

  it('one seal covers every tenant, and its signature leads to each head', async () => {
    for (const tenant of ['umbrella', 'initech']) await grow(await suite.organization(plan(tenant)));
    await sealNow();
    const seal = await lastSeal();
    const record = readSeal(seal.record);
    // Three logs of genesis, opening and one charge.
    assert.deepEqual([record.heads_count, record.receipts_total], ['3', '9']);
    // Heads tree of three leaves, by hand: node(node(a, b), c).
    const sha256 = (...parts: (string | Buffer)[]): Buffer =>
      parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
    const [a, b, c] = seal.heads.map((line) => sha256('\0', line)) as [Buffer, Buffer, Buffer];
    assert.equal(sha256('\x01', sha256('\x01', a, b), c).toString('base64url'), record.heads_root);
    const signed = await verifyJws(seal.jws!, 'checkpoint+jws', await suite.platform.keys.keyset());
    const [origin, size, root] = signed!.payload.toString().split('\n');
    assert.deepEqual([origin, size], ['ledger.localhost/dev', '2']);
    // Seal log of two leaves, by hand.
    const records = (await seals()).map((each) => sha256('\0', each.record));
    assert.equal(root, sha256('\x01', ...records).toString('base64'));
    assert.equal(await inVault(1), JSON.stringify({ jws: seal.jws, record: seal.record }));
  });

  it('a seal names no tenant: others who see the heads learn nothing', async () => {
    assert.doesNotMatch(JSON.stringify(await seals()), /acme/);
  });

  it('five sealers at once, five times over: every number is given once, every seal is published, none forks', async () => {
    for (let round = 0; round < 5; round++) {
      await grow();
      await Promise.all([...Array.from({ length: 4 }, () => sealNow()), suite.ring('seal-ledger')]);
    }
    const all = await seals();
    assert.deepEqual(
      all.map(({ record }) => readSeal(record).n),
      ['0', '1', '2', '3', '4', '5'],
    );
    assert.ok(all.every(({ publishedAt }) => publishedAt !== null));
    assert.equal((await suite.platform.vault.list('seals/')).length, 6);
    assert.deepEqual((await suite.deep(true)).faults, []);
  });

  it('a sealer that another one overtook with older heads looks again: nothing waits for a sweep', async () => {
    const { ledgerOrigin } = suite.platform;
    const bothLooked = Promise.withResolvers<void>();
    const slowWrote = Promise.withResolvers<void>();
    const storeBefore = (write: () => Promise<void>) => {
      const { database } = suite.platform;
      const held: Database = {
        transact: (work) => write().then(() => database.transact(work)),
        read: (table, key) => database.read(table, key),
        snapshot: (work) => database.snapshot(work),
        purgeExpired: (table, now, limit) => database.purgeExpired(table, now, limit),
        close: () => database.close(),
      };
      return new SealStore(held, ledgerOrigin);
    };
    await grow();
    const fast = storeBefore(() => {
      bothLooked.resolve();
      return slowWrote.promise;
    });
    let fromFast: Promise<number | undefined> = Promise.resolve(undefined);
    const slow = storeBefore(async () => {
      // It has its heads; there is one receipt more, and the other sealer sees it.
      await grow();
      fromFast = fast.intend(suite.clock.now());
      await bothLooked.promise;
    });

    assert.equal(await slow.intend(suite.clock.now()), 1);
    slowWrote.resolve();
    assert.equal(await fromFast, 2);
    await sealNow({ sealIntervalSeconds: 3600 });
    assert.equal(await suite.platform.seals.isDue(), false);
  });

  it('an idle ledger makes no seal, however often the sealer is asked', async () => {
    for (let hour = 0; hour < 5; hour++) {
      suite.clock.advance(3600 * SECOND);
      assert.deepEqual(await sealNow(), []);
      await suite.settle();
    }
    assert.equal((await seals()).length, 1);
  });

  it('a ledger that nobody has used has nothing to seal', async () => {
    const empty = await TestSuite.start();
    assert.deepEqual(await sealLedger(empty.platform), []);
    assert.equal((await empty.platform.seals.latest()).size, 0);
    await empty.close();
  });

  it('within 10 seconds of a seal no other is made; at 10 seconds one is, over everything since', async () => {
    await grow();
    await sealNow();
    await acme.send([call(), call()]);
    await suite.platform.bus.idle();
    suite.clock.advance(10 * SECOND - 0.001);
    assert.deepEqual(await sealNow(), []);
    suite.clock.advance(0.001);
    assert.deepEqual(await sealNow(), [2]);
    // Genesis, opening, two charges, and the two since.
    assert.equal(readHead((await lastSeal()).heads[0]!).size, '6');
  });

  it('a clock that was set back by an hour keeps no seal waiting: its time stands still instead', async () => {
    await grow();
    suite.clock.advance(3600 * SECOND);
    await sealNow();
    const { at: before } = readSeal((await lastSeal()).record);
    suite.goTo('2026-03-01T00:00:30Z');
    await acme.send(call());
    await suite.platform.bus.idle();
    await sealNow();
    const sealed = await lastSeal();
    // Genesis, opening, three charges.
    assert.equal(readHead(sealed.heads[0]!).size, '5');
    assert.equal(readSeal(sealed.record).at, before);
    assert.deepEqual((await suite.deep(true)).faults, []);
  });

  it('a doorbell that came within the interval is not lost: the sweep rings the sealer later', async () => {
    await acme.send(call());
    await suite.platform.bus.idle();
    assert.equal((await seals()).length, 1);
    suite.clock.advance(3600 * SECOND);
    await suite.sweep();
    await suite.platform.bus.idle();
    assert.equal(readHead((await lastSeal()).heads[0]!).size, '4');
  });

  describe('a crash between two steps repeats the same bytes and never forks', () => {
    /** Lets the next process take over from a seal that was interrupted, and compares. */
    const requireSameBytes = async (): Promise<void> => {
      const before = await lastSeal();
      assert.equal(before.publishedAt, null);
      await suite.restart();
      await suite.sweep();
      await suite.platform.bus.idle();
      const after = await lastSeal();
      const same = ({ n, record, heads, root, kid }: typeof after) => ({ n, record, heads, root, kid });
      assert.deepEqual(same(after), same(before));
      if (before.jws !== null) assert.equal(after.jws, before.jws);
      assert.notEqual(after.publishedAt, null);
      assert.equal(await inVault(before.n), JSON.stringify({ jws: after.jws, record: before.record }));
      assert.deepEqual((await suite.deep(true)).faults, []);
    };

    it('after the intent, before the signature', async () => {
      await grow();
      await assert.rejects(sealNow({ notary: signerThat(dies) }), /dies here/);
      assert.equal((await lastSeal()).jws, null);
      await requireSameBytes();
    });

    it('after the signature, before it is kept: it is signed again, and the signature is the same', async () => {
      await grow();
      let signature = '';
      class Forgetful extends SealStore {
        override async keepSignature(_: number, jws: string): Promise<void> {
          signature = jws;
          dies();
        }
      }
      const { database, ledgerOrigin } = suite.platform;
      await assert.rejects(sealNow({ seals: new Forgetful(database, ledgerOrigin) }), /dies here/);
      assert.equal((await lastSeal()).jws, null);
      await requireSameBytes();
      assert.equal((await lastSeal()).jws, signature);
    });

    it('after the signature is kept, before the vault has it', async () => {
      await grow();
      await assert.rejects(sealNow({ vault: vaultThat(dies) }), /dies here/);
      assert.notEqual((await lastSeal()).jws, null);
      await requireSameBytes();
    });

    it('after the vault has it, before the row says so', async () => {
      await grow();
      const { vault } = suite.platform;
      const vaultFirst = vaultThat(async (name, bytes) => {
        const outcome = await vault.create(name, bytes);
        return name === sealName(1) ? dies() : outcome;
      });
      await assert.rejects(sealNow({ vault: vaultFirst }), /dies here/);
      assert.notEqual(await inVault(1), '');
      await requireSameBytes();
    });

    it('after everything but the doorbell: the seal stands, and the next sealer does not make it again', async () => {
      await grow();
      await assert.rejects(sealNow({ bus: { publish: dies } }), /dies here/);
      await suite.restart();
      assert.deepEqual(await sealNow(), []);
      assert.equal((await seals()).length, 2);
      assert.deepEqual((await suite.deep(true)).faults, []);
    });
  });

  it('while the key service is away receipts go on and seals queue; when it is back they are finished in order', async () => {
    // Without doorbells, so that the suite's own sealer, which has its key, does not help out.
    await suite.platform.bus.stop();
    const room = { ...suite.platform, bus: { publish: async () => undefined } };
    const away = signerThat(() => Promise.reject(new Error('no key today')));
    for (let i = 0; i < 3; i++) {
      await acme.send(call());
      await signReceipts(acme.tenant, room);
      suite.clock.advance(10 * SECOND);
      await assert.rejects(sealNow({ bus: room.bus, notary: away }), /no key today/);
    }
    assert.deepEqual(
      (await seals()).map(({ jws }) => jws === null),
      [false, true, true, true],
    );
    assert.equal((await suite.entriesOf('acme', 'charge')).length, 4);
    assert.deepEqual(await sealNow({ bus: room.bus }), [1, 2, 3]);
    assert.deepEqual((await suite.deep(true)).faults, []);
  });

  it('a signature that does not verify is never kept: a broken signer stops sealing instead of publishing nonsense', async () => {
    await grow();
    await assert.rejects(sealNow({ notary: signerThat(async () => new Uint8Array(256)) }), /does not verify/);
    assert.equal((await lastSeal()).jws, null);
    assert.equal(await inVault(1), '');
  });

  it('where the vault holds another seal of that number, sealing stops and says so, until a person has looked', async () => {
    await suite.platform.vault.create(sealName(1), Buffer.from('another seal'));
    await grow();
    await assert.rejects(sealNow(), /the vault holds another seal 1/);
    await grow();
    await assert.rejects(sealNow(), /the vault holds another seal 1/);
    assert.equal((await suite.ring('seal-ledger')).status, 500);
    assert.ok(suite.lines.some(({ error }) => error instanceof Error && /another seal 1/.test(error.message)));
    assert.equal(await inVault(1), 'another seal');
    assert.equal(await inVault(2), '');
    // Receipts are not held up.
    assert.equal((await suite.entriesOf('acme', 'charge')).length, 3);
  });

  describe('keys change, and none is ever forgotten', () => {
    const jwks = async () => (await readKeyset(await (await fetch(`${suite.url}/.well-known/jwks.json`)).json()))!;
    const rotate = async (purpose: 'checkpoint' | 'evidence' = 'checkpoint') => {
      const key = await suite.platform.signer.createKey(purpose);
      await suite.platform.keys.adopt(key);
      return key.kid;
    };

    it('a key that is changed between intent and signature: the seal is signed with the key it was written down with', async () => {
      await grow();
      await assert.rejects(sealNow({ notary: signerThat(dies) }), /dies here/);
      const oldKid = (await lastSeal()).kid;
      const newKid = await rotate();
      await sealNow();
      await grow();
      await sealNow();
      assert.deepEqual(
        (await seals()).map(({ kid }) => kid),
        [oldKid, oldKid, newKid],
      );
      const windows = (await jwks()).keys
        .filter(({ purpose }) => purpose === 'checkpoint')
        .map(({ kid, first_seal, last_seal }) => [kid, first_seal, last_seal]);
      // The old key up to seal 1, which was already written down, the new one from seal 2 on.
      assert.deepEqual(windows, [
        [oldKid, '0', '1'],
        [newKid, '2', ''],
      ]);
      assert.deepEqual((await suite.deep(true)).faults, []);
    });

    it('after three changes the JWKS still shows every key, and every old seal still verifies against it', async () => {
      for (let i = 0; i < 3; i++) {
        await rotate();
        await grow();
        await sealNow();
      }
      const keyset = await jwks();
      assert.equal(keyset.keys.length, 5);
      for (const seal of await seals()) {
        const signed = await verifyJws(seal.jws!, 'checkpoint+jws', keyset);
        assert.equal(signed?.key.kid, seal.kid);
      }
      assert.equal(new Set((await seals()).map(({ kid }) => kid)).size, 4);
    });

    it('a key that never came to sign is in the JWKS with no seal to its name', async () => {
      const unused = await rotate();
      await rotate();
      const entry = (await jwks()).keys.find(({ kid }) => kid === unused);
      assert.ok(entry !== undefined && Number(entry.last_seal) < Number(entry.first_seal));
    });
  });
});
