import assert from 'node:assert/strict';
import fc from 'fast-check';
import { statusFor } from '../../shared/domain/errors.ts';
import { accountOf, perUnit } from '../support/account.ts';
import { TestSuite, type UsageAnswer } from '../support/suite.ts';
import { Pipe } from '../support/wire.ts';
import { bodyOf, cloudEvent, plainEvent } from './grammar.ts';
import { naiveBatch, naiveEvent, SUITE } from './naive-event.ts';
import { Members, type Naive, NumberText, naiveJson } from './naive-json.ts';
import type { Opened, Target } from './target.ts';

const USAGE = '/api/v1/billing/usage';
const JSON_TYPE = 'application/json';

interface Sent {
  readonly body: Buffer;
  readonly type: string;
  readonly fields: readonly string[];
}

/** Attributes of a CloudEvent in binary mode: fields that nobody reads here, whatever they say. */
const binary = fc.constantFrom<readonly string[]>(
  [],
  [],
  ['ce-specversion: 1.0', 'ce-id: binary', 'ce-source: urn:b', 'ce-type: api_calls', 'ce-time: 2026-03-10T11:00:00Z'],
  ['ce-specversion: 0.3', 'ce-id: \xff'],
  ['ce-organization_id: umbrella', 'ce-subject: main', 'ce-quantity: 1000'],
);
const plain = fc.record<Sent>({ body: bodyOf(plainEvent), type: fc.constant(JSON_TYPE), fields: fc.constant([]) });
const cloud = fc.record<Sent>({
  body: fc.oneof(
    { weight: 5, arbitrary: bodyOf(cloudEvent) },
    { weight: 1, arbitrary: bodyOf(plainEvent) },
    { weight: 1, arbitrary: fc.constant(Buffer.from('{"quantity":"1"}')) },
  ),
  type: fc.constantFrom(JSON_TYPE, 'application/cloudevents+json', 'application/cloudevents-batch+json'),
  fields: binary,
});

/** The same document in another spelling: every letter of a string behind an escape, members the other way round. */
function otherwise(value: Naive): string {
  if (value instanceof NumberText) return value.text;
  if (Array.isArray(value)) return `[ ${value.map(otherwise).join(' ,\n')} ]`;
  if (value instanceof Members)
    return `{\t${value.all
      .toReversed()
      .map(([name, item]) => `${otherwise(name)} : ${otherwise(item)}`)
      .join(',')}}`;
  if (typeof value !== 'string') return String(value);
  return `"${Array.from({ length: value.length }, (_, i) => `\\u${value.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;
}

/** A suite of which the judge knows everything, asked over one connection. */
async function opened(sent: fc.Arbitrary<Sent>): Promise<Opened> {
  const suite = await TestSuite.start({ at: SUITE.now });
  const meters = {
    api_calls: { model: perUnit('0.01') },
    requests: { aggregation: 'count', model: perUnit('0.01') },
    users: { aggregation: 'unique_count', valueProperty: 'user', model: perUnit('1') },
  } as const;
  const { key } = await suite.organization(
    accountOf(SUITE.tenant, { start: SUITE.started, subscriptions: [SUITE.subscription], meters }),
  );
  const pipe = await Pipe.open(Number(new URL(suite.url).port));
  const ask = async ({ body, type, fields }: Sent) => {
    const head = [
      `POST ${USAGE} HTTP/1.1`,
      'Host: a',
      `Authorization: Bearer ${key}`,
      `Content-Type: ${type}`,
      `Content-Length: ${body.length}`,
      ...fields,
    ];
    return pipe.ask([`${head.join('\r\n')}\r\n\r\n`, body]);
  };
  /** What was taken, by key: what it means and its receipt. */
  const taken = new Map<string, { readonly meaning: string; readonly receipt: string }>();
  let [requests, accepted, refused, unread] = [0, 0, 0, 0];

  const property = fc.asyncProperty(sent as fc.Arbitrary<unknown>, async (input) => {
    const request = input as Sent;
    requests++;
    const read = naiveJson(request.body);
    const events = naiveBatch(read, request.type);
    const answer = await ask(request);
    if (events === undefined) {
      unread++;
      assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} for what is to be refused`);
      const { code } = JSON.parse(answer.body) as { code: keyof typeof statusFor };
      assert.equal(statusFor[code], answer.status);
      return;
    }
    assert.equal(answer.status, 202, answer.body);
    const { results } = JSON.parse(answer.body) as UsageAnswer;
    assert.equal(results.length, events.length);
    for (const [i, event] of events.entries()) {
      const judged = naiveEvent(event);
      const { status, receipt_id: receipt = '' } = results[i]!;
      const known = judged && taken.get(judged.key);
      const due =
        judged === undefined || (known !== undefined && known.meaning !== judged.meaning)
          ? 'refused'
          : known === undefined
            ? 'accepted'
            : 'duplicate';
      assert.equal(status, due, `event ${i}: ${JSON.stringify(results[i])}`);
      if (due === 'refused') refused++;
      else if (due === 'duplicate') assert.equal(receipt, known!.receipt);
      else {
        accepted++;
        taken.set(judged!.key, { meaning: judged!.meaning, receipt });
      }
    }
    if (!results.some(({ status }) => status === 'accepted')) return;
    // What was taken once is the same in any other spelling.
    const again = await ask({ ...request, body: Buffer.from(otherwise(read!.value)) });
    const second = (JSON.parse(again.body) as UsageAnswer).results;
    assert.deepEqual(
      second.map(({ status, receipt_id }) => [status, receipt_id]),
      results.map(({ status, receipt_id }) => [status === 'accepted' ? 'duplicate' : status, receipt_id]),
    );
  });
  return {
    property,
    verdict: async () => {
      await suite.settle();
      assert.equal((await suite.entriesOf(SUITE.tenant, 'charge')).length, taken.size);
      assert.deepEqual((await suite.deep(true)).faults, []);
      assert.deepEqual(
        suite.lines.filter(({ level }) => level === 'error'),
        [],
      );
      assert.ok(
        accepted * 10 > requests && refused * 20 > requests && unread * 20 > requests,
        `${accepted} ${refused} ${unread} of ${requests}`,
      );
      return `${requests} requests: ${unread} refused whole, ${accepted} events taken and reconciled, ${refused} refused`;
    },
    close: async () => {
      pipe.close();
      await suite.close();
    },
  };
}

export const usageTarget: Target = { name: 'usage', runs: 200, open: () => opened(plain) };
export const cloudEventsTarget: Target = { name: 'cloudevents', runs: 200, open: () => opened(cloud) };
