import type { TaxExemption, TaxId } from '../organization/party.ts';
import { determineTax } from '../tax/determine.ts';
import { normalTaxId } from '../tax/tax-ids.ts';
import { type Instant, parseInstant } from '../time.ts';

/** Questions about who taxes what. */

interface Place {
  readonly country: string;
  readonly subdivision?: string;
}

interface DetermineQuestion {
  readonly seller: Place & { readonly registrations: readonly string[] };
  readonly customer: Place & {
    readonly type: 'business' | 'consumer';
    readonly tax_ids?: readonly TaxId[];
    readonly exemptions?: readonly { readonly jurisdiction: string; readonly from: string; readonly to?: string }[];
  };
  readonly behavior?: 'exclusive' | 'inclusive';
  readonly categories?: readonly string[];
  readonly at: string;
}

const ALWAYS = parseInstant('0001-01-01T00:00:00Z', 'from');
const addressOf = ({ country, subdivision }: Place) => ({
  ...{ line1: '', postal_code: '', city: '', country },
  ...(subdivision === undefined ? {} : { subdivision }),
});

/** Which taxes are on a service, and by which law. */
export function answerDetermine({ seller, customer, behavior, categories, at }: DetermineQuestion): object {
  const exemptions = (customer.exemptions ?? []).map(({ jurisdiction, from, to }, i): TaxExemption => {
    const since: Instant = parseInstant(from, `customer.exemptions.${i}.from`);
    const until = to === undefined ? {} : { to: parseInstant(to, `customer.exemptions.${i}.to`) };
    return { jurisdiction, certificate: '', from: since, ...until };
  });
  const { decision, reasons } = determineTax({
    seller: {
      address: addressOf(seller),
      registrations: seller.registrations.map((jurisdiction) => ({ jurisdiction, tax_id: '', from: ALWAYS })),
    },
    customer: {
      address: addressOf(customer),
      customer_type: customer.type,
      tax_ids: customer.tax_ids ?? [],
      exemptions,
      tax_behavior: behavior ?? 'exclusive',
    },
    categories: categories ?? ['standard'],
    at: parseInstant(at, 'at'),
  });
  return { ...decision, reasons };
}

/** Whether a tax number has the right form and check digit, and its normal form. */
export function answerTaxId(id: TaxId): object {
  const normal = normalTaxId(id);
  return normal === undefined ? { valid: false } : { valid: true, value: normal };
}
