import assert from 'node:assert/strict';
import type { CloudEvent, CloudFunction } from 'firebase-functions/v2';
import functionsTest from 'firebase-functions-test';
import { onUsageAccepted } from '../../functions/sign-receipts/handler.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { TOPICS } from '../../shared/domain/messages.ts';
import { type Pushed, parsePush, requireOneMeaning } from '../../shared/edge/pubsub.ts';
import type { Bus } from '../../shared/ports/bus.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { TestSuite } from '../support/suite.ts';

const NOON = '2026-03-10T12:00:00Z';

/** A Pub/Sub CloudEvent: its data is what a push request has as its body. */
type PubSubEvent = CloudEvent<{ readonly message: object; readonly subscription: string }>;
/** What a test says of an event; firebase-functions-test invents the rest. */
interface EventSketch {
  readonly data: { readonly message: Readonly<Record<string, unknown>> };
}

/**
 * Lends a handler of ours the shape that firebase-functions-test wraps, so that it invents Pub/Sub events for us. A shim:
 * our functions are functions-framework HTTP functions and are not built with the firebase-functions SDK.
 */
function asFirebaseFunction(run: (event: PubSubEvent) => Promise<unknown>, topic: string): CloudFunction<PubSubEvent> {
  const eventType = 'google.cloud.pubsub.topic.v1.messagePublished';
  // By its one parameter the library knows an event function of the second generation.
  return Object.assign((_request: unknown) => assert.fail('it is called by its `run`, not over HTTP'), {
    run,
    __endpoint: { platform: 'gcfv2', labels: {}, eventTrigger: { eventType, eventFilters: { topic }, retry: true } },
  });
}

/**
 * Proves that the envelope's parser and the story behind it take events as Google's own library makes them: its names of
 * fields, its base64, its defaults. Proves nothing about HTTP, credentials, acknowledgement or retries: see push.test.ts and
 * set-aside.test.ts for the wire, ../adapters/pubsub.emulator.test.ts for the emulator's pushes.
 */
describe('sign-receipts, on events that firebase-functions-test makes', () => {
  const project = (): unknown => [process.env['FIREBASE_CONFIG'], process.env['GCLOUD_PROJECT']];
  const projectBefore = project();
  let library: ReturnType<typeof functionsTest>;
  let suite: TestSuite;
  const nobodyHears: Bus = { publish: async () => undefined };

  before(() => {
    // Sets FIREBASE_CONFIG and only then loads firebase-functions, which reads it.
    library = functionsTest();
  });
  after(() => {
    library.cleanup();
    assert.deepEqual(project(), projectBefore, 'it leaves the environment as it was');
  });
  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
    const acme = await suite.organization(accountOf('acme', { meters: { api_calls: { model: perUnit('0.25') } } }));
    await suite.platform.bus.stop();
    await acme.send([usage('1', 'api_calls', '3', NOON), usage('2', 'api_calls', '5', NOON)]);
  });
  afterEach(() => suite.close());

  const wrap =
    <T>(run: (event: PubSubEvent) => Promise<T>) =>
    (sketch: EventSketch): Promise<T> =>
      library.wrap(asFirebaseFunction(run, TOPICS.usageAccepted))(sketch);
  const read = wrap(async ({ data }) => parsePush(data));
  const sign = wrap(async ({ data }): Promise<number> => {
    const pushed: Pushed = parsePush(data);
    requireOneMeaning(pushed);
    return onUsageAccepted(pushed, { ...suite.platform, bus: nobodyHears });
  });
  const usageAcceptedEvent = (tenant: string): EventSketch => ({
    data: { message: { messageId: '77', orderingKey: tenant, attributes: { tenant }, json: { tenant } } },
  });
  const charges = async () =>
    (await suite.entriesOf('acme', 'charge')).map(({ quantity, amount }) => [quantity, amount]);

  it('one becomes the receipts of what waits', async () => {
    assert.equal(await sign(usageAcceptedEvent('acme')), 1);
    // 3 and 5 calls at 25 cents.
    assert.deepEqual(await charges(), [
      ['3', '0.75'],
      ['5', '1.25'],
    ]);
  });

  it('the same one five times becomes no more than that', async () => {
    for (let delivery = 0; delivery < 5; delivery++) await sign(usageAcceptedEvent('acme'));
    assert.equal((await charges()).length, 2);
  });

  it('is a push with id, ordering key, subscription and data', async () => {
    const { publishTime, ...pushed } = await read(usageAcceptedEvent('acme'));
    assert.match(publishTime, /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(pushed, {
      messageId: '77',
      orderingKey: 'acme',
      attributes: { tenant: 'acme' },
      carried: {},
      data: Buffer.from('{"tenant":"acme"}').toString('base64'),
      deliveryAttempt: 1,
      subscription: 'projects/42/subscriptions/pubsubexample-1',
    });
  });

  for (const { says, sketch, detail } of [
    { says: 'its sample, which greets the world', sketch: { data: { message: {} } }, detail: /do not say the same/ },
    { says: 'one that names nobody', sketch: usageAcceptedEvent('A'), detail: /organization id is/ },
    {
      says: 'one whose data names somebody else',
      sketch: { data: { message: { attributes: { tenant: 'acme' }, json: { tenant: 'umbrella' } } } },
      detail: /do not say the same/,
    },
  ]) {
    it(`${says} is refused`, async () => {
      await assert.rejects(sign(sketch), (error) => error instanceof BadInput && detail.test(error.message));
      assert.deepEqual(await charges(), []);
    });
  }
});
