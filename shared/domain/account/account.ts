import { parseQuantity, type Quantity } from '../decimals.ts';
import { BadInput } from '../errors.ts';
import {
  type MetricName,
  parseMetricName,
  parseSubscriptionId,
  parseTenantId,
  type SubscriptionId,
  type TenantId,
} from '../ids.ts';
import { type DiscountTerms, parseDiscount } from '../invoice/discount.ts';
import { type DecidedTaxation, parseTaxDecision } from '../invoice/taxation.ts';
import { type Currency, parseCurrency } from '../money/currency.ts';
import { isCumulative, requireAggregation } from '../pricing/document.ts';
import { type PriceVersion, parsePriceVersion } from '../pricing/version.ts';
import { schemaCheck } from '../schema-check.ts';
import type { Proration } from '../subscription/proration.ts';
import { type Instant, type PeriodCalendar, parseInstant, parseZone } from '../time.ts';
import type { Aggregation } from '../usage/meter.ts';
import { type AccountJson, accountSchema } from './account-schema.ts';
import { type Entitlement, type Features, readEntitlements, readLimits, type UsageLimit } from './limits.ts';

export type { AccountJson } from './account-schema.ts';
export type { LimitAction, LimitPeriod, UsageLimit } from './limits.ts';

/** What is measured for a subscription and what it costs. */
export interface Meter {
  readonly name: MetricName;
  readonly eventType: string;
  readonly aggregation: Aggregation;
  /** member of the event's data that holds the measured value */
  readonly valueProperty: string;
  /** whether a quantity of 0 is usage or a mistake */
  readonly allowZero: boolean;
  /** members of the event's data by which usage is told apart in summaries; prices do not depend on them */
  readonly dimensions: readonly string[];
  /** oldest first; the version in force is the last one effective */
  readonly prices: readonly DatedPrice[];
}

/** A cell of a price matrix: events with all these properties cost this. */
export interface PriceCell {
  readonly match: Readonly<Record<string, string>>;
  readonly version: PriceVersion;
}

export interface DatedPrice {
  readonly effectiveFrom: Instant;
  /** what events cost that no cell fits; null where nothing is charged for the metric from then on, or cells are all there is */
  readonly version: PriceVersion | null;
  readonly cells: readonly PriceCell[];
}

/** A stretch of a recurring fee: from an instant on so many at this price; null: nothing is charged. */
export interface ItemPhase {
  readonly from: Instant;
  readonly quantity: Quantity;
  readonly price: PriceVersion | null;
}

/** A recurring fee, as phases of constant price and quantity, oldest first. */
export interface RecurringItem {
  readonly id: string;
  readonly timing: 'advance' | 'arrears';
  readonly proration: Proration;
  readonly phases: readonly ItemPhase[];
}

/** A minimum commitment, as phases; its documents say which meters it covers. */
export interface Commitment {
  readonly id: string;
  readonly proration: Proration;
  readonly phases: readonly { readonly from: Instant; readonly price: PriceVersion | null }[];
}

/** A discount on the invoices of a subscription that are issued from an instant on. */
export interface GrantedDiscount {
  readonly from: Instant;
  readonly terms: DiscountTerms;
}

export interface ChosenPlan {
  readonly from: Instant;
  readonly planId: string;
  readonly version: number;
  readonly addons: readonly string[];
}

export interface Subscription {
  readonly id: SubscriptionId;
  readonly startedAt: Instant;
  readonly trialEndsAt: Instant | undefined;
  /** what payment collection has decided */
  readonly standing: 'past_due' | 'suspended' | undefined;
  /** what was chosen of the catalogue, oldest first; the last one that has begun is in force */
  readonly plans: readonly ChosenPlan[];
  /** oldest first; the last one that has begun is in force */
  readonly entitlements: readonly Entitlement[];
  /** features that somebody granted (or, with `false`, took away) beside the plan */
  readonly featureOverrides: Features;
  /** usage from then on is refused, and the period is closed there; undefined where it goes on */
  readonly endedAt: Instant | undefined;
  readonly calendar: PeriodCalendar;
  readonly meters: readonly Meter[];
  readonly items: readonly RecurringItem[];
  readonly commitments: readonly Commitment[];
  readonly discounts: readonly GrantedDiscount[];
  /** stretches in which nothing is used and nothing charged; `to` is null while it lasts */
  readonly pauses: readonly { readonly from: Instant; readonly to: Instant | null }[];
}

