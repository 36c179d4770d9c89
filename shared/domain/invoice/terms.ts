import { BadInput } from '../errors.ts';

/** The members of a document that an invoice cites. @throws BadInput where the bytes are no JSON object */
export function termsOf(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new BadInput('invalid_catalogue', 'the terms are not JSON');
  }
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  throw new BadInput('invalid_catalogue', 'the terms are not a JSON object');
}
