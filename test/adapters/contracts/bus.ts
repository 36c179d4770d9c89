import assert from 'node:assert/strict';
import type { Bus, Delivery, Message } from '../../../shared/ports/bus.ts';

export interface OpenBus {
  readonly bus: Bus;
  start(): Promise<void>;
  /** Messages that were given up. */
  deadLetters(): Promise<readonly Message[]>;
  stop(): Promise<void>;
}

/** One rig, one queue that outlives its clients. Messages are given up after 5 failed attempts. */
export interface BusRig {
  open(
    subscriptions: readonly { readonly name: string; readonly topic: string }[],
    deliver: (delivery: Delivery) => Promise<void>,
  ): Promise<OpenBus>;
  /** Lets enough time pass for a retry to come due, where the rig holds the clock. */
  passTime(): Promise<void>;
  dispose(): Promise<void>;
}

/** What an engine that stands in for the real one cannot do. The embedded bus can do everything. */
export interface BusCannot {
  /** Give a message up while others of its key wait: then that sentence is left to a test of its own, without order. */
  readonly buryInOrder?: true;
  /** Retry within milliseconds. */
  readonly retryAtOnce?: true;
}

const MAX_ATTEMPTS = 5;
const PATIENCE_MILLISECONDS = 5_000;
/** For an engine that retries once a second. */
const LONG_PATIENCE_MILLISECONDS = 15_000;
const SUBSCRIPTIONS = [
  { name: 'sign-receipts', topic: 'usage-accepted' },
  { name: 'seal-ledger', topic: 'receipts-appended' },
  { name: 'watch-receipts', topic: 'receipts-appended' },
];
const ring = (orderingKey: string, batch: string, topic = 'usage-accepted'): Message => ({
  topic,
  orderingKey,
  attributes: { batch },
});

