/**
 * A payment reference that banks check: ISO 11649, `RF` with two check digits before at most 21 letters and digits.
 * @param number of the document; what is no letter or digit is left out
 */
export function creditorReference(number: string): string {
  const body = number
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .slice(-21);
  const check = 98n - remainder(`${body}RF00`);
  return `RF${String(check).padStart(2, '0')}${body}`;
}

/** Whether the check digits are right (ISO 7064, MOD 97-10). */
export const isCreditorReference = (text: string): boolean =>
  /^RF[0-9]{2}[0-9A-Z]{1,21}$/.test(text) && remainder(`${text.slice(4)}${text.slice(0, 4)}`) === 1n;

const remainder = (text: string): bigint =>
  BigInt([...text].map((letter) => String(Number.parseInt(letter, 36))).join('')) % 97n;
