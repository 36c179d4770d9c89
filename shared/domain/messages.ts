/** Doorbells between functions: who rings, who answers. Messages carry names of rows, never what is in them. */
export const TOPICS = {
  /** batches of `tenant` wait to become receipts */
  usageAccepted: 'usage-accepted',
  /** the log of `tenant` grew */
  receiptsAppended: 'receipts-appended',
  /** seal `n` is signed and published */
  ledgerSealed: 'ledger-sealed',
  /** invoice `number` of `tenant` was issued */
  periodInvoiced: 'period-invoiced',
  /** something of `tenant` is due to be invoiced */
  periodDue: 'period-due',
} as const;

/** Which function answers which doorbell; the subscription carries the function's name. */
export const SUBSCRIPTIONS = [
  { name: 'sign-receipts', topic: TOPICS.usageAccepted },
  { name: 'seal-ledger', topic: TOPICS.receiptsAppended },
  { name: 'archive-period', topic: TOPICS.ledgerSealed },
  { name: 'archive-period-invoiced', topic: TOPICS.periodInvoiced },
  { name: 'run-invoices', topic: TOPICS.periodDue },
] as const;

/**
 * Doorbells of the whole ledger have no order: one says what any other does, and one key for all tenants would be answered one
 * at a time, however many ring.
 */
export const NO_ORDER = '';

export const usageAccepted = (tenant: string) => ({
  topic: TOPICS.usageAccepted,
  orderingKey: tenant,
  attributes: { tenant },
});

export const receiptsAppended = () => ({ topic: TOPICS.receiptsAppended, orderingKey: NO_ORDER, attributes: {} });

export const ledgerSealed = (n: number) => ({
  topic: TOPICS.ledgerSealed,
  orderingKey: NO_ORDER,
  attributes: { seal: String(n) },
});

export const periodInvoiced = (tenant: string, number: string) => ({
  topic: TOPICS.periodInvoiced,
  orderingKey: tenant,
  attributes: { tenant, number },
});

export const periodDue = (tenant: string) => ({
  topic: TOPICS.periodDue,
  orderingKey: tenant,
  attributes: { tenant },
});
