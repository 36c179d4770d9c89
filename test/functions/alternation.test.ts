import assert from 'node:assert/strict';
import { described } from '../../functions/api/operations.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { openCursors } from '../../shared/wiring/cursors.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, TestSuite } from '../support/suite.ts';
import { type Answer, Pipe } from '../support/wire.ts';

const API = '/api/v1/billing';
const NOON = '2026-03-01T12:00:00Z';
const TENANTS = ['acme', 'umbrella'] as const;
type Tenant = (typeof TENANTS)[number];
const REQUESTS = 10_000;
const PIPES = 4;
/** Every so many calls of a store one fails, with something in its message that nobody may read. */
const FAULT_EVERY = 29;
const otherOf = (tenant: Tenant): Tenant => (tenant === 'acme' ? 'umbrella' : 'acme');

/** One organization, what is its own to tell, and what it is answered while nobody else asks. */
interface Side {
  readonly client: Client;
  readonly canaries: readonly string[];
  readonly reads: readonly { readonly path: string; readonly body: string }[];
  readonly cursor: string;
  readonly receipt: string;
}

describe('two organizations on one warm instance', function () {
  this.slow(30_000);
  let suite: TestSuite;
  const sides = new Map<Tenant, Side>();
  const side = (tenant: Tenant): Side => sides.get(tenant)!;
  let faults = 0;

  before(async () => {
    suite = await TestSuite.start({ at: NOON });
    const clients = new Map<Tenant, Client>();
    const receipts = new Map<Tenant, string[]>();
    for (const tenant of TENANTS) {
      const client = await suite.organization(
        accountOf(tenant, {
          unit: 'day',
          subscriptions: [`contract-of-${tenant}`],
          meters: { calls: { model: perUnit(tenant === 'acme' ? '1' : '10'), dimensions: ['region'] } },
        }),
      );
      const events = ['k1', 'k2', 'k3'].map((key) => ({
        ...usage(key, 'calls', '1', NOON),
        properties: { region: `region-of-${tenant}` },
      }));
      const { results } = await client.send(events);
      receipts.set(
        tenant,
        results.map(({ receipt_id }) => receipt_id!),
      );
      await client.call('POST', `${API}/limits`, {
        ...{ limit_id: `limit-of-${tenant}`, metric_name: 'calls', period: 'daily', quantity: '100', action: 'notify' },
      });
      clients.set(tenant, client);
    }
    await suite.settle();
    suite.goTo('2026-03-02T01:00:00Z');
    const { issued } = await suite.runInvoices();
    await suite.settle();
    await suite.settle();
    for (const tenant of TENANTS) {
      const client = clients.get(tenant)!;
      const { number } = issued.find((one) => one.tenant === tenant)!;
      const own = receipts.get(tenant)!;
      const paths = [
        ...['organization', 'ledger/head', 'invoices', 'receipts?limit=2', 'evidence', 'limits', 'subscriptions'],
        ...['usage/summary', 'usage/summary?metric_name=calls&window=day&from=2026-03-01T00:00:00Z&group_by=region'],
        ...[`invoices/${number}`, `receipts/${own[0]}`, `limits/limit-of-${tenant}`],
        ...[`subscriptions/contract-of-${tenant}`, `usage/events/${own[1]}`],
      ];
      const reads = await Promise.all(
        paths.map(async (path) => ({ path, body: await (await client.get(`${API}/${path}`)).text() })),
      );
      const { blind } = JSON.parse(reads[1]!.body) as { blind: string };
      const { next_cursor: cursor } = JSON.parse(reads[3]!.body) as { next_cursor: string };
      const told = [
        tenant,
        `contract-of-${tenant}`,
        `region-of-${tenant}`,
        `limit-of-${tenant}`,
        number,
        blind,
        cursor,
      ];
      sides.set(tenant, {
        client,
        reads,
        cursor,
        receipt: own[2]!,
        canaries: [...told, ...own, client.key.split('_')[3]!, client.key],
      });
    }
    injectFaults();
  });
  after(() => suite.close());

  /** From now on stores fail now and then, in the middle of somebody's request. */
  function injectFaults(): void {
    const { ledger, limits, usage: store, invoices } = suite.platform;
    let calls = 0;
    const failing = <T extends object, K extends keyof T & string>(target: T, name: K): void => {
      const method = target[name] as (...words: unknown[]) => Promise<unknown>;
      const often = async (...words: unknown[]): Promise<unknown> => {
        if (++calls % FAULT_EVERY === 0) {
          faults++;
          throw new Error(`${name} of ${String(words[0])} failed: swordfish`);
        }
        return method.apply(target, words);
      };
      Object.assign(target, { [name]: often });
    };
    failing(ledger, 'head');
    failing(ledger, 'entries');
    failing(limits, 'standing');
    failing(store, 'accept');
    failing(invoices, 'get');
  }

  const request = (tenant: Tenant, method: string, path: string, body = ''): string =>
    [
      `${method} ${path} HTTP/1.1`,
      'Host: a',
      `Authorization: Bearer ${side(tenant).client.key}`,
      'Accept: */*',
      ...(method === 'POST' ? ['Content-Type: application/json', `Content-Length: ${body.length}`] : []),
      '',
      body,
    ].join('\r\n');

  /** What a request that is a mistake, or asks for another's, is answered. */
  const MISTAKES: readonly (readonly [status: number, (tenant: Tenant) => string])[] = [
    [400, (tenant) => request(tenant, 'POST', `${API}/usage`, '{"metric_name":')],
    [400, (tenant) => request(tenant, 'POST', `${API}/usage`, '{"a":1,"a":2}')],
    [
      202,
      (tenant) =>
        request(
          tenant,
          'POST',
          `${API}/usage`,
          JSON.stringify({ ...usage('k1', 'calls', '1', NOON), organization_id: otherOf(tenant) }),
        ),
    ],
    [400, (tenant) => request(tenant, 'GET', `${API}/receipts?cursor=${side(otherOf(tenant)).cursor}`)],
    [404, (tenant) => request(tenant, 'GET', `${API}/receipts/${side(otherOf(tenant)).receipt}`)],
    [404, (tenant) => request(tenant, 'GET', `${API}/limits/limit-of-${otherOf(tenant)}`)],
    [404, (tenant) => request(tenant, 'GET', `${API}/organization?organization_id=${otherOf(tenant)}`)],
    [400, (tenant) => request(tenant, 'GET', `${API}/receipts?limit=0`)],
    [404, (tenant) => request(tenant, 'GET', `${API}/nowhere`)],
    [400, (tenant) => request(tenant, 'POST', `${API}/limits`, '{"metric_name":"calls","secret":1}')],
    [405, (tenant) => request(tenant, 'PUT', `${API}/usage`)],
  ];

  it(`${REQUESTS} requests in turn, a quarter of them mistakes, stores that fail in between: nothing of one is in the other’s answers`, async function () {
    this.timeout(240_000);
    const pipes = await Promise.all(Array.from({ length: PIPES }, () => Pipe.open(Number(new URL(suite.url).port))));
    const statuses = new Map<number, number>();
    const foreign = new Map(TENANTS.map((tenant) => [tenant, side(otherOf(tenant)).canaries] as const));
    const look = (tenant: Tenant, answer: Answer, expected: number, body?: string): void => {
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      for (const canary of foreign.get(tenant)!) assert.ok(!answer.raw.includes(canary), `${tenant} is told ${canary}`);
      if (answer.status === 500) {
        assert.match(answer.body, /"code":"internal"/);
        assert.doesNotMatch(answer.raw, /swordfish|failed|acme|umbrella/);
        return;
      }
      assert.equal(answer.status, expected, answer.raw);
      if (body !== undefined) assert.equal(answer.body, body);
    };
    await Promise.all(
      pipes.map(async (pipe, lane) => {
        for (let at = 0; at < REQUESTS / PIPES; at += 2) {
          // Both under way at once, one behind the other on the same connection.
          await Promise.all(
            TENANTS.map(async (tenant, i) => {
              const turn = at / 2 + lane + i;
              if (turn % 4 === 3) {
                const [status, sent] = MISTAKES[(turn >> 2) % MISTAKES.length]!;
                look(tenant, await pipe.ask([sent(tenant)]), status);
              } else if (turn % 16 === 2) {
                const again = JSON.stringify({
                  ...usage('k1', 'calls', '1', NOON),
                  properties: { region: `region-of-${tenant}` },
                });
                look(tenant, await pipe.ask([request(tenant, 'POST', `${API}/usage`, again)]), 202);
              } else {
                const { reads } = side(tenant);
                const { path, body } = reads[turn % reads.length]!;
                look(tenant, await pipe.ask([request(tenant, 'GET', `${API}/${path}`)]), 200, body);
              }
            }),
          );
        }
      }),
    );
    for (const pipe of pipes) pipe.close();
    const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
    assert.equal(total, REQUESTS);
    assert.ok(faults > 100, `${faults} faults`);
    assert.ok(
      statuses.get(500)! > 50 && statuses.get(400)! > 500 && statuses.get(404)! > 500,
      JSON.stringify([...statuses]),
    );
    // In the log each fault is under the id that its caller was given, and says whose it was.
    const reported = suite.lines.filter(({ level }) => level === 'error').length;
    assert.equal(reported, statuses.get(500));
  });

  it('a cursor goes on with the list and the organization that gave it: every list, made from the table of operations', async () => {
    const cursors = await openCursors(suite.platform);
    const lists = described().filter(
      ({ query, method, path }) => method === 'GET' && query !== undefined && 'cursor' in query && !path.includes(':'),
    );
    assert.ok(lists.length > 10);
    const people = [
      side('acme').client,
      ...(await Promise.all(
        (['compliance', 'platform_admin', 'billing_operator'] as const).map((role) => suite.client('acme', role)),
      )),
    ];
    for (const { path, operationId } of lists) {
      const more =
        operationId === 'getUsageSummary'
          ? 'metric_name=calls&window=day&from=2026-03-01T00:00:00Z&'
          : operationId === 'getJournal'
            ? 'from=2026-03&to=2026-03&'
            : '';
      const codes = new Set<string>();
      for (const cursor of [
        cursors.write('acme', 'another list', '1'),
        cursors.write('umbrella', 'receipts', '1'),
        cursors.write('phantom', 'invoices', '1'),
        'x.y',
        side('umbrella').cursor,
      ]) {
        for (const person of people) {
          const response = await person.get(`${path}?${more}cursor=${cursor}`);
          const { code } = (await response.json()) as { code?: string };
          if (response.status !== 403) codes.add(`${response.status} ${code}`);
        }
      }
      assert.deepEqual([...codes], ['400 invalid_cursor'], operationId);
    }
  });

  it('another’s id and one that is not there take the same time, as far as anybody can tell from 200 of each', async () => {
    const other = side('umbrella').receipt;
    const { ledger } = suite.platform;
    assert.notEqual(await ledger.find('umbrella' as TenantId, other as never), undefined);
    const absent = `${'A'.repeat(42)}E`;
    const pipe = await Pipe.open(Number(new URL(suite.url).port));
    const times = { other: [] as number[], absent: [] as number[] };
    for (let i = 0; i < 220; i++) {
      for (const [which, id] of i % 2 === 0
        ? ([
            ['other', other],
            ['absent', absent],
          ] as const)
        : ([
            ['absent', absent],
            ['other', other],
          ] as const)) {
        const answer = await pipe.ask([request('acme', 'GET', `${API}/receipts/${id}`)]);
        assert.ok(answer.status === 404 || answer.status === 500);
        if (i >= 20 && answer.status === 404) times[which].push(answer.milliseconds);
      }
    }
    pipe.close();
    const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1]!;
    const [one, two] = [median(times.other), median(times.absent)];
    assert.ok(Math.abs(one - two) < 1 + 0.5 * Math.max(one, two), `${one} ms and ${two} ms`);
  });
});
