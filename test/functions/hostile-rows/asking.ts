import type { ErrorCode } from '../../../shared/domain/errors.ts';
import { API, change, type Place, type Row } from './row.ts';

/** How operations are asked, by whom, and with what where nothing is wrong with it. */

export const ACME = '?organization_id=acme';
interface Sent {
  readonly method?: string;
  readonly by?: (place: Place) => string;
  readonly audit?: string;
  readonly status?: number;
  /** a path and a body that name what is there */
  readonly at?: (place: Place) => string;
  readonly with?: (place: Place) => object;
}
export const sent = (
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
export const operator = ({ operatorKey }: Place): string => operatorKey;
export const admin = ({ adminKey }: Place): string => adminKey;
export const viewer = ({ viewerKey }: Place): string => viewerKey;

export const limit = (more: object = {}): object => ({
  ...{ metric_name: 'api_calls', period: 'daily', quantity: '10', action: 'notify' },
  ...more,
});
export const credit = (more: object = {}): object => ({
  ...{ credit_id: 'row', amount: '5', currency: 'EUR' },
  ...more,
});
export const newcomer = (more: object = {}): object => ({
  ...{ organization_id: 'newcomer', zone: 'UTC', currency: 'EUR' },
  ...more,
});
/** A credit that acme has. */
export const KEPT_CREDIT = { credit_id: 'kept', amount: '5', currency: 'USD' };
export const rate = (more: object = {}): object => ({
  ...{ base_currency: 'USD', quote_currency: 'EUR', rate: '0.9', rate_date: '2026-03-10', source: 'ecb' },
  ...more,
});
export const plan = (more: object = {}): object => ({
  ...{ plan_id: 'row', name: 'Row', currency: 'EUR', interval: { unit: 'month', count: 1 }, fees: [], usage: [] },
  ...more,
});
export const tiers = (...rows: readonly (readonly [string | null, string])[]): object => ({
  usage: [
    {
      metric_name: 'api_calls',
      model: { type: 'graduated', tiers: rows.map(([up_to, unit_amount]) => ({ up_to, unit_amount })) },
    },
  ],
});
