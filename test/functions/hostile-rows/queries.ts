import type { ErrorCode } from '../../../shared/domain/errors.ts';
import { API, bearer, head, type Place, type Row } from './row.ts';

const asked = (says: string, target: string | ((place: Place) => string), code: ErrorCode, status: number): Row => ({
  says,
  sends: (place) => [head(`GET ${typeof target === 'string' ? target : target(place)}`, bearer(place.key))],
  status,
  code,
});

/** A cursor goes on with the list and the organization that it was given for, and says nothing else. */
const edited = (cursor: string, edit: (text: string) => string): string => {
  const [text = '', mac = ''] = cursor.split('.');
  return `${Buffer.from(edit(Buffer.from(text, 'base64url').toString())).toString('base64url')}.${mac}`;
};
const CURSORS: readonly Row[] = (
  [
    ['of another organization', ({ otherCursor }) => otherCursor],
    ['of another list', ({ windowsCursor }) => windowsCursor],
    ['edited', ({ cursor }) => edited(cursor, (text) => `${text}0`)],
    ['that says nothing', ({ cursor }) => edited(cursor, () => '')],
    ['that says SQL', ({ cursor }) => edited(cursor, () => "' OR 1=1")],
    ['without its mark', ({ cursor }) => cursor.split('.')[0]!],
    ['of its mark alone', ({ cursor }) => `.${cursor.split('.')[1]}`],
    ['with half its mark', ({ cursor }) => cursor.slice(0, -8)],
    ['with a mark of zeros', ({ cursor }) => `${cursor.split('.')[0]}.${'A'.repeat(22)}`],
    ['with a third part', ({ cursor }) => `${cursor}.x`],
    ['with padding', ({ cursor }) => `${cursor}%3D%3D`],
    ['in other letters', ({ cursor }) => cursor.toLowerCase()],
    ['twice as long', ({ cursor }) => cursor + cursor],
    ['', () => ''],
    ['of a dot', () => '.'],
    ['__proto__', () => '__proto__'],
    ['of 8,000 letters', () => 'a'.repeat(8000)],
    ['of a NUL', () => '%00'],
    ['of a page', () => '%3Cscript%3Ecanary%3C/script%3E'],
  ] as const satisfies readonly (readonly [string, (place: Place) => string])[]
).map(([says, cursor]) =>
  asked(`a cursor ${says}`, (place) => `${API}/receipts?limit=1&cursor=${cursor(place)}`, 'invalid_cursor', 400),
);

const QUERIES: readonly Row[] = [
  asked(
    'a cursor of other windows',
    ({ windowsCursor }) =>
      `${API}/usage/summary?metric_name=api_calls&window=hour&from=2026-03-10T00:00:00Z&limit=1&cursor=${windowsCursor}`,
    'invalid_cursor',
    400,
  ),
  ...[
    '0',
    '-1',
    '101',
    '1.5',
    '1e1',
    '0x10',
    '01',
    '',
    ' 1',
    '1%00',
    '%31%30%31',
    '９',
    'NaN',
    '1;DROP',
    '99999999999999999999',
  ].map((limit) => asked(`limit=${limit}`, `${API}/receipts?limit=${encodeURI(limit)}`, 'invalid_parameter', 400)),
  ...[
    '?x',
    '?limit',
    '?limit=1&limit=1',
    '?limit=1&lim%69t=2',
    '?limit[]=1',
    '?limit[$gt]=1',
    '?__proto__=1',
    '?constructor[prototype][x]=1',
    '?Limit=1',
    '?limit=1?cursor=x',
    '?limit=%zz',
    '?limit=%ff',
    '?%ff=1',
    '?sort=total%20desc',
    '?fields=*',
    '?filter=1%20OR%201=1',
    '?organization_id=acme&organization_id=umbrella',
    '?&limit=0&',
  ].map((query) => asked(`the query ${query}`, `${API}/receipts${query}`, 'invalid_parameter', 400)),
  ...[
    'umbrella',
    'phantom',
    '*',
    '',
    'ACME',
    'acme%00',
    'acme%0a',
    '__proto__',
    'acme,umbrella',
    '..',
    '%D0%B0cme',
  ].map((named) =>
    asked(`the organization ${named}`, `${API}/organization?organization_id=${named}`, 'not_found', 404),
  ),
  asked('usage of a metric that is a path', `${API}/usage/summary?metric_name=..%2f..`, 'invalid_id', 422),
  asked('usage of a metric with a dot of full width', `${API}/usage/summary?metric_name=a%EF%BC%8E`, 'invalid_id', 422),
  asked('usage of a subscription of a NUL', `${API}/usage/summary?subscription_id=%00`, 'invalid_id', 422),
  asked('usage since a number', `${API}/usage/summary?from=1773144000`, 'invalid_instant', 422),
  asked('usage since 30 February', `${API}/usage/summary?from=2026-02-30T00:00:00Z`, 'invalid_instant', 422),
  asked(
    'usage by a group of Object’s',
    `${API}/usage/summary?metric_name=api_calls&window=hour&from=2026-03-10T00:00:00Z&group_by=constructor`,
    'invalid_parameter',
    400,
  ),
  asked(
    'usage by a group named twice',
    `${API}/usage/summary?metric_name=api_calls&window=hour&from=2026-03-10T00:00:00Z&group_by=region,region`,
    'invalid_parameter',
    400,
  ),
  asked(
    'usage by windows that nobody has',
    `${API}/usage/summary?metric_name=api_calls&window=second&from=2026-03-10T00:00:00Z`,
    'invalid_parameter',
    400,
  ),
  asked(
    'a year of minutes',
    `${API}/usage/summary?metric_name=api_calls&window=minute&from=2025-03-10T00:00:00Z`,
    'window_too_large',
    400,
  ),
  ...['0', '-1', '1e9', '0x1', '%20', '1.0', '999999999999999', '9007199254740993'].map((since) =>
    asked(`the head since ${since}`, `${API}/ledger/head?since=${since}`, 'invalid_parameter', 400),
  ),
  ...[
    'cash',
    'cash:=1',
    'cash:@x',
    'cash:-1',
    "cash:'",
    'cash:1%0d%0a',
    'toString:1',
    'cash:1,cash:2',
    'cash:%EF%BC%9D1',
  ].map((codes) =>
    asked(
      `a journal with the codes ${codes}`,
      `${API}/journal?from=2026-03&to=2026-03&codes=${codes}`,
      'invalid_parameter',
      400,
    ),
  ),
  asked('a receipt of another organization', ({ otherReceipt }) => `${API}/receipts/${otherReceipt}`, 'not_found', 404),
  asked('a receipt in other letters', ({ receipt }) => `${API}/receipts/${receipt.toLowerCase()}`, 'not_found', 404),
  asked(
    'a receipt whose spare bits are set',
    ({ receipt }) => `${API}/receipts/${receipt.slice(0, -1)}${String.fromCharCode(receipt.charCodeAt(42) + 1)}`,
    'not_found',
    404,
  ),
  asked('a receipt with padding', ({ receipt }) => `${API}/receipts/${receipt}=`, 'not_found', 404),
];

export const READING: readonly Row[] = [...CURSORS, ...QUERIES];
