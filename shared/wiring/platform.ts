import type { KnownTail } from '../../functions/reconcile-chain/tail-check.ts';
import { OutsideTaxEngine } from '../adapters/tax/outside-engine.ts';
import { Vies } from '../adapters/tax/vies.ts';
import type { Account } from '../domain/account/account.ts';
import { base64url } from '../domain/canonical.ts';
import type { DecidedTaxation } from '../domain/invoice/taxation.ts';
import type { Instant } from '../domain/time.ts';
import { type Callers, countedCallers, sharedSecretCallers } from '../edge/callers.ts';
import type { Config } from '../edge/config.ts';
import { observedPorts } from '../edge/telemetry/ports.ts';
import type { Database } from '../ports/database.ts';
import type { KeyWrapper } from '../ports/key-wrapper.ts';
import type { KeyPurpose, Signer } from '../ports/signer.ts';
import { AccountStore } from '../stores/account-store.ts';
import { ApprovalStore } from '../stores/approval-store.ts';
import { Archive } from '../stores/archive.ts';
import { AuditStore } from '../stores/audit-store.ts';
import { Backlog } from '../stores/backlog.ts';
import { CatalogueStore } from '../stores/catalogue-store.ts';
import { ConversionStore } from '../stores/conversion-store.ts';
import { type Drafter, Draftsman } from '../stores/draftsman.ts';
import { ErasureStore } from '../stores/erasure-store.ts';
import { ExchangeRateStore } from '../stores/exchange-rate-store.ts';
import { IdempotencyStore } from '../stores/idempotency-store.ts';
import { InvoiceStore } from '../stores/invoice-store.ts';
import { KeyStore } from '../stores/key-store.ts';
import { LedgerStore } from '../stores/ledger-store.ts';
import { LimitStore } from '../stores/limit-store.ts';
import { Notary } from '../stores/notary.ts';
import { OpeningStore } from '../stores/opening-store.ts';
import { PaymentMethodStore } from '../stores/payment-method-store.ts';
import { PersonalData } from '../stores/personal-data.ts';
import { ProfileStore } from '../stores/profile-store.ts';
import { type Projected, Projector } from '../stores/projector.ts';
import { ProofStore } from '../stores/proof-store.ts';
import { PurgeStore } from '../stores/purge-store.ts';
import { ReconciliationStore } from '../stores/reconciliation-store.ts';
import { RegistryStore } from '../stores/registry-store.ts';
import { RetirementStore } from '../stores/retirement-store.ts';
import { SealStore } from '../stores/seal-store.ts';
import { SellerStore } from '../stores/seller-store.ts';
import { SetAsideStore } from '../stores/set-aside-store.ts';
import { OWN_TABLES, Taxes } from '../stores/taxes.ts';
import { TermsStore } from '../stores/terms-store.ts';
import { type RollupRetention, UsageRollups } from '../stores/usage-rollups.ts';
import { UsageStore } from '../stores/usage-store.ts';
import { UsageWindows } from '../stores/usage-windows.ts';
import { guessesFor, limiterFor, tokensFor } from './access.ts';
import { type LocalPortsOptions, openLocalPorts } from './local-ports.ts';
import type { Base, Ports } from './ports.ts';

const PURPOSES: readonly KeyPurpose[] = ['checkpoint', 'evidence'];

/** Every store of the suite over whichever ports this process has; what needs a port that it lacks is undefined. */
export async function assemble<P extends Partial<Ports> & Pick<Ports, 'database'>>(
  base: Base,
  opened: P,
  callers: Callers,
) {
  const { config, entropy } = base;
  const engine =
    config.platform === 'cloud'
      ? ({ system: 'gcp.spanner', namespace: config.spannerDatabase } as const)
      : ({ system: 'sqlite', namespace: 'store' } as const);
  const ports = observedPorts(opened, engine);
  const { database } = ports;
  const keys = new KeyStore(database);
  const guesses = guessesFor(config);
  const personal = new PersonalData(database, ports.wrapper ?? NO_WRAPPER, entropy, base.clock);
  const rollups = new UsageRollups(database, entropy, retentionOf(config), personal);
  const drafter = base.drafter ?? new Draftsman(database, { ledger: config.ledgerOrigin, entropy }, personal, rollups);
  // In the cloud others bill what this process accepts.
  const backlog = config.platform === 'cloud' ? undefined : new Backlog(config.backlogEvents);
  await backlog?.recount(database);
  const stores = storesOf(ports, new Archive(database, ports.vault), personal, base, { drafter, backlog });
  if (ports.signer !== undefined) await adoptKeys(ports.signer, keys);
  return {
    ...base,
    ...ports,
    ...stores,
    ...usageViewsOf(database, personal, base, rollups),
    personal,
    keys,
    notary: (ports.signer === undefined ? undefined : new Notary(ports.signer, keys)) as NotaryOf<P>,
    callers: countedCallers(callers, guesses, config.forwardedHops, base.clock),
    guesses,
    /** how far each tenant's mirror is known to be whole */
    mirrored: new Map<string, number>(),
    /** pages of each log's last hours that were found whole */
    tails: new Map<string, KnownTail>(),
    projector: (ports.projections === undefined
      ? undefined
      : new Projector(database, ports.projections)) as ProjectorOf<P>,
    /** how far each tenant's read models are known to be up to date */
    projected: new Map<string, Projected>(),
    nextTurn: base.nextTurn ?? (() => new Promise<void>((resolve) => setImmediate(resolve))),
    ledgerOrigin: config.ledgerOrigin,
    invoicePrefix: config.invoicePrefix,
    ...taxesFor(
      stores.profiles,
      new SellerStore(database, base.clock, config.invoicePrefix, config.seller ?? undefined),
      config,
    ),
    approvalLimit: BigInt(config.approvalLimit),
    tokens: tokensFor(config),
    rateLimiter: limiterFor(config),
    sealIntervalSeconds: config.sealIntervalSeconds,
    hotWindowDays: config.hotWindowDays,
    newRequestId: () => `req_${base64url(entropy.bytes(12))}`,
  };
}

