import type { DefinedError } from 'ajv';
import { canonicalBytes, type Json } from '../canonical.ts';
import { formatQuantity, parseQuantity } from '../decimals.ts';
import { sha256Base64url } from '../digest.ts';
import { BadInput } from '../errors.ts';
import { parseCurrency } from '../money/currency.ts';
import {
  isCumulative,
  normalisedPriceJson,
  type PriceDocument,
  parsePriceDocument,
  requireAggregation,
} from '../pricing/document.ts';
import type { PriceModelJson } from '../pricing/schema.ts';
import { schemaCheck } from '../schema-check.ts';
import { parseInstant } from '../time.ts';
import { requireDisjoint } from './matrix.ts';
import { commitmentPart, feePart, type PricedPart, priceOf, trialPart, usageParts } from './parts.ts';
import { type MetricJson, metricSchema, type PlanJson, planSchema } from './schema.ts';

const OPTIONS = { strictTypes: false, allowUnionTypes: true, discriminator: true, useDefaults: false } as const;
const isMetric = schemaCheck<MetricJson>(metricSchema, OPTIONS);
const isPlan = schemaCheck<PlanJson>(planSchema, OPTIONS);

/** One version of a plan: immutable once it is published. */
export interface PlanVersion {
  readonly planId: string;
  /** from 1, one more with every edit after a publication */
  readonly version: number;
  readonly plan: PlanJson;
}

/** Reads a metric. @throws BadInput `invalid_catalogue` */
export function parseMetric(value: unknown): MetricJson {
  if (!isMetric(value)) throw misshapen(isMetric.errors[0]!);
  if (value.aggregation === 'unique_count' && value.value_property === undefined) {
    throw new BadInput('invalid_catalogue', 'a unique_count says which property it counts', 'value_property');
  }
  return value;
}

/** The CloudEvents type of the events that a metric reads. */
export const eventTypeOf = ({ event_type, metric_name }: MetricJson): string => event_type ?? metric_name;

/**
 * Reads a plan and holds what a schema cannot: names once, prices that can be charged on their metrics, cells that do not
 * overlap.
 * @param metrics those that the catalogue knows, by name
 * @returns the plan in its one normal form: what may be left out is filled in, numbers and instants are canonical
 * @throws BadInput `invalid_catalogue`, `invalid_price`, `invalid_currency`, `invalid_quantity`, `invalid_instant`
 */
export function parsePlan(value: unknown, metrics: ReadonlyMap<string, MetricJson>): PlanJson {
  if (!isPlan(value)) throw misshapen(isPlan.errors[0]!);
  parseCurrency(value.currency);
  const { fees = [], usage = [], limits = [] } = value;
  const once = (names: readonly string[], param: string): void => {
    if (new Set(names).size !== names.length) throw new BadInput('invalid_catalogue', 'named twice', param);
  };
  once(namesOf(fees, 'item_id'), 'fees');
  once(namesOf(usage, 'metric_name'), 'usage');
  once(namesOf(limits, 'limit_id'), 'limits');
  const measured = new Map(usage.map((priced, i) => [priced.metric_name, readUsage(value, priced, metrics, i)]));
  once([...measured.values()].map(eventTypeOf), 'usage');
  for (const [i, fee] of fees.entries()) {
    if (isCumulative(readPart(value, feePart(fee), `fees.${i}`))) continue;
    throw new BadInput('invalid_price', 'a recurring fee is priced by its quantity', `fees.${i}.model`);
  }
  const need = (name: string, param: string): void => {
    if (!measured.has(name)) throw unknownMetric(name, param);
  };
  for (const [i, { metric_name, quantity }] of limits.entries()) {
    need(metric_name, `limits.${i}.metric_name`);
    parseQuantity(quantity, `limits.${i}.quantity`);
  }
  for (const name of value.commitment?.covers ?? []) need(name, 'commitment.covers');
  // A receipt names its price by its id: two parts of one plan never share one.
  once(namesOf(partsOf(value), 'name'), 'usage');
  return normalised(value);
}

