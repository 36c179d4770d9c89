import type { ErrorCode } from '../../../shared/domain/errors.ts';
import { API, bearer, CANARY, change, JSON_TYPE, type Place, type Row, send, utf8 } from './row.ts';

const ACME = '?organization_id=acme';
interface Sent {
  readonly method?: string;
  readonly by?: (place: Place) => string;
  readonly audit?: string;
  readonly status?: number;
  /** a path and a body that name what is there */
  readonly at?: (place: Place) => string;
  readonly with?: (place: Place) => object;
}
const sent = (
  says: string,
  path: string,
  body: object | string,
  code: ErrorCode,
  { method = 'POST', by = ({ key }) => key, audit, status = 400, at, with: named }: Sent = {},
): Row => ({
  says,
  sends: (place) => {
    const given = named?.(place) ?? body;
    const text = typeof given === 'string' ? given : JSON.stringify(given);
    return change(method, `${API}${at?.(place) ?? path}`, text, by(place));
  },
  status,
  code,
  ...(audit === undefined ? {} : { audit }),
});
const operator = ({ operatorKey }: Place): string => operatorKey;
const admin = ({ adminKey }: Place): string => adminKey;
const viewer = ({ viewerKey }: Place): string => viewerKey;

const limit = (more: object = {}): object => ({
  ...{ metric_name: 'api_calls', period: 'daily', quantity: '10', action: 'notify' },
  ...more,
});
const credit = (more: object = {}): object => ({ ...{ credit_id: 'row', amount: '5', currency: 'EUR' }, ...more });
const newcomer = (more: object = {}): object => ({
  ...{ organization_id: 'newcomer', zone: 'UTC', currency: 'EUR' },
  ...more,
});
/** A credit that acme has. */
export const KEPT_CREDIT = { credit_id: 'kept', amount: '5', currency: 'USD' };
const rate = (more: object = {}): object => ({
  ...{ base_currency: 'USD', quote_currency: 'EUR', rate: '0.9', rate_date: '2026-03-10', source: 'ecb' },
  ...more,
});
const plan = (more: object = {}): object => ({
  ...{ plan_id: 'row', name: 'Row', currency: 'EUR', interval: { unit: 'month', count: 1 }, fees: [], usage: [] },
  ...more,
});
const tiers = (...rows: readonly (readonly [string | null, string])[]): object => ({
  usage: [
    {
      metric_name: 'api_calls',
      model: { type: 'graduated', tiers: rows.map(([up_to, unit_amount]) => ({ up_to, unit_amount })) },
    },
  ],
});

