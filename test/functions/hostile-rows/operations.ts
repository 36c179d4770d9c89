import type { ErrorCode } from '../../../shared/domain/errors.ts';
import { ACME, admin, credit, limit, operator, plan, rate, sent, tiers, viewer } from './asking.ts';
import { API, bearer, CANARY, JSON_TYPE, type Row, send, utf8 } from './row.ts';

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

export const OPERATIONS: readonly Row[] = [...MONEY, ...DOCUMENTS, ...DUTIES, ...KEYS];
