import assert from 'node:assert/strict';
import type { ReceiptId, TenantId } from '../../shared/domain/ids.ts';
import { plusMicros } from '../../shared/domain/time.ts';
import { eventsOf } from '../../shared/stores/accepted-events.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { at, type Client, DAY, SECOND, TestSuite, type UsageAnswer } from '../support/suite.ts';

const NOON = '2026-03-10T12:00:00Z';
const ACME = accountOf('acme', {
  start: '2026-01-01T00:00:00Z',
  meters: { api_calls: { model: perUnit('0.25') }, storage: { aggregation: 'max', model: perUnit('1') } },
});
const cloudEvent = (id: string, quantity: string, more: Readonly<Record<string, unknown>> = {}) => ({
  specversion: '1.0',
  id,
  source: 'https://shop.example/checkout',
  type: 'api_calls',
  time: NOON,
  data: { quantity },
  ...more,
});
const calls = (key: string, quantity = '1', time = NOON, more = {}) => usage(key, 'api_calls', quantity, time, more);
const codes = ({ results }: UsageAnswer): string[] => results.map(({ status, code }) => code ?? status);

describe('ingest takes usage', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
    acme = await suite.organization(ACME);
  });
  afterEach(() => suite.close());

  /** Everything that was billed so far, as `key quantity amount` lines would show it. */
  const charges = async (tenant = 'acme') => {
    await suite.settle();
    return suite.entriesOf(tenant, 'charge');
  };

  describe('and keeps it before it says so', () => {
    it('a body that looks like what the quick reader makes is a body like any other: one event that is none', async () => {
      for (const events of [[], [calls('a')], Array.from({ length: 1001 }, (_, i) => calls(`k${i}`)), 'none']) {
        const response = await acme.post(JSON.stringify({ isList: true, events }));
        const answer = (await response.json()) as { accepted: number; refused: number };
        assert.deepEqual([response.status, answer.accepted, answer.refused], [202, 0, 1]);
      }
      assert.equal(suite.counts()['batches'], 0);
    });

    it('an event that was answered accepted is on disk when the answer arrives', async () => {
      const { results } = await acme.send(calls('a'));
      const [batch] = suite.sql('SELECT tenant, batch_id, count, payload FROM batches');
      assert.equal(batch?.['count'], 1);
      const keys = await suite.platform.personal.keysOf('acme' as TenantId);
      const events = eventsOf(batch as unknown as Parameters<typeof eventsOf>[0], keys);
      assert.deepEqual(
        events.map(({ receiptId }) => receiptId),
        [results[0]!.receipt_id],
      );
      assert.equal(suite.counts()['dedupe'], 1);
    });

    it('a bus that takes no messages fails nobody: the sweep after the restart finds the batch and it becomes a receipt', async () => {
      await suite.platform.bus.stop();
      assert.deepEqual(codes(await acme.send([calls('a', '4'), calls('b', '6')])), ['accepted', 'accepted']);
      assert.equal(suite.counts()['waiting'], 1);
      assert.ok(suite.lines.some(({ event }) => event === 'announcement_failed'));

      await suite.restart();
      assert.equal((await suite.sweep()).rung, 1);
      // 4 x 0.25 = 1 and 6 x 0.25 = 1.5
      assert.deepEqual(
        (await charges()).map(({ amount }) => amount),
        ['1', '1.5'],
      );
      assert.equal(suite.counts()['waiting'], 0);
    });

    it('a restart between the answer and the receipt loses nothing and doubles nothing', async () => {
      await suite.platform.bus.stop();
      await acme.send(calls('a'));
      await suite.restart();
      assert.deepEqual(codes(await acme.send(calls('a'))), ['duplicate']);
      assert.equal((await charges()).length, 1);
    });

    it('a request in which everything was refused leaves no batch and rings nobody', async () => {
      await suite.platform.personal.keysOf('acme' as TenantId);
      const before = suite.counts();
      assert.deepEqual(codes(await acme.send([calls('a', '-1'), calls('b', '1', '2020-01-01T00:00:00Z')])), [
        'invalid_quantity',
        'timestamp_out_of_window',
      ]);
      assert.deepEqual(suite.counts(), before);
      assert.equal(suite.platform.bus.pending(), 0);
    });
  });

  describe('event by event', () => {
    it('each event gets its own answer, in the order sent, and the answers add up', async () => {
      const answer = await acme.send([
        calls('a', '1.5'),
        calls('b', '1e3'),
        calls('a', '1.5'),
        calls('a', '2'),
        calls('c', '2', '2026-02-30T00:00:00Z'),
        { metric_name: 'api_calls' },
        'not even an object',
        calls('d'),
      ]);
      assert.deepEqual(codes(answer), [
        ...['accepted', 'invalid_quantity', 'duplicate', 'idempotency_conflict', 'invalid_timestamp'],
        ...['invalid_timestamp', 'validation_failed', 'accepted'],
      ]);
      assert.deepEqual([answer.accepted, answer.duplicates, answer.refused], [2, 1, 5]);
      assert.equal(answer.results[2]!.receipt_id, answer.results[0]!.receipt_id);
      assert.deepEqual(
        (await charges()).map(({ quantity }) => quantity),
        ['1.5', '1'],
      );
    });

    it('a refusal names the field that is wrong and repeats nothing of what was in it', async () => {
      const [result] = (await acme.send(calls('a', '<script>alert(1)</script>'))).results;
      assert.equal(result?.param, 'quantity');
      assert.doesNotMatch(JSON.stringify(result), /script/);
    });

    it('the plain form, a CloudEvent and a batch of CloudEvents are the same usage: 1 + 2 + 3 + 4 + 5 = 15 calls, 3.75', async () => {
      for (const [body, type] of [
        [calls('plain'), 'application/json'],
        [[calls('listed', '2')], 'application/json; charset=utf-8'],
        [cloudEvent('one', '3'), 'application/cloudevents+json'],
        [[cloudEvent('two', '4')], 'application/cloudevents-batch+json'],
        [[cloudEvent('three', '5', { subject: 'main' })], 'application/json'],
      ] as const) {
        assert.deepEqual(codes(await acme.send(body, type)), ['accepted'], type);
        suite.clock.advance(1);
      }
      const billed = await charges();
      assert.deepEqual(
        billed.map(({ aggregate_after }) => aggregate_after),
        ['1', '3', '6', '10', '15'],
      );
      assert.equal(
        billed.reduce((sum, { amount }) => sum + Number(amount), 0),
        3.75,
      );
    });

    it('a key belongs to its source: the same id from another source is another event', async () => {
      const other = { source: 'https://shop.example/search' };
      assert.deepEqual(codes(await acme.send([cloudEvent('a', '1'), cloudEvent('a', '1', other), calls('a')])), [
        ...['accepted', 'accepted', 'accepted'],
      ]);
      assert.equal((await charges()).length, 3);
    });

    it('a list sent as one event, and one event sent as a list, are refused whole', async () => {
      for (const [body, type] of [
        [[cloudEvent('a', '1')], 'application/cloudevents+json'],
        [cloudEvent('a', '1'), 'application/cloudevents-batch+json'],
        [[], 'application/json'],
      ] as const) {
        const response = await acme.post(JSON.stringify(body), type);
        assert.equal(response.status, 400, type);
        assert.equal(((await response.json()) as { code: string }).code, 'validation_failed', type);
      }
      assert.equal(suite.counts()['batches'], 0);
    });

    it('1,000 events are one batch; 1,001 are refused and not one of them is kept', async () => {
      const events = Array.from({ length: 1001 }, (_, index) => calls(`event-${index}`));
      const refused = await acme.post(JSON.stringify(events));
      assert.equal(refused.status, 400);
      assert.equal(((await refused.json()) as { code: string }).code, 'too_many_items');
      assert.equal(suite.counts()['dedupe'], 0);
      assert.equal((await acme.send(events.slice(1))).accepted, 1000);
      assert.deepEqual(
        suite.sql('SELECT count FROM batches').map(({ count }) => count),
        [1000],
      );
    });

    it('an unknown metric, an unknown subscription and somebody else’s organization are refused by name', async () => {
      const two = await suite.organization(
        accountOf('two-plans', { meters: { api_calls: { model: perUnit('1') } }, subscriptions: ['left', 'right'] }),
      );
      assert.deepEqual(
        codes(
          await acme.send([
            usage('a', 'unheard_of', '1', NOON),
            calls('b', '1', NOON, { subscription_id: 'other' }),
            calls('c', '1', NOON, { organization_id: 'two-plans' }),
            calls('d', '1', NOON, { organization_id: 'acme', subscription_id: 'main' }),
            calls('e', '1', NOON, { surprise: 'field' }),
          ]),
        ),
        ['unknown_metric', 'unknown_subscription', 'organization_mismatch', 'accepted', 'unknown_field'],
      );
      // Which of two subscriptions pays is the sender's to say, not ours to guess.
      assert.deepEqual(codes(await two.send([calls('a'), calls('a', '1', NOON, { subscription_id: 'right' })])), [
        'unknown_subscription',
        'accepted',
      ]);
    });

    it('usage from before the subscription began is refused', async () => {
      const young = await suite.organization(
        accountOf('young', { start: '2026-03-10T00:00:00Z', meters: { api_calls: { model: perUnit('1') } } }),
      );
      assert.deepEqual(
        codes(
          await young.send([calls('a', '1', '2026-03-09T23:59:59.999999Z'), calls('b', '1', '2026-03-10T00:00:00Z')]),
        ),
        ['subscription_not_started', 'accepted'],
      );
    });
  });

  describe('and bills it once', () => {
    it('the same event again, in the same batch or in a later one, is a duplicate with the first receipt', async () => {
      const first = await acme.send([calls('a'), calls('a')]);
      assert.deepEqual(codes(first), ['accepted', 'duplicate']);
      const again = await acme.send([calls('b'), calls('a')]);
      assert.deepEqual(codes(again), ['accepted', 'duplicate']);
      assert.equal(again.results[1]!.receipt_id, first.results[0]!.receipt_id);
      assert.equal((await charges()).length, 2);
    });

    it('one event delivered 50 times at once: 1 accepted, 49 duplicates, one receipt', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => acme.send(calls('a', '8'))));
      assert.equal(answers.filter(({ accepted }) => accepted === 1).length, 1);
      assert.equal(answers.filter(({ duplicates }) => duplicates === 1).length, 49);
      assert.equal(new Set(answers.map(({ results }) => results[0]!.receipt_id)).size, 1);
      const billed = await charges();
      // 8 x 0.25, once
      assert.deepEqual(
        billed.map(({ amount }) => amount),
        ['2'],
      );
      assert.equal(billed[0]!.event_id, answers[0]!.results[0]!.receipt_id);
    });

    it('20 different events under one key at once: one is accepted, 19 are conflicts, the one accepted is billed', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => acme.send(calls('a', String(index + 1)))),
      );
      const won = answers.findIndex(({ accepted }) => accepted === 1);
      assert.deepEqual(answers.flatMap(codes).toSorted(), [
        'accepted',
        ...Array<string>(19).fill('idempotency_conflict'),
      ]);
      assert.deepEqual(
        (await charges()).map(({ quantity }) => quantity),
        [String(won + 1)],
      );
    });

    it('the same key with another quantity, time or property is a conflict, and what was first stays', async () => {
      await acme.send(calls('a', '3', NOON, { properties: { region: 'eu' } }));
      const changed = [
        calls('a', '4', NOON, { properties: { region: 'eu' } }),
        calls('a', '3', '2026-03-10T12:00:00.000001Z', { properties: { region: 'eu' } }),
        calls('a', '3', NOON, { properties: { region: 'us' } }),
        calls('a', '3'),
        usage('a', 'storage', '3', NOON, { properties: { region: 'eu' } }),
      ];
      assert.deepEqual(
        codes(await acme.send(changed)),
        changed.map(() => 'idempotency_conflict'),
      );
      assert.deepEqual(
        (await charges()).map(({ quantity, meter }) => `${quantity} ${meter}`),
        ['3 api_calls'],
      );
    });

    it('the same instant written in another zone, or members in another order, is the same event', async () => {
      await acme.send(calls('a', '3', '2026-03-10T12:00:00Z', { properties: { region: 'eu', tier: 'x' } }));
      const reordered = {
        properties: { tier: 'x', region: 'eu' },
        timestamp: '2026-03-10T13:00:00.000+01:00',
        quantity: '3',
        metric_name: 'api_calls',
        idempotency_key: 'a',
      };
      assert.deepEqual(codes(await acme.send(reordered)), ['duplicate']);
    });

    it('the key "a" of one organization says nothing about the key "a" of another', async () => {
      const other = await suite.organization({ ...ACME, organization_id: 'umbrella' });
      const mine = await acme.send(calls('a'));
      const theirs = await other.send(calls('a', '7'));
      assert.deepEqual([...codes(mine), ...codes(theirs)], ['accepted', 'accepted']);
      assert.notEqual(mine.results[0]!.receipt_id, theirs.results[0]!.receipt_id);
      assert.deepEqual(
        (await charges('umbrella')).map(({ quantity }) => quantity),
        ['7'],
      );
      assert.deepEqual(
        (await charges('acme')).map(({ quantity }) => quantity),
        ['1'],
      );
    });
  });

  describe('within a window of 35 days back and 5 minutes ahead', () => {
    const outcomeAt = async (time: string, client = acme): Promise<string> =>
      codes(await client.send(calls(`at ${time}`, '1', time)))[0]!;

    it('the edges belong to the window, one microsecond beyond them does not', async () => {
      // 10 March minus 35 days: 10 days of March, 25 of February's 28 back from its end: 3 February, noon.
      assert.equal(await outcomeAt('2026-02-03T12:00:00Z'), 'accepted');
      assert.equal(await outcomeAt('2026-02-03T11:59:59.999999Z'), 'timestamp_out_of_window');
      assert.equal(await outcomeAt('2026-03-10T12:05:00Z'), 'accepted');
      assert.equal(await outcomeAt('2026-03-10T12:05:00.000001Z'), 'timestamp_out_of_window');
    });

    it('an organization that allows 2 days gets 2 days', async () => {
      const strict = await suite.organization({ ...ACME, organization_id: 'strict', lateness_days: 2 });
      assert.equal(await outcomeAt('2026-03-08T12:00:00Z', strict), 'accepted');
      assert.equal(await outcomeAt('2026-03-08T11:59:59.999999Z', strict), 'timestamp_out_of_window');
    });

    it('an event sent again on the last day is a duplicate; a moment later its time is refused; it was billed once', async () => {
      await acme.send(calls('a'));
      await suite.settle();
      suite.clock.set(plusMicros(at(NOON), 35n * 86_400_000_000n));
      assert.deepEqual(codes(await acme.send(calls('a'))), ['duplicate']);
      suite.clock.advance(0.001);
      assert.deepEqual(codes(await acme.send(calls('a'))), ['timestamp_out_of_window']);
      assert.equal((await charges()).length, 1);
    });

    it('a key is forgotten as the next day begins a day after its event’s time is refused, not before, and then a replay is refused by its time', async () => {
      await acme.send(calls('a'));
      await suite.settle();
      suite.clock.set(plusMicros(at(NOON), 36n * 86_400_000_000n + 43_200_000_000n));
      assert.equal((await suite.sweep()).keysPurged, 0);
      suite.clock.advance(SECOND);
      assert.equal((await suite.sweep()).keysPurged, 1);
      assert.equal(suite.counts()['dedupe'], 0);
      suite.clock.advance(20 * DAY);
      assert.deepEqual(codes(await acme.send([calls('a'), calls('a', '99')])), [
        'timestamp_out_of_window',
        'timestamp_out_of_window',
      ]);
      assert.equal((await charges()).length, 1);
    });

    it('a key is free again on the day that begins 36 days after its event, to the microsecond, whether or not anybody has swept', async () => {
      await acme.send(calls('a'));
      suite.clock.set(plusMicros(at(NOON), 36n * 86_400_000_000n + 43_200_000_000n - 1n));
      assert.deepEqual(codes(await acme.send(calls('a', '1', suite.clock.now()))), ['idempotency_conflict']);
      suite.clock.advance(0.001);
      assert.deepEqual(codes(await acme.send(calls('a', '1', suite.clock.now()))), ['accepted']);
    });

    it('a key used again long after is a new event with its own receipt, and the old receipt is still found', async () => {
      const old = (await acme.send(calls('a', '2'))).results[0]!.receipt_id as ReceiptId;
      await suite.settle();
      suite.clock.advance(37 * DAY);
      await suite.sweep();
      const later = suite.clock.now();
      const fresh = (await acme.send(calls('a', '2', later))).results[0]!.receipt_id as ReceiptId;
      await suite.settle();
      assert.notEqual(old, fresh);
      const [first, second] = await suite.entriesOf('acme', 'charge');
      const { ledger } = suite.platform;
      assert.deepEqual(await ledger.find(acme.tenant, old), { state: 'billed', seq: Number(first!.seq) });
      assert.deepEqual(await ledger.find(acme.tenant, fresh), { state: 'billed', seq: Number(second!.seq) });
    });
  });
});
