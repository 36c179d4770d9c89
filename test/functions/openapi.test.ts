import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { described } from '../../functions/api/operations.ts';
import { type ErrorCode, statusFor } from '../../shared/domain/errors.ts';
import type { JsonSchema, Operation } from '../../shared/edge/http/operation.ts';
import { answerCheck, bodyCheck, pathCheck, queryCheck } from '../../shared/edge/http/operation-checks.ts';
import { documentOf, documentText, type OpenApiDocument } from '../../shared/edge/openapi/document.ts';
import { checkedFetch } from '../support/contract.ts';
import { TestSuite } from '../support/suite.ts';

const operations = described();
const document = documentOf(operations);

/** Every schema inside a schema, itself first, with the path to it. */
function* schemasIn(schema: JsonSchema, path = ''): Generator<readonly [string, JsonSchema]> {
  yield [path, schema];
  for (const [keyword, value] of Object.entries(schema)) {
    if (['const', 'enum', 'default', 'examples', 'required', 'discriminator'].includes(keyword)) continue;
    const inner = `${path}/${keyword}`;
    if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* schemasIn(item, `${inner}/${i}`);
    else if (typeof value !== 'object' || value === null) continue;
    else if (!['properties', 'patternProperties'].includes(keyword)) yield* schemasIn(value as JsonSchema, inner);
    else for (const [name, held] of Object.entries(value)) yield* schemasIn(held as JsonSchema, `${inner}/${name}`);
  }
}

const takes = (schema: JsonSchema, type: string): boolean =>
  schema['type'] === type || [schema['type']].flat().includes(type);
const isBounded = (schema: JsonSchema): boolean => ['maxLength', 'enum', 'const'].some((keyword) => keyword in schema);

describe('the OpenAPI document', () => {
  it('is what docs/openapi.json says; `npm run build:openapi` writes it', () => {
    assert.equal(readFileSync('docs/openapi.json', 'utf8'), documentText(operations));
  });

  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(JSON.parse(JSON.stringify(document)));
    assert.deepEqual([result.valid, result.errors], [true, undefined]);
  });

  it('refers only to what it holds', () => {
    const text = JSON.stringify(document);
    for (const [, path = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = path.split('/').reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], document);
      assert.notEqual(found, undefined, path);
    }
  });

  it('does not depend on the order of operations', () => {
    assert.equal(documentText([...operations].reverse()), documentText(operations));
  });

  it('is served to anybody', async () => {
    const suite = await TestSuite.start();
    try {
      const response = await checkedFetch(`${suite.url}/openapi.json`);
      assert.equal(response.headers.get('content-type'), 'application/json');
      assert.deepEqual((await response.json()) as OpenApiDocument, JSON.parse(JSON.stringify(document)));
    } finally {
      await suite.close();
    }
  });

  it('names every code of a problem beside its status', () => {
    const { responses } = document.components as unknown as {
      readonly responses: Record<string, { readonly description: string }>;
    };
    for (const [code, status] of Object.entries(statusFor) as [ErrorCode, number][]) {
      assert.match(responses[`Problem${status}`]?.description ?? '', new RegExp(`\`${code}\``));
    }
  });

  it('refuses two operations of one name and two schemas of one name', () => {
    const [one, two] = operations as [Operation, Operation];
    assert.throws(() => documentOf([one, { ...two, operationId: one.operationId }]), /two operations/);
    const body = (type: string) => ({ $id: 'urn:tallystick:schema:thing', type });
    assert.throws(
      () =>
        documentOf([
          { ...one, body: body('string') },
          { ...two, body: body('object') },
        ]),
      /two schemas/,
    );
  });
});

describe('every operation', () => {
  for (const operation of operations) {
    const { operationId, path, params = {}, query = {}, body, answers, method } = operation;
    describe(operationId, () => {
      it('has a name for clients, and every parameter of its path', () => {
        assert.match(operationId, /^[a-z]+(?:[A-Z][a-z0-9]+)*$/);
        assert.deepEqual(
          [...path.matchAll(/:([a-z_]+)/g)].map(([, name]) => name),
          Object.keys(params),
        );
      });

      it('has schemas that compile strictly', () => {
        pathCheck(params);
        const quietly = (check: () => void) => {
          try {
            check();
          } catch (error) {
            assert.doesNotMatch(String(error), /strict mode|schema is invalid|can't resolve/);
          }
        };
        quietly(() => pathCheck(params)({}));
        quietly(() => queryCheck(query)({}));
        if (body !== undefined) quietly(() => bodyCheck(body)({}, 1));
        for (const form of Object.values(answers)) if (typeof form !== 'string') quietly(() => answerCheck(form)({}));
      });

      it('takes no text without an end and no member without a name', () => {
        const given: [string, JsonSchema][] = [...Object.entries(params), ...Object.entries(query)];
        if (body !== undefined && operation.lenientBody !== true) given.push(['body', body]);
        for (const [name, schema] of given) {
          for (const [at, inner] of schemasIn(schema)) {
            if (takes(inner, 'string')) assert.ok(isBounded(inner), `${name}${at} is text without a greatest length`);
            if (takes(inner, 'array'))
              assert.ok('maxItems' in inner, `${name}${at} is a list without a greatest length`);
            if (takes(inner, 'object') && 'properties' in inner && name === 'body')
              assert.ok('additionalProperties' in inner, `${name}${at} takes members that nobody named`);
          }
        }
      });

      it('says what the audit log calls it, where it changes anything', () => {
        // What becomes of usage is in the ledger, event by event; whether more would pass is a question.
        const isChange = method !== 'GET' && operationId !== 'sendUsage' && operationId !== 'checkEntitlement';
        if (isChange) assert.match(operation.mutation ?? '', /^[a-z_]+\.[a-z_]+$/);
      });
    });
  }
});
