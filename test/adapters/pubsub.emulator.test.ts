import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PubSub, Subscription } from '@google-cloud/pubsub';
import { freePort } from '../../scripts/emulators/emulators.ts';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { PubSubBus, type PubSubBusOptions } from '../../shared/adapters/pubsub/bus.ts';
import { BadInput, TryAgain } from '../../shared/domain/errors.ts';
import { ledgerSealed, periodInvoiced, receiptsAppended, TOPICS, usageAccepted } from '../../shared/domain/messages.ts';
import { oidcCallers } from '../../shared/edge/callers.ts';
import { type Pushed, parsePush, requireOneMeaning } from '../../shared/edge/pubsub.ts';
import type { Message } from '../../shared/ports/bus.ts';
import { describeOnEmulators, emulatorHost } from '../support/emulators.ts';
import { createDeadLetterSubscription, createPushSubscription, createTopics, pubSubAdmin } from '../support/pubsub.ts';
import { PushRelay, type PushRelayOptions } from '../support/push-relay.ts';
import { type BusRig, busContract } from './contracts/bus.ts';

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
let projects = 0;
const newProject = (): string => `bus-${process.pid}-${projects++}`;

const openBus = async (project: string, more: Partial<PubSubBusOptions> = {}): Promise<PubSubBus> =>
  new PubSubBus({ project, topicPrefix: '', emulatorHost: await emulatorHost('pubsub'), ...more });

