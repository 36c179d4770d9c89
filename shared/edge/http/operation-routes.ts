import type { OutgoingHttpHeaders } from 'node:http';
import type { Principal } from '../../domain/access.ts';
import { canonicalJson, type Json } from '../../domain/canonical.ts';
import { sha256, sha256Hex } from '../../domain/digest.ts';
import { BadInput, statusFor } from '../../domain/errors.ts';
import type { TenantId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/time.ts';
import type { KeptAnswer, Try } from '../../stores/idempotency-store.ts';
import { requireScope, whoAsks } from '../auth.ts';
import { sourceOf } from '../source.ts';
import type { ApiAnswer, ApiRequest, ApiRoute } from './handler.ts';
import { type JsonMediaType, requireJsonBody } from './json-body.ts';
import type { Call, Operation, OperationRoom } from './operation.ts';
import { answerCheck, bodyCheck, pathCheck, queryCheck } from './operation-checks.ts';
import type { AuditEvent } from './operation-hooks.ts';
import { Refusal } from './problem.ts';
import { organizationOf } from './tenancy.ts';

// Visible at both ends: Node and proxies trim header fields.
const KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/**
 * The routes of operations. Each request is authenticated, counted against its rate limit, allowed, validated, matched with
 * earlier tries under its idempotency key, handled, and entered in the audit log, in this order.
 */
export const routesOf = (operations: readonly Operation[], room: OperationRoom): ApiRoute[] =>
  operations.map((operation) => routeOf(operation, room));

function routeOf(operation: Operation, room: OperationRoom): ApiRoute {
  const { method, path, query = {}, produces, scope, idempotencyKey } = operation;
  if (idempotencyKey !== undefined && room.idempotencyKeys === undefined)
    throw new TypeError(`${operation.operationId} needs a store of idempotency keys`);
  const read = readerOf(operation);
  const check = room.checkAnswers === true ? answersOf(operation) : (answer: ApiAnswer) => answer;
  return {
    method,
    path,
    query: [...Object.keys(query), ...(scope === 'public' ? [] : ['organization_id'])],
    ...(produces === undefined ? {} : { produces }),
    handle: async (request) => {
      const now = room.clock.now();
      const { who, headers } = await admit(operation, request, now, room);
      const input = read(request);
      const run = new Run(operation, request, who, now, room);
      const answer = check(await run.answer(input), request.accepted);
      return { ...answer, headers: { ...headers, ...answer.headers } };
    },
  };
}

interface Who {
  readonly principal: Principal;
  readonly organization: TenantId | undefined;
}

interface Input extends Pick<Call, 'params' | 'query' | 'body' | 'mediaType'> {}

async function admit(
  operation: Operation,
  request: ApiRequest,
  now: Instant,
  room: OperationRoom,
): Promise<{ readonly who: Who | undefined; readonly headers: OutgoingHttpHeaders }> {
  const { operationId, scope, about = 'organization' } = operation;
  const { accounts, tokens, config, rateLimiter, guesses } = room;
  if (scope === 'public') return { who: undefined, headers: {} };
  const source = sourceOf(request, config.forwardedHops);
  const known = { accounts, tokens, config, now, guesses, source };
  const principal = await whoAsks(request.headers.authorization, known);
  const headers = await rateLimiter?.admit({ principal, operationId, method: request.method, now });
  const named = request.query.get('organization_id') ?? undefined;
  try {
    requireScope(principal, scope);
    const organization = await organizationOf(principal, named, about, accounts);
    return { who: { principal, organization }, headers: headers ?? {} };
  } catch (error) {
    // Nothing of the path goes along: it was not looked at yet.
    const who = { principal, organization: principal.tenant ?? undefined };
    if (isRefusal(error)) await recordRefusal(operation, request, who, {}, now, room, error);
    throw error;
  }
}

/** Whether somebody asked for what they may not do; another's organization is one that does not exist for them. */
const isRefusal = (error: unknown): error is BadInput =>
  error instanceof BadInput &&
  (statusFor[error.code] === 403 || (error.code === 'not_found' && error.param === 'organization_id'));

/** Enters an attempt at a change in the audit log. */
async function recordRefusal(
  { mutation, operationId }: Operation,
  { requestId }: ApiRequest,
  { principal, organization }: Who,
  facts: Readonly<Record<string, string>>,
  at: Instant,
  { audit }: OperationRoom,
  { code }: BadInput,
): Promise<void> {
  if (mutation === undefined) return;
  const event = { action: mutation, operationId, principal, tenant: organization, requestId, at } as const;
  await audit?.record({ ...event, outcome: 'refused', facts: { ...facts, code } });
}

/** Reads what was sent as the operation declares it. */
function readerOf(operation: Operation): (request: ApiRequest) => Input {
  const { params = {}, query = {}, body, bodyOptional = false, lenientBody = false, consumes } = operation;
  const checkPath = pathCheck(params);
  const checkQuery = queryCheck(query);
  const checkBody = body === undefined || lenientBody ? () => undefined : bodyCheck(body);
  const types: readonly JsonMediaType[] = consumes ?? ['application/json'];
  const readBody = (request: ApiRequest): Pick<Input, 'body' | 'mediaType'> => {
    if (request.body.length === 0 && (body === undefined || bodyOptional)) return { body: {}, mediaType: undefined };
    const { value, mediaType } = requireJsonBody(request, types, undefined, operation.readQuickly);
    if (body === undefined && canonicalJson(value as Json) !== '{}')
      throw new BadInput('validation_failed', 'this address takes no body');
    operation.inspect?.(value);
    checkBody(value, request.body.length);
    return { body: value, mediaType };
  };
  return (request) => {
    checkPath(request.params);
    const given = Object.fromEntries(request.query);
    delete given['organization_id'];
    checkQuery(given);
    const reads = operation.method === 'GET';
    return {
      params: request.params,
      query: given,
      ...(reads ? { body: {}, mediaType: undefined } : readBody(request)),
    };
  };
}

/** One request of one operation, from its input to its answer. */
class Run {
  readonly #operation: Operation;
  readonly #request: ApiRequest;
  readonly #who: Who | undefined;
  readonly #now: Instant;
  readonly #room: OperationRoom;
  readonly #facts: Record<string, string> = {};
  #action: string | undefined;
  #settled = false;

  constructor(operation: Operation, request: ApiRequest, who: Who | undefined, now: Instant, room: OperationRoom) {
    this.#operation = operation;
    this.#request = request;
    this.#who = who;
    this.#now = now;
    this.#room = room;
  }

  async answer(input: Input): Promise<ApiAnswer> {
    const ticket = await this.#begin(input);
    if (ticket !== undefined && 'answer' in ticket) {
      const { headers, ...first } = ticket.answer;
      return { ...first, headers: { ...headers, 'Idempotent-Replayed': 'true' } };
    }
    try {
      return await this.#carryOut(input, ticket);
    } catch (error) {
      // A refusal has changed nothing. After anything else nobody knows; the next try finds out.
      const outcome = error instanceof BadInput ? 'nothing_happened' : 'uncertain';
      // Where the key cannot be given back either, its lease ends by itself.
      await ticket?.release(outcome).catch(() => undefined);
      if (error instanceof BadInput && statusFor[error.code] === 403) await this.#recordRefusal(error);
      throw error;
    }
  }

  async #carryOut(input: Input, ticket: Try | undefined): Promise<ApiAnswer> {
    const answer = await this.#operation.handle(this.#call(input, ticket));
    if (this.#settled) return answer;
    // The key last: were it finished before, a crash between the two would leave the effect out of the audit log for good.
    const event = this.#auditEvent();
    if (event !== undefined) await this.#room.audit?.record(event);
    await ticket?.finishAlone(answer);
    return answer;
  }

  async #begin({ params, query, body }: Input): Promise<Try | { readonly answer: KeptAnswer } | undefined> {
    const { idempotencyKey, operationId } = this.#operation;
    const key = this.#request.headers['idempotency-key'];
    if (idempotencyKey === undefined) return undefined;
    if (key === undefined) {
      if (idempotencyKey === 'optional') return undefined;
      throw new BadInput(
        'idempotency_key_required',
        'what moves money is sent with an Idempotency-Key',
        'idempotency-key',
      );
    }
    if (typeof key !== 'string' || !KEY.test(key))
      throw new BadInput(
        'idempotency_key_invalid',
        'an idempotency key is 1 to 255 printable characters',
        'idempotency-key',
      );
    const asked = canonicalJson({ params, query, body } as Json);
    const keep = idempotencyKey === 'required' ? 'for_ever' : '30_days';
    const tenant = this.#who?.organization;
    try {
      const use = { tenant, operationId, key, requestHash: sha256(asked), keep } as const;
      return await this.#room.idempotencyKeys?.begin(use, this.#now);
    } catch (error) {
      if (!(error instanceof BadInput) || error.code !== 'idempotency_in_progress') throw error;
      throw new Refusal(error.code, error.message, { param: 'idempotency-key', headers: { 'Retry-After': '1' } });
    }
  }

  #call(input: Input, ticket: Try | undefined): Call {
    const who = this.#who;
    const known = (): Who => {
      if (who === undefined) throw new Error('nobody is known in a public operation');
      return who;
    };
    const nonce = ticket?.nonce ?? this.#room.entropy.bytes(32);
    return {
      ...input,
      get principal() {
        return known().principal;
      },
      get tenant() {
        const { organization } = known();
        if (organization === undefined) throw new Error('the operation was asked about no organization');
        return organization;
      },
      organization: who?.organization,
      request: this.#request,
      now: this.#now,
      newId: (prefix) => `${prefix}_${sha256Hex(Buffer.concat([nonce, Buffer.from(prefix)])).slice(0, 32)}`,
      note: (facts) => void Object.assign(this.#facts, facts),
      did: (action) => {
        this.#action = action;
      },
      settle: async (tx, answer) => {
        const event = this.#auditEvent();
        if (event !== undefined) await this.#room.audit?.write(tx, event);
        await ticket?.finish(tx, answer);
        this.#settled = true;
      },
    };
  }

  /** Who may ask may still not do it to everything: a proposer does not approve. */
  async #recordRefusal(error: BadInput): Promise<void> {
    if (this.#who === undefined) return;
    await recordRefusal(this.#operation, this.#request, this.#who, this.#request.params, this.#now, this.#room, error);
  }

  #auditEvent(): AuditEvent | undefined {
    const { mutation, operationId } = this.#operation;
    if (mutation === undefined || this.#who === undefined) return undefined;
    const { principal, organization } = this.#who;
    return {
      action: this.#action ?? mutation,
      operationId,
      principal,
      tenant: organization,
      requestId: this.#request.requestId,
      at: this.#now,
      outcome: 'done',
      facts: { ...this.#request.params, ...this.#facts },
    };
  }
}

/** Lets only answers pass that the operation declares. */
function answersOf({ operationId, answers }: Operation): (answer: ApiAnswer, accepted: string) => ApiAnswer {
  const checks = new Map(
    Object.entries(answers).map(([status, form]) => [
      Number(status),
      typeof form === 'string' ? form : answerCheck(form),
    ]),
  );
  return (answer, accepted) => {
    const { status, json, bytes, contentType = accepted } = answer;
    const check = checks.get(status);
    if (check === undefined) throw new Error(`${operationId} does not declare the status ${status}`);
    const isFile = bytes !== undefined && !/[/+]json$/.test(contentType);
    if (typeof check !== 'function') {
      const held = json !== undefined ? 'json' : bytes !== undefined ? 'bytes' : 'empty';
      if (check !== held) throw new Error(`${operationId} answers ${status} with ${held}, not with ${check}`);
    } else if (!isFile) check(json ?? JSON.parse(Buffer.from(bytes ?? []).toString('utf8')));
    return answer;
  };
}
