import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalBus, type LocalBusOptions } from '../../shared/adapters/local/bus.ts';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import type { Delivery, Message } from '../../shared/ports/bus.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { busContract } from './contracts/bus.ts';

const START = parseInstant('2026-03-01T12:00:00Z', 'test');
const SUBSCRIPTIONS = [
  { name: 'sign-receipts', topic: 'usage-accepted' },
  { name: 'seal-ledger', topic: 'receipts-appended' },
];
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ring = (batch: string, orderingKey = 'acme', topic = 'usage-accepted'): Message => ({
  topic,
  orderingKey,
  attributes: { batch },
});

busContract('embedded', async () => {
  const folder = await tempFolder();
  const clock = new ManualClock(START);
  return {
    async open(subscriptions, deliver) {
      const file = join(folder.path, 'bus.db');
      const policy = { maxDeliveryAttempts: 5 };
      const bus = LocalBus.open({ file, clock, subscriptions, deliver: (_, delivery) => deliver(delivery), policy });
      return {
        bus,
        start: async () => bus.start(),
        deadLetters: async () => bus.deadLetters(),
        stop: () => bus.stop(),
      };
    },
    async passTime() {
      clock.advance(50);
      await turn();
    },
    dispose: folder.remove,
  };
});

describe('the embedded bus', () => {
  let folder: TempFolder;
  let file: string;
  let clock: ManualClock;
  let opened: LocalBus[];

  const open = (deliver: LocalBusOptions['deliver'], policy: LocalBusOptions['policy'] = {}): LocalBus => {
    const bus = LocalBus.open({ file, clock, subscriptions: SUBSCRIPTIONS, deliver, policy });
    opened.push(bus);
    return bus;
  };
  const never = async (): Promise<void> => assert.fail('nothing was to be delivered');

  beforeEach(async () => {
    folder = await tempFolder();
    file = join(folder.path, 'new', 'bus.db');
    clock = new ManualClock(START);
    opened = [];
  });
  afterEach(async () => {
    for (const bus of opened) await bus.stop();
    await folder.remove();
  });

  describe('waits longer after every failure', () => {
    it('100 ms, 200, 400, then never more than 500: tried at 0, 100, 300, 700, 1200 and 1700 ms', async () => {
      const tried: string[] = [];
      const bus = open(
        async () => {
          tried.push(clock.now().slice(17, 23));
          throw new Error('not yet');
        },
        { maximumBackoffMilliseconds: 500 },
      );
      bus.start();
      await bus.publish(ring('1'));
      await bus.idle();
      for (let passed = 0; passed < 1_750; passed += 10) {
        clock.advance(10);
        await bus.idle();
      }
      assert.deepEqual(tried, ['00.000', '00.100', '00.300', '00.700', '01.200', '01.700']);
      assert.equal(bus.pending(), 1);
    });

    it('a message that waits does not make the bus busy, and a restart does not wait for it', async () => {
      const attempts: number[] = [];
      const fail = async (_: string, { deliveryAttempt }: Delivery) => {
        attempts.push(deliveryAttempt);
        throw new Error('not yet');
      };
      const bus = open(fail);
      bus.start();
      await bus.publish(ring('1'));
      await bus.idle();
      await bus.stop();
      const again = open(fail);
      again.start();
      await again.idle();
      assert.deepEqual(attempts, [1, 2]);
    });
  });

  describe('gives up', () => {
    const poison = async (): Promise<void> => {
      throw new RangeError('x'.repeat(1_000));
    };

    it('after the agreed attempts, and keeps what happened: the reason, cut to 500 characters', async () => {
      const bus = open(poison, { maxDeliveryAttempts: 2 });
      bus.start();
      await bus.publish(ring('1'));
      await bus.idle();
      assert.deepEqual(bus.deadLetters(), []);
      clock.advance(100);
      await bus.idle();
      const [letter, ...more] = bus.deadLetters();
      assert.deepEqual(more, []);
      assert.deepEqual(letter, {
        id: letter?.id,
        subscription: 'sign-receipts',
        topic: 'usage-accepted',
        orderingKey: 'acme',
        attributes: { batch: '1' },
        messageId: letter?.messageId,
        publishTime: '2026-03-01T12:00:00.000000Z',
        deliveryAttempt: 2,
        reason: `RangeError: ${'x'.repeat(488)}`,
        deadLetteredAt: '2026-03-01T12:00:00.100000Z',
      });
      assert.equal(bus.pending(), 0);
    });

    it('whatever was thrown: a text, nothing, or before there was a promise', async () => {
      const thrown: unknown[] = ['just a text', undefined, Object.create(null)];
      const bus = open(
        (_, { attributes }) => {
          throw thrown[Number(attributes['batch'])];
        },
        { maxDeliveryAttempts: 1 },
      );
      bus.start();
      for (const batch of ['0', '1', '2']) await bus.publish(ring(batch));
      await bus.idle();
      const reasons = bus.deadLetters().map(({ reason }) => reason);
      assert.deepEqual(reasons, ["'just a text'", 'undefined', '[Object: null prototype] {}']);
    });

    it('until somebody redrives it: delivered again as the same message, its attempts forgotten', async () => {
      let repaired = false;
      const seen: Delivery[] = [];
      const deliver = async (_: string, delivery: Delivery): Promise<void> => {
        seen.push(delivery);
        if (!repaired) throw new Error('not yet');
      };
      const before = open(deliver, { maxDeliveryAttempts: 1 });
      before.start();
      await before.publish(ring('1'));
      await before.idle();
      await before.stop();
      // Dead letters outlive a restart.
      const bus = open(deliver, { maxDeliveryAttempts: 1 });
      bus.start();
      const [letter] = bus.deadLetters();
      assert.ok(letter !== undefined);
      repaired = true;
      await bus.redrive(letter.id);
      await bus.idle();
      assert.deepEqual(seen[1], seen[0]);
      assert.deepEqual([bus.deadLetters(), bus.pending(), seen.length], [[], 0, 2]);
      await assert.rejects(bus.redrive(letter.id), /no dead letter/);
    });
  });

  describe('merges a ring into one that still waits', () => {
    it('1,000 rings that say the same are one message', async () => {
      const seen: Delivery[] = [];
      const bus = open(async (_, delivery) => void seen.push(delivery));
      await bus.publish(ring('1'));
      await Promise.all(Array.from({ length: 999 }, () => bus.publish(ring('1'))));
      assert.equal(bus.pending(), 1);
      bus.start();
      await bus.idle();
      assert.equal(seen.length, 1);
    });

    it('saying the same does not depend on the order of the attributes; another key, topic or value is another', async () => {
      const bus = open(never);
      await bus.publish({ topic: 'usage-accepted', orderingKey: 'acme', attributes: { a: '1', b: '2' } });
      await bus.publish({ topic: 'usage-accepted', orderingKey: 'acme', attributes: { b: '2', a: '1' } });
      assert.equal(bus.pending(), 1);
      await bus.publish({ topic: 'usage-accepted', orderingKey: 'acme', attributes: { a: '1', b: '3' } });
      await bus.publish({ topic: 'usage-accepted', orderingKey: 'umbrella', attributes: { a: '1', b: '2' } });
      await bus.publish({ topic: 'receipts-appended', orderingKey: 'acme', attributes: { a: '1', b: '2' } });
      await bus.publish({ topic: 'usage-accepted', orderingKey: 'acme', attributes: {} });
      assert.equal(bus.pending(), 5);
    });

    it('but never into one under way: its reader may have looked before the new rows came', async () => {
      const releases: (() => void)[] = [];
      const seen: string[] = [];
      const bus = open(async (_, { attributes, messageId }) => {
        seen.push(`${attributes['batch']} ${messageId}`);
        await new Promise<void>((resolve) => releases.push(resolve));
      });
      bus.start();
      await bus.publish(ring('1'));
      await turn();
      assert.equal(seen.length, 1);
      await bus.publish(ring('1'));
      await bus.publish(ring('1'));
      await bus.publish(ring('1'));
      assert.equal(bus.pending(), 2, 'one under way, one for the three that came later');
      releases[0]?.();
      await turn();
      assert.equal(seen.length, 2);
      releases[1]?.();
      await bus.idle();
      assert.equal(new Set(seen).size, 2);
      assert.equal(bus.pending(), 0);
    });

    it('also into one that waits for its next attempt', async () => {
      let failures = 1;
      const bus = open(async () => {
        if (failures-- > 0) throw new Error('not yet');
      });
      bus.start();
      await bus.publish(ring('1'));
      await bus.idle();
      await bus.publish(ring('1'));
      assert.equal(bus.pending(), 1);
      clock.advance(100);
      await bus.idle();
      assert.equal(bus.pending(), 0);
    });
  });

  describe('works on several keys at once', () => {
    it('on three of twenty when three are allowed, per subscription', async () => {
      const underWay = new Map<string, number>();
      const most = new Map<string, number>();
      const bus = open(
        async (subscription) => {
          const now = (underWay.get(subscription) ?? 0) + 1;
          underWay.set(subscription, now);
          most.set(subscription, Math.max(now, most.get(subscription) ?? 0));
          await turn();
          underWay.set(subscription, now - 1);
        },
        { maxKeysInFlight: 3 },
      );
      for (let tenant = 0; tenant < 20; tenant++) {
        await bus.publish(ring('1', `tenant-${tenant}`));
        await bus.publish(ring('1', `tenant-${tenant}`, 'receipts-appended'));
      }
      bus.start();
      await bus.idle();
      assert.deepEqual(Object.fromEntries(most), { 'sign-receipts': 3, 'seal-ledger': 3 });
      assert.equal(bus.pending(), 0);
    });

    it('in turn: a tenant with a hundred messages does not go before one with a single one', async () => {
      const order: string[] = [];
      const bus = open(async (_, { orderingKey }) => void order.push(orderingKey), { maxKeysInFlight: 1 });
      for (let batch = 0; batch < 100; batch++) await bus.publish(ring(`${batch}`, 'busy'));
      await bus.publish(ring('1', 'quiet'));
      bus.start();
      await bus.idle();
      assert.equal(order.indexOf('quiet'), 1);
      assert.equal(order.length, 101);
    });
  });

  describe('stops', () => {
    it('when what is under way has ended; what that publishes is kept for the next start', async () => {
      const bus = open(async (_, { attributes }) => {
        if (attributes['batch'] !== '1') return assert.fail('begun after the stop');
        await turn();
        await bus.publish(ring('by the handler'));
      });
      bus.start();
      await bus.publish(ring('1'));
      await bus.publish(ring('2', 'acme'));
      await Promise.all([bus.stop(), bus.stop()]);
      await assert.rejects(bus.publish(ring('3')), TryAgain);
      const seen: string[] = [];
      const next = open(async (_, { attributes }) => void seen.push(attributes['batch'] ?? ''));
      next.start();
      await next.idle();
      assert.deepEqual(seen, ['2', 'by the handler']);
    });

    it('at first only to deliver: what requests under way publish meanwhile is kept for the next start', async () => {
      const heard: string[] = [];
      const hear: LocalBusOptions['deliver'] = async (_, { attributes }) => void heard.push(attributes['batch'] ?? '');
      const bus = open(hear);
      bus.start();
      await bus.publish(ring('1'));
      await bus.idle();
      await bus.rest();
      await bus.publish(ring('2'));
      await bus.stop();
      assert.deepEqual(heard, ['1']);
      const next = open(hear);
      next.start();
      await next.idle();
      assert.deepEqual(heard, ['1', '2']);
    });

    it('and lets nobody else at its file before', async () => {
      const bus = open(never);
      assert.throws(() => open(never), /is another one running/);
      await bus.stop();
      await open(never).stop();
    });
  });

  it('is idle before it is started, whatever waits', async () => {
    const bus = open(never);
    await bus.publish(ring('1'));
    await bus.idle();
    assert.equal(bus.pending(), 1);
  });

  it('is not idle while a publish is on its way', async () => {
    let heard = 0;
    const bus = open(async () => void heard++);
    bus.start();
    const publishing = bus.publish(ring('1'));
    await bus.idle();
    assert.equal(heard, 1);
    await publishing;
  });

  it('keeps the messages of a subscription that is not named until it is named again', async () => {
    const bus = open(never);
    await bus.publish(ring('1'));
    await bus.stop();
    const without = LocalBus.open({ file, clock, subscriptions: SUBSCRIPTIONS.slice(1), deliver: never });
    opened.push(without);
    without.start();
    await without.idle();
    await without.stop();
    const seen: string[] = [];
    const again = open(async (subscription) => void seen.push(subscription));
    again.start();
    await again.idle();
    assert.deepEqual(seen, ['sign-receipts']);
  });

  it('two subscriptions of one name are a mistake', () => {
    const twice = [...SUBSCRIPTIONS, { name: 'seal-ledger', topic: 'usage-accepted' }];
    assert.throws(() => LocalBus.open({ file, clock, subscriptions: twice, deliver: never }), /same name/);
  });

  it('200 publishes of one moment share one commit: fewer pages are written than messages', async () => {
    const bus = open(never);
    await bus.publish(ring('warm-up'));
    const walBytes = async () => (await stat(`${file}-wal`)).size;
    const before = await walBytes();
    await Promise.all(Array.from({ length: 200 }, (_, index) => bus.publish(ring(`${index}`))));
    // Every commit of its own would write at least one page of 4096 bytes.
    assert.ok((await walBytes()) - before < 200 * 4096, `${(await walBytes()) - before} bytes`);
    assert.equal(bus.pending(), 201);
  });
});
