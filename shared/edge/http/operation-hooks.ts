import type { OutgoingHttpHeaders } from 'node:http';
import type { TenantId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/time.ts';
import type { Transaction } from '../../ports/database.ts';
import type { Principal } from '../../stores/account-store.ts';
import type { ApiAnswer } from './handler.ts';

/** What the audit log is told of an operation that succeeded. No personal data. */
export interface AuditEvent {
  /** the operation's `mutation`, e.g. `plan.published` */
  readonly action: string;
  readonly operationId: string;
  readonly principal: Principal;
  /** undefined where it acted on the platform alone */
  readonly tenant: TenantId | undefined;
  readonly requestId: string;
  readonly at: Instant;
  /** the path's parameters and what the handler noted */
  readonly facts: Readonly<Record<string, string>>;
}

export interface AuditSink {
  /** Adds an entry in a transaction of its own. */
  record(event: AuditEvent): Promise<void>;
  /** Adds an entry in the transaction of the effect. Its closure may run more than once. */
  write(tx: Transaction, event: AuditEvent): Promise<void>;
}

export interface RateLimiter {
  /**
   * Counts a request.
   * @returns the `RateLimit-*` header fields of its answer
   * @throws Refusal `rate_limited` with `Retry-After`
   */
  admit(request: {
    readonly principal: Principal;
    readonly operationId: string;
    readonly method: string;
    readonly now: Instant;
  }): Promise<OutgoingHttpHeaders>;
}

/** One use of an idempotency key. */
export interface IdempotencyClaim {
  /** undefined for an operation on the platform */
  readonly tenant: TenantId | undefined;
  readonly operationId: string;
  readonly key: string;
  /** SHA-256 of what was asked: path parameters, query and body */
  readonly requestHash: Buffer;
  readonly keep: 'for_ever' | '30_days';
}

/** The right to carry out what a key stands for, until it is finished or given back. */
export interface IdempotencyTicket {
  /** 32 bytes, the same for every try under this key: ids of what is made come from it */
  readonly nonce: Uint8Array;
  /** Keeps the answer in the transaction of the effect. @throws TryAgain where another try has taken over */
  finish(tx: Transaction, answer: ApiAnswer): Promise<void>;
  /** Keeps the answer after the effect. */
  finishAlone(answer: ApiAnswer): Promise<void>;
  /** Gives the key back: unused where nothing happened, and to be tried again at once where that is not certain. */
  release(outcome: 'nothing_happened' | 'uncertain'): Promise<void>;
}

export interface IdempotencyKeys {
  /**
   * Begins what a key stands for.
   * @returns the first answer, where there is one
   * @throws BadInput `idempotency_conflict` for another request, `idempotency_in_progress` where another try is under way
   */
  begin(claim: IdempotencyClaim, now: Instant): Promise<IdempotencyTicket | { readonly answer: ApiAnswer }>;
}
