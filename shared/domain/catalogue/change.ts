import type { PriceDocumentJson } from '../pricing/schema.ts';
import { parsePriceVersion, priceVersion } from '../pricing/version.ts';
import type { SubscriptionJson } from '../subscription/lifecycle.ts';
import { type Instant, later } from '../time.ts';
import {
  type Choice,
  type CommitmentJson,
  chosenFrom,
  compiled,
  type DatedJson,
  type From,
  type ItemJson,
  type MeterJson,
  meterOf,
  type Priced,
  trialPrice,
} from './compile.ts';
import { shortened } from './parts.ts';

type Document = Record<string, unknown> | null;

/**
 * Another choice from an instant on: the plan, its add-ons, the seats. What stays the same goes on untouched; what the new
 * choice does not have is charged no more; everything that was planned for later is dropped.
 *
 * A trial goes on until its end: features and limits change at once, and what costs begins where the trial ends.
 */
export function changeSubscription(subscription: SubscriptionJson, choice: Choice, at: Instant): SubscriptionJson {
  const trialEndsAt = subscription.trial_ends_at as Instant | undefined;
  const chargedFrom = trialEndsAt === undefined ? at : later(at, trialEndsAt);
  const parts = compiled(choice, chargedFrom);
  const { proration = 'second' } = choice.plan.plan;
  const meters = new Map(subscription.meters.map((meter) => [meter.metric_name, meter]));
  for (const name of parts.prices.keys()) {
    if (!meters.has(name)) meters.set(name, { ...meterOf(choice.metrics.get(name)!), prices: [] });
  }
  const commitments = new Map((subscription.commitments ?? []).map((one) => [one.commitment_id, one]));
  for (const commitment_id of parts.commitments.keys()) {
    if (!commitments.has(commitment_id)) commitments.set(commitment_id, { commitment_id, proration, phases: [] });
  }
  return {
    ...subscription,
    chosen: [...(subscription.chosen ?? []).filter(({ from }) => from < at), chosenFrom(choice, at)],
    entitlements: [...(subscription.entitlements ?? []).filter(({ from }) => from < at), { from: at, ...parts.grants }],
    meters: [...meters.values()].map((meter) => {
      const prices = parts.prices.get(meter.metric_name) ?? [{ from: at, value: { document: null } }];
      const onTrial = parts.prices.has(meter.metric_name) && at < chargedFrom && !isFreeAt(meter, at);
      const trial = onTrial ? [{ from: at, value: trialPrice(choice, meter.metric_name) }] : [];
      return withPrices(meter, [...trial, ...prices]);
    }),
    items: changedItems(subscription.items ?? [], parts.items, chargedFrom),
    commitments: [...commitments.values()].map((one): CommitmentJson => {
      const next = { from: chargedFrom, document: asDocument(parts.commitments.get(one.commitment_id)) };
      const phases = one.phases.filter(({ from }) => from <= chargedFrom);
      const stays = saysTheSame(phases.at(-1)?.document ?? null, next.document);
      return { ...one, phases: stays ? phases : [...phases, next] };
    }),
  };
}

const asDocument = (document: PriceDocumentJson | undefined): Document =>
  document === undefined ? null : { ...document };

function isFreeAt({ prices }: MeterJson, at: Instant): boolean {
  const held = prices.findLast(({ effective_from }) => effective_from <= at);
  if (held === undefined || held.document === null || (held.cells ?? []).length > 0) return false;
  const { model } = parsePriceVersion(held.document).document;
  return model.type === 'per_unit' && model.unitAmount === 0n;
}

/**
 * A meter with other prices from an instant on. The documents of what costs the same are kept: with another document usage
 * would be counted from nothing.
 */
function withPrices(meter: MeterJson, next: readonly From<Priced>[]): MeterJson {
  const [first, ...rest] = next;
  const prices = meter.prices.filter(({ effective_from }) => effective_from <= first!.from);
  for (const { from, value } of [first!, ...rest]) {
    const last = prices.at(-1);
    const kept = last === undefined ? value : continued(last, value);
    if (last !== undefined && isSame(last, kept)) continue;
    if (last?.effective_from === from) prices.pop();
    prices.push({ effective_from: from, ...kept });
  }
  return { ...meter, prices };
}

/** The next price, with the documents of the last one wherever they say the same. */
function continued(last: DatedJson, next: Priced): Priced {
  const keep = <D>(before: unknown, after: D): D => (saysTheSame(before, after) ? (before as D) : after);
  const cells = next.cells?.map((cell) => {
    const before = last.cells?.find(({ match }) => isSameMatch(match, cell.match));
    return before === undefined ? cell : { ...cell, document: keep(before.document, cell.document) };
  });
  return { document: keep(last.document, next.document), ...(cells === undefined ? {} : { cells }) };
}

function isSame(one: DatedJson, other: Priced): boolean {
  const [before, after] = [one.cells ?? [], other.cells ?? []];
  return (
    saysTheSame(one.document, other.document) &&
    before.length === after.length &&
    before.every(
      (cell, i) => isSameMatch(cell.match, after[i]!.match) && saysTheSame(cell.document, after[i]!.document),
    )
  );
}

function isSameMatch(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

type CompiledItems = ReturnType<typeof compiled>['items'];

/**
 * The items with other phases from an instant on. An item is charged in one way all its life; where the new choice charges
 * it in another (in arrears, say), that is an item beside it.
 */
function changedItems(items: readonly ItemJson[], next: CompiledItems, at: Instant): ItemJson[] {
  const changed = new Map(items.map((item) => [item.item_id, stopped(item, at)]));
  const before = new Map(items.map((item) => [item.item_id, item]));
  for (const [name, { timing, proration, quantity, prices }] of next) {
    const isOther = (id: string): boolean => {
      const item = before.get(id);
      return item !== undefined && (item.timing !== timing || item.proration !== proration);
    };
    const item_id = isOther(name) ? shortened(`${name}.${timing}-${proration}`) : name;
    const phases = prices.map(({ from, value }) => ({ from, quantity, document: asDocument(value) }));
    const item = before.get(item_id) ?? { item_id, timing, proration, phases: [] };
    changed.set(item_id, phases.reduce(withPhase, withoutLater(item, at)));
  }
  return [...changed.values()];
}

const withoutLater = (item: ItemJson, at: Instant): ItemJson => ({
  ...item,
  phases: item.phases.filter(({ from }) => from <= at),
});

const stopped = (item: ItemJson, at: Instant): ItemJson =>
  withPhase(withoutLater(item, at), { from: at, quantity: '0', document: null });

function withPhase(item: ItemJson, next: ItemJson['phases'][number]): ItemJson {
  const last = item.phases.at(-1);
  const stays =
    last === undefined
      ? next.document === null
      : saysTheSame(last.document, next.document) && (next.document === null || last.quantity === next.quantity);
  return stays ? item : { ...item, phases: [...item.phases, next] };
}

/** Whether two price documents are one price: the same but for their version. */
export function saysTheSame(one: unknown, other: unknown): boolean {
  if (one === null || other === null) return one === other;
  return unversioned(one) === unversioned(other);
}

const unversioned = (document: unknown): string =>
  priceVersion({ ...parsePriceVersion(document).document, version: '1' }).digest;
