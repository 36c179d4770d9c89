import { BadInput } from './errors.ts';

/** Digits with spaces, dots or hyphens between them, as card numbers are written (ISO/IEC 7812: 12 to 19 digits). */
const CARD_LIKE = /(?<![0-9])(?:[0-9][ .-]?){11,18}[0-9](?![0-9])/g;

/** Names that only somebody gives to what must never be kept (PCI DSS requirement 3.2). */
const FORBIDDEN = /^(?:cvc|cvv|cvn|csc|cvc2|cvv2|card_?number|pan|number|security_?code|pin|track[12]?(?:_data)?)$/i;

/** Whether a text holds what could be a card number: 12 to 19 digits whose check digit is right (Luhn, ISO/IEC 7812-1 annex B). */
export function holdsCardNumber(text: string): boolean {
  for (const [found] of text.matchAll(CARD_LIKE)) {
    const digits = found.replace(/[^0-9]/g, '');
    if (digits.length >= 12 && digits.length <= 19 && isLuhn(digits) && !/^(.)\1*$/.test(digits)) return true;
  }
  return false;
}

function isLuhn(digits: string): boolean {
  let sum = 0;
  for (const [i, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (i % 2 === 0 ? 1 : 2);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

/**
 * Refuses card data anywhere in a request: we keep a provider's tokens, and nothing that could be charged without it.
 * @throws BadInput `card_data_refused`, which names the place and never what stood there
 */
export function requireNoCardData(value: unknown, path = ''): void {
  if (typeof value === 'string' && holdsCardNumber(value)) throw refused(path);
  if (typeof value === 'number' && holdsCardNumber(String(value))) throw refused(path);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const place = path === '' ? name : `${path}.${name}`;
    if (!Array.isArray(value) && (FORBIDDEN.test(name) || holdsCardNumber(name)))
      throw refused(path === '' ? 'body' : path);
    requireNoCardData(member, place);
  }
}

const refused = (param: string): BadInput =>
  new BadInput(
    'card_data_refused',
    'card numbers and security codes are the payment provider’s: send its token',
    param || 'body',
  );
