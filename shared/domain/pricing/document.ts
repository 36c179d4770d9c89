import type { DefinedError } from 'ajv';
import { BadInput } from '../errors.ts';
import { schemaCheck } from '../schema-check.ts';
import type { Aggregation } from '../usage/meter.ts';
import { type CumulativeModel, modelJson, type PriceModel, readModel } from './model.ts';
import { type PriceDocumentJson, priceDocumentSchema } from './schema.ts';

interface DocumentOf<Model> {
  readonly priceId: string;
  /** From `1`, one more with every edit. */
  readonly version: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly model: Model;
  /** which rates of a tax decision it falls under; undefined for `standard` */
  readonly taxCategory?: string;
}

/** One immutable version of a price, its numbers read once. */
export type PriceDocument = DocumentOf<PriceModel>;
/** A price of the period's aggregate as a whole. */
export type CumulativePrice = DocumentOf<CumulativeModel>;

const OPTIONS = { discriminator: true, allowUnionTypes: true, verbose: true } as const;
const hasShape = schemaCheck<PriceDocumentJson>(priceDocumentSchema, OPTIONS);

/**
 * Reads a price document, strictly.
 * @throws BadInput `invalid_price`, its param the path of the wrong field, e.g. `model.tiers.1.up_to`
 */
export function parsePriceDocument(value: unknown): PriceDocument {
  if (!hasShape(value)) throw misshapen(hasShape.errors.at(-1)!);
  const { price_id, version, currency, model, tax_category } = value;
  // Written or not, `standard` is one document: what says nothing says that.
  const category = tax_category === undefined || tax_category === 'standard' ? {} : { taxCategory: tax_category };
  return { priceId: price_id, version, currency, model: readModel(model), ...category };
}

/**
 * The document in its one normal form, to be written canonically (RFC 8785) and hashed: every field present, every
 * number a canonical decimal string. Reading it again gives the same document.
 */
export const normalisedPriceJson = ({
  priceId,
  version,
  currency,
  model,
  taxCategory,
}: PriceDocument): PriceDocumentJson => ({
  price_id: priceId,
  version,
  currency,
  model: modelJson(model),
  ...(taxCategory === undefined ? {} : { tax_category: taxCategory }),
});

/** The name that receipts carry, e.g. `api-calls@3`. A price id holds no `@`. */
export const priceRef = ({ priceId, version }: PriceDocument): string => `${priceId}@${version}`;

/** Whether charges telescope to the price of the final aggregate. A percentage is charged event by event, a minimum not at all. */
export const isCumulative = (document: PriceDocument): document is CumulativePrice =>
  document.model.type !== 'percentage' && document.model.type !== 'minimum';

/**
 * Refuses a price that cannot be charged on a meter: a percentage needs a sum, which moves by each event's own amount.
 * @throws BadInput `invalid_price`
 */
export function requireAggregation(document: PriceDocument, aggregation: Aggregation): void {
  if (isCumulative(document)) return;
  if (document.model.type === 'minimum') {
    throw new BadInput('invalid_price', 'a minimum is a commitment, not a price of usage', 'model.type');
  }
  if (aggregation === 'sum') return;
  throw new BadInput('invalid_price', `a percentage is charged on a sum, not on ${aggregation}`, 'model.type');
}

/** Says the refusal in the schema's own words: its descriptions complete "must be". */
function misshapen(error: DefinedError): BadInput {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  const refuse = (what: string, field?: string): BadInput => {
    const param = field === undefined || path === '' ? (field ?? path) : `${path}.${field}`;
    return new BadInput('invalid_price', `in a price document, ${what}`, param === '' ? undefined : param);
  };
  switch (error.keyword) {
    case 'required':
      return refuse('this field is missing', error.params.missingProperty);
    case 'additionalProperties':
      return refuse('this field is unknown', error.params.additionalProperty);
    case 'discriminator':
      return refuse(
        'the type must be flat, per_unit, graduated, volume, package, commitment, percentage or minimum',
        error.params.tag,
      );
    default:
      return refuse(`this must be ${error.parentSchema?.['description']}`);
  }
}
