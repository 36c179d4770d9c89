import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { described } from '../../functions/api/operations.ts';
import { generateClient } from '../../scripts/build-client/generate.ts';
import { ApiProblem, all, each, openApi } from '../../shared/client/client.ts';
import type { Invoice, Receipt } from '../../shared/client/operations.ts';
import type { JsonSchema, Operation } from '../../shared/edge/http/operation.ts';
import { documentOf } from '../../shared/edge/openapi/document.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const NOON = '2026-03-01T12:00:00Z';

describe('the typed client', () => {
  it('is what the document says; `npm run build:client` writes it', () => {
    assert.equal(readFileSync('shared/client/operations.ts', 'utf8'), generateClient(documentOf(described())));
  });

  describe('writes a schema as', () => {
    const typeOf = (schema: JsonSchema): string => {
      const operation: Operation = {
        ...{ operationId: 'get', method: 'GET', path: '/', tag: 'Test', summary: 'one', scope: 'public' },
        answers: { 200: { ...schema, $id: 'urn:tallystick:schema:one-thing' } },
        handle: () => Promise.reject(new Error('never called')),
      };
      const [, type] = /export type OneThing = ([\s\S]*?);\n\n/.exec(generateClient(documentOf([operation]))) ?? [];
      return (type ?? '').replaceAll(/\s+/g, ' ');
    };
    const text = { type: 'string', maxLength: 3 };
    for (const [says, schema, type] of [
      ['a text', text, 'string'],
      ['one of several texts', { type: 'string', enum: ['a', "b'c"] }, "'a' | 'b\\'c'"],
      ['exactly one', { const: 7 }, '7'],
      ['a number', { type: 'integer' }, 'number'],
      ['a list of either', { type: 'array', items: { anyOf: [text, { type: 'null' }] } }, 'readonly (string | null)[]'],
      ['text or nothing', { type: ['string', 'null'] }, 'string | null'],
      [
        'a form whose members may be left out',
        { type: 'object', additionalProperties: false, required: ['a'], properties: { a: text, 'b-c': text } },
        "{ readonly a: string; readonly 'b-c'?: string; }",
      ],
      ['names and texts', { type: 'object', additionalProperties: text }, 'Readonly<Record<string, string>>'],
      ['nothing at all', { type: 'object', additionalProperties: false }, 'Readonly<Record<string, never>>'],
      ['both', { allOf: [{ type: 'string' }, { anyOf: [{ const: 'a' }, { const: 'b' }] }] }, "string & ('a' | 'b')"],
    ] as const) {
      it(says, () => assert.equal(typeOf(schema), type));
    }
  });

  describe('asks the suite', () => {
    let suite: TestSuite;
    let acme: Client;

    before(async () => {
      suite = await TestSuite.start({ at: NOON });
      acme = await suite.organization(accountOf('acme', { unit: 'day', meters: { calls: { model: perUnit('0.5') } } }));
    });
    after(() => suite.close());

    it('7 calls at 0.50 each: sent, billed 3.50, found by their receipt, their evidence downloaded', async () => {
      const { api } = acme;
      const sent = await api.sendUsage({ body: [usage('k-1', 'calls', '3', NOON), usage('k-2', 'calls', '4', NOON)] });
      assert.deepEqual([sent.accepted, sent.refused], [2, 0]);
      await suite.settle();
      suite.goTo('2026-03-02T01:00:00Z');
      await suite.runInvoices();
      await suite.settle();

      const numbers = (await all(api.listInvoices, { limit: 1 })).map(({ number }) => number);
      assert.deepEqual(numbers, ['INV-2026-000001']);
      const invoice: Invoice = await api.getInvoice({ number: numbers[0]! });
      assert.deepEqual(invoice.total, { amount: '350', currency: 'USD' });

      const [first] = sent.results;
      assert.ok(first?.status === 'accepted');
      const receipt: Receipt = await api.getReceipt({ receipt_id: first.receipt_id });
      // The state tells the forms of a receipt apart, and the kind those of an entry: the compiler knows what each holds.
      assert.ok(receipt.state === 'billed' && receipt.entry.typ === 'charge');
      assert.deepEqual([receipt.entry.quantity, receipt.entry.amount], ['3', '1.5']);

      const bundle = await api.downloadEvidence({ number: numbers[0]! });
      assert.ok(bundle.length > 1000);
      assert.deepEqual(await api.file('downloadEvidence', { number: numbers[0]! }, 'application/x-tar'), bundle);
    });

    it('page by page, each item once', async () => {
      const places = [];
      for await (const { seq } of each(acme.api.listReceipts, { limit: 2 })) places.push(Number(seq));
      // Genesis, an opening, two charges, a close, an invoice.
      assert.deepEqual(places, [0, 1, 2, 3, 4, 5]);
    });

    it('and throws what is refused, with its code', async () => {
      const code = (problem: ApiProblem): string => `${problem.problem.status} ${problem.problem.code}`;
      const refused = async (call: Promise<unknown>): Promise<string> => {
        const error = await call.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        assert.ok(error instanceof ApiProblem);
        return code(error);
      };
      assert.equal(await refused(acme.api.getInvoice({ number: 'INV-2026-000099' })), '404 not_found');
      assert.equal(await refused(acme.api.getInvoice({ number: '../usage' })), '404 not_found');
      assert.equal(await refused(acme.api.listInvoices({ cursor: 'made-up' })), '400 invalid_cursor');
      assert.equal(await refused(openApi({ url: suite.url }).listInvoices()), '401 missing_credentials');
    });

    it('without a key for what anybody may ask', async () => {
      const api = openApi({ url: suite.url });
      assert.deepEqual(await api.getHealth(), { status: 'ok' });
      assert.ok((await api.getSigningKeys()).keys.length > 0);
    });
  });
});
