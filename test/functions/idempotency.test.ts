import assert from 'node:assert/strict';
import { BadInput } from '../../shared/domain/errors.ts';
import type { Operation } from '../../shared/edge/http/operation.ts';
import type { Database } from '../../shared/ports/database.ts';
import { secrets } from '../../shared/stores/tables.ts';
import { type Answered, OperationDesk } from '../support/operation-desk.ts';

const CREDITS = '/credits';
const POSTCARDS = '/postcards';
const body = {
  type: 'object',
  required: ['amount'],
  additionalProperties: false,
  properties: { amount: { type: 'string', maxLength: 20 } },
} as const;
const answers = {
  201: {
    type: 'object',
    required: ['id', 'amount'],
    additionalProperties: false,
    properties: { id: { type: 'string', maxLength: 64 }, amount: { type: 'string', maxLength: 20 } },
  },
} as const;

/** What the next try meets on its way. */
interface Fate {
  /** the process dies before anything happened: the try never comes back */
  readonly before?: 'hangs';
  /** the process dies after the effect, before its answer is kept or given */
  readonly after?: 'dies';
}

describe('an Idempotency-Key', () => {
  let desk: OperationDesk;
  let acme: { readonly Authorization: string };
  let fates: Fate[];
  let goOn: () => void;

  /** Grants a credit: the key is finished in the transaction of the effect. */
  const grantCredit = (database: Database): Operation => ({
    ...{ operationId: 'grantCredit', method: 'POST', path: CREDITS, tag: 'Test', summary: 'grants a credit' },
    ...{ scope: 'billing:read', body, answers, idempotencyKey: 'required', mutation: 'credit.granted' },
    handle: async (call) => {
      const { amount } = call.body as { readonly amount: string };
      if (amount === '0') throw new BadInput('validation_failed', 'a credit is above zero', 'amount');
      const fate = fates.shift() ?? {};
      if (fate.before === 'hangs') await new Promise<void>((resolve) => (goOn = resolve));
      const id = call.newId('credit');
      const answer = { status: 201, json: { id, amount } };
      await database.transact(async (tx) => {
        tx.insert(secrets, { name: `${call.tenant} ${call.request.requestId}`, value: Buffer.from(amount) });
        await call.settle(tx, answer);
      });
      if (fate.after === 'dies') throw new Error('the process dies');
      return answer;
    },
  });

  /** Sends a postcard: no transaction holds the postman, so the postcard has an id, and the same one is not sent twice. */
  const sendPostcard = (database: Database): Operation => ({
    ...{ operationId: 'sendPostcard', method: 'POST', path: POSTCARDS, tag: 'Test', summary: 'sends a postcard' },
    ...{ scope: 'billing:read', body, answers, idempotencyKey: 'optional', mutation: 'postcard.sent' },
    handle: async (call) => {
      const { amount } = call.body as { readonly amount: string };
      const fate = fates.shift() ?? {};
      const id = call.newId('postcard');
      await database.transact(async (tx) =>
        tx.upsert(secrets, { name: `${call.tenant} ${id}`, value: Buffer.from(amount) }),
      );
      if (fate.after === 'dies') throw new Error('the process dies');
      return { status: 201, json: { id, amount } };
    },
  });

  const open = () => OperationDesk.open(({ database }) => [grantCredit(database), sendPostcard(database)]);
  beforeEach(async () => {
    fates = [];
    desk = await open();
    for (const tenant of ['acme', 'umbrella']) await desk.organization(tenant);
    acme = await desk.key('acme');
  });
  afterEach(() => desk.close());

  const post = (key: string | undefined, amount = '500', headers = acme, path = CREDITS): Promise<Answered> =>
    desk.ask('POST', path, { ...headers, ...(key === undefined ? {} : { 'Idempotency-Key': key }) }, { amount });
  /** What was granted or sent, in the order of names. */
  const effects = async (of = 'acme'): Promise<string[]> =>
    (await desk.database.snapshot((view) => view.range(secrets, {})))
      .filter(({ name }) => name.startsWith(`${of} `))
      .map(({ value }) => Buffer.from(value).toString());
  const codeOf = ({ status, json }: Answered): string => `${status} ${String(json['code'])}`;
  const isReplay = ({ headers }: Answered): boolean => headers.get('idempotent-replayed') === 'true';

  it('with the same request gives the first answer again, byte for byte, and grants 5.00 once', async () => {
    const first = await post('k-1');
    const second = await post('k-1');
    assert.deepEqual([first.status, isReplay(first)], [201, false]);
    assert.deepEqual([second.status, isReplay(second)], [201, true]);
    assert.equal(second.text, first.text);
    assert.deepEqual(await effects(), ['500']);
  });

  it('takes the same members in another order for the same request', async () => {
    const headers = { ...acme, 'Idempotency-Key': 'k-1', 'Content-Type': 'application/json' };
    const send = (text: string) => fetch(`${desk.url}${CREDITS}`, { method: 'POST', headers, body: text });
    await (await send('{"amount":"500"}')).text();
    const again = await send('{ "amount" : "500" }');
    assert.deepEqual([again.status, again.headers.get('idempotent-replayed')], [201, 'true']);
    await again.text();
    assert.deepEqual(await effects(), ['500']);
  });

  it('with another request is a conflict: neither the first answer nor a second credit', async () => {
    await post('k-1');
    assert.equal(codeOf(await post('k-1', '600')), '409 idempotency_conflict');
    assert.deepEqual(await effects(), ['500']);
  });

  it('sent fifty times at once grants one credit; who is not answered with it is told to come again', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => post('k-1')));
    assert.deepEqual(await effects(), ['500']);
    const granted = all.filter(({ status }) => status === 201);
    assert.equal(granted.filter((answer) => !isReplay(answer)).length, 1);
    assert.equal(new Set(granted.map(({ text }) => text)).size, 1);
    for (const other of all.filter(({ status }) => status !== 201)) {
      assert.equal(codeOf(other), '409 idempotency_in_progress');
      assert.equal(other.headers.get('retry-after'), '1');
    }
  });

  it('is needed where money moves, and only there', async () => {
    assert.equal(codeOf(await post(undefined)), '400 idempotency_key_required');
    assert.equal((await post(undefined, '500', acme, POSTCARDS)).status, 201);
  });

  it('is 1 to 255 printable characters', async () => {
    assert.equal((await post('k'.repeat(255))).status, 201);
    for (const key of [
      '',
      'k'.repeat(256),
      'ключ'
        .split('')
        .map(() => 'ß')
        .join(''),
    ]) {
      assert.equal(codeOf(await post(key)), '400 idempotency_key_invalid', key);
    }
    assert.equal((await effects()).length, 1);
  });

  it('of one organization or operation means nothing in another; two keys of one organization share it', async () => {
    const answered = [
      await post('k-1'),
      await post('k-1', '500', await desk.key('umbrella')),
      await post('k-1', '500', acme, POSTCARDS),
      await post('k-1', '500', await desk.key('acme')),
    ];
    assert.deepEqual(answered.map(isReplay), [false, false, false, true]);
    assert.deepEqual([await effects('acme'), await effects('umbrella')], [['500', '500'], ['500']]);
  });

  it('of a request that was refused is unused: the corrected request may have it', async () => {
    assert.equal(codeOf(await post('k-1', '0')), '400 validation_failed');
    assert.equal((await post('k-1', '500')).status, 201);
  });

  describe('where the process dies', () => {
    it('before the effect: another try waits for a minute, then grants; the first, come to life again, cannot', async () => {
      fates = [{ before: 'hangs' }];
      const first = post('k-1');
      // The first try holds the key once a second one is told so.
      while (codeOf(await post('k-1')) !== '409 idempotency_in_progress');
      desk.clock.advance(59_999);
      assert.equal(codeOf(await post('k-1')), '409 idempotency_in_progress');
      desk.clock.advance(1);
      assert.equal((await post('k-1')).status, 201);
      goOn();
      assert.equal(codeOf(await first), '503 temporarily_unavailable');
      assert.deepEqual(await effects(), ['500']);
      assert.equal(isReplay(await post('k-1')), true);
    });

    it('after the transaction that grants: the next try is given the answer that nobody has seen', async () => {
      fates = [{ after: 'dies' }];
      assert.equal((await post('k-1')).status, 500);
      const next = await post('k-1');
      assert.deepEqual([next.status, isReplay(next), next.json['amount']], [201, true, '500']);
      assert.deepEqual(await effects(), ['500']);
    });

    it('after an effect outside of any transaction: the next try repeats it under the same id', async () => {
      fates = [{ after: 'dies' }];
      assert.equal((await post('k-1', '7', acme, POSTCARDS)).status, 500);
      const next = await post('k-1', '7', acme, POSTCARDS);
      assert.deepEqual([next.status, isReplay(next)], [201, false]);
      assert.deepEqual(await effects(), ['7']);
      assert.equal(isReplay(await post('k-1', '7', acme, POSTCARDS)), true);
    });

    it('nobody knows what happened, so the key stays bound to its request', async () => {
      fates = [{ after: 'dies' }];
      await post('k-1', '7', acme, POSTCARDS);
      assert.equal(codeOf(await post('k-1', '8', acme, POSTCARDS)), '409 idempotency_conflict');
      assert.deepEqual(await effects(), ['7']);
    });
  });

  describe('is kept', () => {
    const YEAR = 365 * 86_400_000;

    it('for ever where money moves: the credit of ten years ago is not granted again', async () => {
      const first = await post('k-1');
      desk.clock.advance(10 * YEAR);
      await desk.room.idempotencyKeys.purgeExpired(desk.clock.now(), 100);
      assert.equal((await post('k-1')).text, first.text);
      assert.deepEqual(await effects(), ['500']);
    });

    it('for 30 days elsewhere; then it is a new key, and what it makes has a new id', async () => {
      const first = await post('k-1', '7', acme, POSTCARDS);
      desk.clock.advance(30 * 86_400_000 - 1);
      assert.equal(isReplay(await post('k-1', '7', acme, POSTCARDS)), true);
      desk.clock.advance(1);
      const later = await post('k-1', '7', acme, POSTCARDS);
      assert.equal(isReplay(later), false);
      assert.notEqual(later.json['id'], first.json['id']);
    });

    it('no longer than that: expired keys are deleted, keys of money are not', async () => {
      await post('k-1');
      await post('k-1', '7', acme, POSTCARDS);
      desk.clock.advance(31 * 86_400_000);
      assert.equal(await desk.room.idempotencyKeys.purgeExpired(desk.clock.now(), 100), 1);
    });

    it('in effect by a database that was rebuilt without it: a credit under the same key has the same id', async () => {
      const first = await post('k-1');
      const other = await open();
      try {
        await other.organization('acme');
        const headers = { ...(await other.key('acme')), 'Idempotency-Key': 'k-1' };
        const again = await other.ask('POST', CREDITS, headers, { amount: '500' });
        assert.equal(again.json['id'], first.json['id']);
      } finally {
        await other.close();
      }
    });
  });
});
