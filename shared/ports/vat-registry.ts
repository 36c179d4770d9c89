/** What an authority says of a VAT id. `unknown`: it cannot answer now. */
export type VatStanding = 'valid' | 'invalid' | 'unknown';

/** Asks the authority whether a VAT id is in force. */
export interface VatRegistry {
  /** @param id in its normal form, with the member state's letters: `DE136695976` */
  check(id: string): Promise<VatStanding>;
}
