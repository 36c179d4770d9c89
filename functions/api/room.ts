import type { Account } from '../../shared/domain/account/account.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import type { LedgerOrigin } from '../../shared/domain/ids.ts';
import type { PlaceConfig } from '../../shared/edge/auth.ts';
import type { Config } from '../../shared/edge/config.ts';
import { type Cursors, limitOf } from '../../shared/edge/cursor.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, OperationRoom } from '../../shared/edge/http/operation.ts';
import type { Database } from '../../shared/ports/database.ts';
import type { VatRegistry } from '../../shared/ports/vat-registry.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { ApprovalStore } from '../../shared/stores/approval-store.ts';
import type { AuditStore } from '../../shared/stores/audit-store.ts';
import type { CatalogueStore } from '../../shared/stores/catalogue-store.ts';
import type { ConversionStore } from '../../shared/stores/conversion-store.ts';
import type { ErasureStore } from '../../shared/stores/erasure-store.ts';
import type { ExchangeRateStore } from '../../shared/stores/exchange-rate-store.ts';
import type { InvoiceStore } from '../../shared/stores/invoice-store.ts';
import type { KeyStore } from '../../shared/stores/key-store.ts';
import type { LimitStore } from '../../shared/stores/limit-store.ts';
import type { PaymentMethodStore } from '../../shared/stores/payment-method-store.ts';
import type { PersonalData } from '../../shared/stores/personal-data.ts';
import type { ProfileStore } from '../../shared/stores/profile-store.ts';
import type { ProofStore } from '../../shared/stores/proof-store.ts';
import type { PurgeStore } from '../../shared/stores/purge-store.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';
import type { SealStore } from '../../shared/stores/seal-store.ts';
import type { Taxes } from '../../shared/stores/taxes.ts';
import type { TermsStore } from '../../shared/stores/terms-store.ts';
import type { UsageRollups } from '../../shared/stores/usage-rollups.ts';
import type { UsageWindows } from '../../shared/stores/usage-windows.ts';
import type { RunInvoicesRoom } from '../run-invoices/run-invoices.ts';

/** What the operations work with. What they bill at once they bill as the invoice run does. */
export interface ApiRoom extends OperationRoom, RunInvoicesRoom {
  readonly database: Database;
  readonly catalogue: CatalogueStore;
  readonly approvals: ApprovalStore;
  /** minor units above which a credit, an adjustment or a refund takes two, where the organization has no limit of its own */
  readonly approvalLimit: bigint;
  readonly audit: AuditStore;
  readonly paymentMethods: PaymentMethodStore;
  readonly personal: PersonalData;
  readonly profiles: ProfileStore;
  readonly erasures: ErasureStore;
  readonly exchangeRates: ExchangeRateStore;
  readonly terms: TermsStore;
  readonly config: PlaceConfig & Pick<Config, 'seller' | 'publicUrl'>;
  readonly taxes: Taxes;
  /** undefined: VAT ids are checked by form and check digit alone */
  readonly vatRegistry: VatRegistry | undefined;
  readonly purges: PurgeStore;
  readonly hotWindowDays: number;
  readonly proofs: ProofStore;
  readonly seals: SealStore;
  readonly keys: KeyStore;
  readonly invoices: InvoiceStore;
  readonly limits: LimitStore;
  readonly conversion: ConversionStore;
  readonly rollups: UsageRollups;
  readonly usageWindows: UsageWindows;
  readonly reconciliation: ReconciliationStore;
  readonly vault: Vault;
  readonly cursors: Cursors;
  readonly newRequestId: () => string;
  readonly ledgerOrigin: LedgerOrigin;
}

/** A list's answer: one more row than asked for tells whether there is more. */
export const page = <T>(data: readonly T[], limit: number, cursorOf: (last: T) => string) => ({
  data: data.slice(0, limit),
  has_more: data.length > limit,
  next_cursor: data.length > limit ? cursorOf(data[limit - 1]!) : null,
});

/**
 * What a list is asked for: how many, and what comes before. Its answer has the cursor with which it goes on.
 * @param whose organization that the cursor is bound to; `*` for the platform
 * @throws BadInput `invalid_cursor`, `invalid_parameter`
 */
export function listing(
  { cursors }: Pick<ApiRoom, 'cursors'>,
  whose: string,
  list: string,
  query: Call['query'],
): {
  readonly limit: number;
  readonly after: string | undefined;
  /** @param rows one more than `limit`, where there are */
  readonly answer: <T>(rows: readonly T[], placeOf: (last: T) => string) => ApiAnswer;
} {
  const limit = limitOf(query['limit']);
  const cursor = query['cursor'];
  return {
    limit,
    after: cursor === undefined ? undefined : cursors.read(whose, list, cursor),
    answer: (rows, placeOf) => ({
      status: 200,
      json: page(rows, limit, (last) => cursors.write(whose, list, placeOf(last))),
    }),
  };
}

export const absent = (what: string): BadInput => new BadInput('not_found', `no such ${what}`);

/** The organization that a call acts on. @throws BadInput `not_found` */
export async function accountOf({ tenant }: Pick<Call, 'tenant'>, room: Pick<ApiRoom, 'accounts'>): Promise<Account> {
  const account = await room.accounts.get(tenant);
  if (account === undefined) throw absent('organization');
  return account;
}