/** A function that reads no personal data is given no way to. */
const nowhere = (): never => {
  throw new Error('this process holds no wrapping key');
};
const NO_WRAPPER: KeyWrapper = { wrap: nowhere, unwrap: nowhere };

type NotaryOf<P> = P extends Pick<Ports, 'signer'> ? Notary : undefined;
type ProjectorOf<P> = P extends Pick<Ports, 'projections'> ? Projector : undefined;

function storesOf(
  { database, vault }: Partial<Ports> & Pick<Ports, 'database'>,
  archive: Archive,
  personal: PersonalData,
  { config, entropy, clock }: Base,
  { drafter, backlog }: { readonly drafter: Drafter; readonly backlog: Backlog | undefined },
) {
  const profiles = new ProfileStore(database, personal);
  return {
    archive,
    accounts: new AccountStore(database, config.region),
    usage: new UsageStore(database, entropy, personal, backlog),
    idempotencyKeys: new IdempotencyStore(database, entropy),
    ledger: new LedgerStore(database, entropy, config.ledgerOrigin, personal, archive, drafter, backlog, clock),
    seals: new SealStore(database, config.ledgerOrigin, vault),
    proofs: new ProofStore(database, config.ledgerOrigin, archive),
    openings: new OpeningStore(database),
    invoices: new InvoiceStore(database),
    catalogue: new CatalogueStore(database),
    approvals: new ApprovalStore(database),
    audit: new AuditStore(database),
    paymentMethods: new PaymentMethodStore(database),
    profiles,
    erasures: new ErasureStore(database, personal, profiles, entropy),
    purges: new PurgeStore(database),
    exchangeRates: new ExchangeRateStore(database),
    terms: new TermsStore(database),
    reconciliation: new ReconciliationStore(database),
    registry: new RegistryStore(database, entropy),
    retirements: new RetirementStore(database),
    setAside: new SetAsideStore(database),
  };
}

/** Who decides taxes, and who knows whether a VAT id is in force. */
function taxesFor(profiles: ProfileStore, sellers: SellerStore, config: Config) {
  const { taxEngineUrl: url, taxEngineToken: token, viesUrl } = config;
  const engine = url === '' ? OWN_TABLES : new OutsideTaxEngine({ url, token });
  const taxes = new Taxes(profiles, sellers, engine);
  return {
    sellers,
    taxes,
    vatRegistry: viesUrl === '' ? undefined : new Vies(viesUrl),
    taxationOf: (account: Account, at: Instant): Promise<DecidedTaxation | undefined> => taxes.of(account, at),
  };
}

export const retentionOf = (config: Config): RollupRetention => ({
  minutes: config.usageMinutesDays,
  quarters: config.usageSummaryDays,
});

/** What tenants see of their usage and limits right after it was accepted. */
function usageViewsOf(database: Database, personal: PersonalData, { config, entropy }: Base, rollups: UsageRollups) {
  const usageWindows = new UsageWindows(database, entropy, rollups, retentionOf(config), personal);
  return { rollups, usageWindows, limits: new LimitStore(database), conversion: new ConversionStore(database) };
}

/** Every adapter and store of the embedded suite, opened on one folder that this process now owns. */
export async function openLocalPlatform(options: LocalPortsOptions) {
  const { config } = options;
  const { ports, close } = await openLocalPorts(options);
  try {
    const callers = sharedSecretCallers(config.callerToken);
    return { ...(await assemble(options, ports, callers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

export type Platform = Awaited<ReturnType<typeof openLocalPlatform>>;

/** Sees to it that each purpose has a key in force. A key made just before a crash is adopted, not made again. */
async function adoptKeys(signer: Signer, keys: KeyStore): Promise<void> {
  const held = await signer.publicKeys();
  const known = new Set((await keys.keyset()).keys.map(({ kid }) => kid));
  for (const purpose of PURPOSES) {
    const fresh = held.filter((key) => key.purpose === purpose && !known.has(key.kid));
    const inForce = held.some((key) => key.purpose === purpose && known.has(key.kid));
    if (inForce) continue;
    await keys.adopt(fresh.at(-1) ?? (await signer.createKey(purpose)));
  }
}