/** One organization as billing sees it. */
export interface Account {
  readonly tenant: TenantId;
  /** Residency region that the organization is pinned to; where none is named, the one whose stack it was loaded into. */
  readonly region: string | undefined;
  readonly zone: string;
  readonly currency: Currency;
  /** what was decided about taxes on its invoices; undefined: they have none */
  readonly tax: DecidedTaxation | undefined;
  readonly latenessDays: number;
  readonly graceMinutes: number;
  /** minor units above which a credit, an adjustment or a refund takes two people; undefined for the platform's limit */
  readonly approvalLimit: bigint | undefined;
  readonly subscriptions: readonly Subscription[];
  readonly limits: readonly UsageLimit[];
}

const isAccount = schemaCheck<AccountJson>(accountSchema);

/** Reads an organization's document. @throws BadInput `invalid_catalogue` and what the parts throw */
export function parseAccount(value: unknown): Account {
  if (!isAccount(value)) {
    const error = isAccount.errors[0]!;
    const path = error.instancePath.slice(1).replaceAll('/', '.');
    throw new BadInput(
      'invalid_catalogue',
      `${path === '' ? 'the document' : path} ${error.message ?? 'is wrong'}`,
      path,
    );
  }
  const zone = parseZone(value.zone);
  const currency = parseCurrency(value.currency);
  const subscriptions = value.subscriptions.map((subscription, index) =>
    readSubscription(subscription, zone, currency, `subscriptions.${index}`),
  );
  requireUnique(
    subscriptions.map(({ id }) => id),
    'subscriptions',
  );
  requireOneDocumentPerRef(subscriptions);
  const measured = new Set(subscriptions.flatMap(({ meters }) => meters.map(({ name }) => name)));
  const limits = readLimits(value.limits ?? [], measured, 'limits');
  return {
    tenant: parseTenantId(value.organization_id),
    region: value.region,
    zone,
    currency,
    tax: value.tax === undefined ? undefined : parseTaxDecision(value.tax),
    latenessDays: value.lateness_days ?? 35,
    graceMinutes: value.grace_minutes ?? 60,
    approvalLimit: value.approval_limit === undefined ? undefined : BigInt(value.approval_limit),
    subscriptions,
    limits,
  };
}

type SubscriptionJson = AccountJson['subscriptions'][number];
type MeterJson = SubscriptionJson['meters'][number];

