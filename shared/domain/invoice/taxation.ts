import { BadInput } from '../errors.ts';
import type { Taxation } from './assemble.ts';

/** A taxation with the decision it follows. */
export type DecidedTaxation = Taxation & { readonly digest: string; readonly bytes: Uint8Array };

/** Reads a tax decision as an invoice applies it. @throws BadInput where it is none */
export function taxationOf(_bytes: Uint8Array, _currency: string): DecidedTaxation {
  throw new BadInput('invalid_catalogue', 'no tax decision');
}
