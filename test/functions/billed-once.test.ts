import assert from 'node:assert/strict';
import type { Verdict } from '../../shared/domain/evidence/claims.ts';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { type OpenPeriod, periodKeyText } from '../../shared/domain/ledger/books.ts';
import { basesDue } from '../../shared/domain/subscription/settlement.ts';
import { readPeriod } from '../../shared/domain/time.ts';
import type { LedgerWork } from '../../shared/stores/ledger-work.ts';
import { accountOf, tiered, usage } from '../support/account.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const DAY = '2026-03-01T00:00:00.000000Z/2026-03-02T00:00:00.000000Z';
/** 5.00 a day, with a hundred calls in it; each beyond costs 0.25. */
const METERS = { calls: { model: tiered('graduated', ['100', '0', '5'], [null, '0.25']) } };

/*
 * The operator himself is dishonest here: he writes entries that the product would not, signs them with his own keys, and the
 * evidence he gives is all that a customer has.
 */
describe('what a period owes when it is over is billed once', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T12:00:00Z' });
    acme = await suite.organization(accountOf('acme', { unit: 'day', graceMinutes: 0, meters: METERS }));
    await acme.send(usage('e1', 'calls', '120', '2026-03-01T11:00:00Z'));
    await suite.settle();
  });
  afterEach(() => suite.close());

  /** Writes what nobody asked for into the day's bucket. */
  async function slipIn(write: (work: LedgerWork, open: OpenPeriod) => void): Promise<void> {
    await suite.platform.ledger.append(acme.tenant, suite.clock.now(), async (work) => {
      const open = await work.openPeriod('main', DAY);
      work.touchedPeriods.set(periodKeyText('main', DAY), open);
      write(work, open);
    });
  }

  /** Invoices the bucket as it stands. @returns number of the entry */
  async function invoiceNow(): Promise<number> {
    const order = { series: 'INV-2026', taxation: undefined };
    const issued = await suite.platform.ledger.invoiceNow(acme.tenant, 'main', 'interim', order, suite.clock.now());
    assert.ok(typeof issued !== 'string', String(issued));
    return (await suite.platform.ledger.head(acme.tenant))!.size - 1;
  }

  async function closeTheDay(): Promise<void> {
    suite.goTo('2026-03-02T00:00:00Z');
    assert.equal((await suite.runInvoices()).issued.length, 1);
    await suite.settle();
  }

  const totals = async (): Promise<string[]> => {
    const { data } = await acme.read<{ data: { number: string }[] }>('/api/v1/billing/invoices');
    const totals = await Promise.all(
      data.map(async ({ number }) => {
        const { document } = await acme.read<{ document: InvoiceDocument }>(`/api/v1/billing/invoices/${number}`);
        return `${number} ${document.total}`;
      }),
    );
    return totals.sort();
  };

  /** What a customer's verifier says of the evidence of an invoice. */
  async function judged(number: string): Promise<Verdict> {
    const { vault, keys, ledgerOrigin } = suite.platform;
    const name = (await vault.list('evidence/')).find((one) => one.includes(number) && one.endsWith('.tar'));
    assert.ok(name !== undefined, `${number} has evidence`);
    const pinned = await readPinned({ ledger: ledgerOrigin, tenant: acme.tenant, jwks: await keys.keyset() });
    return verifyBundle(Buffer.from((await vault.read(name))!), pinned);
  }

  const faults = ({ claims }: Verdict): string[] =>
    claims.filter(({ result }) => result === 'fail').map(({ seq, detail }) => `${seq} ${detail}`);

  const billBase = (work: LedgerWork, open: OpenPeriod): void => {
    const [due] = basesDue(work.account.subscriptions[0]!, readPeriod(DAY)!);
    work.scribe.baseFee(open, due!.meter, due!.price);
  };

  it('honestly: 20 calls beyond the hundred in an invoice before the day is over, the day itself at its end', async () => {
    await invoiceNow();
    await closeTheDay();
    assert.deepEqual(await totals(), ['INV-2026-000001 500', 'INV-2026-000002 500']);
    for (const number of ['INV-2026-000001', 'INV-2026-000002'])
      assert.equal((await judged(number)).verdict, 'verified', number);
    assert.deepEqual((await suite.deep(true)).faults, []);
  });

  it('a base price that an earlier invoice of the day took along is refuted there, in every bundle that holds it', async () => {
    await slipIn(billBase);
    const seq = await invoiceNow();
    await closeTheDay();
    // 5.00 and 5.00 for calls, then 5.00 once more.
    assert.deepEqual(await totals(), ['INV-2026-000001 1000', 'INV-2026-000002 500']);
    for (const number of ['INV-2026-000001', 'INV-2026-000002']) {
      const verdict = await judged(number);
      assert.equal(verdict.verdict, 'refuted', number);
      assert.deepEqual(faults(verdict).slice(0, 1), [
        `${seq} wrong_fee: calls owes what it does when the period is over, not before`,
      ]);
    }
    const [fault] = (await suite.deep(true)).faults;
    assert.deepEqual([fault?.tenant, fault?.kind, fault?.seq], ['acme', 'wrong_fee', seq]);
  });
});
