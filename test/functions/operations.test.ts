import assert from 'node:assert/strict';
import { BadInput } from '../../shared/domain/errors.ts';
import type { Operation } from '../../shared/edge/http/operation.ts';
import type { AuditEvent, AuditSink, RateLimiter } from '../../shared/edge/http/operation-hooks.ts';
import { Refusal } from '../../shared/edge/http/problem.ts';
import { type Answered, OperationDesk } from '../support/operation-desk.ts';

const body = {
  type: 'object',
  required: ['name', 'seats'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', maxLength: 10 },
    seats: {
      type: 'array',
      maxItems: 3,
      items: {
        type: 'object',
        required: ['row'],
        additionalProperties: false,
        properties: { row: { type: 'integer' } },
      },
    },
  },
} as const;
const described = { tag: 'Test', summary: 'a test’s own' } as const;
const text = { type: 'string', maxLength: 100 } as const;

const ABSENT = {
  type: 'urn:tallystick:problem:not_found',
  title: 'Not found',
  status: 404,
  code: 'not_found',
} as const;

/** Keeps what it is told, and says so in order with everything else that happens. */
class Journal implements AuditSink, RateLimiter {
  readonly steps: string[] = [];
  readonly events: AuditEvent[] = [];
  isFull = false;

  async record(event: AuditEvent): Promise<void> {
    this.steps.push('audit');
    this.events.push(event);
  }

  async write(_tx: unknown, event: AuditEvent): Promise<void> {
    this.steps.push('audit in the transaction');
    this.events.push(event);
  }

  async admit() {
    this.steps.push('rate limit');
    if (this.isFull) throw new Refusal('rate_limited', 'enough for now', { headers: { 'Retry-After': '7' } });
    return { 'RateLimit-Remaining': '9' };
  }
}

