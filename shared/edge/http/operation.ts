import type { Principal } from '../../domain/access.ts';
import type { TenantId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Transaction } from '../../ports/database.ts';
import type { Entropy } from '../../ports/entropy.ts';
import type { AccountStore } from '../../stores/account-store.ts';
import type { PlaceConfig } from '../auth.ts';
import type { Guesses } from '../guesses.ts';
import type { Tokens } from '../jwt.ts';
import type { Scope } from '../roles.ts';
import type { ApiAnswer, ApiRequest } from './handler.ts';
import type { JsonMediaType } from './json-body.ts';
import type { AuditSink, IdempotencyKeys, RateLimiter } from './operation-hooks.ts';

/**
 * A JSON Schema (draft 2020-12, as OpenAPI 3.1 has it). One with `$id: 'urn:tallystick:schema:<name>'` becomes a component of
 * that name in the document wherever it is embedded; schemas embed each other as objects, never by `$ref`.
 */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One HTTP operation: its route, its place in the OpenAPI document, who may call it and what it takes all come from here. */
export interface Operation {
  /** camelCase, unique, e.g. `createPlan`; clients are generated with this name */
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** an Express path, e.g. `/api/v1/billing/plans/:plan_id` */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly scope: Scope | 'public';
  /**
   * What it acts on. `organization` (unless said): on one, the caller's own or, for a platform role, the one that the query
   * parameter `organization_id` names. `platform`: on what belongs to all; there `organization_id` is optional.
   */
  readonly about?: 'organization' | 'platform';
  /** of each path parameter; a value that does not fit cannot name anything, so it answers 404 */
  readonly params?: Readonly<Record<string, JsonSchema>>;
  /** of each query parameter beside `organization_id`; handlers get text even where the schema says integer */
  readonly query?: Readonly<Record<string, JsonSchema>>;
  readonly body?: JsonSchema;
  /** an absent body counts as `{}` */
  readonly bodyOptional?: boolean;
  /** media types of the body, `application/json` unless said */
  readonly consumes?: readonly JsonMediaType[];
  /** the body is judged item by item by the handler: the schema is for the document alone */
  readonly lenientBody?: boolean;
  /** reads a body of the commonest form quicker than JSON of every kind is read; undefined for every other. What it gives comes as the call's `body` */
  readonly readQuickly?: (bytes: Buffer) => unknown;
  /** looks at the body before anything is said about its form: what must not be kept must not be described either. @throws BadInput */
  readonly inspect?: (body: unknown) => void;
  /** successful answers by status; problems are common to all operations */
  readonly answers: Readonly<Record<number, JsonSchema | 'bytes' | 'empty'>>;
  /** media types of a successful answer, the preferred first; JSON unless said */
  readonly produces?: readonly string[];
  /** `required` on a POST that moves money: its keys are kept for ever, others for 30 days */
  readonly idempotencyKey?: 'required' | 'optional';
  /** what the audit log calls it, e.g. `plan.published`; every mutation has one */
  readonly mutation?: string;
  readonly handle: (call: Call) => Promise<ApiAnswer>;
}

/** A request that was authenticated, allowed and validated. */
export interface Call {
  /** @throws Error in a public operation, where nobody is known */
  readonly principal: Principal;
  /** the organization it acts on. @throws Error where it acts on none */
  readonly tenant: TenantId;
  /** the same, or undefined where a platform operation was asked about none */
  readonly organization: TenantId | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** fits the operation's schema */
  readonly body: unknown;
  /** the media type the body came as; undefined where there was none */
  readonly mediaType: JsonMediaType | undefined;
  readonly request: ApiRequest;
  readonly now: Instant;
  /**
   * An id for something that this call makes, `<prefix>_<32 hex digits>`: the same in every try under one idempotency key, so
   * that an effect that is inserted by it cannot happen twice; by chance without a key.
   */
  readonly newId: (prefix: string) => string;
  /** Adds facts to the audit entry: ids and amounts, never personal data. */
  readonly note: (facts: Readonly<Record<string, string>>) => void;
  /** Says what was done in place of the operation's `mutation`, e.g. that it was proposed only. */
  readonly did: (action: string) => void;
  /**
   * Keeps the answer under the idempotency key and writes the audit entry, in the transaction of the effect itself: record
   * and effect then cannot disagree. Call it inside the transaction's closure, and return the same answer afterwards. An
   * operation that does not call it is settled by the frame after it has answered; see idempotency-store.ts.
   */
  readonly settle: (tx: Transaction, answer: ApiAnswer) => Promise<void>;
}

/** What every operation is run with. */
export interface OperationRoom {
  readonly accounts: AccountStore;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly config: PlaceConfig;
  /** undefined where there are API keys only */
  readonly tokens: Tokens | undefined;
  readonly audit?: AuditSink;
  readonly rateLimiter?: RateLimiter;
  /** counts who was wrong about who they are */
  readonly guesses?: Guesses;
  /** needed where an operation takes idempotency keys */
  readonly idempotencyKeys?: IdempotencyKeys;
  /** compares every answer with its declared schema and fails where it differs: for tests */
  readonly checkAnswers?: boolean;
}
