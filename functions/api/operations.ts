import type { Operation } from '../../shared/edge/http/operation.ts';
import { ingestOperations } from '../ingest/operation.ts';
import { approvalOperations } from './approvals.ts';
import { auditOperations } from './audit.ts';
import { billingOperations } from './billing.ts';
import { catalogueOperations } from './catalogue.ts';
import { conversionOperations } from './conversion.ts';
import { documentOperations } from './documents.ts';
import { entitlementOperations } from './entitlements.ts';
import { exchangeRateOperations } from './exchange-rates.ts';
import { invoicingOperations } from './invoicing.ts';
import { keyOperations } from './keys.ts';
import { ledgerOperations } from './ledger.ts';
import { limitOperations } from './limits.ts';
import { moneyOperations } from './money.ts';
import { organizationOperations } from './organizations.ts';
import { paymentMethodOperations } from './payment-methods.ts';
import { priceOperations } from './prices.ts';
import { privacyOperations } from './privacy.ts';
import { publicOperations } from './public.ts';
import { revenueOperations } from './revenue.ts';
import type { ApiRoom } from './room.ts';
import { subscriptionOperations } from './subscriptions.ts';
import { taxOperations } from './taxes.ts';
import { usageOperations } from './usage.ts';

/**
 * Every operation that the function `api` answers. A module is one line here. It may not use the room before a call: the
 * document is made of operations that have none.
 */
export const operations = (room: ApiRoom): Operation[] => [
  ...publicOperations(room, described),
  ...usageOperations(room),
  ...limitOperations(room),
  ...entitlementOperations(room),
  ...conversionOperations(room),
  ...billingOperations(room),
  ...ledgerOperations(room),
  ...catalogueOperations(room),
  ...priceOperations(room),
  ...subscriptionOperations(room),
  ...moneyOperations(room),
  ...invoicingOperations(room),
  ...organizationOperations(room),
  ...privacyOperations(room),
  ...taxOperations(room),
  ...documentOperations(room),
  ...exchangeRateOperations(room),
  ...paymentMethodOperations(room),
  ...revenueOperations(room),
  ...approvalOperations(room),
  ...keyOperations(room),
  ...auditOperations(room),
];

/** Every operation of the suite, to be described: none of them can be called. */
export function described(): Operation[] {
  const nobody = {} as ApiRoom & Parameters<typeof ingestOperations>[0];
  return [...ingestOperations(nobody), ...operations(nobody)];
}
