const QUALITY = /^q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * Chooses the media type of an answer (RFC 9110 section 12.5.1): the most specific range that fits a type decides its
 * weight. Parameters other than `q` are ignored, and a range that cannot be read fits nothing.
 *
 * @param accept the header field; absent or empty means anything will do
 * @param offered lower-case types without parameters, the preferred one first
 * @returns the acceptable type with the highest weight, the earlier one of equals; undefined if there is none
 */
export function chooseType(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0];
  const ranges = accept.split(',').map(parseRange);
  let chosen: string | undefined;
  let highest = 0;
  for (const type of offered) {
    const fitting = [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*'];
    const specific = fitting.find((range) => ranges.some(({ name }) => name === range));
    const weight = Math.max(0, ...ranges.filter(({ name }) => name === specific).map(({ quality }) => quality));
    if (weight > highest) {
      chosen = type;
      highest = weight;
    }
  }
  return chosen;
}

function parseRange(text: string): { readonly name: string; readonly quality: number } {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  if (weight === undefined) return { name, quality: 1 };
  const digits = QUALITY.exec(weight)?.[1];
  return digits === undefined ? { name: '', quality: 0 } : { name, quality: Number(digits) };
}
