import type { Determined, TaxQuestion } from '../domain/tax/determine.ts';

/** Who decides taxes: our own tables, or an engine outside that also knows what lies below a state. */
export interface TaxEngine {
  /**
   * Decides the taxes on what is supplied; the same question has the same answer, or a preview would not be the invoice.
   * @throws TryAgain when it cannot answer now
   */
  decide(question: TaxQuestion): Promise<Determined>;
}