describe('an operation', () => {
  let journal: Journal;
  let desk: OperationDesk;
  let acme: { readonly Authorization: string };

  const operations: readonly Operation[] = [
    {
      ...described,
      ...{ operationId: 'getWhere', method: 'GET', path: '/where/:place', scope: 'billing:read' },
      params: { place: { type: 'string', pattern: '^[a-z]{1,5}$' } },
      query: { count: { type: 'integer', minimum: 1, maximum: 9 } },
      answers: { 200: { type: 'object' } },
      handle: async ({ tenant, params, query }) => ({ status: 200, json: { tenant, ...params, ...query } }),
    },
    {
      ...described,
      ...{ operationId: 'getShelf', method: 'GET', path: '/shelf', scope: 'billing:read', about: 'platform' },
      answers: { 200: { type: 'object' } },
      handle: async ({ organization = null }) => ({ status: 200, json: { organization } }),
    },
    {
      ...described,
      ...{ operationId: 'book', method: 'POST', path: '/rooms/:room/book', scope: 'usage:write', body },
      params: { room: text },
      answers: { 201: { type: 'object', additionalProperties: false, properties: { name: text } } },
      mutation: 'room.booked',
      handle: async (call) => {
        journal.steps.push('handle');
        const { name } = call.body as { readonly name: string };
        call.note({ booked_as: name });
        if (name === 'nobody') throw new BadInput('validation_failed', 'somebody has to come', 'name');
        // JSON leaves out what is undefined; so does the comparison with the schema.
        return {
          status: name === 'odd' ? 200 : 201,
          json: name === 'extra' ? { name, more: 1 } : { name, more: undefined },
        };
      },
    },
    {
      ...described,
      ...{ operationId: 'leave', method: 'POST', path: '/leave', scope: 'billing:read', answers: { 204: 'empty' } },
      handle: async ({ body: nothing }) => {
        assert.deepEqual(nothing, {});
        return { status: 204 };
      },
    },
    {
      ...described,
      ...{ operationId: 'settleUp', method: 'POST', path: '/settle', scope: 'billing:read', body, bodyOptional: false },
      answers: { 200: { type: 'object' } },
      mutation: 'bill.settled',
      handle: async (call) => {
        const answer = { status: 200, json: {} };
        await desk.database.transact((tx) => call.settle(tx, answer));
        return answer;
      },
    },
  ];

  beforeEach(async () => {
    journal = new Journal();
    desk = await OperationDesk.open(() => operations, { audit: journal, rateLimiter: journal });
    for (const tenant of ['acme', 'umbrella']) await desk.organization(tenant);
    acme = await desk.key('acme');
  });
  afterEach(() => desk.close());

  const codeOf = ({ status, json }: Answered): string =>
    `${status} ${String(json['code'])}${json['param'] === undefined ? '' : ` ${String(json['param'])}`}`;
  const get = (path: string, headers = acme) => desk.ask('GET', path, headers);
  const book = (given: unknown, headers = acme) => desk.ask('POST', '/rooms/blue/book', headers, given);
  const guest = (name = 'anna') => ({ name, seats: [{ row: 1 }] });

  it('asks who it is, counts, asks whether they may, validates, acts and writes it down, in this order', async () => {
    assert.equal((await book(guest())).status, 201);
    assert.deepEqual(journal.steps, ['rate limit', 'handle', 'audit']);
    journal.steps.length = 0;
    // Without a key nothing is counted; without the scope it is counted and written down; nothing that is refused is validated or done.
    assert.equal(codeOf(await desk.ask('POST', '/rooms/blue/book', {}, {})), '401 missing_credentials');
    assert.deepEqual(journal.steps, []);
    assert.equal(codeOf(await book({}, await desk.key('acme', 'tenant_viewer'))), '403 insufficient_scope');
    assert.equal(codeOf(await book({ ...guest(), seats: 1 })), '400 validation_failed seats');
    assert.equal(codeOf(await book(guest('nobody'))), '400 validation_failed name');
    assert.deepEqual(journal.steps, ['rate limit', 'audit', 'rate limit', 'rate limit', 'handle']);
    assert.deepEqual(
      journal.events.map(({ outcome, facts }) => [outcome, facts['code']]),
      [
        ['done', undefined],
        ['refused', 'insufficient_scope'],
      ],
    );
  });

  it('tells the caller what is left of the rate limit, and when to come again', async () => {
    assert.equal((await get('/where/here')).headers.get('ratelimit-remaining'), '9');
    journal.isFull = true;
    assert.equal((await get('/where/here')).headers.get('retry-after'), '7');
  });

  describe('writes down', () => {
    it('what was done by whom to what, with what the handler noted', async () => {
      const { headers } = await book(guest());
      const [event] = journal.events;
      assert.deepEqual(
        { ...event, principal: event?.principal.tenant },
        {
          ...{ action: 'room.booked', operationId: 'book', principal: 'acme', tenant: 'acme' },
          ...{ requestId: headers.get('x-request-id'), at: '2026-03-01T12:00:00.000000Z' },
          outcome: 'done',
          facts: { room: 'blue', booked_as: 'anna' },
        },
      );
    });

    it('it once, in the transaction of the effect, where the handler settles there', async () => {
      assert.equal((await desk.ask('POST', '/settle', acme, guest())).status, 200);
      assert.deepEqual(journal.steps, ['rate limit', 'audit in the transaction']);
    });
  });

  describe('acts on an organization', () => {
    it('that is the key’s own, whether named or not', async () => {
      assert.equal((await get('/where/here')).json['tenant'], 'acme');
      assert.equal((await get('/where/here?organization_id=acme')).json['tenant'], 'acme');
    });

    it('and on no other: one that exists, one that does not and what cannot be one answer alike', async () => {
      const answered = await Promise.all(
        ['umbrella', 'nowhere', 'NO%20ID', ''].map((name) => get(`/where/here?organization_id=${name}`)),
      );
      for (const { status, json } of answered) {
        const { request_id: _, ...problem } = json;
        assert.deepEqual(
          [status, problem],
          [404, { ...ABSENT, detail: 'no such organization', param: 'organization_id' }],
        );
      }
    });

    it('that a key of the platform has to name, and that exists', async () => {
      const auditor = await desk.key('acme', 'compliance');
      assert.equal((await get('/where/here?organization_id=umbrella', auditor)).json['tenant'], 'umbrella');
      assert.equal(codeOf(await get('/where/here', auditor)), '400 invalid_parameter organization_id');
      assert.equal(codeOf(await get('/where/here?organization_id=nowhere', auditor)), '404 not_found organization_id');
    });

    it('or, where it belongs to the platform, on none', async () => {
      const auditor = await desk.key('acme', 'compliance');
      assert.equal((await get('/shelf', auditor)).json['organization'], null);
      assert.equal((await get('/shelf?organization_id=umbrella', auditor)).json['organization'], 'umbrella');
      assert.equal((await get('/shelf')).json['organization'], 'acme');
    });
  });

  describe('takes', () => {
    it('no path that names nothing', async () => {
      assert.equal(codeOf(await get('/where/NOWHERE')), '404 not_found');
    });

    it('no parameter that it does not know or that does not fit; the handler gets text', async () => {
      assert.deepEqual((await get('/where/here?count=3')).json, { tenant: 'acme', place: 'here', count: '3' });
      for (const query of ['count=0', 'count=ten', 'count=1.5', 'count=']) {
        assert.equal(codeOf(await get(`/where/here?${query}`)), '400 invalid_parameter count', query);
      }
      assert.equal(codeOf(await get('/where/here?more=1')), '400 invalid_parameter');
    });

    it('no body but one that fits, and says everything that is wrong with it', async () => {
      const answer = await book({
        name: 'far too long a name',
        seats: [{ row: 1 }, { row: '2', window: true }, {}],
        paid: 'yes',
      });
      assert.equal(answer.status, 400);
      const errors = answer.json['errors'] as { code: string; param: string }[];
      assert.deepEqual(errors.map(({ code, param }) => `${code} ${param}`).sort(), [
        'unknown_field paid',
        'unknown_field seats.1.window',
        'validation_failed name',
        'validation_failed seats.1.row',
        'validation_failed seats.2.row',
      ]);
    });

    it('no more than the first fault of a large body', async () => {
      const seats = Array.from({ length: 20_000 }, () => ({ row: 'x' }));
      const answer = await book({ name: 'anna', seats });
      assert.equal((answer.json['errors'] as unknown[]).length, 1);
    });

    it('nothing where it has no body, or an empty one', async () => {
      assert.equal((await desk.ask('POST', '/leave', acme)).status, 204);
      assert.equal((await desk.ask('POST', '/leave', acme, {})).status, 204);
      assert.equal(codeOf(await desk.ask('POST', '/leave', acme, { now: true })), '400 validation_failed');
      assert.equal(codeOf(await desk.ask('POST', '/settle', acme)), '415 unsupported_media_type content-type');
    });
  });

  it('does not pass an answer that it did not declare, where answers are checked', async () => {
    for (const name of ['odd', 'extra']) assert.equal(codeOf(await book(guest(name))), '500 internal', name);
    assert.match(String(desk.faults[0]), /book does not declare the status 200/);
    assert.match(String(desk.faults[1]), /additional properties/);
  });

  it('with idempotency keys is not served without a store of them', async () => {
    const needy = { ...operations[2]!, idempotencyKey: 'required' as const };
    const { routesOf } = await import('../../shared/edge/http/operation-routes.ts');
    const { idempotencyKeys: _, ...room } = desk.room;
    assert.throws(() => routesOf([needy], room), TypeError);
  });
});
