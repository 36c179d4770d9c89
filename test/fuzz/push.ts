import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parsePush, pushBody } from '../../shared/edge/pubsub.ts';
import { CALLER_TOKEN, TestSuite } from '../support/suite.ts';
import { Pipe } from '../support/wire.ts';
import { type Spelling, spelling, text, type Written, write } from './grammar.ts';
import { Members, type Naive, NumberText, naiveJson } from './naive-json.ts';
import type { Target } from './target.ts';

const odd: fc.Arbitrary<Written> = fc.oneof(
  fc
    .constantFrom('null', '0', '-1', '1.5', '[]', '{}', '""', 'true', '"\\ud800"', '{"a":1,"a":1}', '1e400', '01')
    .map((raw) => ({ raw })),
  fc.string({ unit: 'binary', maxLength: 6 }).map(text),
);
const mostly = (arbitrary: fc.Arbitrary<Written>): fc.Arbitrary<Written> =>
  fc.oneof({ weight: 40, arbitrary }, { weight: 1, arbitrary: odd });
const attributes = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .constantFrom('acme', 'umbrella', 'phantom')
      .map((tenant): Written => ({ members: [['tenant', text(tenant)]] })),
  },
  {
    weight: 2,
    arbitrary: fc
      .dictionary(
        fc.constantFrom('tenant', 'number', 'traceparent', 'googclient_schemaencoding', 'x', '__proto__', 'TENANT'),
        mostly(fc.constantFrom('acme', 'ACME', '../x', '', 'a'.repeat(41), '1').map(text)),
        { maxKeys: 4, noNullPrototype: true },
      )
      .map((found): Written => ({ members: Object.entries(found) })),
  },
  { weight: 1, arbitrary: odd },
);
const data = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom('', '{"tenant":"acme"}', '{}').map((said) => text(Buffer.from(said).toString('base64'))),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        '{"tenant":"umbrella"}',
        '{"tenant":"acme","number":"1"}',
        '[]',
        '{"tenant":"acme","tenant":"acme"}',
        'x',
      )
      .map((said) => text(Buffer.from(said).toString('base64'))),
  },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'eyJ0Z=-_ +/\n'), maxLength: 12 }).map(text) },
  { weight: 1, arbitrary: fc.constantFrom('e30', 'e30=', 'e31=').map(text) },
  { weight: 1, arbitrary: odd },
);
const record = (
  members: Readonly<Record<string, fc.Arbitrary<Written>>>,
  requiredKeys: string[],
): fc.Arbitrary<Written> =>
  fc
    .record(members, { requiredKeys, noNullPrototype: true })
    .map((found): Written => ({ members: Object.entries(found as Record<string, Written>) }));
const message = record(
  {
    ...{
      messageId: mostly(fc.constantFrom('1', '1', '1', '1', '2').map(text)),
      publishTime: mostly(fc.constant(text('2026-03-10T12:00:00Z'))),
    },
    ...{
      message_id: fc.constantFrom('1', '1', '1', '1', '2').map(text),
      publish_time: mostly(fc.constant(text('2026-03-10T12:00:00Z'))),
    },
    ...{ orderingKey: mostly(fc.constant(text('acme'))), attributes, data, more: odd },
  },
  ['messageId', 'publishTime', 'attributes'],
);
const envelope = record(
  {
    message: fc.oneof({ weight: 14, arbitrary: message }, { weight: 1, arbitrary: odd }),
    subscription: mostly(fc.constant(text('s'))),
    deliveryAttempt: mostly(fc.constantFrom({ raw: '1' }, { raw: '7' })),
    more: odd,
  },
  ['message', 'subscription'],
);
const body = fc
  .tuple(
    envelope,
    spelling,
    fc.oneof({ weight: 12, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(300) }),
  )
  .map(([written, how, cut]) => {
    const bytes = Buffer.from(write(written, how as Spelling));
    return cut < 0 ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
  });

const isText = (value: Naive | undefined): value is string => typeof value === 'string' && value !== '';
const oneName = (a: Naive | undefined, b: Naive | undefined): boolean =>
  [a, b].every((name) => name === undefined || isText(name)) && (a ?? b) !== undefined && (a ?? b) === (b ?? a);
const isCarried = (name: string): boolean =>
  ['traceparent', 'tracestate', 'baggage'].includes(name) || /^(?:googclient_|CloudPubSubDeadLetterSource)/.test(name);