function readSubscription(json: SubscriptionJson, zone: string, currency: Currency, path: string): Subscription {
  const meters = json.meters.map((meter, index) => readMeter(meter, currency, `${path}.meters.${index}`));
  requireUnique(
    meters.map(({ name }) => name),
    `${path}.meters`,
  );
  requireUnique(
    meters.map(({ eventType }) => eventType),
    `${path}.meters.event_type`,
  );
  const startedAt = parseInstant(json.started_at, `${path}.started_at`);
  return {
    id: parseSubscriptionId(json.subscription_id, `${path}.subscription_id`),
    startedAt,
    trialEndsAt:
      json.trial_ends_at === undefined ? undefined : parseInstant(json.trial_ends_at, `${path}.trial_ends_at`),
    standing: json.standing,
    plans: (json.chosen ?? []).map(({ from, plan_id, version, addons }, index) => ({
      from: parseInstant(from, `${path}.chosen.${index}.from`),
      planId: plan_id,
      version: Number(version),
      // Each is `id@version`.
      addons: addons.map((addon) => addon.split('@')[0]!),
    })),
    entitlements: readEntitlements(
      json.entitlements ?? [],
      new Set(meters.map(({ name }) => name)),
      `${path}.entitlements`,
    ),
    featureOverrides: json.feature_overrides ?? {},
    endedAt: json.ended_at === undefined ? undefined : parseInstant(json.ended_at, `${path}.ended_at`),
    calendar: { ...json.calendar, anchor: parseInstant(json.calendar.anchor, `${path}.calendar.anchor`), zone },
    meters,
    items: (json.items ?? []).map((item, index) => readItem(item, currency, `${path}.items.${index}`)),
    commitments: (json.commitments ?? []).map((one, index) =>
      readCommitment(one, currency, `${path}.commitments.${index}`),
    ),
    discounts: (json.discounts ?? []).map(({ from, terms }, index) => ({
      from: parseInstant(from, `${path}.discounts.${index}.from`),
      terms: parseDiscount(terms, `${path}.discounts.${index}.terms`),
    })),
    pauses: (json.pauses ?? []).map(({ from, to }, index) => ({
      from: parseInstant(from, `${path}.pauses.${index}.from`),
      to: to === null ? null : parseInstant(to, `${path}.pauses.${index}.to`),
    })),
  };
}

type ItemJson = NonNullable<SubscriptionJson['items']>[number];
type CommitmentJson = NonNullable<SubscriptionJson['commitments']>[number];

function readItem(json: ItemJson, currency: Currency, path: string): RecurringItem {
  const phases = json.phases.map(({ from, quantity, document }, index) => ({
    from: parseInstant(from, `${path}.phases.${index}.from`),
    quantity: parseQuantity(quantity, `${path}.phases.${index}.quantity`),
    price: readPrice(document, currency, `${path}.phases.${index}`),
  }));
  requireOrder(phases, path);
  for (const { price } of phases) {
    if (price !== null && !isCumulative(price.document)) {
      throw new BadInput('invalid_price', 'a recurring fee is priced by its quantity', `${path}.phases`);
    }
  }
  return {
    id: parseMetricName(json.item_id, `${path}.item_id`),
    timing: json.timing,
    proration: json.proration,
    phases,
  };
}

function readCommitment(json: CommitmentJson, currency: Currency, path: string): Commitment {
  const phases = json.phases.map(({ from, document }, index) => ({
    from: parseInstant(from, `${path}.phases.${index}.from`),
    price: readPrice(document, currency, `${path}.phases.${index}`),
  }));
  requireOrder(phases, path);
  for (const { price } of phases) {
    if (price !== null && price.document.model.type !== 'minimum') {
      throw new BadInput('invalid_price', 'a commitment is a minimum', `${path}.phases`);
    }
  }
  return { id: parseMetricName(json.commitment_id, `${path}.commitment_id`), proration: json.proration, phases };
}

function readPrice(document: unknown, currency: Currency, path: string): PriceVersion | null {
  if (document === null) return null;
  const version = parsePriceVersion(document);
  if (version.document.currency === currency) return version;
  throw new BadInput('currency_mismatch', `the price is in ${version.document.currency}`, path);
}

/** Two phases of one instant are two decisions of one instant: the later one holds, and both are billed as they came. */
function requireOrder(phases: readonly { readonly from: Instant }[], path: string): void {
  for (const [i, { from }] of phases.entries()) {
    if (i > 0 && from < phases[i - 1]!.from) throw new BadInput('invalid_catalogue', 'phases are out of order', path);
  }
}