/** @param makeRig called anew for every sentence */
export function busContract(adapter: string, makeRig: () => Promise<BusRig>, cannot: BusCannot = {}): void {
  const patience = cannot.retryAtOnce === true ? LONG_PATIENCE_MILLISECONDS : PATIENCE_MILLISECONDS;

  describe(`a bus delivers at least once, in order per key (${adapter})`, () => {
    let rig: BusRig;
    beforeEach(async () => {
      rig = await makeRig();
    });
    afterEach(() => rig.dispose());

    const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
      const deadline = performance.now() + patience;
      while (!(await condition())) {
        assert.ok(performance.now() < deadline, 'it did not happen');
        await rig.passTime();
      }
    };

    it('a message arrives with everything it was published with, on its first attempt', async () => {
      const seen: Delivery[] = [];
      const { bus, start, stop } = await rig.open(SUBSCRIPTIONS, async (delivery) => void seen.push(delivery));
      await start();
      const attributes = { batch: '01J', note: 'Zürich \u0000 "quoted" 🧾', empty: '' };
      await bus.publish({ topic: 'usage-accepted', orderingKey: 'acme', attributes });
      await until(() => seen.length > 0);
      const { messageId, publishTime, ...rest } = seen[0] as Delivery;
      assert.deepEqual(rest, {
        subscription: 'sign-receipts',
        topic: 'usage-accepted',
        orderingKey: 'acme',
        attributes,
        deliveryAttempt: 1,
      });
      assert.match(publishTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
      assert.ok(messageId.length > 0);
      await stop();
    });

    it('every subscription of the topic hears it under one message id, and nobody else', async () => {
      const seen: Delivery[] = [];
      const { bus, start, stop } = await rig.open(SUBSCRIPTIONS, async (delivery) => void seen.push(delivery));
      await start();
      await bus.publish(ring('acme', '1', 'receipts-appended'));
      await bus.publish(ring('acme', '2', 'nobody-listens'));
      await bus.publish(ring('acme', '3', 'receipts-appended'));
      await until(() => seen.length >= 4);
      const heard = seen.map(({ subscription, attributes }) => `${attributes['batch']} ${subscription}`).toSorted();
      assert.deepEqual(heard, ['1 seal-ledger', '1 watch-receipts', '3 seal-ledger', '3 watch-receipts']);
      const ids = new Set(seen.map(({ attributes, messageId }) => `${attributes['batch']} ${messageId}`));
      assert.equal(ids.size, 2);
      await stop();
    });

    it('a key that fails twice for every message still gets them in order, one at a time', async () => {
      const done: string[] = [];
      const attempts: number[] = [];
      let underWay = 0;
      const { bus, start, stop } = await rig.open(SUBSCRIPTIONS, async ({ attributes, deliveryAttempt }) => {
        underWay++;
        assert.equal(underWay, 1);
        await new Promise(setImmediate);
        underWay--;
        attempts.push(deliveryAttempt);
        if (deliveryAttempt < 3) throw new Error('not yet');
        done.push(attributes['batch'] ?? '');
      });
      await Promise.all(['1', '2', '3', '4'].map((batch) => bus.publish(ring('acme', batch))));
      await start();
      await until(() => done.length >= 4);
      assert.deepEqual(done, ['1', '2', '3', '4']);
      assert.deepEqual(attempts, [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
      await stop();
    });

    it('a key that fails does not hold up another', async () => {
      const done: string[] = [];
      let repaired = false;
      const { bus, start, stop } = await rig.open(SUBSCRIPTIONS, async ({ orderingKey, attributes }) => {
        if (orderingKey === 'broken' && !repaired) throw new Error('not yet');
        done.push(`${orderingKey} ${attributes['batch']}`);
      });
      await start();
      await bus.publish(ring('broken', '1'));
      await bus.publish(ring('broken', '2'));
      await bus.publish(ring('sound', '3'));
      await bus.publish(ring('sound', '4'));
      await until(() => done.length === 2);
      assert.deepEqual(done, ['sound 3', 'sound 4']);
      repaired = true;
      await until(() => done.length === 4);
      assert.deepEqual(done.slice(2), ['broken 1', 'broken 2']);
      await stop();
    });

    if (cannot.buryInOrder !== true) {
      it('a message that fails five times becomes a dead letter, and the next of its key goes on', async () => {
        const attempts: number[] = [];
        const done: string[] = [];
        const { bus, start, deadLetters, stop } = await rig.open(SUBSCRIPTIONS, async (delivery) => {
          if (delivery.attributes['batch'] === 'poison') {
            attempts.push(delivery.deliveryAttempt);
            throw new Error('cannot be read');
          }
          done.push(delivery.attributes['batch'] ?? '');
        });
        await start();
        await bus.publish(ring('acme', 'poison'));
        await bus.publish(ring('acme', 'good'));
        await until(() => done.length === 1);
        await until(async () => (await deadLetters()).length > 0);
        assert.deepEqual(attempts, [1, 2, 3, 4, MAX_ATTEMPTS]);
        const [letter, ...more] = await deadLetters();
        assert.equal(more.length, 0);
        assert.deepEqual(
          [letter?.topic, letter?.orderingKey, letter?.attributes],
          ['usage-accepted', 'acme', { batch: 'poison' }],
        );
        await stop();
      });
    }

    it('what was published and not acknowledged is delivered after a restart, still in order', async () => {
      const before = await rig.open(SUBSCRIPTIONS, async () => assert.fail('it was not started'));
      for (const batch of ['1', '2', '3']) await before.bus.publish(ring('acme', batch));
      await before.stop();
      const seen: string[] = [];
      const after = await rig.open(SUBSCRIPTIONS, async ({ attributes }) => void seen.push(attributes['batch'] ?? ''));
      await after.start();
      await until(() => seen.length >= 3);
      assert.deepEqual(seen, ['1', '2', '3']);
      await after.stop();
    });

    it('what was acknowledged is not delivered after a restart', async () => {
      const seen: string[] = [];
      const hear = async ({ attributes }: Delivery) => void seen.push(attributes['batch'] ?? '');
      const before = await rig.open(SUBSCRIPTIONS, hear);
      await before.start();
      await before.bus.publish(ring('acme', '1'));
      await until(() => seen.length === 1);
      await before.stop();
      const after = await rig.open(SUBSCRIPTIONS, hear);
      await after.start();
      await after.bus.publish(ring('acme', '2'));
      await until(() => seen.includes('2'));
      assert.deepEqual(seen, ['1', '2']);
      await after.stop();
    });

    it('200 messages published at once all arrive, each of the ten keys in its order', async () => {
      const seen = new Map<string, string[]>();
      const { bus, start, stop } = await rig.open(SUBSCRIPTIONS, async ({ orderingKey, attributes }) => {
        seen.set(orderingKey, [...(seen.get(orderingKey) ?? []), attributes['batch'] ?? '']);
      });
      await start();
      const messages = Array.from({ length: 200 }, (_, index) => ring(`tenant-${index % 10}`, `${index}`));
      await Promise.all(messages.map((message) => bus.publish(message)));
      await until(() => [...seen.values()].flat().length >= 200);
      for (let tenant = 0; tenant < 10; tenant++) {
        const expected = Array.from({ length: 20 }, (_, index) => `${index * 10 + tenant}`);
        assert.deepEqual(seen.get(`tenant-${tenant}`), expected);
      }
      await stop();
    });
  });
}
