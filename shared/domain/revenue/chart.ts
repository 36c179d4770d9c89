import { BadInput } from '../errors.ts';
import type { LineKind } from '../ledger/books.ts';

/**
 * The accounts that the journal posts to, with a code each that may be replaced by the books' own. There is none for rounding
 * differences: every amount is whole minor units, and what is split adds up, so there are none.
 */
export const ACCOUNTS = {
  cash: { code: '1000', name: 'Cash' },
  accounts_receivable: { code: '1200', name: 'Accounts receivable' },
  contract_asset: { code: '1250', name: 'Contract assets: earned, not billed' },
  customer_credits: { code: '2100', name: 'Customer credit balances' },
  refunds_payable: { code: '2150', name: 'Refunds payable' },
  tax_payable: { code: '2200', name: 'Tax payable' },
  deferred_revenue: { code: '2400', name: 'Deferred revenue' },
  revenue_usage: { code: '4000', name: 'Revenue: usage' },
  revenue_fees: { code: '4010', name: 'Revenue: recurring fees' },
  revenue_commitments: { code: '4020', name: 'Revenue: minimum commitments' },
  revenue_adjustments: { code: '4030', name: 'Revenue: adjustments' },
  credit_breakage: { code: '4080', name: 'Revenue: credits that were not used' },
  promotional_credits: { code: '4090', name: 'Revenue reduced by credits that were given away' },
  bad_debt: { code: '6100', name: 'Bad debt expense' },
} as const satisfies Record<string, { readonly code: string; readonly name: string }>;

export type Account = keyof typeof ACCOUNTS;
/** The code of each account. */
export type Chart = Readonly<Record<Account, string>>;

export const REVENUE_OF: Readonly<Record<LineKind, Account>> = {
  usage: 'revenue_usage',
  advance: 'revenue_fees',
  arrears: 'revenue_fees',
  unused: 'revenue_fees',
  true_up: 'revenue_commitments',
  adjustment: 'revenue_adjustments',
};

const isAccount = (name: string): name is Account => Object.hasOwn(ACCOUNTS, name);

/**
 * Reads codes that replace the usual ones: `cash:1800,accounts_receivable:1400`.
 * @param text a code is 1 to 20 letters, digits, dots and dashes; empty replaces none
 * @throws BadInput `invalid_parameter`
 */
export function parseChart(text: string, param = 'codes'): Chart {
  const codes = Object.fromEntries(Object.entries(ACCOUNTS).map(([name, { code }]) => [name, code])) as Record<
    Account,
    string
  >;
  const seen = new Set<string>();
  for (const pair of text === '' ? [] : text.split(',')) {
    const [name = '', code = '', more] = pair.split(':');
    if (!isAccount(name) || seen.has(name)) throw refused(`${Object.keys(ACCOUNTS).join(', ')}, each once`, param);
    if (more !== undefined || !/^[A-Za-z0-9][A-Za-z0-9.-]{0,19}$/.test(code)) throw refused('account:code', param);
    seen.add(name);
    codes[name] = code;
  }
  return codes;
}

const refused = (form: string, param: string): BadInput =>
  new BadInput('invalid_parameter', `codes are given as ${form}`, param);
