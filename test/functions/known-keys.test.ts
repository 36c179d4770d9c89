import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { ReceiptId, TenantId } from '../../shared/domain/ids.ts';
import { type Instant, instantOfMicros, MICROS_PER_DAY, microsOf } from '../../shared/domain/time.ts';
import { keyHash, receiptId } from '../../shared/domain/usage/identity.ts';
import { eventsOf } from '../../shared/stores/accepted-events.ts';
import {
  batchOf,
  contentMark,
  contentOfReceipt,
  isSameEvent,
  knownUntil,
  shortBatch,
} from '../../shared/stores/known-keys.ts';
import { batches, dedupe } from '../../shared/stores/tables.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const NOON = '2026-03-01T12:00:00Z';
const BATCH = '00064a1b2c3d4e5f-0123456789abcdef';
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe('what is kept of a known key', () => {
  it('names its batch in 20 letters from which the batch’s id follows', () =>
    fc.assert(
      fc.property(bytes(7), bytes(8), (time, chance) => {
        const id = `00${Buffer.from(time).toString('hex')}-${Buffer.from(chance).toString('hex')}`;
        const short = shortBatch(id);
        assert.match(short, /^[A-Za-z0-9_-]{20}$/);
        assert.equal(batchOf({ batch_id: short }), id);
        // As rows said it before.
        assert.equal(batchOf({ batch_id: id }), id);
      }),
    ));

  it('names a batch that a rebuild has made up by its own name', () => {
    const id = '00064a1b2c3d4e5f-rebuilt';
    assert.equal(shortBatch(id), id);
    assert.equal(batchOf({ batch_id: id }), id);
  });

  it('lasts until a day begins: not before the time is refused and a day is over, and hardly two days more', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 366 }),
        fc.bigInt({
          min: microsOf('2024-02-28T00:00:00.000000Z' as Instant),
          max: microsOf('2031-01-01T00:00:00.000000Z' as Instant),
        }),
        (lateness, at) => {
          const until = knownUntil(lateness, instantOfMicros(at));
          assert.match(until, /^\d{4}-\d{2}-\d{2}$/);
          const more = microsOf(`${until}T00:00:00.000000Z` as Instant) - at - BigInt(lateness) * MICROS_PER_DAY;
          assert.ok(more >= MICROS_PER_DAY && more <= 2n * MICROS_PER_DAY + MICROS_PER_DAY / 24n);
        },
      ),
    ));

  it('knows an event by half a hash over it and its batch: in another batch it is another half', () => {
    const digest = createHash('sha256').update(`event-content/v1\n${BATCH}\n{"a":"1"}`).digest();
    assert.deepEqual(contentMark(BATCH, '{"a":"1"}'), digest.subarray(0, 16));
    assert.deepEqual(contentMark(BATCH, Buffer.from('{"a":"1"}')), digest.subarray(0, 16));
    assert.notDeepEqual(contentMark(BATCH.replace('f', 'e'), '{"a":"1"}'), digest.subarray(0, 16));
  });

  for (const { form, batch_id, content } of [
    { form: 'now', batch_id: shortBatch(BATCH), content: (text: string) => contentMark(BATCH, text) },
    { form: 'before', batch_id: BATCH, content: (text: string) => createHash('sha256').update(text).digest() },
  ]) {
    it(`tells the same event from another, as rows are written ${form}`, () => {
      const tenant = 'acme' as TenantId;
      const key_hash = keyHash(tenant, '', 'k');
      const row = {
        tenant,
        key_hash,
        content_hash: content('{"a":"1"}'),
        batch_id,
        position: 3,
        expires_at: '2026-04-06',
      };
      const id = receiptId(key_hash, NOON as Instant);
      assert.deepEqual([isSameEvent(row, '{"a":"1"}', id), isSameEvent(row, '{"a":"2"}', id)], [true, false]);
    });
  }

  it('after a rebuild tells an event of the same time from one of another', () => {
    const tenant = 'acme' as TenantId;
    const key_hash = keyHash(tenant, '', 'k');
    const [id, later] = ['2026-03-01T12:00:00.000000Z', '2026-03-01T12:00:01.000000Z'].map((time) =>
      receiptId(key_hash, time as Instant),
    ) as [ReceiptId, ReceiptId];
    const row = {
      tenant,
      key_hash,
      content_hash: contentOfReceipt(id),
      batch_id: '00064a1b2c3d4e5f-rebuilt',
      position: 7,
      expires_at: '2026-04-06',
    };
    assert.deepEqual([isSameEvent(row, '{"a":"1"}', id), isSameEvent(row, '{"a":"1"}', later)], [true, false]);
  });

  describe('in the store', () => {
    let suite: TestSuite;
    let acme: Client;
    beforeEach(async () => {
      suite = await TestSuite.start({ at: NOON });
      acme = await suite.organization(accountOf('acme', { meters: { calls: { model: perUnit('0.5') } } }));
    });
    afterEach(() => suite.close());
    const rows = () => suite.platform.database.snapshot((view) => view.range(dedupe, { prefix: ['acme'] }));
    const statuses = async (quantity: string): Promise<string[]> => {
      const { results } = await acme.send(usage('a', 'calls', quantity, NOON));
      return results.map(({ status }) => status);
    };

    it('a row takes 70 bytes and its organization’s id', async () => {
      await acme.send(usage('a', 'calls', '1', NOON));
      const [row] = await rows();
      // A number takes 8, a text one for each of its letters.
      const length = (cell: unknown): number => (typeof cell === 'number' ? 8 : (cell as string | Uint8Array).length);
      assert.equal(
        Object.values(row!).reduce((sum: number, cell) => sum + length(cell), 0),
        70 + 'acme'.length,
      );
    });

    it('what rows said at more length is understood until their time is over', async () => {
      await acme.send(usage('a', 'calls', '1', NOON));
      const [row] = await rows();
      const batch_id = batchOf(row!);
      const kept = await suite.platform.database.snapshot((view) => view.read(batches, ['acme', batch_id]));
      assert.ok(kept !== undefined);
      const [event] = eventsOf(kept, await suite.platform.personal.keysOf(acme.tenant));
      await suite.platform.database.transact(async (tx) =>
        tx.upsert(dedupe, {
          ...row!,
          batch_id,
          content_hash: createHash('sha256').update(event!.event).digest(),
          expires_at: '2026-04-06T13:00:00.000000Z',
        }),
      );
      assert.deepEqual(await statuses('1'), ['duplicate']);
      assert.deepEqual(await statuses('2'), ['refused']);
    });
  });
});
