import assert from 'node:assert/strict';
import type { Quantity } from '../../shared/domain/decimals.ts';
import { parseChange } from '../../shared/domain/decimals.ts';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import { type OpenPeriod, periodKeyText } from '../../shared/domain/ledger/books.ts';
import type { EntryOf } from '../../shared/domain/ledger/kinds.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const DAY = '2026-03-01T00:00:00.000000Z/2026-03-02T00:00:00.000000Z';

interface Written {
  readonly id: string;
  readonly change: string;
  /** which of the two charges it names, and whose hash it gives, where that is not the same one's */
  readonly of: 0 | 1;
  readonly hashOf?: 0 | 1;
}

/*
 * A dishonest operator, or somebody who has the database and waits for the next seal, writes corrections past the API: the books
 * hold one aggregate of 20 and 30 calls, and with each of these they would come out right.
 */
describe('an event is corrected by what was billed of it, once', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T12:00:00Z' });
    const meters = { calls: { model: perUnit('0.25') } };
    acme = await suite.organization(accountOf('acme', { unit: 'day', graceMinutes: 0, meters }));
    const noon = '2026-03-01T11:00:00Z';
    await acme.send([usage('twenty', 'calls', '20', noon), usage('thirty', 'calls', '30', noon)]);
    await suite.settle();
  });
  afterEach(() => suite.close());

  /** Writes corrections of the two charges. @returns the number of the first */
  async function write(corrections: readonly Written[]): Promise<number> {
    const { ledger, clock } = suite.platform;
    const size = (await ledger.head(acme.tenant))!.size;
    const texts = (await ledger.entries(acme.tenant, 0, size)).filter((text) => readEntry(text).typ === 'charge');
    const charges = texts.map((text) => readEntry(text) as EntryOf<'charge'>);
    await ledger.append(acme.tenant, clock.now(), async (work) => {
      const open: OpenPeriod = await work.openPeriod('main', DAY);
      work.touchedPeriods.set(periodKeyText('main', DAY), open);
      const [{ price_digest: priceDigest }] = charges as [EntryOf<'charge'>];
      const key = { subscription: 'main', period: DAY, meter: 'calls', priceDigest };
      await work.loadAggregate(key);
      const price = (await suite.platform.accounts.knownPrices(new Set([priceDigest]))).get(priceDigest)!;
      for (const { id, change, of, hashOf = of } of corrections) {
        work.scribe.correction(open, {
          ...{ id, reason: 'asked', key, aggregation: 'sum', price, change: parseChange(change) as Quantity },
          refSeq: Number(charges[of]!.seq),
          refHash: leafHashOfText(texts[hashOf]!).toString('base64url'),
        });
      }
      work.touchAggregate(key);
    });
    return size;
  }

  /** What the customer's verifier and the operator's own full pass find, as `entry: what`. */
  async function found(): Promise<{ readonly evidence: string[]; readonly pass: string[] }> {
    suite.goTo('2026-03-02T00:00:00Z');
    assert.equal((await suite.runInvoices()).issued.length, 1);
    await suite.settle();
    const { vault, keys, ledgerOrigin } = suite.platform;
    const name = (await vault.list('evidence/')).find((one) => one.endsWith('.tar'))!;
    const pinned = await readPinned({ ledger: ledgerOrigin, tenant: acme.tenant, jwks: await keys.keyset() });
    const { verdict, claims } = await verifyBundle(Buffer.from((await vault.read(name))!), pinned);
    const failed = claims.filter(({ result }) => result === 'fail');
    assert.equal(verdict, failed.length === 0 ? 'verified' : 'refuted');
    const { faults } = await suite.deep(true);
    return {
      evidence: failed.slice(0, 1).map(({ seq, detail }) => `${seq}: ${detail.replace('wrong_aggregate: ', '')}`),
      pass: faults.map(({ seq, detail }) => `${seq}: ${detail}`),
    };
  }

  it('by less, in two steps, down to nothing', async () => {
    await write([
      { id: 'one', change: '-15', of: 0 },
      { id: 'two', change: '-5', of: 0 },
    ]);
    assert.deepEqual(await found(), { evidence: [], pass: [] });
  });

  it('by more, and then by all of it', async () => {
    await write([
      { id: 'one', change: '10', of: 0 },
      { id: 'two', change: '-30', of: 0 },
    ]);
    assert.deepEqual(await found(), { evidence: [], pass: [] });
  });

  for (const { says, corrections, at, what } of [
    {
      says: 'never by more than was billed of it, though others were billed enough',
      corrections: [{ id: 'one', change: '-21', of: 0 }],
      at: 0,
      what: 'entry 2 is corrected to less than nothing',
    },
    {
      says: 'nor by several that come to more',
      corrections: [
        { id: 'one', change: '-15', of: 0 },
        { id: 'two', change: '-6', of: 0 },
      ],
      at: 1,
      what: 'entry 2 is corrected to less than nothing',
    },
    {
      says: 'nor by the same correction twice',
      corrections: [
        { id: 'one', change: '-5', of: 0 },
        { id: 'one', change: '-5', of: 0 },
      ],
      at: 1,
      what: 'entry 2 was corrected as one before',
    },
    {
      says: 'nor under another event’s name',
      corrections: [{ id: 'one', change: '-5', of: 0, hashOf: 1 }],
      at: 0,
      what: 'entry 2 is another than the one it corrects',
    },
  ] satisfies readonly { says: string; corrections: readonly Written[]; at: number; what: string }[]) {
    it(`${says}: evidence and full pass name the correction`, async () => {
      const first = await write(corrections);
      const expected = [`${first + at}: ${what}`];
      assert.deepEqual(await found(), { evidence: expected, pass: expected });
    });
  }
});
