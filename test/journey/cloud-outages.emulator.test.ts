import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { CloudTestSuite } from '../support/cloud-suite.ts';
import { describeOnEmulators, emulatorHost } from '../support/emulators.ts';
import { FirestoreRelay } from '../support/firestore-relay.ts';
import { SpannerRelay } from '../support/spanner-relay.ts';
import type { Client } from '../support/suite.ts';

/*
 * Two days, each invoiced by itself, while every service does its work and loses the answer, is away, is busy, or answers
 * rubbish. Who is refused asks again, as every caller of the suite does: a client with the same events, the scheduler with the
 * next run. So nothing here knows how often anything was tried, and the sums have to be right all the same.
 */

const TRIES = 40;
const NAMES = ['acme', 'hooli'];
/** Of one organization: on each day ten events, of 1 to 10 calls and of 11 to 20. */
const DAYS = [
  { day: '2026-03-01', first: 1, total: '1375' }, // 55 x 0.25
  { day: '2026-03-02', first: 11, total: '3875' }, // 155 x 0.25
] as const;
const EVENTS_PER_DAY = 10;
const EVENTS_PER_REQUEST = 2;

describeOnEmulators(
  'two days in which every service fails in its own ways',
  ['spanner', 'firestore', 'pubsub'],
  function () {
    this.timeout(180_000);
    let spanner: SpannerRelay;
    let firestore: FirestoreRelay;
    let suite: CloudTestSuite;
    const clients = new Map<string, Client>();
    /** By organization, the quantities of the events that were acknowledged. */
    const acknowledged = new Map<string, number[]>(NAMES.map((name) => [name, []]));

    before(async () => {
      spanner = await SpannerRelay.start(await emulatorHost('spanner'));
      firestore = await FirestoreRelay.start(await emulatorHost('firestore'));
      suite = await CloudTestSuite.start({
        at: '2026-03-01T08:00:00Z',
        name: 'outages',
        relays: { spanner: spanner.host, firestore: firestore.host },
        faults: { dropAnswer: 0.2, twice: 0.2 },
      });
      for (const name of NAMES) {
        const meters = { calls: { model: perUnit('0.25') } };
        const account = accountOf(name, { unit: 'day', graceMinutes: 0, meters });
        clients.set(name, await suite.organization(account));
      }
      // Prime numbers, so that they do not keep falling on the same calls.
      spanner.happen(
        'Commit',
        { code: status.DEADLINE_EXCEEDED, every: 5, applied: true },
        { code: status.UNAVAILABLE, every: 7, applied: true },
        { code: status.ABORTED, every: 11 },
      );
      firestore.happen(
        'Commit',
        { code: status.UNAVAILABLE, every: 5 },
        { code: status.ABORTED, every: 7 },
        { code: status.DEADLINE_EXCEEDED, every: 3, applied: true },
      );
    });

    after(async () => {
      await suite?.close();
      spanner?.stop();
      firestore?.stop();
    });

    /** What KMS and Cloud Storage do wrong in the hours that follow. */
    function misfortune(): void {
      const { kms, storage } = suite;
      kms.fail('AsymmetricSign', status.UNAVAILABLE, 1);
      kms.lie('AsymmetricSign', garbled, 1);
      kms.fail('AsymmetricSign', status.RESOURCE_EXHAUSTED, 1);
      kms.lie('AsymmetricSign', (answer) => ({ ...garbled(answer), signatureCrc32c: null }), 1);
      // The answer to an upload that was kept gets lost: whoever sends it again is told that the object is there already.
      for (const fault of ['lost', 'unavailable', 'busy', 'cut', 'flip'] as const) storage.fault('upload', fault, 1);
      // Half an object, another one with a bit turned over, and none.
      for (const fault of ['cut', 'flip', 'unavailable'] as const) storage.fault('download', fault, 1);
    }

    const garbled = (answer: Readonly<Record<string, unknown>>): Record<string, unknown> => {
      const signature = Buffer.from(answer['signature'] as Buffer);
      signature[0]! ^= 1;
      return { ...answer, signature };
    };

    /** Sends it until somebody says that it is kept; who hears nothing cannot know whether it is. */
    async function send(client: Client, quantities: readonly number[], at: string): Promise<void> {
      const events = quantities.map((quantity) => usage(`event ${quantity}`, 'calls', String(quantity), at));
      const answer = await patiently(() => client.send(events));
      assert.deepEqual(
        answer.results.map((one) => one.code).filter((code) => code !== undefined),
        [],
      );
      acknowledged.get(client.tenant)!.push(...quantities);
    }

    for (const [index, { day, first }] of DAYS.entries()) {
      it(`${day}, 12:00 - ten events of each organization are kept, however often they have to be sent`, async () => {
        const noon = `${day}T12:00:00Z`;
        suite.goTo(noon);
        misfortune();
        for (const client of clients.values()) {
          for (let at = 0; at < EVENTS_PER_DAY; at += EVENTS_PER_REQUEST) {
            await send(client, numbers(first + at, EVENTS_PER_REQUEST), noon);
          }
        }
        await patiently(() => suite.settle());
      });

      it(`${day}, midnight - the day is invoiced, once`, async () => {
        const midnight = `2026-03-0${index + 2}T00:00:00Z`;
        suite.goTo(midnight);
        misfortune();
        for (const [name, client] of clients) {
          await patiently(async () => {
            await suite.runInvoices();
            // A run whose answer was lost has issued it all the same: only the books know.
            const issued = (await invoices(client)).length;
            assert.equal(issued, index + 1, `${name} has ${issued} invoices`);
          });
        }
        await patiently(() => suite.settle());
      });
    }

    const invoices = async (client: Client): Promise<InvoiceDocument[]> => {
      const list = await client.read<{ data: { number: string }[] }>('/api/v1/billing/invoices');
      const read = ({ number }: { readonly number: string }) =>
        client.read<{ document: InvoiceDocument }>(`/api/v1/billing/invoices/${number}`);
      const documents: InvoiceDocument[] = [];
      for (const one of list.data) documents.push((await read(one)).document);
      return documents.sort((a, b) => (a.period < b.period ? -1 : 1));
    };

    it('and everything did fail, in each of the ways', () => {
      const happened = [...Object.keys(spanner.met), ...Object.keys(firestore.met).map((what) => `Firestore ${what}`)];
      assert.deepEqual(happened.sort(), [
        'Commit ABORTED',
        'Commit DEADLINE_EXCEEDED applied',
        'Commit UNAVAILABLE applied',
        'Firestore Commit ABORTED',
        'Firestore Commit DEADLINE_EXCEEDED applied',
        'Firestore Commit UNAVAILABLE',
      ]);
      assert.deepEqual([suite.kms.faultsLeft(), suite.storage.faultsLeft()], [[], []]);
      assert.deepEqual(suite.relay.lost, []);
    });

    it('when all are well again, a full pass finds nothing wrong with entries, sums, seals and copies', async () => {
      spanner.happen('Commit');
      firestore.happen('Commit');
      suite.kms.behave();
      suite.storage.behave();
      suite.relay.faults = {};
      await suite.settle();
      assert.deepEqual((await suite.deep(true)).faults, []);
      // What was lost on the way was made up for by sweeps: a second pass has nothing left to heal.
      assert.deepEqual((await suite.deep(true)).healed, []);
      assert.deepEqual(await suite.platform.reconciliation.allFrozen(), []);
    });

    it('each event that was acknowledged is billed, once, and nothing else is', async () => {
      for (const [name, quantities] of acknowledged) {
        const billed = (await suite.entriesOf(name, 'charge')).map(({ quantity }) => Number(quantity));
        assert.equal(quantities.length, DAYS.length * EVENTS_PER_DAY);
        assert.deepEqual(
          billed.sort((a, b) => a - b),
          quantities.sort((a, b) => a - b),
          name,
        );
      }
    });

    it('there is one invoice for each day, of what was used on it, and its evidence holds', async () => {
      const jwks: unknown = await (await fetch(`${suite.url}/.well-known/jwks.json`)).json();
      for (const [name, client] of clients) {
        const documents = await invoices(client);
        assert.deepEqual(
          documents.map(({ period, total }) => [period.slice(0, 10), total]),
          DAYS.map(({ day, total }) => [day, total]),
        );
        const pinned = await readPinned({ ledger: suite.platform.config.ledgerOrigin, tenant: name, jwks });
        for (const { number } of documents) {
          const response = await client.get(`/api/v1/billing/evidence/${number}`, { Accept: 'application/x-tar' });
          assert.equal(response.status, 200);
          const verdict = await verifyBundle(Buffer.from(await response.arrayBuffer()), pinned);
          assert.equal(verdict.verdict, 'verified', JSON.stringify(verdict.claims));
        }
      }
      // Numbers are gapless, though commits were given up and made again.
      const issued: string[] = [];
      for (const client of clients.values()) issued.push(...(await invoices(client)).map(({ number }) => number));
      assert.deepEqual(
        issued.sort(),
        Array.from({ length: NAMES.length * DAYS.length }, (_, at) => `INV-2026-00000${at + 1}`),
      );
    });
  },
);

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at);

/** Asks again, as a client, the bus and the scheduler do. @throws the last error where it never succeeds */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}
