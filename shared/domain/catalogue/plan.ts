import { Ajv, type DefinedError } from 'ajv';
import { canonicalBytes, type Json } from '../canonical.ts';
import { parseQuantity } from '../decimals.ts';
import { sha256Base64url, sha256Hex } from '../digest.ts';
import { BadInput } from '../errors.ts';
import { parseCurrency } from '../money/currency.ts';
import { isCumulative, parsePriceDocument, requireAggregation } from '../pricing/document.ts';
import type { PriceDocumentJson, PriceModelJson } from '../pricing/schema.ts';
import type { Aggregation } from '../usage/meter.ts';
import { type MetricJson, metricSchema, type PlanJson, planSchema } from './schema.ts';

const ajv = new Ajv({ strictTypes: false, allowUnionTypes: true, discriminator: true, useDefaults: false });
const isMetric = ajv.compile<MetricJson>(metricSchema);
const isPlan = ajv.compile<PlanJson>(planSchema);

/** One version of a plan: immutable once it is published. */
export interface PlanVersion {
  readonly planId: string;
  /** from 1, one more with every edit after a publication */
  readonly version: number;
  readonly plan: PlanJson;
}

/** Reads a metric. @throws BadInput `invalid_catalogue` */
export function parseMetric(value: unknown): MetricJson {
  if (!isMetric(value)) throw misshapen((isMetric.errors as DefinedError[])[0]!);
  if (value.aggregation === 'unique_count' && value.value_property === undefined) {
    throw new BadInput('invalid_catalogue', 'a unique_count says which property it counts', 'value_property');
  }
  return value;
}

/**
 * Reads a plan and holds what a schema cannot: names once, prices that can be charged on their metrics, cells that do not
 * overlap. What is published is what was read here.
 * @param metrics those that the catalogue knows, by name
 * @throws BadInput `invalid_catalogue`, `invalid_price`, `invalid_currency`
 */
export function parsePlan(value: unknown, metrics: ReadonlyMap<string, MetricJson>): PlanJson {
  if (!isPlan(value)) throw misshapen((isPlan.errors as DefinedError[])[0]!);
  parseCurrency(value.currency);
  const { fees = [], usage = [], limits = [] } = value;
  requireOnce(
    fees.map(({ item_id }) => item_id),
    'fees',
  );
  requireOnce(
    usage.map(({ metric_name }) => metric_name),
    'usage',
  );
  requireOnce(
    limits.map(({ limit_id }) => limit_id),
    'limits',
  );
  for (const [i, { model }] of fees.entries()) {
    const price = parsePriceDocument(priceOf(value, 'fee', 1, model as PriceModelJson));
    if (!isCumulative(price))
      throw new BadInput('invalid_price', 'a recurring fee is priced by its quantity', `fees.${i}.model`);
  }
  for (const [i, priced] of usage.entries()) {
    const metric = metrics.get(priced.metric_name);
    if (metric === undefined) throw unknownMetric(priced.metric_name, `usage.${i}.metric_name`);
    if ((priced.model === undefined) === (priced.matrix === undefined)) {
      throw new BadInput('invalid_catalogue', 'usage has a model or a matrix', `usage.${i}`);
    }
    for (const model of modelsOf(priced)) {
      requireAggregation(
        parsePriceDocument(priceOf(value, priced.metric_name, 1, model)),
        metric.aggregation as Aggregation,
      );
    }
    if (priced.matrix !== undefined) requireDisjoint(priced.matrix.cells, metric, `usage.${i}.matrix.cells`);
  }
  for (const [i, { metric_name, quantity }] of limits.entries()) {
    if (!usage.some((priced) => priced.metric_name === metric_name))
      throw unknownMetric(metric_name, `limits.${i}.metric_name`);
    parseQuantity(quantity, `limits.${i}.quantity`);
  }
  if (value.commitment !== undefined) {
    const { amount, covers = [] } = value.commitment;
    parsePriceDocument(priceOf(value, 'commitment', 1, { type: 'minimum', amount, covers }));
    for (const name of covers) {
      if (!usage.some((priced) => priced.metric_name === name)) throw unknownMetric(name, 'commitment.covers');
    }
  }
  return value;
}

type Priced = NonNullable<PlanJson['usage']>[number];

const modelsOf = ({ model, matrix }: Priced): PriceModelJson[] =>
  [model, matrix?.otherwise ?? undefined, ...(matrix?.cells.map((cell) => cell.model) ?? [])].flatMap((one) =>
    one === undefined ? [] : [one as PriceModelJson],
  );

/** The price document of a part of a plan; the plan's version is the document's. */
export const priceOf = (
  { plan_id, currency }: Pick<PlanJson, 'plan_id' | 'currency'>,
  part: string,
  version: number,
  model: PriceModelJson,
  taxCategory?: string,
): PriceDocumentJson => ({
  price_id: shortened(`${plan_id}.${part}`),
  version: String(version),
  currency,
  model,
  ...(taxCategory === undefined ? {} : { tax_category: taxCategory }),
});

/** A price id has 64 characters: a longer name keeps its beginning, and stays unique by a digest of the whole. */
const shortened = (name: string): string =>
  name.length <= 64 ? name : `${name.slice(0, 43)}.${sha256Hex(name).slice(0, 20)}`;

/** Every event is counted by exactly one cell: two that one event could fit are refused. */
function requireDisjoint(
  cells: readonly { readonly cell_id: string; readonly match: Readonly<Record<string, unknown>> }[],
  metric: MetricJson,
  param: string,
): void {
  requireOnce(
    cells.map(({ cell_id }) => cell_id),
    param,
  );
  for (const [i, { match }] of cells.entries()) {
    for (const name of Object.keys(match)) {
      if (metric.dimensions?.includes(name) !== true) {
        throw new BadInput(
          'invalid_catalogue',
          `${metric.metric_name} has no dimension ${name}`,
          `${param}.${i}.match`,
        );
      }
    }
    for (const other of cells.slice(0, i)) {
      const apart = Object.entries(match).some(
        ([name, value]) => Object.hasOwn(other.match, name) && other.match[name] !== value,
      );
      if (!apart)
        throw new BadInput('invalid_catalogue', `an event could fit ${other.cell_id} as well`, `${param}.${i}.match`);
    }
  }
}

function requireOnce(names: readonly string[], param: string): void {
  if (new Set(names).size !== names.length) throw new BadInput('invalid_catalogue', 'named twice', param);
}

const unknownMetric = (name: string, param: string): BadInput =>
  new BadInput('invalid_catalogue', `the catalogue has no metric ${name} here`, param);

function misshapen(error: DefinedError): BadInput {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  return new BadInput(
    'invalid_catalogue',
    `${path === '' ? 'it' : path} ${error.message ?? 'is wrong'}`,
    path || undefined,
  );
}

/** What a version is known by: SHA-256 over its RFC 8785 form. */
export const planDigest = (plan: PlanJson): string => sha256Base64url(canonicalBytes(plan as unknown as Json));
