import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { signReceipts } from '../../functions/sign-receipts/sign-receipts.ts';
import type { Entry, EntryOf } from '../../shared/domain/ledger/kinds.ts';
import type { PriceModelJson } from '../../shared/domain/pricing/schema.ts';
import type { AcceptedEvent } from '../../shared/domain/usage/accepted.ts';
import type { Bus } from '../../shared/ports/bus.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import { eventsOf } from '../../shared/stores/accepted-events.ts';
import { type AccountPlan, accountOf, perUnit, tiered, usage } from '../support/account.ts';
import { naiveEntries } from '../support/naive-page.ts';
import { naiveDifference, naiveMeter, naivePercentage, naivePrice, naiveSum } from '../support/naive-pricing.ts';
import { type Client, MINUTE, TestSuite } from '../support/suite.ts';

const ACME = accountOf('acme', { meters: { api_calls: { model: perUnit('0.25') } } });
const calls = (key: string, quantity = '1', time = '2026-03-01T00:00:00Z') => usage(key, 'api_calls', quantity, time);
const many = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => calls(`${prefix}-${i}`));
const nobodyHears: Bus = { publish: async () => undefined };

describe('sign-receipts turns accepted usage into receipts', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start();
    acme = await suite.organization(ACME);
  });
  afterEach(() => suite.close());

  /** Holds the doorbells back, so that the test decides who works and when. */
  const stopBus = () => suite.platform.bus.stop();
  const sign = (tenant = acme.tenant) => signReceipts(tenant, { ...suite.platform, bus: nobodyHears });

  /** The log as it lies on the disk, page by page, read without any of our code. */
  function logOnDisk(
    tenant = 'acme',
  ): { readonly firstSeq: number; readonly texts: string[]; readonly bytes: Buffer }[] {
    return suite.sql('SELECT first_seq, bytes FROM pages WHERE tenant=? ORDER BY first_seq', tenant).map((row) => {
      const bytes = Buffer.from(row['bytes'] as Uint8Array);
      return {
        firstSeq: Number(row['first_seq']),
        texts: naiveEntries(bytes),
        bytes,
      };
    });
  }

  /** Numbers without a gap, each entry naming the hash of the one before; no event twice. @returns the entries */
  function requireWhole(tenant = 'acme'): Entry[] {
    const texts = logOnDisk(tenant).flatMap((page) => page.texts);
    const events = new Set<string>();
    let before: string | undefined;
    const entries = texts.map((text, seq) => {
      const entry = JSON.parse(text) as Entry;
      assert.equal(entry.seq, String(seq));
      if (before !== undefined) assert.equal(entry.prev, before, `entry ${seq} names the one before`);
      before = createHash('sha256').update(`\0${text}`, 'latin1').digest('base64url');
      if (entry.typ === 'charge')
        assert.equal(events.size + 1, events.add(entry.event_id).size, `event of entry ${seq}`);
      return entry;
    });
    const [head] = suite.sql('SELECT size, last FROM heads WHERE tenant=?', tenant);
    assert.deepEqual([head?.['size'], head?.['last']], [texts.length, before]);
    return entries;
  }
  const chargesOf = (entries: readonly Entry[]) =>
    entries.filter((entry): entry is EntryOf<'charge'> => entry.typ === 'charge');

  it('a log begins with its genesis, then the period opens, then come the charges: 3 x 0.25 = 0.75', async () => {
    await acme.send([calls('a', '3')]);
    await suite.settle();
    const [genesis, open, charge, more] = requireWhole();
    assert.deepEqual([genesis?.typ, open?.typ, charge?.typ, more], ['genesis', 'open', 'charge', undefined]);
    assert.equal(charge?.typ === 'charge' && charge.amount, '0.75');
  });

  it('12 workers and 24 batches at once: no number is missing or given twice, one receipt per event', async () => {
    await stopBus();
    const sent = Array.from({ length: 24 }, (_, i) => acme.send(many(5, `batch-${i}`)));
    const worked = Array.from({ length: 12 }, () => sign());
    await Promise.all([...sent, ...worked]);
    await Promise.all(Array.from({ length: 12 }, () => sign()));
    assert.equal(chargesOf(requireWhole()).length, 120);
    assert.equal(suite.counts()['waiting'], 0);
  });

  it('20 doorbells for one batch make its receipts once', async () => {
    const answers = acme.send(many(3, 'once'));
    const rings = Array.from({ length: 20 }, () => suite.ring('sign-receipts', { tenant: 'acme' }));
    for (const response of await Promise.all(rings)) assert.equal(response.status, 204);
    await answers;
    await suite.settle();
    assert.equal(chargesOf(requireWhole()).length, 3);
  });

  it('a doorbell for an organization that does not exist changes nothing', async () => {
    const before = suite.counts();
    assert.equal((await suite.ring('sign-receipts', { tenant: 'nobody' })).status, 204);
    assert.deepEqual(suite.counts(), before);
  });

  it('1,000 receipts, a genesis and an opening fill pages of 256: 256 + 256 + 256 + 234 = 1,002', async () => {
    await acme.send(many(1000, 'page'));
    await suite.settle();
    assert.deepEqual(
      logOnDisk().map(({ firstSeq, texts }) => [firstSeq, texts.length]),
      [
        ...[
          [0, 256],
          [256, 256],
          [512, 256],
          [768, 234],
        ],
      ],
    );
    assert.equal(requireWhole().length, 1002);
  });

  it('the mirror holds each page byte for byte, and the API reads the same entries out of them', async () => {
    await acme.send(many(300, 'mirror'));
    await suite.settle();
    await acme.send(many(20, 'more'));
    await suite.settle();
    const onDisk = logOnDisk();
    assert.deepEqual(
      await suite.platform.mirror.list('acme'),
      onDisk.map(({ firstSeq }) => firstSeq),
    );
    for (const { firstSeq, bytes } of onDisk) {
      assert.ok(bytes.equals((await suite.platform.mirror.read('acme', firstSeq))!), `page ${firstSeq}`);
    }
    const texts = onDisk.flatMap((page) => page.texts);
    assert.deepEqual(await suite.platform.ledger.entries(acme.tenant, 0, texts.length), texts);
    // A stretch that begins and ends inside pages.
    assert.deepEqual(await suite.platform.ledger.entries(acme.tenant, 250, 310), texts.slice(250, 310));
  });

  it('a batch of more than one commit’s worth is finished all the same: 5 x 1,000 events in one go', async () => {
    await stopBus();
    await Promise.all(Array.from({ length: 5 }, (_, i) => acme.send(many(1000, `bulk-${i}`))));
    await sign();
    assert.equal(chargesOf(requireWhole()).length, 5000);
  });

  it('a receipt commits to the event that was sent: whoever has the salt can show it', async () => {
    await acme.send([calls('a', '3')]);
    const [row] = suite.sql('SELECT tenant, batch_id, payload FROM batches');
    const keys = await suite.platform.personal.keysOf(acme.tenant);
    const [{ receiptId, salt, event }] = eventsOf(row as unknown as Parameters<typeof eventsOf>[0], keys) as [
      AcceptedEvent,
    ];
    await suite.settle();
    const [charge] = chargesOf(requireWhole());
    assert.equal(charge?.event_id, receiptId);
    assert.match(event!, /"id":"a"/);
    const inner = createHash('sha256').update(event!, 'utf8').digest();
    const outer = createHash('sha256').update('event/v1\n').update(Buffer.from(salt!, 'base64url')).update(inner);
    assert.equal(charge?.event_commit, outer.digest('base64url'));
    assert.doesNotMatch(JSON.stringify(charge), /"a"/);
  });

  it('when the clock is set back between acceptance and receipt, the receipt is of the time of acceptance: no event is from the future', async () => {
    await suite.silenceBus();
    suite.goTo('2026-03-01T03:00:00Z');
    await acme.send(calls('ahead', '1', '2026-03-01T03:00:00Z'));
    suite.goTo('2026-03-01T01:00:00Z');
    await sign();
    const charge = requireWhole().at(-1)!;
    assert.equal(charge.recorded_at, '2026-03-01T03:00:00.000000Z');
    await suite.restart();
    assert.deepEqual((await suite.deep(true)).faults, []);
  });

  it('when the clock is set back, the ledger’s own time stands still', async () => {
    suite.goTo('2026-03-01T02:00:00Z');
    await acme.send(calls('a'));
    await suite.platform.bus.idle();
    suite.goTo('2026-03-01T01:00:00Z');
    await acme.send(calls('b'));
    await suite.platform.bus.idle();
    assert.deepEqual(
      chargesOf(requireWhole()).map(({ recorded_at }) => recorded_at),
      ['2026-03-01T02:00:00.000000Z', '2026-03-01T02:00:00.000000Z'],
    );
  });

  describe('and copies them to the mirror', () => {
    const broken: Mirror = {
      create: () => Promise.reject(new Error('the mirror is away')),
      read: () => Promise.reject(new Error('the mirror is away')),
      list: () => Promise.reject(new Error('the mirror is away')),
      pages: () => Promise.reject(new Error('the mirror is away')),
      retire: () => Promise.reject(new Error('the mirror is away')),
    };

    it('a mirror that is away keeps nobody from a receipt; the sweep copies the pages when it is back', async () => {
      await stopBus();
      await acme.send(many(300, 'dark'));
      await signReceipts(acme.tenant, { ...suite.platform, bus: nobodyHears, mirror: broken });
      assert.equal(chargesOf(requireWhole()).length, 300);
      assert.deepEqual(await suite.platform.mirror.list('acme'), []);
      assert.equal(suite.lines.filter(({ event }) => event === 'mirror_failed').length, 2);

      await suite.restart();
      const swept = await suite.sweep();
      assert.deepEqual([swept.pagesMirrored, swept.pagesDifferent], [2, 0]);
      assert.deepEqual(await suite.platform.mirror.list('acme'), [0, 256]);
      assert.equal((await suite.sweep()).pagesMirrored, 0);
      assert.equal(await suite.platform.reconciliation.frozen(acme.tenant), undefined);
    });

    it('a mirror that already holds another page under that number is reported, and the sweep freezes the tenant', async () => {
      await suite.platform.mirror.create('acme', 0, Buffer.from('somebody was here before'));
      await acme.send(calls('a'));
      await suite.platform.bus.idle();
      assert.ok(suite.lines.some(({ event, facts }) => event === 'mirror_differs' && facts['tenant'] === 'acme'));
      assert.equal((await suite.sweep()).pagesDifferent, 1);
      const frozen = await suite.platform.reconciliation.frozen(acme.tenant);
      assert.deepEqual([frozen?.kind, frozen?.seq], ['copy_differs', 0]);
    });
  });

  describe('unless it cannot be rated', () => {
    const meterGone = JSON.stringify(accountOf('acme', { meters: { other: { model: perUnit('1') } } }));

    it('usage whose meter is gone stops that organization only, with a reason; nothing half-made is left', async () => {
      const other = await suite.organization({ ...ACME, organization_id: 'umbrella' });
      await stopBus();
      await acme.send([calls('a'), calls('b')]);
      await other.send(calls('a'));
      suite.sql('UPDATE accounts SET document=? WHERE tenant=?', meterGone, 'acme');
      await sign();
      await sign(other.tenant);

      const frozen = await suite.platform.reconciliation.frozen(acme.tenant);
      assert.equal(frozen?.kind, 'unratable');
      assert.match(frozen.detail, /api_calls/);
      assert.deepEqual([logOnDisk('acme'), suite.counts()['waiting']], [[], 1]);
      assert.equal(await suite.platform.reconciliation.frozen(other.tenant), undefined);
      assert.equal(chargesOf(requireWhole('umbrella')).length, 1);
    });

    it('while it is frozen its usage is accepted and waits; put right and thawed, everything is billed', async () => {
      await acme.send(calls('a'));
      await suite.settle();
      const document = suite.sql('SELECT document FROM accounts')[0]!['document']!;
      await stopBus();
      await acme.send(calls('b'));
      suite.sql('UPDATE accounts SET document=?', meterGone);
      await sign();
      suite.sql('UPDATE accounts SET document=?', document);
      assert.equal((await acme.send(calls('c'))).accepted, 1);
      await sign();
      assert.equal(chargesOf(requireWhole()).length, 1);
      assert.ok(suite.lines.some(({ event, facts }) => event === 'billing_frozen' && facts['tenant'] === 'acme'));

      await suite.platform.reconciliation.thaw(acme.tenant);
      await sign();
      assert.deepEqual(
        chargesOf(requireWhole()).map(({ aggregate_after }) => aggregate_after),
        ['1', '2', '3'],
      );
    });

    it('a document that drops a meter whose usage still waits is refused: nobody is left with usage nobody can rate', async () => {
      await stopBus();
      await acme.send(calls('a'));
      await assert.rejects(suite.platform.accounts.put(JSON.parse(meterGone), suite.clock.now()), {
        code: 'invalid_catalogue',
      });
      await sign();
      assert.equal(chargesOf(requireWhole()).length, 1);
    });
  });

  describe('at the price that fits', () => {
    const T = (minute: number): string => new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString();
    const billedFor = async (tenant: string, plan: AccountPlan, events: readonly object[]) => {
      suite.clock.advance(60 * MINUTE);
      const client = await suite.organization(accountOf(tenant, plan));
      await client.send(events);
      await suite.settle();
      const charges = chargesOf(requireWhole(tenant));
      assert.deepEqual((await suite.deep(true)).faults, []);
      return charges;
    };

    it('unique_count at 0.5 each: anna, ben, anna again, cleo are 0.5, 0.5, nothing, 0.5', async () => {
      const plan: AccountPlan = {
        meters: { users: { aggregation: 'unique_count', valueProperty: 'user_id', model: perUnit('0.5') } },
      };
      const users = ['anna', 'ben', 'anna', 'cleo'].map((user_id, i) => ({
        ...{ idempotency_key: `u${i}`, metric_name: 'users', timestamp: T(i), properties: { user_id } },
      }));
      const charges = await billedFor('people', plan, users);
      assert.deepEqual(
        charges.map(({ amount }) => amount),
        ['0.5', '0.5', '0', '0.5'],
      );
      assert.equal(charges[0]!.value_commit, charges[2]!.value_commit);
      assert.equal(new Set(charges.map(({ value_commit }) => value_commit)).size, 3);
      assert.doesNotMatch(JSON.stringify(charges), /anna|cleo/);
    });

    it('last at 2 a seat: 5 seats at noon, a note of 9 seats from an hour before comes late, 1 seat after: 10, 0, -8', async () => {
      const plan: AccountPlan = { meters: { seats: { aggregation: 'last', model: perUnit('2') } } };
      const charges = await billedFor('seats', plan, [
        usage('a', 'seats', '5', T(50)),
        usage('b', 'seats', '9', T(10)),
        usage('c', 'seats', '1', T(55)),
      ]);
      assert.deepEqual(
        charges.map(({ amount }) => amount),
        ['10', '0', '-8'],
      );
      assert.deepEqual(
        charges.map(({ aggregate_after }) => aggregate_after),
        ['5', '5', '1'],
      );
    });

    it('max at 1 per unit: 3, 7, 5 are 3, 4 and nothing', async () => {
      const plan: AccountPlan = { meters: { peak: { aggregation: 'max', model: perUnit('1') } } };
      const charges = await billedFor(
        'peaks',
        plan,
        ['3', '7', '5'].map((q, i) => usage(`p${i}`, 'peak', q, T(i))),
      );
      assert.deepEqual(
        charges.map(({ amount }) => amount),
        ['3', '4', '0'],
      );
    });

    it('2.9 % + 0.30, first event free, at least 0.50, at most 3: of 100, 10, 2 and 200 are due 0, 0.59, 0.5 and 3', async () => {
      // 10 x 0.029 + 0.3 = 0.59;  2 x 0.029 + 0.3 = 0.358, raised to 0.5;  200 x 0.029 + 0.3 = 6.1, held at 3
      const model: PriceModelJson = {
        ...{ type: 'percentage', rate: '0.029', fixed_fee: '0.3', free_events: '1', minimum: '0.5', maximum: '3' },
      };
      const charges = await billedFor(
        ...(['cards', { meters: { paid: { model } } }] as const),
        ['100', '10', '2', '200'].map((q, i) => usage(`c${i}`, 'paid', q, T(i))),
      );
      assert.deepEqual(
        charges.map(({ amount }) => amount),
        ['0', '0.59', '0.5', '3'],
      );
    });

    it('a price that changes at 00:30 charges each event by its own time, and the new price counts from 0', async () => {
      // Until 00:30 the first 10 cost 1, more cost 0.5. From 00:30 the first 2 cost 3, more cost 2.
      const plan: AccountPlan = {
        meters: {
          api_calls: {
            model: tiered('graduated', ['10', '1'], [null, '0.5']),
            later: { [T(30)]: tiered('graduated', ['2', '3'], [null, '2']) },
          },
        },
      };
      const charges = await billedFor('changing', plan, [
        calls('a', '12', T(10)), // 10 x 1 + 2 x 0.5 = 11
        calls('b', '3', T(30)), // 2 x 3 + 1 x 2 = 8
        calls('c', '1', T(29)), // the 13th of the old price: 0.5
        calls('d', '1', T(31)), // the 4th of the new price: 2
      ]);
      assert.deepEqual(
        charges.map(({ amount }) => amount),
        ['11', '8', '0.5', '2'],
      );
      assert.deepEqual(
        charges.map(({ price_ref }) => price_ref),
        [...['api_calls@1', 'api_calls@2', 'api_calls@1', 'api_calls@2']],
      );
    });

    it('240 events in disorder, by six meters, agree with a bookkeeper who prices the whole period by other means', async () => {
      const models = {
        sums: tiered('graduated', ['100', '0.3', '5'], ['400', '0.2'], [null, '0.05', '1']),
        counts: tiered('volume', ['10', '1'], ['30', '0.9'], [null, '0.7', '3']),
        peaks: { type: 'package', size: '7', amount: '0.33', free_units: '2' },
        lasts: perUnit('0.123456789'),
        uniques: tiered('volume', ['5', '2'], [null, '1.5']),
        shares: {
          type: 'percentage',
          rate: '0.0123',
          fixed_fee: '0.01',
          free_amount: '90',
          minimum: '0.2',
          maximum: '1',
        },
      } as const satisfies Record<string, PriceModelJson>;
      const aggregations = {
        sums: 'sum',
        counts: 'count',
        peaks: 'max',
        lasts: 'last',
        uniques: 'unique_count',
        shares: 'sum',
      } as const;
      const names = Object.keys(models) as (keyof typeof models)[];
      const plan: AccountPlan = {
        meters: Object.fromEntries(
          names.map((name) => [
            name,
            {
              ...{ aggregation: aggregations[name], model: models[name] },
              ...(name === 'uniques' ? { valueProperty: 'who' } : {}),
            },
          ]),
        ),
      };
      suite.clock.advance(60 * MINUTE);
      const client = await suite.organization(accountOf('mixture', plan));
      const events = Array.from({ length: 240 }, (_, i) => {
        const minute = (i * 37) % 59;
        const quantity = `${(i * 7919) % 13}.${1 + ((i * 104729) % 97)}`;
        const who = `user ${(i * 31) % 11}`;
        return { ...usage(`m${i}`, names[i % 6]!, quantity, T(minute), { properties: { who } }), who };
      });
      await stopBus();
      const parts = Array.from({ length: 8 }, (_, i) => events.filter((__, place) => place % 8 === i));
      const answers = await Promise.all(parts.map((part) => client.send(part.map(({ who: _, ...event }) => event))));
      await Promise.all([sign(client.tenant), sign(client.tenant)]);

      const charges = chargesOf(requireWhole('mixture'));
      assert.equal(charges.length, 240);
      const sentAs = new Map(
        answers.flatMap(({ results }, i) =>
          results.map(({ receipt_id }, at) => [receipt_id!, events[at * 8 + i]!] as const),
        ),
      );
      for (const name of names) {
        const mine = charges.filter(({ meter }) => meter === name);
        const sent = mine.map(({ event_id }) => sentAs.get(event_id)!);
        const seen = sent.map((event) => ({
          ...{ quantity: event.quantity, occurredAt: event.timestamp, value: event.who },
        }));
        const total = naiveMeter(aggregations[name], seen);
        assert.equal(mine.at(-1)!.aggregate_after, total, name);
        const model = models[name];
        // What is due at no usage at all is settled when the period closes, not by its receipts.
        const due =
          model.type === 'percentage'
            ? naiveSum(
                ...naivePercentage(
                  model,
                  seen.map(({ quantity }) => quantity),
                ),
              )
            : naiveDifference(naivePrice(model, total), naivePrice(model, '0'));
        assert.equal(naiveSum(...mine.map(({ amount }) => amount)), due, name);
      }
    });
  });
});