function readUsage(
  plan: PlanJson,
  priced: NonNullable<PlanJson['usage']>[number],
  metrics: ReadonlyMap<string, MetricJson>,
  i: number,
): MetricJson {
  const metric = metrics.get(priced.metric_name);
  if (metric === undefined) throw unknownMetric(priced.metric_name, `usage.${i}.metric_name`);
  if ((priced.model === undefined) === (priced.matrix === undefined)) {
    throw new BadInput('invalid_catalogue', 'usage has a model or a matrix', `usage.${i}`);
  }
  const { cells, otherwise } = usageParts(priced);
  const own = priced.matrix === undefined ? `usage.${i}` : `usage.${i}.matrix.otherwise`;
  if (otherwise !== undefined) requireAggregation(readPart(plan, otherwise, own), metric.aggregation);
  for (const [at, cell] of cells.entries()) {
    requireAggregation(readPart(plan, cell, `usage.${i}.matrix.cells.${at}`), metric.aggregation);
  }
  if (priced.matrix !== undefined) requireDisjoint(priced.matrix.cells, metric, `usage.${i}.matrix.cells`);
  return metric;
}

/** Reads a part's price; what is wrong is said with the place in the plan. */
function readPart(plan: PlanJson, part: PricedPart, path: string): PriceDocument {
  try {
    return parsePriceDocument(priceOf(plan, 1, part));
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    throw new BadInput(error.code, error.message, error.param === undefined ? path : `${path}.${error.param}`);
  }
}

function partsOf({ fees = [], usage = [], commitment }: PlanJson): PricedPart[] {
  return [
    ...usage.flatMap((priced) => {
      const { cells, otherwise } = usageParts(priced);
      return [...cells, ...(otherwise === undefined ? [] : [otherwise]), trialPart(priced.metric_name)];
    }),
    ...fees.map(feePart),
    ...(commitment === undefined ? [] : [commitmentPart(commitment)]),
  ];
}

/** The same plan in the same bytes, however it was written. */
function normalised(plan: PlanJson): PlanJson {
  const model = (json: unknown) => modelOf(plan, json as PriceModelJson);
  const { commitment, effective_from } = plan;
  return {
    ...plan,
    kind: plan.kind ?? 'plan',
    anchor: plan.anchor ?? 'anniversary',
    timing: plan.timing ?? 'advance',
    proration: plan.proration ?? 'second',
    trial_days: plan.trial_days ?? 0,
    fees: (plan.fees ?? []).map((fee) => ({ ...fee, quantity: fee.quantity ?? 'fixed', model: model(fee.model) })),
    usage: (plan.usage ?? []).map((priced) => ({
      ...priced,
      ...(priced.model === undefined ? {} : { model: model(priced.model) }),
      ...(priced.matrix === undefined
        ? {}
        : {
            matrix: {
              cells: priced.matrix.cells.map((cell) => ({ ...cell, model: model(cell.model) })),
              otherwise: priced.matrix.otherwise == null ? null : model(priced.matrix.otherwise),
            },
          }),
    })),
    ...(commitment === undefined ? {} : { commitment: commitmentOf(plan, commitment) }),
    limits: (plan.limits ?? []).map((limit) => ({ ...limit, quantity: formatQuantity(parseQuantity(limit.quantity)) })),
    features: plan.features ?? {},
    addons: plan.addons ?? [],
    metadata: plan.metadata ?? {},
    ...(effective_from === undefined ? {} : { effective_from: parseInstant(effective_from, 'effective_from') }),
  };
}

type ModelJson = NonNullable<NonNullable<PlanJson['usage']>[number]['model']>;

const modelOf = (plan: PlanJson, model: PriceModelJson): ModelJson =>
  normalisedPriceJson(parsePriceDocument(priceOf(plan, 1, { name: 'part', model, taxCategory: undefined })))
    .model as unknown as ModelJson;

function commitmentOf(plan: PlanJson, commitment: NonNullable<PlanJson['commitment']>) {
  const { amount, covers } = modelOf(plan, commitmentPart(commitment).model) as { amount: string; covers: string[] };
  return { amount, covers };
}

const namesOf = <K extends string>(rows: readonly { readonly [key in K]: string }[], key: K): string[] =>
  rows.map((row) => row[key]);

const unknownMetric = (name: string, param: string): BadInput =>
  new BadInput('invalid_catalogue', `the catalogue has no metric ${name} here`, param);

function misshapen(error: DefinedError): BadInput {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  const detail = `${path === '' ? 'it' : path} ${error.message ?? 'is wrong'}`;
  return new BadInput('invalid_catalogue', detail, path || undefined);
}

/** What a version is known by: SHA-256 over the RFC 8785 form of the normalised plan. */
export const planDigest = (plan: PlanJson): string => sha256Base64url(canonicalBytes(plan as unknown as Json));
