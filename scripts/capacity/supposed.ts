import { Fraction } from './fraction.ts';
import { type Assumptions, InputWrong, type Prices } from './inputs.ts';

/** Looks an assumption's value up. */
export type Supposed = (name: string) => Fraction;
/** What a number of something costs, in USD. */
export type CostOf = (price: string, count: Fraction) => Fraction;

export function supposing(assumptions: Assumptions): Supposed {
  const values = new Map(Object.entries(assumptions).map(([name, { value }]) => [name, Fraction.of(value)]));
  return (name) => {
    const value = values.get(name);
    if (value === undefined) throw new InputWrong(`nothing is supposed about ${name}`);
    return value;
  };
}

export function pricing(prices: Prices): CostOf {
  return (name, count) => {
    const price = prices[name];
    if (price === undefined) throw new InputWrong(`there is no price ${name}`);
    return Fraction.of(price.usd).times(count).over(Fraction.of(price.units));
  };
}
