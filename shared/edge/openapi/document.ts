import type { JsonSchema, Operation } from '../http/operation.ts';
import { tenantSchema } from '../http/schemas.ts';
import { Components } from './components.ts';
import { problemName, problemResponses, problemSchema, problemStatuses } from './problems.ts';

const INFO = {
  title: 'Tallystick',
  version: '1',
  summary: 'Billing that nobody has to take on trust',
  description:
    'Money in totals is in minor units as text, quantities and unit prices are decimal strings, times are RFC 3339. Errors are RFC 9457 problem documents with a stable `code`.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
} as const;

const SECURITY_SCHEMES = {
  apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'tsk_<environment>_<region>_<id>_<secret>' },
  jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
} as const;

const HEADERS = {
  RequestId: { description: 'what to quote when asking about this answer', schema: { type: 'string' } },
  RetryAfter: { description: 'seconds', schema: { type: 'integer' } },
  RateLimitLimit: { description: 'requests that may come at once', schema: { type: 'integer' } },
  RateLimitRemaining: { description: 'how many of them are left', schema: { type: 'integer' } },
  RateLimitReset: { description: 'seconds until all are back', schema: { type: 'integer' } },
  IdempotentReplayed: {
    description: '`true` where this is the first answer again',
    schema: { type: 'string', const: 'true' },
  },
  Location: { description: 'where it is', schema: { type: 'string' } },
} as const;

const PARAMETERS = {
  OrganizationId: {
    name: 'organization_id',
    in: 'query',
    required: false,
    description: 'needed with a key of the platform; with an organization’s own key it may only name that one',
    schema: tenantSchema,
  },
  IdempotencyKey: idempotencyKey(true),
  IdempotencyKeyOptional: idempotencyKey(false),
} as const;

function idempotencyKey(required: boolean) {
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required,
    description: 'the same key with the same request gives the first answer again, with another request 409',
    schema: {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      pattern: '^[\\x21-\\x7e](?:[\\x20-\\x7e]*[\\x21-\\x7e])?$',
    },
  } as const;
}

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> } & JsonSchema;
  readonly [member: string]: unknown;
}

/** The document of a set of operations; the same operations, in whatever order, give the same document. */
export function documentOf(operations: readonly Operation[]): OpenApiDocument {
  const components = new Components();
  const ordered = [...operations].sort((a, b) =>
    a.path === b.path ? (a.method < b.method ? -1 : 1) : a.path < b.path ? -1 : 1,
  );
  requireUnique(ordered.map(({ operationId }) => operationId));
  const paths = Object.fromEntries(
    [...Map.groupBy(ordered, ({ path }) => templateOf(path))].map(([path, members]) => [
      path,
      Object.fromEntries(members.map((one) => [one.method.toLowerCase(), operationObject(one, components)])),
    ]),
  );
  const problem = components.place(problemSchema);
  return {
    openapi: '3.1.0',
    info: INFO,
    servers: [{ url: '/', description: 'where this document was read' }],
    tags: [...new Set(ordered.map(({ tag }) => tag))].sort().map((name) => ({ name })),
    paths,
    components: {
      schemas: components.all(),
      responses: problemResponses(problem),
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

/** The document as it lies in `docs/openapi.json`: the same operations give the same bytes. */
export const documentText = (operations: readonly Operation[]): string =>
  `${JSON.stringify(documentOf(operations), null, 2)}\n`;

/** `/invoices/:number` as the document writes it: `/invoices/{number}`. */
export const templateOf = (path: string): string => path.replaceAll(/:([a-z_]+)/g, '{$1}');

function operationObject(operation: Operation, components: Components): JsonSchema {
  const { operationId, tag, summary, description, scope, body, bodyOptional = false } = operation;
  const { consumes = ['application/json'] } = operation;
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: scope === 'public' ? [] : [{ apiKey: [scope] }, { jwt: [scope] }],
    parameters: parametersOf(operation, components),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !bodyOptional,
            content: Object.fromEntries(consumes.map((type) => [type, { schema: components.place(body) }])),
          },
        }),
    responses: responsesOf(operation, components),
  };
}

function parametersOf({ path, params = {}, query = {}, scope, idempotencyKey }: Operation, components: Components) {
  const names = [...path.matchAll(/:([a-z_]+)/g)].map(([, name]) => name!);
  const parameter = (name: string, place: 'path' | 'query', schema: JsonSchema) => {
    const { description, ...rest } = schema;
    return {
      name,
      in: place,
      required: place === 'path',
      ...(description === undefined ? {} : { description }),
      schema: components.place(rest),
    };
  };
  return [
    ...names.map((name) => parameter(name, 'path', params[name] ?? { type: 'string' })),
    ...Object.entries(query).map(([name, schema]) => parameter(name, 'query', schema)),
    ...(scope === 'public' ? [] : [{ $ref: '#/components/parameters/OrganizationId' }]),
    ...(idempotencyKey === undefined
      ? []
      : [{ $ref: `#/components/parameters/IdempotencyKey${idempotencyKey === 'required' ? '' : 'Optional'}` }]),
  ];
}

function responsesOf(operation: Operation, components: Components): JsonSchema {
  const { answers, produces = ['application/json'], idempotencyKey } = operation;
  const success = Object.entries(answers).map(([status, form]) => [
    status,
    {
      description: DESCRIPTIONS[status] ?? 'done',
      headers: {
        'X-Request-Id': { $ref: '#/components/headers/RequestId' },
        ...(status === '303' && { Location: { $ref: '#/components/headers/Location' } }),
        ...(idempotencyKey !== undefined && {
          'Idempotent-Replayed': { $ref: '#/components/headers/IdempotentReplayed' },
        }),
      },
      ...(form === 'empty' ? {} : { content: contentOf(form, produces, components) }),
    },
  ]);
  const problems = problemStatuses(operation).map((status) => [
    String(status),
    { $ref: `#/components/responses/${problemName(status)}` },
  ]);
  return Object.fromEntries([...success, ...problems]);
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  200: 'here it is',
  201: 'made',
  202: 'taken; what follows is done later',
  204: 'done; nothing to say',
  303: 'it is at another address',
};

// One resource may come as JSON and as a file; only JSON has a schema.
const contentOf = (form: JsonSchema | 'bytes', types: readonly string[], components: Components) =>
  Object.fromEntries(
    types.map((type) => [type, typeof form !== 'string' && isJson(type) ? { schema: components.place(form) } : {}]),
  );

export const isJson = (type: string): boolean => /[/+]json$/.test(type);

function requireUnique(names: readonly string[]): void {
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) throw new Error(`two operations are called ${twice}`);
}
