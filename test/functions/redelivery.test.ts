import assert from 'node:assert/strict';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { SUBSCRIPTIONS } from '../../shared/domain/messages.ts';
import { sharedSecretCallers } from '../../shared/edge/callers.ts';
import { pushBody } from '../../shared/edge/pubsub.ts';
import type { Bus, Delivery, Message } from '../../shared/ports/bus.ts';
import { type Front, FUNCTION_OF, INTERNAL, openFront } from '../../shared/wiring/front.ts';
import { accountOf, tiered, usage } from '../support/account.ts';
import { CALLER_TOKEN, type Client, SECOND, TestSuite } from '../support/suite.ts';

const NOON = '2026-03-10T12:00:00Z';

/** A bus that delivers when the test says so, as often as it says, in the order it says. */
class HandBus implements Bus {
  /** Rung and not taken yet, oldest first. */
  readonly waiting: Delivery[] = [];
  #rung = 0;

  async publish(message: Message): Promise<void> {
    const messageId = String(++this.#rung);
    for (const { name, topic } of SUBSCRIPTIONS) {
      if (topic !== message.topic) continue;
      this.waiting.push({ ...message, messageId, subscription: name, publishTime: NOON, deliveryAttempt: 1 });
    }
  }

  take(count = this.waiting.length): Delivery[] {
    return this.waiting.splice(0, count);
  }
}

describe('a doorbell may ring too often, too late and out of turn', () => {
  let suite: TestSuite;
  let bus: HandBus;
  let front: Front;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
    // The first 50 calls cost 10 cents each, every further one 1 cent: in another order, another event costs another price.
    const model = tiered('graduated', ['50', '0.10'], [null, '0.01']);
    acme = await suite.organization(accountOf('acme', { meters: { api_calls: { model } } }));
    bus = new HandBus();
    const callers = sharedSecretCallers(CALLER_TOKEN);
    front = await openFront({ ...suite.platform, callers, bus }, new AbortController().signal);
  });
  afterEach(async () => {
    await front.close();
    await suite.close();
  });

  let keys = 0;
  /** Sends calls in one request to the functions whose bus is in our hands. */
  const send = async (...quantities: string[]): Promise<void> => {
    const events = quantities.map((quantity) => usage(`key-${++keys}`, 'api_calls', quantity, NOON));
    const headers = { Authorization: `Bearer ${acme.key}`, 'Content-Type': 'application/json' };
    const response = await fetch(`${front.url}/api/v1/billing/usage`, {
      method: 'POST',
      headers,
      body: JSON.stringify(events),
    });
    assert.equal(response.status, 202);
  };
  const push = async (delivery: Delivery): Promise<number> => {
    const headers = { Authorization: `Bearer ${CALLER_TOKEN}`, 'Content-Type': 'application/json' };
    const address = `${front.url}${INTERNAL}${FUNCTION_OF[delivery.subscription]}/`;
    return (await fetch(address, { method: 'POST', headers, body: pushBody(delivery) })).status;
  };
  const chargeAmounts = async (): Promise<string[]> =>
    (await suite.entriesOf('acme', 'charge')).map(({ quantity, amount }) => `${quantity}: ${amount}`);

  it('the same push five times, one after the other: as many receipts as events', async () => {
    await send('30', '30');
    const [doorbell, ...more] = bus.take();
    assert.deepEqual(more, []);
    for (const deliveryAttempt of [1, 2, 3, 4, 5]) assert.equal(await push({ ...doorbell!, deliveryAttempt }), 204);
    // 30 at 10 cents; then 20 at 10 cents and 10 at 1 cent.
    assert.deepEqual(await chargeAmounts(), ['30: 3', '30: 2.1']);
    assert.deepEqual((await suite.deep(true)).faults, []);
  });

  it('the same push five times at once: as many receipts as events', async () => {
    await send('30', '30');
    const [doorbell] = bus.take();
    const statuses = await Promise.all([1, 2, 3, 4, 5].map(() => push(doorbell!)));
    assert.deepEqual(statuses, [204, 204, 204, 204, 204]);
    assert.deepEqual(await chargeAmounts(), ['30: 3', '30: 2.1']);
    assert.deepEqual((await suite.deep(true)).faults, []);
  });

  it('two in swapped order: the first to come finds both batches, in the order they were accepted; the other nothing', async () => {
    await send('30');
    suite.clock.advance(SECOND);
    await send('40');
    const [first, second] = bus.take();
    assert.equal(await push(second!), 204);
    // 30 at 10 cents; then 20 at 10 cents and 20 at 1 cent.
    assert.deepEqual(await chargeAmounts(), ['30: 3', '40: 2.2']);
    assert.equal(await push(first!), 204);
    assert.deepEqual(await chargeAmounts(), ['30: 3', '40: 2.2']);
    assert.deepEqual((await suite.deep(true)).faults, []);
  });

  it('a doorbell that comes back after a later one was answered changes nothing', async () => {
    await send('1');
    const [old] = bus.take();
    await push(old!);
    await send('2');
    const [young] = bus.take().filter(({ topic }) => topic === old!.topic);
    await push(young!);
    const heads = suite.sql('SELECT * FROM heads');
    assert.equal(await push({ ...old!, deliveryAttempt: 2 }), 204);
    assert.deepEqual(suite.sql('SELECT * FROM heads'), heads);
  });

  it('a month of them, each one to five times and in any order: one bill, to the cent', async function () {
    this.slow(4000);
    const dice = new SeededEntropy('redelivery');
    const roll = (sides: number): number => dice.bytes(1)[0]! % sides;
    let deliveries = 0;
    const deliverAll = async (): Promise<void> => {
      const pool: Delivery[] = [];
      for (;;) {
        for (const delivery of bus.take()) pool.push(...Array.from({ length: 1 + roll(5) }, () => delivery));
        const [delivery] = pool.splice(roll(Math.max(pool.length, 1)), 1);
        if (delivery === undefined) return;
        deliveries++;
        assert.equal(await push(delivery), 204);
      }
    };
    for (let day = 0; day < 20; day++) {
      await send('3', '1');
      // Now and then doorbells pile up, and now and then one is lost.
      if (roll(3) === 0) bus.take(1);
      else if (roll(2) === 0) await deliverAll();
      suite.clock.advance(11 * SECOND);
    }
    await send('20');
    await deliverAll();
    assert.ok(deliveries > 40, `${deliveries} deliveries`);
    // 20 times 3 + 1 and once 20 are 100 calls: 50 at 10 cents and 50 at 1 cent.
    assert.equal((await suite.entriesOf('acme', 'charge')).length, 41);
    assert.deepEqual((await suite.deep(true)).faults, []);

    suite.goTo('2026-04-01T01:00:00Z');
    assert.equal((await suite.runInvoices()).issued.length, 1);
    await suite.settle();
    const { data } = await acme.read<{ data: { total: unknown }[] }>('/api/v1/billing/invoices');
    assert.deepEqual(
      data.map(({ total }) => total),
      [{ amount: '550', currency: 'USD' }],
    );
    assert.equal((await suite.platform.vault.list('evidence/')).length, 1);
  });
});
