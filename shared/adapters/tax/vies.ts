import type { VatRegistry, VatStanding } from '../../ports/vat-registry.ts';

/** The European Commission's service (Regulation (EU) 904/2010, art. 31). */
export const VIES_URL = 'https://ec.europa.eu/taxation_customs/vies/rest-api';

/** The VAT information exchange system over HTTPS. A member state whose registry is away is `unknown`, never `invalid`. */
export class Vies implements VatRegistry {
  readonly #url: string;
  readonly #milliseconds: number;

  constructor(url: string, milliseconds = 5000) {
    this.#url = url;
    this.#milliseconds = milliseconds;
  }

  async check(id: string): Promise<VatStanding> {
    try {
      const response = await fetch(`${this.#url}/check-vat-number`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify({ countryCode: id.slice(0, 2), vatNumber: id.slice(2) }),
        signal: AbortSignal.timeout(this.#milliseconds),
        redirect: 'error',
      });
      if (!response.ok) return 'unknown';
      // With `userError` other than these two, the registry of the member state was not asked.
      const { valid, userError } = (await response.json()) as { valid?: unknown; userError?: unknown };
      if (userError !== undefined && userError !== 'VALID' && userError !== 'INVALID') return 'unknown';
      return valid === true ? 'valid' : valid === false ? 'invalid' : 'unknown';
    } catch {
      return 'unknown';
    }
  }
}
