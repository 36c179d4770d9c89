/**
 * An exact number: prices are decimals, storage is divided by 2^30 and months by 12, and nothing is rounded before it is printed.
 * Items therefore add up to their total to the last digit, and twice the price is twice the cost.
 */
export class Fraction {
  static readonly ZERO = new Fraction(0n, 1n);
  static readonly ONE = new Fraction(1n, 1n);
  readonly above: bigint;
  /** greater than zero, and without a factor in common with `above` */
  readonly below: bigint;

  constructor(above: bigint, below: bigint) {
    if (below === 0n) throw new RangeError('nothing can be divided by zero');
    const sign = below < 0n ? -1n : 1n;
    const common = greatestCommon(above < 0n ? -above : above, below < 0n ? -below : below);
    this.above = (sign * above) / common;
    this.below = (sign * below) / common;
  }

  /**
   * Reads a decimal as it is written.
   * @param value a decimal string such as `0.0000025`, or a number, which is taken as JSON writes it
   * @throws RangeError where it is none
   */
  static of(value: string | number | bigint): Fraction {
    const match = /^(-?[0-9]+)(?:\.([0-9]+))?(?:e([+-]?[0-9]{1,2}))?$/i.exec(String(value));
    if (match === null) throw new RangeError(`${value} is not a decimal`);
    const [, whole = '', places = '', exponent = '0'] = match;
    const power = Number(exponent) - places.length;
    const digits = BigInt(whole + places);
    return power < 0 ? new Fraction(digits, 10n ** BigInt(-power)) : new Fraction(digits * 10n ** BigInt(power), 1n);
  }

  plus(other: Fraction): Fraction {
    return new Fraction(this.above * other.below + other.above * this.below, this.below * other.below);
  }

  minus(other: Fraction): Fraction {
    return this.plus(new Fraction(-other.above, other.below));
  }

  times(other: Fraction): Fraction {
    return new Fraction(this.above * other.above, this.below * other.below);
  }

  over(other: Fraction): Fraction {
    return new Fraction(this.above * other.below, this.below * other.above);
  }

  isMoreThan(other: Fraction): boolean {
    return this.above * other.below > other.above * this.below;
  }

  equals(other: Fraction): boolean {
    return this.above === other.above && this.below === other.below;
  }

  /** The least whole number that is not below it. */
  ceiling(): bigint {
    const whole = this.above / this.below;
    return whole * this.below < this.above ? whole + 1n : whole;
  }

  /** Halves go away from zero, as on an invoice. @param places after the point */
  toDecimal(places: number): string {
    const scaled = (this.above < 0n ? -this.above : this.above) * 10n ** BigInt(places);
    const rounded = (2n * scaled + this.below) / (2n * this.below);
    const digits = rounded.toString().padStart(places + 1, '0');
    const sign = this.above < 0n && rounded > 0n ? '-' : '';
    return places === 0 ? sign + digits : `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
  }
}

export const sumOf = (numbers: readonly Fraction[]): Fraction =>
  numbers.reduce((sum, number) => sum.plus(number), Fraction.ZERO);

export const larger = (a: Fraction, b: Fraction): Fraction => (a.isMoreThan(b) ? a : b);
export const lesser = (a: Fraction, b: Fraction): Fraction => (a.isMoreThan(b) ? b : a);

function greatestCommon(a: bigint, b: bigint): bigint {
  let [greater, lesser] = [a, b];
  while (lesser !== 0n) [greater, lesser] = [lesser, greater % lesser];
  return greater === 0n ? 1n : greater;
}
