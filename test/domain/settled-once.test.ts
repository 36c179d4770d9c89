import assert from 'node:assert/strict';
import { sha256 } from '../../shared/domain/digest.ts';
import { parseLedgerOrigin, parseTenantId } from '../../shared/domain/ids.ts';
import { Books, type OpenPeriod } from '../../shared/domain/ledger/books.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { countedByTrueUps, reckonTrueUp } from '../../shared/domain/ledger/line-rules.ts';
import { Replay } from '../../shared/domain/ledger/replay.ts';
import { Scribe } from '../../shared/domain/ledger/scribe.ts';
import { CompactRange } from '../../shared/domain/ledger/tree.ts';
import { parsePriceVersion } from '../../shared/domain/pricing/version.ts';
import type { Instant } from '../../shared/domain/time.ts';

const LEDGER = parseLedgerOrigin('ledger.example/settled');
const TENANT = parseTenantId('settled');
const day = (text: string): Instant => `2026-${text}T00:00:00.000000Z` as Instant;
const MARCH = `${day('03-01')}/${day('04-01')}`;
const FLOOR = parsePriceVersion({
  price_id: 'floor',
  version: '1',
  currency: 'EUR',
  model: { type: 'minimum', amount: '310' },
});
/** Without discounts and taxes. */
const PLAIN = { discounts: [], taxation: undefined } as const;

/** What a replay finds wrong with a month of which somebody wrote the end: entry 0 is genesis, entry 1 opens the month. */
function foundIn(write: (scribe: Scribe, open: OpenPeriod) => void): string | undefined {
  const position = {
    ledger: LEDGER,
    tenant: TENANT,
    range: new CompactRange(),
    last: undefined,
    recordedAt: undefined,
  };
  const scribe = new Scribe(position, new Books(), day('04-01'), () => sha256('blind').subarray(0, 16));
  scribe.genesis();
  write(scribe, scribe.open('main', MARCH, 'EUR'));
  const replay = Replay.fromGenesis(LEDGER, TENANT, new Map([[FLOOR.digest, FLOOR]]));
  try {
    for (const text of scribe.texts) replay.apply(text);
    return undefined;
  } catch (error) {
    if (error instanceof LedgerFault) return `${error.kind} ${error.seq}`;
    throw error;
  }
}

const makeUp = (scribe: Scribe, open: OpenPeriod, commitment: string, from: string, to: string): void => {
  const stretch = { commitment, price: FLOOR, from: day(from), to: day(to), proration: 'second', zone: 'UTC' } as const;
  scribe.trueUp(open, reckonTrueUp(open, countedByTrueUps(open), stretch));
};
const close = (scribe: Scribe, open: OpenPeriod): void =>
  void scribe.invoice(open, { ...PLAIN, number: 'INV-1', kind: 'period', until: day('04-01') });

describe('a commitment is made up for once', () => {
  it('of each of two commitments, and of each of two stretches of one', () => {
    const found = foundIn((scribe, open) => {
      makeUp(scribe, open, 'floor', '03-01', '03-10');
      makeUp(scribe, open, 'floor', '03-10', '04-01');
      makeUp(scribe, open, 'another', '03-01', '04-01');
      close(scribe, open);
    });
    assert.equal(found, undefined);
  });

  for (const { says, from, to } of [
    { says: 'the same month', from: '03-01', to: '04-01' },
    { says: 'its last day', from: '03-31', to: '04-01' },
    { says: 'its first days', from: '03-01', to: '03-10' },
  ]) {
    it(`not again for ${says}`, () => {
      const found = foundIn((scribe, open) => {
        makeUp(scribe, open, 'floor', '03-01', '04-01');
        makeUp(scribe, open, 'floor', from, to);
        close(scribe, open);
      });
      assert.equal(found, 'duplicate_event 3');
    });
  }

  it('not in an invoice before the month is closed, after which nothing would tell that it was', () => {
    const found = foundIn((scribe, open) => {
      makeUp(scribe, open, 'floor', '03-01', '04-01');
      scribe.invoice(open, { ...PLAIN, number: 'INV-1', kind: 'interim', until: undefined });
      makeUp(scribe, open, 'floor', '03-01', '04-01');
      scribe.invoice(open, { ...PLAIN, number: 'INV-2', kind: 'period', until: day('04-01') });
    });
    assert.equal(found, 'wrong_fee 3');
  });
});