const MONEY: readonly Row[] = [
  ...[
    '-5',
    '+5',
    '5.5',
    '1e3',
    '0x5',
    '05',
    '',
    ' 5',
    '5\n',
    '٥',
    '５',
    'NaN',
    '9'.repeat(31),
    CANARY,
    5,
    5.5,
    null,
    true,
    [],
    {},
  ].map((amount) =>
    sent(
      `a credit of ${JSON.stringify(amount).slice(0, 40)}`,
      `/credits${ACME}`,
      credit({ amount }),
      'validation_failed',
      { by: operator },
    ),
  ),
  ...['eur', 'EURO', 'EU', '', '€', 'XX1', 'ЕUR', 1, null].map((currency) =>
    sent(`a credit in ${JSON.stringify(currency)}`, `/credits${ACME}`, credit({ currency }), 'validation_failed', {
      by: operator,
    }),
  ),
  sent(
    'a credit in another currency than the organization’s',
    `/credits${ACME}`,
    credit({ currency: 'QQQ' }),
    'currency_mismatch',
    { by: operator, status: 422 },
  ),
  sent(
    'an organization that pays in a currency that is not',
    '/organizations',
    { organization_id: 'newcomer', zone: 'UTC', currency: 'QQQ' },
    'invalid_currency',
    { by: admin, status: 422 },
  ),
  ...['0', '-1', '1e3', '1.', '.5', '0x1', ' 1', 'NaN', 'Infinity', '', 1, 0.9, null].map((given) => ({
    ...sent(
      `an exchange rate of ${JSON.stringify(given)}`,
      `/exchange-rates${ACME}`,
      rate({ rate: given }),
      given === '0' ? 'invalid_amount' : 'validation_failed',
      { by: operator, status: given === '0' ? 422 : 400 },
    ),
  })),
  ...['2026-02-30', '2025-02-29', '2026-04-31'].map((rate_date) =>
    sent(`an exchange rate of ${rate_date}`, `/exchange-rates${ACME}`, rate({ rate_date }), 'invalid_instant', {
      by: operator,
      status: 422,
    }),
  ),
  ...['2026-13-01', '2026-00-10', '2026-03-32'].map((rate_date) =>
    sent(`an exchange rate of ${rate_date}`, `/exchange-rates${ACME}`, rate({ rate_date }), 'invalid_instant', {
      by: operator,
      status: 422,
    }),
  ),
  ...['2026-3-1', '20260310', 'today', '2026-03-10T00:00:00Z', '', '٢٠٢٦-03-10'].map((rate_date) =>
    sent(`an exchange rate of “${rate_date}”`, `/exchange-rates${ACME}`, rate({ rate_date }), 'validation_failed', {
      by: operator,
    }),
  ),
  sent(
    'a rate from a currency to itself',
    `/exchange-rates${ACME}`,
    rate({ quote_currency: 'USD' }),
    'currency_mismatch',
    { by: operator, status: 422 },
  ),
];

const DOCUMENTS: readonly Row[] = [
  sent('tiers out of order', '/plans', plan(tiers(['20', '1'], ['10', '1'], [null, '1'])), 'invalid_price', {
    by: operator,
    status: 422,
  }),
  sent('tiers of one bound', '/plans', plan(tiers(['10', '1'], ['10', '1'], [null, '1'])), 'invalid_price', {
    by: operator,
    status: 422,
  }),
  sent('no tiers at all', '/plans', plan(tiers()), 'validation_failed', { by: operator }),
  sent('tiers that end', '/plans', plan(tiers(['10', '1'])), 'invalid_price', { by: operator, status: 422 }),
  sent('tiers that go on behind the last', '/plans', plan(tiers([null, '1'], ['10', '1'])), 'invalid_price', {
    by: operator,
    status: 422,
  }),
  sent(
    'a discount of 101 %',
    `/subscriptions/absent/discounts${ACME}`,
    { percent: '101', cycles: 1, kind: 'percent' },
    'validation_failed',
    { by: operator },
  ),
  ...['-5', '1e9', '100.5', 'NaN', ''].map((text) =>
    sent(
      `a tax of ${JSON.stringify(text)} percent`,
      `/organization${ACME}`,
      { tax: { rates: [{ percent: text }] } },
      'validation_failed',
      { method: 'PATCH', by: admin },
    ),
  ),
  sent('a limit of nothing', '/limits', limit({ quantity: '' }), 'validation_failed'),
  ...['-1', '1e9', '0x1', 'NaN', 1, null].map((quantity) =>
    sent(`a limit of ${JSON.stringify(quantity)}`, '/limits', limit({ quantity }), 'validation_failed'),
  ),
  ...['__x__', '__proto__', 'a/b', '..', '.', '', 'A', 'a b', 'a\0', 'a'.repeat(65), 'аpi', CANARY].flatMap((id) => [
    sent(`a limit called ${JSON.stringify(id).slice(0, 30)}`, '/limits', limit({ limit_id: id }), 'validation_failed'),
    sent(
      `a credit called ${JSON.stringify(id).slice(0, 30)}`,
      `/credits${ACME}`,
      credit({ credit_id: id }),
      'validation_failed',
      { by: operator },
    ),
  ]),
  ...['__x__', 'a_b', 'A', 'ab', 'a/b', '-abc', 'a'.repeat(41), 'acme\r\nX: y', '*', ''].map((organization_id) =>
    sent(
      `an organization called ${JSON.stringify(organization_id).slice(0, 30)}`,
      '/organizations',
      { organization_id, zone: 'UTC', currency: 'EUR' },
      'validation_failed',
      { by: admin },
    ),
  ),
  ...['Europe/Nowhere', '../etc/passwd', '+99:99', CANARY].map((zone) =>
    sent(
      `an organization in the zone ${zone}`,
      '/organizations',
      { organization_id: 'newcomer', zone, currency: 'EUR' },
      'invalid_catalogue',
      { by: admin, status: 422 },
    ),
  ),
];

