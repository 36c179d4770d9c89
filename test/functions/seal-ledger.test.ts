import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { sealLedger, sealName } from '../../functions/seal-ledger/seal-ledger.ts';
import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import { readHead, readSeal } from '../../shared/domain/ledger/record.ts';
import { Notary } from '../../shared/stores/notary.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, SECOND, TestSuite } from '../support/suite.ts';

const plan = (tenant: string) => accountOf(tenant, { meters: { api_calls: { model: perUnit('1') } } });
let keys = 0;
const call = () => usage(`key-${++keys}`, 'api_calls', '1', '2026-03-01T00:00:00Z');

describe('seal-ledger signs where all logs stand', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start();
    acme = await suite.organization(plan('acme'));
  });
  afterEach(() => suite.close());

  const seals = async () => suite.platform.seals.range(0, (await suite.platform.seals.latest()).size);
  const inVault = async (n: number) => Buffer.from((await suite.platform.vault.read(sealName(n))) ?? []).toString();
  const published = async () => (await seals()).filter(({ publishedAt }) => publishedAt !== null).length;
  /** New receipts, and enough time since the last seal for another one; nobody has been asked to seal yet. */
  const grow = async (client = acme): Promise<void> => {
    await client.send(call());
    await suite.platform.bus.idle();
    suite.clock.advance(11 * SECOND);
  };
  const sealNow = (doubles: Partial<Parameters<typeof sealLedger>[0]> = {}) =>
    sealLedger({ ...suite.platform, ...doubles });

  it('one seal covers every tenant, and its signature leads to each head', async () => {
    for (const tenant of ['umbrella', 'initech']) await (await suite.organization(plan(tenant))).send(call());
    await grow();
    await sealNow();
    const [seal] = (await seals()).slice(-1);
    const record = readSeal(seal!.record);
    assert.deepEqual([record.heads_count, record.receipts_total], ['3', '9']);
    // Heads tree of three leaves, worked out by hand: node(node(a, b), c).
    const sha256 = (...parts: (string | Buffer)[]): Buffer =>
      parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
    const [a, b, c] = seal!.heads.map((line) => sha256('\0', line)) as [Buffer, Buffer, Buffer];
    assert.equal(sha256('\x01', sha256('\x01', a, b), c).toString('base64url'), record.heads_root);
    const signed = await verifyJws(seal!.jws!, 'checkpoint+jws', await suite.platform.keys.keyset());
    const [origin, size, root] = signed!.payload.toString().split('\n');
    assert.deepEqual([origin, size], ['ledger.localhost/dev', String(seal!.n + 1)]);
    assert.equal(Buffer.from(root!, 'base64').toString('base64url'), seal!.root);
    assert.equal(await inVault(seal!.n), JSON.stringify({ jws: seal!.jws, record: seal!.record }));
  });

  it('a seal names no tenant: the heads are blinded', async () => {
    await grow();
    await sealNow();
    assert.doesNotMatch(JSON.stringify(await seals()), /acme/);
  });

  it('two sealers at once, five times over: every number is given once and every seal is published', async () => {
    for (let round = 0; round < 5; round++) {
      await grow();
      await Promise.all([sealNow(), sealNow(), sealNow(), suite.ring('seal-ledger'), suite.call('seal-ledger/run')]);
    }
    const all = await seals();
    assert.deepEqual(
      all.map(({ n }) => n),
      all.map((_, n) => n),
    );
    // The one made when the first receipt rang, and one per round for what came after.
    assert.equal(all.length, 6 - 1);
    assert.equal(await published(), all.length);
    for (const seal of all) assert.equal(readSeal(seal.record).n, String(seal.n));
    assert.deepEqual((await suite.deep(true)).faults, []);
  });

  it('an idle ledger makes no seal, however often the sealer is asked', async () => {
    await grow();
    await sealNow();
    const size = (await seals()).length;
    for (let hour = 0; hour < 3; hour++) {
      suite.clock.advance(3600 * SECOND);
      await sealNow();
      await suite.sweep();
      await suite.platform.bus.idle();
    }
    assert.equal((await seals()).length, size);
  });

  it('a ledger nobody has used has nothing to seal', async () => {
    assert.deepEqual(await sealNow(), []);
    assert.deepEqual(await seals(), []);
  });

  it('within 10 seconds of a seal no new one is made; at 10 seconds it is, over everything since', async () => {
    await grow();
    await sealNow();
    const size = (await seals()).length;
    for (let i = 0; i < 5; i++) {
      await acme.send(call());
      await suite.platform.bus.idle();
      suite.clock.advance(SECOND);
    }
    suite.clock.advance(5 * SECOND - 0.001);
    await sealNow();
    assert.equal((await seals()).length, size);
    suite.clock.advance(0.001);
    await sealNow();
    const [last] = (await seals()).slice(-1);
    assert.equal(last!.n, size);
    // Genesis, opening, the charge before and the five since.
    assert.equal(readHead(last!.heads[0]!).size, '8');
  });

  it('the sweep rings the sealer where the last doorbell came within the interval', async () => {
    await acme.send(call());
    await suite.platform.bus.idle();
    await acme.send(call());
    await suite.platform.bus.idle();
    assert.equal(readHead((await seals())[0]!.heads[0]!).size, '3');
    suite.clock.advance(11 * SECOND);
    await suite.sweep();
    await suite.platform.bus.idle();
    assert.equal(readHead((await seals()).at(-1)!.heads[0]!).size, '4');
  });

  describe('a crash between two steps repeats the same bytes and never forks', () => {
    /** What the seal that was interrupted looked like, before and after the next process took over. */
    const recovered = async (): Promise<void> => {
      const [before] = (await seals()).slice(-1);
      assert.equal(before!.publishedAt, null);
      await suite.restart();
      await suite.sweep();
      await suite.platform.bus.idle();
      const after = await suite.platform.seals.seal(before!.n);
      assert.deepEqual(
        [after!.record, after!.heads, after!.root, after!.kid],
        [...[before!.record, before!.heads, before!.root, before!.kid]],
      );
      if (before!.jws !== null) assert.equal(after!.jws, before!.jws);
      assert.notEqual(after!.publishedAt, null);
      assert.equal(await inVault(before!.n), JSON.stringify({ jws: after!.jws, record: before!.record }));
      assert.equal((await seals()).length, before!.n + 1);
      assert.deepEqual((await suite.deep(true)).faults, []);
    };
    const dies = (): never => {
      throw new Error('the process dies here');
    };

    it('after the intent, before the signature', async () => {
      await grow();
      const { signer, keys: keyStore } = suite.platform;
      const notary = new Notary({ ...delegating(signer), sign: dies }, keyStore);
      await assert.rejects(sealNow({ notary }), /dies here/);
      await recovered();
    });

    it('after the signature, before it is kept: the signature is made again, and is the same', async () => {
      await grow();
      const { seals: store, notary } = suite.platform;
      let signed = '';
      const forgetful = Object.assign(Object.create(store) as typeof store, {
        keepSignature: (_: number, jws: string) => {
          signed = jws;
          return dies();
        },
        intend: store.intend.bind(store),
        unfinished: store.unfinished.bind(store),
        checkpoint: store.checkpoint.bind(store),
      });
      await assert.rejects(sealNow({ seals: forgetful, notary }), /dies here/);
      await recovered();
      assert.equal((await seals()).at(-1)!.jws, signed);
    });

    it('after the signature is kept, before the vault has it', async () => {
      await grow();
      await assert.rejects(sealNow({ vault: { ...delegating(suite.platform.vault), create: dies } }), /dies here/);
      await recovered();
    });

    it('after the vault has it, before the row says so', async () => {
      await grow();
      const { vault } = suite.platform;
      const create = async (name: string, bytes: Uint8Array) => {
        await vault.create(name, bytes);
        return dies();
      };
      await assert.rejects(sealNow({ vault: { ...delegating(vault), create } }), /dies here/);
      await recovered();
    });

    it('after everything, before the doorbell: the evidence still comes, because the sweep rings', async () => {
      await grow();
      await assert.rejects(sealNow({ bus: { publish: dies } }), /dies here/);
      assert.equal(await published(), (await seals()).length);
    });
  });

  it('while the key service is away seals queue up and receipts go on; when it is back they are finished in order', async () => {
    await grow();
    await sealNow();
    const before = (await seals()).length;
    const { signer, keys: keyStore } = suite.platform;
    const away = new Notary({ ...delegating(signer), sign: () => Promise.reject(new Error('no key today')) }, keyStore);
    for (let i = 0; i < 3; i++) {
      // The suite's own sealer would have the key; this one is asked first.
      suite.clock.advance(11 * SECOND);
      await acme.send(call());
      await assert.rejects(sealNow({ notary: away }), /no key today/).catch(() => undefined);
      await suite.platform.bus.idle();
    }
    await sealNow();
    const all = await seals();
    assert.ok(all.length > before);
    assert.equal(await published(), all.length);
  });
});

/** An object's methods, bound, so that a double can replace one and leave the others. */
function delegating<T extends object>(target: T): T {
  return new Proxy(target, {});
}
