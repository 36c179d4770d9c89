import assert from 'node:assert/strict';
import { BadInput } from '../../shared/domain/errors.ts';
import { parsePush, pushBody, requireOneMeaning } from '../../shared/edge/pubsub.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** As Pub/Sub pushes it where a subscription has order and dead letters (its docs, "Receive push messages"). */
const production = (
  changes: Readonly<Record<string, unknown>> = {},
  envelope: Readonly<Record<string, unknown>> = {},
) => ({
  deliveryAttempt: 3,
  message: {
    attributes: { tenant: 'acme' },
    data: base64('{"tenant":"acme"}'),
    messageId: '2070443601311540',
    message_id: '2070443601311540',
    orderingKey: 'acme',
    publishTime: '2026-03-01T12:00:00.123Z',
    publish_time: '2026-03-01T12:00:00.123Z',
    ...changes,
  },
  subscription: 'projects/tallystick/subscriptions/sign-receipts',
  ...envelope,
});

const WHOLE = {
  messageId: '2070443601311540',
  publishTime: '2026-03-01T12:00:00.123Z',
  orderingKey: 'acme',
  attributes: { tenant: 'acme' },
  carried: {},
  data: base64('{"tenant":"acme"}'),
  deliveryAttempt: 3,
  subscription: 'projects/tallystick/subscriptions/sign-receipts',
};

const codeOf = (value: unknown): string => {
  try {
    requireOneMeaning(parsePush(value));
  } catch (error) {
    assert.ok(error instanceof BadInput);
    return error.code;
  }
  return 'read';
};

describe('a push is read whole', () => {
  it('with ordering key, delivery attempt and subscription, as production sends it', () => {
    assert.deepEqual(parsePush(production()), WHOLE);
  });

  it('in either spelling of id and time', () => {
    const camel = production({ message_id: undefined, publish_time: undefined });
    const snake = production({ messageId: undefined, publishTime: undefined });
    assert.deepEqual(parsePush(JSON.parse(JSON.stringify(camel))), WHOLE);
    assert.deepEqual(parsePush(JSON.parse(JSON.stringify(snake))), WHOLE);
  });

  it('as the emulator sends it, the tenant stands in for the ordering key, and it is the first attempt', () => {
    const emulators = production({ orderingKey: undefined }, { deliveryAttempt: undefined });
    const pushed = parsePush(JSON.parse(JSON.stringify(emulators)));
    assert.deepEqual(pushed, { ...WHOLE, deliveryAttempt: 1 });
    const seals = production({ orderingKey: undefined, attributes: { seal: '7' }, data: '' });
    assert.equal(parsePush(JSON.parse(JSON.stringify(seals))).orderingKey, '');
  });

  it('what its journey added is kept apart from what was said', () => {
    const carried = {
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      googclient_schemaname: 'projects/tallystick/schemas/usage-accepted',
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
    };
    const pushed = parsePush(production({ attributes: { ...carried, tenant: 'acme', traceparents: 'mine' } }));
    assert.deepEqual([pushed.attributes, pushed.carried], [{ tenant: 'acme', traceparents: 'mine' }, carried]);
  });

  it('without attributes and data it says nothing, which is for whoever answers to judge', () => {
    const silent = parsePush({ subscription: 's', message: { messageId: '1', publishTime: 'now' } });
    assert.deepEqual(silent, {
      ...{ messageId: '1', publishTime: 'now', orderingKey: '', attributes: {}, carried: {}, data: '' },
      ...{ deliveryAttempt: 1, subscription: 's' },
    });
  });

  it('its data says the same as its attributes, or nothing', () => {
    assert.equal(codeOf(production()), 'read');
    assert.equal(codeOf(production({ data: '' })), 'read');
    const traced = { tenant: 'acme', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
    assert.equal(codeOf(production({ attributes: traced })), 'read');
  });

  it('and the embedded bus writes what production would', () => {
    assert.deepEqual(parsePush(JSON.parse(pushBody(WHOLE))), WHOLE);
  });

  for (const { says, value, code } of [
    { says: 'two ids', value: production({ message_id: '1' }), code: 'validation_failed' },
    { says: 'two publish times', value: production({ publish_time: 'later' }), code: 'validation_failed' },
    { says: 'no id', value: { subscription: 's', message: { publishTime: 'now' } }, code: 'validation_failed' },
    { says: 'an id that is a number', value: production({ messageId: 1, message_id: 1 }), code: 'validation_failed' },
    { says: 'attempt 0', value: production({}, { deliveryAttempt: 0 }), code: 'validation_failed' },
    { says: 'no subscription', value: production({}, { subscription: '' }), code: 'validation_failed' },
    {
      says: 'data that says something else',
      value: production({ data: base64('{"tenant":"evil"}') }),
      code: 'validation_failed',
    },
    {
      says: 'data that says more',
      value: production({ data: base64('{"tenant":"acme","number":"1"}') }),
      code: 'validation_failed',
    },
    {
      says: 'data that says a number',
      value: production({ attributes: { seal: '7' }, data: base64('{"seal":7}') }),
      code: 'validation_failed',
    },
    { says: 'data that is a list', value: production({ data: base64('["acme"]') }), code: 'validation_failed' },
    { says: 'data that is no JSON', value: production({ data: base64('tenant=acme') }), code: 'malformed_json' },
    {
      says: 'data that says it twice',
      value: production({ data: base64('{"tenant":"acme","tenant":"evil"}') }),
      code: 'duplicate_key',
    },
    { says: 'data that is no base64', value: production({ data: '!' }), code: 'validation_failed' },
    {
      says: 'data in base64 with a blank in it',
      value: production({ data: base64('{"tenant":"acme"}').replace(/^../, '$& ') }),
      code: 'validation_failed',
    },
    {
      says: 'an event instead of a push',
      value: { specversion: '1.0', data: production() },
      code: 'validation_failed',
    },
  ]) {
    it(`${says}: ${code}`, () => assert.equal(codeOf(value), code));
  }
});
