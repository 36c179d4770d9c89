import { BadInput, TryAgain } from '../../domain/errors.ts';
import { parseTaxDecision, type TaxDecisionJson } from '../../domain/invoice/taxation.ts';
import type { Determined, TaxQuestion, TaxReason } from '../../domain/tax/determine.ts';
import type { TaxEngine } from '../../ports/tax-engine.ts';

export interface OutsideEngineOptions {
  readonly url: string;
  /** bearer token; empty for none */
  readonly token: string;
  readonly milliseconds?: number;
}

/**
 * An engine behind `POST <url>`: it is told places, kinds and categories, no name and no street, and answers
 * `{decision: {behavior, rates}, reasons?}`.
 */
export class OutsideTaxEngine implements TaxEngine {
  readonly #options: OutsideEngineOptions;

  constructor(options: OutsideEngineOptions) {
    this.#options = options;
  }

  async decide(question: TaxQuestion): Promise<Determined> {
    const { decision, reasons } = await this.#ask(question);
    try {
      parseTaxDecision(decision, 'decision');
    } catch (error) {
      // Wrong tax is worse than a late invoice: it waits until somebody has looked at the engine.
      if (error instanceof BadInput) throw new TryAgain(`the tax engine’s answer is none: ${error.message}`, 60);
      throw error;
    }
    return { decision, reasons: reasons ?? [] };
  }

  async #ask(question: TaxQuestion): Promise<{ decision: TaxDecisionJson; reasons?: readonly TaxReason[] }> {
    const { url, token, milliseconds = 5000 } = this.#options;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json',
          ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(told(question)),
        signal: AbortSignal.timeout(milliseconds),
        redirect: 'error',
      });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
      return (await response.json()) as { decision: TaxDecisionJson };
    } catch (error) {
      throw new TryAgain(`the tax engine cannot be asked now: ${(error as Error).message}`, 30);
    }
  }
}

/** What is said of the parties: where they are, not who. */
const told = ({ seller, customer, categories, at }: TaxQuestion) => ({
  seller: { ...placeOf(seller.address), registrations: seller.registrations.map(({ jurisdiction }) => jurisdiction) },
  customer: {
    ...placeOf(customer.address),
    customer_type: customer.customer_type,
    tax_id_types: customer.tax_ids.map(({ type }) => type),
    exemptions: customer.exemptions.map(({ jurisdiction, from, to }) => ({ jurisdiction, from, to })),
    tax_behavior: customer.tax_behavior,
  },
  categories,
  at,
});

const placeOf = ({ country, subdivision, postal_code }: TaxQuestion['seller']['address']) => ({
  country,
  subdivision,
  postal_code,
});