function readMeter(json: MeterJson, currency: Currency, path: string): Meter {
  const name = parseMetricName(json.metric_name, `${path}.metric_name`);
  if (json.aggregation === 'unique_count' && json.value_property === undefined) {
    throw new BadInput('invalid_catalogue', 'a unique_count says which property it counts', `${path}.value_property`);
  }
  const prices = json.prices
    .map(({ effective_from, document, cells = [] }, index) => {
      const at = `${path}.prices.${index}`;
      const priced = (one: unknown): PriceVersion | null => {
        const version = readPrice(one, currency, at);
        if (version !== null) requireAggregation(version.document, json.aggregation);
        return version;
      };
      return {
        effectiveFrom: parseInstant(effective_from, `${at}.effective_from`),
        version: priced(document),
        cells: cells.map((cell) => ({ match: cell.match as PriceCell['match'], version: priced(cell.document)! })),
      };
    })
    .sort((a, b) => (a.effectiveFrom < b.effectiveFrom ? -1 : 1));
  requireUnique(
    prices.map(({ effectiveFrom }) => effectiveFrom),
    `${path}.prices.effective_from`,
  );
  return {
    name,
    eventType: json.event_type ?? name,
    aggregation: json.aggregation,
    valueProperty: json.value_property ?? 'quantity',
    allowZero: json.allow_zero ?? (json.aggregation === 'max' || json.aggregation === 'last'),
    dimensions: json.dimensions ?? [],
    prices,
  };
}

/** A receipt names its price by reference and digest: in one ledger a reference stands for one document. */
function requireOneDocumentPerRef(subscriptions: readonly Subscription[]): void {
  const digests = new Map<string, string>();
  for (const version of subscriptions.flatMap(versionsOf)) {
    if ((digests.get(version.ref) ?? version.digest) !== version.digest) {
      throw new BadInput('invalid_catalogue', `${version.ref} names two different price documents`, 'subscriptions');
    }
    digests.set(version.ref, version.digest);
  }
}

/** Every price version that a subscription names. */
export const versionsOf = ({ meters, items, commitments }: Subscription): PriceVersion[] => [
  ...meters.flatMap(({ prices }) => prices.flatMap(versionsIn)),
  ...[...items, ...commitments].flatMap(({ phases }) => phases.flatMap(({ price }) => price ?? [])),
];

/** The price versions that are in force together. */
export const versionsIn = ({ version, cells }: DatedPrice): PriceVersion[] => [
  ...(version === null ? [] : [version]),
  ...cells.map((cell) => cell.version),
];

function requireUnique(values: readonly string[], param: string): void {
  if (new Set(values).size !== values.length) throw new BadInput('invalid_catalogue', 'named twice', param);
}

function datedPrice(meter: Meter, instant: Instant): DatedPrice | undefined {
  let found: DatedPrice | undefined;
  for (const dated of meter.prices) if (dated.effectiveFrom <= instant) found = dated;
  return found;
}

/** Whether prices of an instant depend on the properties of an event. */
export const isMatrix = (meter: Meter, instant: Instant): boolean =>
  (datedPrice(meter, instant)?.cells.length ?? 0) > 0;

/**
 * The price version in force at an instant; undefined where there is none.
 * @param properties of the event, where its price is a matrix: the first cell that fits decides
 */
export function priceAt(
  meter: Meter,
  instant: Instant,
  properties: Readonly<Record<string, string>> = {},
): PriceVersion | undefined {
  const dated = datedPrice(meter, instant);
  if (dated === undefined || dated.cells.length === 0) return dated?.version ?? undefined;
  const cell = dated.cells.find(({ match }) =>
    Object.entries(match).every(([name, value]) => Object.hasOwn(properties, name) && properties[name] === value),
  );
  return cell?.version ?? dated.version ?? undefined;
}

/** From when to when the price of an instant is in force; undefined where properties choose it, or there is none. */
export function priceStretch(meter: Meter, instant: Instant): { from: Instant; to: Instant | undefined } | undefined {
  const dated = datedPrice(meter, instant);
  if (dated === undefined || dated.cells.length > 0) return undefined;
  const next = meter.prices.find(({ effectiveFrom }) => effectiveFrom > instant);
  return { from: dated.effectiveFrom, to: next?.effectiveFrom };
}

/** Every price that events of an instant may be rated by. */
export function pricesAt(meter: Meter, instant: Instant): PriceVersion[] {
  const dated = datedPrice(meter, instant);
  return dated === undefined ? [] : versionsIn(dated);
}
