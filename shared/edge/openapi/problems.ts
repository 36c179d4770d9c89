import { type ErrorCode, statusFor } from '../../domain/errors.ts';
import type { JsonSchema, Operation } from '../http/operation.ts';

const CODES = (Object.keys(statusFor) as ErrorCode[]).sort();
const STATUSES = [...new Set(Object.values(statusFor))].sort((a, b) => a - b);

const code = { type: 'string', enum: CODES, description: 'stable: codes are added, never renamed' } as const;
const param = { type: 'string', maxLength: 300, description: 'name or path of what is wrong' } as const;

/** RFC 9457 with our members. */
export const problemSchema = {
  $id: 'urn:tallystick:schema:problem',
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  additionalProperties: false,
  properties: {
    type: { type: 'string', pattern: '^urn:tallystick:problem:[a-z_]+$', maxLength: 100 },
    title: { type: 'string', maxLength: 100 },
    status: { type: 'integer', enum: STATUSES },
    detail: { type: 'string', maxLength: 1000 },
    code,
    param,
    request_id: { type: 'string', pattern: '^req_[A-Za-z0-9_-]{16}$', maxLength: 20 },
    errors: {
      type: 'array',
      maxItems: 20,
      description: 'everything that is wrong, where a request can have several faults',
      items: {
        type: 'object',
        required: ['code', 'detail'],
        additionalProperties: false,
        properties: { code, detail: { type: 'string', maxLength: 1000 }, param },
      },
    },
    endpoint: { type: 'string', maxLength: 300, description: 'where to ask instead' },
  },
} as const satisfies JsonSchema;

/** The component of a status' problems. */
export const problemName = (status: number): string => `Problem${status}`;

const WITHOUT_CALLER: ReadonlySet<number> = new Set([400, 404, 406, 413, 415, 500, 503]);

/** The problem statuses an operation may answer with. 405 is an answer to methods that are no operation. */
export function problemStatuses({ scope, method }: Operation): number[] {
  const statuses = scope === 'public' ? STATUSES.filter((status) => WITHOUT_CALLER.has(status)) : STATUSES;
  return statuses.filter((status) => status !== 405 && (status !== 409 || method !== 'GET'));
}

/** Each status' problems, with the codes that come with it. */
export const problemResponses = (problem: JsonSchema): Record<string, JsonSchema> =>
  Object.fromEntries(STATUSES.map((status) => [problemName(status), responseOf(status, problem)]));

function responseOf(status: number, problem: JsonSchema): JsonSchema {
  const codes = CODES.filter((one) => statusFor[one] === status);
  const schema = { allOf: [problem, { properties: { status: { const: status }, code: { enum: codes } } }] };
  const passing = status === 429 || status === 503;
  return {
    description: codes.map((one) => `\`${one}\``).join(', '),
    headers: {
      'X-Request-Id': { $ref: '#/components/headers/RequestId' },
      ...(status === 429 && {
        'RateLimit-Limit': { $ref: '#/components/headers/RateLimitLimit' },
        'RateLimit-Remaining': { $ref: '#/components/headers/RateLimitRemaining' },
        'RateLimit-Reset': { $ref: '#/components/headers/RateLimitReset' },
      }),
      ...(passing && { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }),
    },
    content: { 'application/problem+json': { schema } },
  };
}
