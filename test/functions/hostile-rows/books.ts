import type { ErrorCode } from '../../../shared/domain/errors.ts';
import { ACME, admin, credit, KEPT_CREDIT, limit, newcomer, operator, rate, sent } from './asking.ts';
import { API, bearer, JSON_TYPE, type Row, send } from './row.ts';

/** What the books do not allow. Nothing of it happens, in whatever order it is asked. */
const REFUSED: readonly Row[] = [
  sent('a payment of more than is due: 4 cents of 3', '', { amount: '4' }, 'money_refused', {
    ...{ by: operator, status: 409, at: ({ invoice }) => `/invoices/${invoice}/payments${ACME}` },
  }),
  ...(['4', '1000000000000000000000000000000'.slice(0, 30)] as const).map((amount) =>
    sent(`a credit note of ${amount} cents for an invoice of 3`, `/credit-notes${ACME}`, {}, 'credit_exceeds_invoice', {
      ...{ by: operator, status: 409, with: ({ invoice }) => ({ invoice_number: invoice, amount }) },
    }),
  ),
  ...(['refund', 'credit'] as const).map((refundable) =>
    sent(
      `money back (${refundable}) of what nobody has paid: more than the invoice`,
      `/credit-notes${ACME}`,
      {},
      'credit_exceeds_invoice',
      { by: operator, status: 409, with: ({ invoice }) => ({ invoice_number: invoice, amount: '4', refundable }) },
    ),
  ),
  sent('void again', '', '', 'money_refused', {
    ...{ by: operator, status: 409, at: ({ voided }) => `/invoices/${voided}/void${ACME}` },
  }),
  sent('a payment for what is void', '', { amount: '1' }, 'money_refused', {
    ...{ by: operator, status: 409, at: ({ voided }) => `/invoices/${voided}/payments${ACME}` },
  }),
  sent('a write-off of what is void', '', { reason: 'row' }, 'money_refused', {
    ...{ by: operator, status: 409, at: ({ voided }) => `/invoices/${voided}/write-off${ACME}` },
  }),
  sent('a credit granted again under its id', `/credits${ACME}`, KEPT_CREDIT, 'money_refused', {
    ...{ by: operator, status: 409 },
  }),
];

/** A key that was used: the same request is answered again, another is a conflict, and elsewhere the key means nothing. */
const again = (says: string, text: string, code?: ErrorCode): Row => ({
  says: `the idempotency key of a credit again, ${says}`,
  sends: ({ operatorKey }) =>
    send('POST', `${API}/credits${ACME}`, text, bearer(operatorKey), JSON_TYPE, 'Idempotency-Key: kept'),
  ...(code === undefined ? { status: 201 } : { status: 409, code }),
});
const AGAIN: readonly Row[] = [
  again('as it was', JSON.stringify(KEPT_CREDIT)),
  again('its members in another order', JSON.stringify(Object.fromEntries(Object.entries(KEPT_CREDIT).reverse()))),
  again('among white space', JSON.stringify(KEPT_CREDIT, null, 3)),
  again('its names behind escapes', JSON.stringify(KEPT_CREDIT).replace('"amount"', '"\\u0061mount"')),
  again('with another amount', JSON.stringify({ ...KEPT_CREDIT, amount: '6' }), 'idempotency_conflict'),
  again('with one field more', JSON.stringify({ ...KEPT_CREDIT, priority: 0 }), 'idempotency_conflict'),
  again('with one field less', JSON.stringify({ ...KEPT_CREDIT, credit_id: undefined }), 'idempotency_conflict'),
  {
    says: 'that key at another address says nothing there',
    sends: ({ operatorKey, invoice }) =>
      send(
        'POST',
        `${API}/invoices/${invoice}/payments${ACME}`,
        '{"amount":"4"}',
        bearer(operatorKey),
        JSON_TYPE,
        'Idempotency-Key: kept',
      ),
    status: 409,
    code: 'money_refused',
  },
];

/** Fields that others let whoever asks set (mass assignment). */
const ASSIGNED = [
  ...['role', 'tenant', 'tenantId', 'status', 'balance', 'createdAt', 'created_at', 'price', 'quota'],
  ...['id', 'is_admin', 'scopes', 'paid', 'total', 'region_override', 'seq', 'toString', 'hasOwnProperty'],
];
const profile = (more: object = {}): object => ({
  ...{ legal_name: 'Acme', customer_type: 'business' },
  address: { line1: 'Main 1', postal_code: '10115', city: 'Berlin', country: 'DE' },
  ...more,
});
const ASSIGNMENTS: readonly Row[] = [
  ...ASSIGNED.flatMap((name) => [
    sent(`${name} of an organization`, `/organization${ACME}`, { approval_limit: '1', [name]: '1' }, 'unknown_field', {
      ...{ method: 'PATCH', by: admin },
    }),
    sent(`${name} of a limit`, '/limits/any', { quantity: '1', [name]: '1' }, 'unknown_field', { method: 'PATCH' }),
    sent(`${name} of a credit`, `/credits${ACME}`, credit({ [name]: '1' }), 'unknown_field', { by: operator }),
    sent(`${name} of a billing profile`, '/billing-profile', profile({ [name]: '1' }), 'unknown_field', {
      method: 'PUT',
    }),
  ]),
  ...['organization_id', 'region', 'zone', 'currency', 'subscriptions'].map((name) =>
    sent(`another ${name}, later`, `/organization${ACME}`, { [name]: 'umbrella' }, 'unknown_field', {
      ...{ method: 'PATCH', by: admin },
    }),
  ),
  // What is said of a person or a firm ends up in header fields, mails and logs.
  ...[
    'Acme\r\nBcc: evil@evil.example',
    'Acme\nX: y',
    'Acme\0',
    'Acme\x1b[2J',
    '\t',
    '',
    'a'.repeat(201),
    null,
    1,
    [],
  ].map((legal_name) =>
    sent(
      `the name ${JSON.stringify(legal_name).slice(0, 40)}`,
      '/billing-profile',
      profile({ legal_name }),
      'validation_failed',
      { method: 'PUT' },
    ),
  ),
];

/** A text that makes a pattern go back and forth, wherever a pattern looks at one. */
const LONG = `${'a'.repeat(50_000)}!`;
const PATTERNS: readonly Row[] = [
  sent('a credit called 50,000 letters and !', `/credits${ACME}`, credit({ credit_id: LONG }), 'validation_failed', {
    by: operator,
  }),
  ...[LONG, `${'1'.repeat(50_000)}!`, `${'1,'.repeat(25_000)}!`].flatMap((text) => [
    sent(`a limit of ${text.slice(0, 3)}…!`, '/limits', limit({ quantity: text }), 'validation_failed'),
    sent(`a credit of ${text.slice(0, 3)}…!`, `/credits${ACME}`, credit({ amount: text }), 'validation_failed', {
      by: operator,
    }),
    sent(
      `an exchange rate of ${text.slice(0, 3)}…!`,
      `/exchange-rates${ACME}`,
      rate({ rate: text }),
      'validation_failed',
      {
        by: operator,
      },
    ),
    sent(`a zone of ${text.slice(0, 3)}…!`, '/organizations', newcomer({ zone: text }), 'validation_failed', {
      by: admin,
    }),
    sent(`a name of ${text.slice(0, 3)}…!`, '/billing-profile', profile({ legal_name: text }), 'validation_failed', {
      method: 'PUT',
    }),
  ]),
];

export const BOOKS: readonly Row[] = [...REFUSED, ...AGAIN, ...ASSIGNMENTS, ...PATTERNS];
