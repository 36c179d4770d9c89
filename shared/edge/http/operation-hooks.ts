import type { OutgoingHttpHeaders } from 'node:http';
import type { Principal } from '../../domain/access.ts';
import type { TenantId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/time.ts';
import type { Transaction } from '../../ports/database.ts';
import type { IdempotencyStore } from '../../stores/idempotency-store.ts';

/** What the audit log is told of a mutation that succeeded, or that was refused to whoever asked. No personal data. */
export interface AuditEvent {
  /** the operation's `mutation`, e.g. `plan.published` */
  readonly action: string;
  readonly operationId: string;
  readonly principal: Principal;
  /** undefined where it acted on the platform alone */
  readonly tenant: TenantId | undefined;
  readonly requestId: string;
  readonly at: Instant;
  /** `refused`: whoever asked may not do it. What cannot be done for other reasons is no entry */
  readonly outcome: 'done' | 'refused';
  /** the path's parameters and what the handler noted; of a refusal, its code */
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

/** Keys by which a request may be repeated. */
export type IdempotencyKeys = Pick<IdempotencyStore, 'begin'>;