/** A server that answers pushes as a function does: who is calling, what does it say, then 204 or 500. */
async function hearer(hear: (pushed: Pushed) => Promise<void>, more: Partial<PushRelayOptions> = {}) {
  const server = createServer(async (req, res) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      await callers(req.headers.authorization);
      const pushed = parsePush(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      requireOneMeaning(pushed);
      await hear(pushed);
      res.writeHead(204).end();
    } catch (error) {
      res.writeHead(error instanceof BadInput ? 400 : 500).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const relay = await PushRelay.start({ target: () => target, ...more });
  const { jwksUrl: keysUrl, audience, email } = relay;
  const callers = oidcCallers({ keysUrl, audience, emails: [email], clock: new SystemClock() });
  const close = async (): Promise<void> => {
    await relay.close();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  };
  return { relay, close };
}

/**
 * The real client, the emulator, its real pushes through the relay to a real server, verified as in production. Before
 * `start` and after `stop` the subscriptions push to nobody, and keep what comes.
 */
async function pubSubRig(): Promise<BusRig> {
  const project = newProject();
  const admin = await pubSubAdmin(project);
  const keys = new Map<string, string>();
  const said = (attributes: Message['attributes'] = {}): string => JSON.stringify(Object.entries(attributes).sort());
  let deliver: Parameters<BusRig['open']>[1];
  const topics = new Map<string, string>();
  const { relay, close } = await hearer(
    async ({ carried, data, ...pushed }) => {
      assert.ok(data.length > 0);
      assert.deepEqual(carried, {});
      const subscription = pushed.subscription.slice(pushed.subscription.lastIndexOf('/') + 1);
      await deliver({ ...pushed, subscription, topic: topics.get(subscription) ?? '' });
    },
    // The emulator's pushes do not say with which key a message was published.
    { orderingKeyOf: ({ message }) => keys.get(said(message.attributes)) ?? '' },
  );
  const made: Subscription[] = [];
  const make = async (subscriptions: Parameters<BusRig['open']>[0]): Promise<void> => {
    for (const topic of new Set(['nobody-listens', ...subscriptions.map((subscription) => subscription.topic)])) {
      await admin.createTopic(topic);
    }
    for (const subscription of subscriptions) {
      topics.set(subscription.name, subscription.topic);
      made.push(await createPushSubscription(admin, subscription));
    }
  };
  return {
    async open(subscriptions, hear) {
      deliver = hear;
      if (made.length === 0) await make(subscriptions);
      const bus = await openBus(project);
      const push = (config: { pushEndpoint?: string }) =>
        Promise.all(made.map((subscription) => subscription.modifyPushConfig(config)));
      return {
        bus: {
          publish: (message) => {
            keys.set(said(message.attributes), message.orderingKey);
            return bus.publish(message);
          },
        },
        start: async () => void (await push({ pushEndpoint: relay.pushUrl })),
        deadLetters: async () => [],
        stop: async () => {
          await push({});
          await relay.idle();
          await bus.close();
        },
      };
    },
    passTime: () => pause(10),
    async dispose() {
      await close();
      await admin.close();
    },
  };
}

describeOnEmulators('Cloud Pub/Sub', ['pubsub'], () => {
  // Begun first and looked at last: it takes the six seconds for which the client tries again.
  let away: Promise<unknown>;
  before(async () => {
    const bus = await openBus(newProject(), { emulatorHost: `127.0.0.1:${await freePort()}` });
    away = bus.publish(usageAccepted('acme')).then(
      () => undefined,
      (error: unknown) => error,
    );
    void away.finally(() => bus.close());
  });

  // Order with dead letters ends the emulator's delivery thread (NullPointerException), and it retries once a second.
  busContract('Pub/Sub emulator', pubSubRig, { buryInOrder: true, retryAtOnce: true });

  const until = async (condition: () => boolean): Promise<void> => {
    const deadline = performance.now() + 18_000;
    while (!condition()) {
      assert.ok(performance.now() < deadline, 'it did not happen');
      await pause(10);
    }
  };

  describe('a doorbell', () => {
    let project: string;
    let admin: PubSub;
    let bus: PubSubBus;
    const seen: Pushed[] = [];
    let close: () => Promise<void>;

    before(async () => {
      project = newProject();
      admin = await pubSubAdmin(project);
      await createTopics(admin, 'test-');
      const heard = await hearer(async (pushed) => void seen.push(pushed));
      close = heard.close;
      for (const topic of Object.values(TOPICS)) {
        await createPushSubscription(admin, {
          name: `hears-${topic}`,
          topic: `test-${topic}`,
          pushUrl: heard.relay.pushUrl,
        });
      }
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      bus = await openBus(project, { topicPrefix: 'test-', propagate: () => ({ traceparent }) });
    });
    after(async () => {
      await bus.close();
      await close();
      await admin.close();
    });

    it('of every kind is what its topic’s schema asks for, and arrives with the trace it belongs to', async () => {
      await bus.publish(usageAccepted('acme'));
      await bus.publish(receiptsAppended());
      await bus.publish(ledgerSealed(7));
      await bus.publish(periodInvoiced('acme', 'INV-2026-000001'));
      await until(() => seen.length === 4);
      const heard = new Map(
        seen.map(({ subscription, orderingKey, attributes, carried }) => [
          subscription.slice(`projects/${project}/subscriptions/hears-`.length),
          { orderingKey, attributes, trace: carried['traceparent'], checkedBy: carried['googclient_schemaname'] },
        ]),
      );
      const from = (topic: string) => ({
        trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        checkedBy: `projects/${project}/schemas/test-${topic}`,
      });
      assert.deepEqual(Object.fromEntries(heard), {
        'usage-accepted': { orderingKey: 'acme', attributes: { tenant: 'acme' }, ...from('usage-accepted') },
        'receipts-appended': { orderingKey: '', attributes: {}, ...from('receipts-appended') },
        'ledger-sealed': { orderingKey: '', attributes: { seal: '7' }, ...from('ledger-sealed') },
        'period-invoiced': {
          orderingKey: 'acme',
          attributes: { tenant: 'acme', number: 'INV-2026-000001' },
          ...from('period-invoiced'),
        },
      });
    });

    for (const { says, message } of [
      { says: 'without its tenant', message: { ...usageAccepted('acme'), attributes: {} } },
      { says: 'of another topic', message: { ...ledgerSealed(7), topic: TOPICS.periodInvoiced } },
      { says: 'with a name misspelt', message: { ...ledgerSealed(7), attributes: { Seal: '7' } } },
    ]) {
      it(`${says} is refused when it is published, which is a mistake and nothing that passes`, async () => {
        await assert.rejects(
          bus.publish(message),
          (error) => !(error instanceof TryAgain) && /INVALID/.test(`${error}`),
        );
      });
    }

    it('is kept once publish has returned, and when the bus is closed while it is under way', async () => {
      const other = await openBus(project, { topicPrefix: 'test-' });
      const before = seen.length;
      const publishing = other.publish(ledgerSealed(8));
      await other.close();
      await publishing;
      await until(() => seen.length > before);
      assert.deepEqual(seen.at(-1)?.attributes, { seal: '8' });
      await assert.rejects(other.publish(ledgerSealed(9)), TryAgain);
    });

    it('whose key has failed once rings again: the client does not keep the key', async () => {
      const message = { topic: 'made-later', orderingKey: 'acme', attributes: { tenant: 'acme' } };
      const failures = await Promise.allSettled([bus.publish(message), bus.publish(message)]);
      assert.deepEqual(
        failures.map(({ status }) => status),
        ['rejected', 'rejected'],
      );
      await admin.createTopic('test-made-later');
      await bus.publish(message);
    });
  });

  it('a message that fails five times becomes a dead letter that says where it died', async function () {
    this.slow(15_000);
    const project = newProject();
    const admin = await pubSubAdmin(project);
    await createTopics(admin);
    await admin.createTopic('dead');
    const attempts: number[] = [];
    const letters: Pushed[] = [];
    const { relay, close } = await hearer(async (pushed) => {
      if (pushed.subscription.endsWith('/reads-dead')) {
        letters.push(pushed);
        return;
      }
      attempts.push(pushed.deliveryAttempt);
      throw new Error('cannot be read');
    });
    const { pushUrl } = relay;
    await createPushSubscription(admin, { name: 'reads-dead', topic: 'dead', pushUrl });
    const topic = TOPICS.usageAccepted;
    await createDeadLetterSubscription(admin, { name: 'sign-receipts', topic, deadLetterTopic: 'dead', pushUrl });
    const bus = await openBus(project);
    await bus.publish(usageAccepted('acme'));
    await until(() => letters.length > 0);
    assert.deepEqual(attempts, [1, 2, 3, 4, 5]);
    assert.deepEqual(letters[0]?.attributes, { tenant: 'acme' });
    assert.equal(letters[0]?.carried['CloudPubSubDeadLetterSourceSubscription'], 'sign-receipts');
    assert.equal(letters.length, 1);
    await bus.close();
    await close();
    await admin.close();
  });

  describe('while nobody is there', () => {
    it('what cannot be published may be tried again', async () => {
      const error = await away;
      assert.ok(error instanceof TryAgain, `${error}`);
      assert.match(`${error.cause}`, /UNAVAILABLE/);
    });
  });
});