/** Who may ask but not for that: what is refused to somebody is in the audit log, if it would have changed something. */
const DUTIES: readonly Row[] = [
  sent('a viewer gives a credit', '/credits', credit(), 'insufficient_scope', {
    by: viewer,
    status: 403,
    audit: 'credit.granted',
  }),
  sent('a tenant’s admin gives a credit', '/credits', credit(), 'insufficient_scope', {
    status: 403,
    audit: 'credit.granted',
  }),
  sent('a viewer sets a limit', '/limits', limit(), 'insufficient_scope', {
    by: viewer,
    status: 403,
    audit: 'limit.created',
  }),
  sent(
    'a tenant takes an organization in',
    '/organizations',
    { organization_id: 'newcomer', zone: 'UTC', currency: 'EUR' },
    'insufficient_scope',
    { status: 403, audit: 'organization.created' },
  ),
  sent('a tenant changes its settings', '/organization', { approval_limit: '0' }, 'insufficient_scope', {
    method: 'PATCH',
    status: 403,
    audit: 'organization.changed',
  }),
  sent('a tenant writes a plan', '/plans', plan(), 'insufficient_scope', { status: 403, audit: 'plan.drafted' }),
  sent('a limit for another organization', '/limits?organization_id=umbrella', limit(), 'not_found', {
    status: 404,
    audit: 'limit.created',
  }),
  sent('a limit for an organization that is not there', '/limits?organization_id=phantom', limit(), 'not_found', {
    status: 404,
    audit: 'limit.created',
  }),
  sent('an operator gives a credit to nobody', '/credits?organization_id=phantom', credit(), 'not_found', {
    by: operator,
    status: 404,
    audit: 'credit.granted',
  }),
];

const withKey = (says: string, lines: readonly string[], code: ErrorCode, status: number): Row => ({
  says,
  sends: ({ operatorKey }) =>
    send('POST', `${API}/credits${ACME}`, utf8(JSON.stringify(credit())), bearer(operatorKey), JSON_TYPE, ...lines),
  status,
  code,
});
const KEYS: readonly Row[] = [
  withKey('no idempotency key', [], 'idempotency_key_required', 400),
  ...['', ' ', 'k'.repeat(256), 'a\tb', '\xe9', '\xe2\x80\xae', '"\xff"'].map((key) =>
    withKey(
      `the idempotency key ${JSON.stringify(key).slice(0, 30)}`,
      [`Idempotency-Key: ${key}`],
      'idempotency_key_invalid',
      400,
    ),
  ),
  ...['a\x01b', 'a\x7f'].map(
    (key): Row => ({
      says: `the idempotency key ${JSON.stringify(key)}`,
      sends: ({ operatorKey }) =>
        send('POST', `${API}/credits${ACME}`, '{}', bearer(operatorKey), `Idempotency-Key: ${key}`),
      status: 400,
      answers: 1,
    }),
  ),
  withKey('an idempotency key under another name', ['X-Idempotency-Key: a'], 'idempotency_key_required', 400),
];

/** What the books do not allow. Nothing of it happens, in whatever order it is asked. */
const BOOKS: readonly Row[] = [
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

export const OPERATIONS: readonly Row[] = [
  ...[...MONEY, ...DOCUMENTS, ...DUTIES, ...KEYS],
  ...[...BOOKS, ...AGAIN, ...ASSIGNMENTS, ...PATTERNS],
];
