/**
 * Every code a caller can meet, with the one HTTP status it has everywhere.
 *
 * A new code does not compile until someone decides its status. Codes are part of the public API: they are added, never
 * renamed. Codes that answer for one event of a batch travel inside a 202 and use their status only when the request
 * carries nothing else (RFC 9457 `code`).
 */
export const statusFor = {
  // the request itself
  malformed_json: 400,
  duplicate_key: 400,
  duplicate_header: 400,
  invalid_target: 400,
  invalid_path: 400,
  invalid_encoding: 400,
  invalid_cursor: 400,
  invalid_parameter: 400,
  nesting_too_deep: 400,
  too_many_items: 400,
  window_too_large: 400,
  validation_failed: 400,
  unknown_field: 400,
  idempotency_key_required: 400,
  idempotency_key_invalid: 400,
  missing_credentials: 401,
  invalid_credentials: 401,
  insufficient_scope: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  body_too_large: 413,
  wrong_region: 421,
  unsupported_content_encoding: 415,
  unsupported_media_type: 415,
  // one event of a batch
  invalid_quantity: 422,
  invalid_timestamp: 422,
  timestamp_out_of_window: 422,
  invalid_idempotency_key: 422,
  invalid_property: 422,
  organization_mismatch: 422,
  unknown_metric: 422,
  unknown_subscription: 422,
  subscription_not_started: 422,
  subscription_ended: 422,
  subscription_paused: 422,
  no_price_cell: 422,
  idempotency_conflict: 409,
  idempotency_in_progress: 409,
  quota_exceeded: 422,
  // documents that operators load
  invalid_catalogue: 422,
  invalid_discount: 422,
  invalid_transition: 409,
  credit_exceeds_invoice: 409,
  money_refused: 409,
  billing_frozen: 409,
  already_exists: 409,
  card_data_refused: 422,
  proposer_cannot_approve: 403,
  interval_differs: 422,
  nothing_to_invoice: 409,
  nothing_to_correct: 409,
  correction_unsupported: 422,
  invalid_price: 422,
  invalid_instant: 422,
  invalid_id: 422,
  invalid_currency: 422,
  invalid_tax_id: 422,
  seller_unknown: 404,
  buyer_unknown: 404,
  invalid_amount: 422,
  currency_mismatch: 422,
  rate_limited: 429,
  // what cannot go on
  internal: 500,
  temporarily_unavailable: 503,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof statusFor;

/** What we refuse: the caller must change something before asking again. */
export class BadInput extends Error {
  readonly code: ErrorCode;
  /** The field, header or parameter that is wrong, where one can be named. */
  readonly param: string | undefined;

  constructor(code: ErrorCode, detail: string, param?: string) {
    super(detail);
    this.name = 'BadInput';
    this.code = code;
    this.param = param;
  }
}

/** What may pass later: the same call, unchanged, is worth repeating. */
export class TryAgain extends Error {
  readonly code: ErrorCode = 'temporarily_unavailable';
  readonly retryAfterSeconds: number;

  constructor(detail: string, retryAfterSeconds = 1, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'TryAgain';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Closes every switch over a union: a new member does not compile until it is handled. */
export function unhandled(value: never): never {
  throw new TypeError(`unhandled ${JSON.stringify(value)}`);
}
