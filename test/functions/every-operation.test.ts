import assert from 'node:assert/strict';
import { described } from '../../functions/api/operations.ts';
import type { JsonSchema, Operation } from '../../shared/edge/http/operation.ts';
import { ROLES } from '../../shared/stores/account-store.ts';
import { accountOf, perUnit } from '../support/account.ts';
import { Contract, checkedFetch } from '../support/contract.ts';
import { type Client, TestSuite } from '../support/suite.ts';

/** Values that some reader takes for something else. */
const MISFITS: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e300, '', ' ', '0', '-1', '1e5', 'NaN', '\u0000', '\ud800', 'x'.repeat(5000)],
  ...["' OR 1=1 --", '../../etc/passwd', '<script>', '{{7*7}}', '__proto__', '2026-02-30T00:00:00Z'],
  ...[[], [null], [[]], {}, { a: 1 }, { __proto__: null, constructor: 'x' }],
];
const SEGMENTS = ['x', 'INV-1999-000001', 'a'.repeat(43), '%27', '%F0%9F%92%A9', '-1', '__proto__', 'x'.repeat(300)];

/** A value of about the right shape: enough for handlers to be reached, wrong wherever meaning is asked for. */
function sketch(schema: JsonSchema): unknown {
  const {
    type,
    properties = {},
    items = {},
  } = schema as {
    readonly type?: string | readonly string[];
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly items?: JsonSchema;
  };
  const [alternative] = (schema['anyOf'] ?? schema['oneOf'] ?? []) as readonly JsonSchema[];
  if (alternative !== undefined) return sketch(alternative);
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  switch ([type].flat()[0]) {
    case 'object':
      return Object.fromEntries(Object.entries(properties).map(([name, held]) => [name, sketch(held)]));
    case 'array':
      return [sketch(items)];
    case 'integer':
      return 1;
    case 'boolean':
      return true;
    default:
      return '1';
  }
}

/** The sketch with one member after another misfitting. */
function* misfitsOf(schema: JsonSchema): Generator<unknown> {
  yield* MISFITS;
  const whole = sketch(schema);
  yield whole;
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return;
  for (const name of Object.keys(whole)) for (const misfit of MISFITS) yield { ...whole, [name]: misfit };
}

const addressOf = ({ path }: Operation, segment: string): string => path.replaceAll(/:[a-z_]+/g, segment);

describe('every operation, whatever it is sent', () => {
  // Its own: what succeeds here does so by chance.
  const contract = new Contract();
  let suite: TestSuite;
  let clients: readonly Client[];

  before(async () => {
    suite = await TestSuite.start();
    const plan = { meters: { calls: { model: perUnit('1') } } };
    await suite.organization(accountOf('umbrella', plan));
    await suite.organization(accountOf('acme', plan));
    clients = await Promise.all(ROLES.map((role) => suite.client('acme', role)));
  });
  after(() => suite.close());

  /** Every answer is one that the document knows, and no trouble of ours. */
  const refuses = async (operation: Operation, address: string, init: RequestInit): Promise<string> => {
    const response = await checkedFetch(address, { method: operation.method, redirect: 'manual', ...init }, contract);
    const text = await response.text();
    assert.ok(response.status < 500, `${operation.operationId} ${address} ${String(init.body)}: ${text}`);
    return `${response.status} ${response.status < 400 ? '' : (JSON.parse(text) as { code: string }).code}`;
  };

  for (const operation of described()) {
    const { operationId, scope, body, method, query = {} } = operation;
    const headersOf = ({ key }: Client) => ({
      Authorization: `Bearer ${key}`,
      'Idempotency-Key': 'a-key-of-this-test',
      ...(method === 'GET' ? {} : { 'Content-Type': 'application/json' }),
    });

    it(`${operationId}: is asked with a key, unless it is for anybody`, async () => {
      const answered = await refuses(operation, `${suite.url}${addressOf(operation, 'x')}`, {});
      if (scope === 'public') assert.doesNotMatch(answered, /^401/);
      else assert.equal(answered, '401 missing_credentials');
    });

    it(`${operationId}: no path, query or body of chance makes it fail on our side`, async () => {
      let isBodyTried = body === undefined;
      for (const client of clients) {
        const init = { headers: headersOf(client), ...(method === 'GET' ? {} : { body: '{}' }) };
        const address = client.address(addressOf(operation, 'x'));
        const joint = address.includes('?') ? '&' : '?';
        assert.match(await refuses(operation, `${address}${joint}unheard_of=1`, init), /^400|^401/);
        if ((await refuses(operation, address, init)).startsWith('403')) continue;
        for (const segment of SEGMENTS) await refuses(operation, client.address(addressOf(operation, segment)), init);
        for (const name of Object.keys(query)) {
          for (const misfit of MISFITS.filter((value) => typeof value === 'string')) {
            await refuses(operation, `${address}${joint}${name}=${encodeURIComponent(misfit.toWellFormed())}`, init);
          }
        }
        if (isBodyTried || body === undefined) continue;
        isBodyTried = true;
        for (const misfit of misfitsOf(body)) {
          await refuses(operation, address, { ...init, body: JSON.stringify(misfit) });
        }
      }
    });

    it(`${operationId}: another organization is answered like one that does not exist`, async () => {
      if (scope === 'public') return;
      const client = await suite.client('acme', 'tenant_admin');
      const init = { headers: headersOf(client), ...(method === 'GET' ? {} : { body: '{}' }) };
      const ask = (organization: string) =>
        refuses(operation, `${suite.url}${addressOf(operation, 'x')}?organization_id=${organization}`, init);
      const answered = [await ask('umbrella'), await ask('nowhere')];
      assert.equal(answered[0], answered[1]);
      assert.match(answered[0]!, /^404 not_found|^403 insufficient_scope/);
    });
  }
});
