import { BadInput } from '../errors.ts';
import { schemaCheck } from '../schema-check.ts';
import { answerCreditNotes, convert, splitBy } from './credit-notes.ts';
import { answerCredits, answerInvoice, answerTax } from './invoices.ts';
import { exact, shown } from './numbers.ts';
import { answerChange, answerCommitment, answerFees, answerPeriods, answerProrate } from './periods.ts';
import { answerRate, type RateQuestion } from './rating.ts';
import { QUESTIONS, type Question } from './schema.ts';
import { answerDetermine, answerTaxId } from './taxes.ts';

const OPTIONS = { strict: false, discriminator: true, allowUnionTypes: true } as const;
const CHECKS = new Map(Object.entries(QUESTIONS).map(([name, schema]) => [name, schemaCheck(schema, OPTIONS)]));

/** One question answered, or why not: an answer never throws. */
export function answer(asked: unknown): Readonly<Record<string, unknown>> {
  const id = typeof asked === 'object' && asked !== null && 'id' in asked ? { id: asked.id } : {};
  try {
    return { ...id, ...answerTo(asked) };
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    const { code, message: detail, param } = error;
    return { ...id, error: { code, detail, ...(param === undefined ? {} : { param }) } };
  }
}

function answerTo(asked: unknown): object {
  const question = typeof asked === 'object' && asked !== null ? (asked as { question?: unknown }).question : undefined;
  const validate = typeof question === 'string' ? CHECKS.get(question) : undefined;
  if (validate === undefined) {
    throw new BadInput('invalid_parameter', `a question is one of ${Object.keys(QUESTIONS).join(', ')}`, 'question');
  }
  if (!validate(asked)) {
    const error = validate.errors[0]!;
    throw new BadInput(
      'validation_failed',
      error.message ?? 'misshapen',
      error.instancePath.slice(1).replaceAll('/', '.') || undefined,
    );
  }
  // The schema has just said that it is of the question's own shape.
  return ANSWERS[question as Question](asked as never);
}

const ANSWERS: Readonly<Record<Question, (asked: never) => object>> = {
  rate: (asked: RateQuestion) => answerRate(asked),
  prorate: answerProrate,
  change: answerChange,
  fees: answerFees,
  periods: answerPeriods,
  commitment: answerCommitment,
  invoice: answerInvoice,
  tax: answerTax,
  credits: answerCredits,
  credit_notes: answerCreditNotes,
  determine: answerDetermine,
  tax_id: answerTaxId,
  round: ({ amount, currency }: { amount: string; currency: string }) => shown(exact(amount, 'amount'), currency),
  split: ({ amount, currency, weights }: { amount: string; currency: string; weights: string[] }) => ({
    shares: splitBy(amount, currency, weights),
  }),
  convert: ({ amount, from, to, rate }: { amount: string; from: string; to: string; rate: string }) =>
    convert(amount, from, to, rate),
};
