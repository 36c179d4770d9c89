import { sha256Hex } from '../digest.ts';
import type { PriceDocumentJson, PriceModelJson } from '../pricing/schema.ts';
import type { PlanJson } from './schema.ts';

export type UsageJson = NonNullable<PlanJson['usage']>[number];
export type FeeJson = NonNullable<PlanJson['fees']>[number];

/** A part of a plan that has a price. Its name is the plan's own: `calls` for usage, `fee.base` for a fee. */
export interface PricedPart {
  readonly name: string;
  readonly model: PriceModelJson;
  readonly taxCategory: string | undefined;
}

export const feeName = (itemId: string): string => `fee.${itemId}`;

/** The price documents that one metric of a plan has: one, or one per cell of its matrix and one for what no cell fits. */
export function usageParts(usage: UsageJson): {
  readonly cells: readonly (PricedPart & { readonly match: Readonly<Record<string, string>> })[];
  readonly otherwise: PricedPart | undefined;
} {
  const { metric_name: metric, matrix, tax_category: taxCategory } = usage;
  const part = (name: string, model: unknown): PricedPart => ({ name, model: model as PriceModelJson, taxCategory });
  if (matrix === undefined) return { cells: [], otherwise: part(metric, usage.model) };
  return {
    cells: matrix.cells.map(({ cell_id, match, model }) => ({
      ...part(`${metric}.${cell_id}`, model),
      match: match as Readonly<Record<string, string>>,
    })),
    otherwise: matrix.otherwise == null ? undefined : part(`${metric}.other`, matrix.otherwise),
  };
}

export const feePart = ({ item_id, model, tax_category: taxCategory }: FeeJson): PricedPart => ({
  name: feeName(item_id),
  model: model as PriceModelJson,
  taxCategory,
});

export const commitmentPart = ({ amount, covers = [] }: NonNullable<PlanJson['commitment']>): PricedPart => ({
  name: 'commitment',
  model: { type: 'minimum', amount, covers },
  taxCategory: undefined,
});

/** What usage of a metric costs during a trial. */
export const trialPart = (metric: string): PricedPart => ({
  name: `${metric}.trial`,
  model: { type: 'per_unit', unit_amount: '0' },
  taxCategory: undefined,
});

/** The price document of a part. The plan's version is the document's, and its id begins with the plan's, which has no point. */
export const priceOf = (
  { plan_id, currency }: Pick<PlanJson, 'plan_id' | 'currency'>,
  version: number,
  { name, model, taxCategory }: PricedPart,
): PriceDocumentJson => ({
  price_id: shortened(`${plan_id}.${name}`),
  version: String(version),
  currency,
  model,
  ...(taxCategory === undefined ? {} : { tax_category: taxCategory }),
});

/** A name has 64 characters: a longer one keeps its beginning, and stays unique by a digest of the whole. */
export const shortened = (name: string): string =>
  name.length <= 64 ? name : `${name.slice(0, 43)}.${sha256Hex(name).slice(0, 20)}`;