/** Whether a push is one that `sign-receipts` can answer: by the words of Pub/Sub's documentation and of ours. */
function isSound(read: { readonly value: Naive } | undefined): boolean {
  const push = read?.value;
  if (!(push instanceof Members)) return false;
  const inner = push.get('message');
  const attempt = push.get('deliveryAttempt');
  if (!isText(push.get('subscription')) || !(inner instanceof Members)) return false;
  // JSON has one kind of numbers: 1.0 is an integer.
  if (
    attempt !== undefined &&
    !(attempt instanceof NumberText && Number.isInteger(Number(attempt.text)) && Number(attempt.text) >= 1)
  )
    return false;
  if (
    !oneName(inner.get('messageId'), inner.get('message_id')) ||
    !oneName(inner.get('publishTime'), inner.get('publish_time'))
  )
    return false;
  if (![inner.get('orderingKey'), inner.get('data')].every((value) => value === undefined || typeof value === 'string'))
    return false;
  const said = inner.get('attributes') ?? new Members([]);
  if (!(said instanceof Members) || !said.all.every(([, value]) => typeof value === 'string')) return false;
  const own = new Map(said.all.filter(([name]) => !isCarried(name)));
  return (
    agrees(String(inner.get('data') ?? ''), own) && /^[a-z0-9][a-z0-9-]{2,39}$/.test(String(own.get('tenant') ?? ''))
  );
}

function agrees(base64: string, own: ReadonlyMap<string, Naive>): boolean {
  if (base64 === '') return true;
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return false;
  const bytes = Buffer.from(base64, 'base64');
  const said = naiveJson(bytes)?.value;
  return (
    bytes.toString('base64') === base64 &&
    said instanceof Members &&
    said.all.every(([name, value]) => own.get(name) === value && typeof value === 'string')
  );
}

export const pushTarget: Target = {
  name: 'push',
  runs: 200,
  open: async () => {
    const suite = await TestSuite.start({ at: '2026-03-10T12:00:00Z' });
    const pipe = await Pipe.open(Number(new URL(suite.url).port));
    let [pushes, sound] = [0, 0];
    const timesAside = (): number =>
      suite.sql('SELECT sum(times) AS n FROM set_aside').reduce((sum, { n }) => sum + Number(n ?? 0), 0);
    let aside = 0;
    const property = fc.asyncProperty(body as fc.Arbitrary<unknown>, async (input) => {
      const bytes = input as Buffer;
      const head = [
        'POST /_functions/sign-receipts/ HTTP/1.1',
        'Host: a',
        `Authorization: Bearer ${CALLER_TOKEN}`,
        'Content-Type: application/json',
        `Content-Length: ${bytes.length}`,
      ];
      const { status, body: said } = await pipe.ask([`${head.join('\r\n')}\r\n\r\n`, bytes]);
      assert.deepEqual([status, said], [204, '']);
      pushes++;
      const good = isSound(naiveJson(bytes));
      if (good) sound++;
      const now = timesAside();
      assert.equal(
        now - aside,
        good ? 0 : 1,
        good ? 'a sound push was set aside' : 'what is no push was not set aside',
      );
      aside = now;
    });
    return {
      property,
      verdict: async () => {
        const { set_aside: _, ...business } = suite.counts();
        assert.equal(business['heads'], 0);
        assert.ok(sound * 10 > pushes && (pushes - sound) * 10 > pushes, `${sound} of ${pushes}`);
        // What the bus itself writes comes back whole.
        fc.assert(
          fc.property(
            fc.string({ minLength: 1 }),
            fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string({ unit: 'grapheme' })),
            fc.integer({ min: 1, max: 1000 }),
            (id, words, attempt) => {
              const delivery = {
                messageId: id,
                publishTime: '2026-03-10T12:00:00Z',
                orderingKey: id,
                attributes: { ...words },
                deliveryAttempt: attempt,
                subscription: 's',
              };
              const { carried: _carried, data: _data, ...read } = parsePush(JSON.parse(pushBody(delivery as never)));
              assert.deepEqual({ ...read, attributes: { ...read.attributes } }, delivery);
            },
          ),
        );
        return `${pushes} pushes: ${sound} sound, the others acknowledged and set aside`;
      },
      close: async () => {
        pipe.close();
        await suite.close();
      },
    };
  },
};
