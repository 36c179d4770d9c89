import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseTaxDecision } from '../../shared/domain/invoice/taxation.ts';
import type { BillingProfile, Seller, TaxIdType } from '../../shared/domain/organization/party.ts';
import { parseBillingProfile, parseSeller } from '../../shared/domain/organization/party-schema.ts';
import { determineTax } from '../../shared/domain/tax/determine.ts';
import { RATES, rateAt, TAX_CATEGORIES } from '../../shared/domain/tax/rates.ts';
import { taxReport } from '../../shared/domain/tax/report.ts';
import { normalTaxId, UNION } from '../../shared/domain/tax/tax-ids.ts';
import { type Instant, parseInstant } from '../../shared/domain/time.ts';
import { refusalOf } from '../support/refusal.ts';

const at = (day: string): Instant => parseInstant(`${day}T12:00:00Z`, 'test');
const place = (country: string, subdivision?: string) => ({
  ...{ line1: 'Street 1', postal_code: '1', city: 'City', country },
  ...(subdivision === undefined ? {} : { subdivision }),
});
const seller = (country: string, jurisdictions: readonly string[], subdivision?: string): Seller =>
  parseSeller({
    legal_name: 'Tallystick Ltd',
    address: place(country, subdivision),
    registrations: jurisdictions.map((jurisdiction) => ({ jurisdiction, tax_id: 'X', from: '2019-01-01T00:00:00Z' })),
  });
const customer = (type: 'business' | 'consumer', country: string, more: object = {}, subdivision?: string) =>
  parseBillingProfile({ legal_name: 'Acme', customer_type: type, address: place(country, subdivision), ...more });
const vat = (type: TaxIdType, value: string) => ({ tax_ids: [{ type, value }] });
const ask = (from: Seller, to: BillingProfile, day = '2026-03-01', categories: readonly string[] = ['standard']) =>
  determineTax({ seller: from, customer: to, categories, at: at(day) });
/** `eu-de 0.19 taxed` lines of a decision. */
const said = (...args: Parameters<typeof ask>): string[] =>
  ask(...args).decision.rates.map(({ jurisdiction, rate, treatment }) => `${jurisdiction} ${rate} ${treatment}`);

describe('tables of tax rates', () => {
  it('have every member state of the union, and the others that they promise', () => {
    const places = new Set(RATES.map(({ jurisdiction }) => jurisdiction));
    assert.equal(UNION.size, 27);
    for (const state of UNION) assert.ok(places.has(`eu-${state.toLowerCase()}`), state);
    for (const one of ['gb', 'ch', 'no', 'au', 'nz', 'sg', 'in', 'ca', 'ca-qc', 'us-ny'])
      assert.ok(places.has(one), one);
    // 50 states; five of them have no sales tax.
    assert.equal([...places].filter((one) => one.startsWith('us-')).length, 45);
  });

  it('name the law of each row, and a rate from nothing to less than the whole', () => {
    for (const { rate, source, jurisdiction } of RATES) {
      assert.ok(source.length > 8, jurisdiction);
      assert.match(rate, /^0(?:\.[0-9]{1,5})?$/);
    }
  });

  it('have for each jurisdiction and category one rate a day, without gaps from the first day on', () => {
    const groups = Map.groupBy(RATES, ({ jurisdiction, category }) => `${jurisdiction} ${category}`);
    for (const [name, rows] of groups) {
      for (const [i, row] of rows.entries()) {
        // A rate that was abolished has no next one.
        if (i < rows.length - 1) assert.equal(rows[i + 1]!.from, row.to, name);
        if (row.to !== undefined) assert.ok(row.from < row.to, name);
      }
    }
  });

  for (const [jurisdiction, day, rate] of [
    ['eu-de', '2020-06-30', '0.19'],
    ['eu-de', '2020-07-01', '0.16'],
    ['eu-de', '2020-12-31', '0.16'],
    ['eu-de', '2021-01-01', '0.19'],
    ['eu-ee', '2025-06-30', '0.22'],
    ['eu-ee', '2025-07-01', '0.24'],
    ['eu-fi', '2024-08-31', '0.24'],
    ['eu-fi', '2024-09-01', '0.255'],
    ['eu-ro', '2025-08-01', '0.21'],
    ['eu-sk', '2025-01-01', '0.23'],
    ['eu-lu', '2023-06-01', '0.16'],
    ['ch', '2023-12-31', '0.077'],
    ['ch', '2024-01-01', '0.081'],
    ['sg', '2022-12-31', '0.07'],
    ['sg', '2024-01-01', '0.09'],
    ['ca-ns', '2025-04-01', '0.14'],
  ] as const) {
    it(`${jurisdiction} levies ${rate} on ${day}`, () =>
      assert.equal(rateAt(jurisdiction, 'standard', at(day))?.rate, rate));
  }
});

describe('tax numbers', () => {
  // Numbers that authorities and libraries publish as examples.
  const SAMPLES: readonly (readonly [TaxIdType, string, string])[] = [
    ...'ATU13585627 BE0428759497 BG175074752 HR33392005961 CY10259033P CZ25123891 DK13585628 EE100931558 FI20774740'
      .split(' ')
      .map((id) => ['eu_vat', id, id] as const),
    ...'FR40303265045 DE136695976 EL094259216 HU12892312 IE6433435F IT00743110157 LV40003521600 LT119511515 LU15027442'
      .split(' ')
      .map((id) => ['eu_vat', id, id] as const),
    ...'MT11679112 NL004495445B01 PL8567346215 PT501964843 RO18547290 SK2022749619 SI50223054 ESA13585625 SE556188840401'
      .split(' ')
      .map((id) => ['eu_vat', id, id] as const),
    ['eu_vat', 'de 136 695 976', 'DE136695976'],
    ['gb_vat', 'GB 980 7806 84', '980780684'],
    ['ch_vat', 'CHE-107.787.577 MWST', 'CHE107787577MWST'],
    ['no_vat', 'NO 995 525 828 MVA', '995525828MVA'],
    ['au_abn', '83 914 571 673', '83914571673'],
    ['nz_gst', '49-091-850', '49091850'],
    ['sg_gst', '197401143C', '197401143C'],
    ['in_gst', '27AAPFU0939F1ZV', '27AAPFU0939F1ZV'],
    ['ca_bn', '123026635 RC0001', '123026635RC0001'],
    ['us_ein', '91-1144442', '911144442'],
  ];

  it('of every member state and nine countries are known in their normal form', () => {
    for (const [type, value, normal] of SAMPLES) assert.equal(normalTaxId({ type, value }), normal, value);
    const states = new Set(SAMPLES.filter(([type]) => type === 'eu_vat').map(([, , id]) => id.slice(0, 2)));
    assert.equal(states.size, 27);
  });

  it('with one digit wrong are found in nineteen of twenty cases, by their check digits', () => {
    let [wrong, found] = [0, 0];
    for (const [type, , id] of SAMPLES.filter(([one]) => one !== 'us_ein' && one !== 'sg_gst')) {
      for (let i = type === 'eu_vat' ? 2 : 0; i < Math.min(id.length, 11); i++) {
        if (!/[0-9]/.test(id[i]!)) continue;
        const digit = String((Number(id[i]) + 3) % 10);
        wrong++;
        if (normalTaxId({ type, value: id.slice(0, i) + digit + id.slice(i + 1) }) === undefined) found++;
      }
    }
    assert.ok(found / wrong > 0.95, `${found} of ${wrong}`);
  });

  it('of other countries, other kinds, or of nothing are none', () => {
    for (const value of ['', 'DE', 'XX136695976', 'GB980780684', 'CHE107787577', '136695976', 'DE1366959761']) {
      assert.equal(normalTaxId({ type: 'eu_vat', value }), undefined, value);
    }
  });

  it('are refused in a profile where they are none, with the place', () => {
    const refusal = refusalOf(() => customer('business', 'DE', vat('eu_vat', 'DE136695978')));
    assert.deepEqual([refusal?.code, refusal?.param], ['invalid_tax_id', 'tax_ids.0']);
  });
});

describe('the tax on a service', () => {
  const GERMAN = seller('DE', ['eu-de']);
  const OSS = seller('DE', ['eu-de', 'eu-oss']);
  const FRENCH_COMPANY = customer('business', 'FR', vat('eu_vat', 'FR40303265045'));

  const CASES: readonly (readonly [string, Seller, BillingProfile, readonly string[]])[] = [
    [
      'at home is the state’s own, for businesses too',
      GERMAN,
      customer('business', 'DE', vat('eu_vat', 'DE136695976')),
      ['eu-de 0.19 taxed'],
    ],
    ['to a consumer at home', GERMAN, customer('consumer', 'DE'), ['eu-de 0.19 taxed']],
    [
      'to a business elsewhere in the union is the customer’s (art. 196)',
      GERMAN,
      FRENCH_COMPANY,
      ['eu-fr 0 reverse_charge'],
    ],
    ['to a business without a VAT id is as to a consumer', OSS, customer('business', 'FR'), ['eu-fr 0.2 taxed']],
    [
      'to a business with another state’s VAT id is as to a consumer',
      OSS,
      customer('business', 'FR', vat('eu_vat', 'ATU13585627')),
      ['eu-fr 0.2 taxed'],
    ],
    [
      'to a consumer elsewhere in the union is its state’s, by the One-Stop-Shop (art. 58)',
      OSS,
      customer('consumer', 'FI'),
      ['eu-fi 0.255 taxed'],
    ],
    [
      'to a consumer elsewhere below the threshold is at home (art. 59c)',
      GERMAN,
      customer('consumer', 'FI'),
      ['eu-de 0.19 taxed'],
    ],
    [
      'to a consumer where the seller is registered is taxed there',
      seller('US', ['eu-ie'], 'CA'),
      customer('consumer', 'IE'),
      ['eu-ie 0.23 taxed'],
    ],
    [
      'into the union by a seller registered nowhere in it',
      seller('US', [], 'CA'),
      customer('consumer', 'IE'),
      ['eu-ie 0 not_registered'],
    ],
    [
      'to a business in the union from outside is the customer’s',
      seller('US', [], 'CA'),
      FRENCH_COMPANY,
      ['eu-fr 0 reverse_charge'],
    ],
    [
      'by a small business at home is not collected (art. 282)',
      seller('DE', []),
      customer('consumer', 'DE'),
      ['eu-de 0 not_registered'],
    ],
    [
      'to Greece counts its VAT id as EL',
      GERMAN,
      customer('business', 'GR', vat('eu_vat', 'EL094259216')),
      ['eu-gr 0 reverse_charge'],
    ],
    ['out of the union is outside its scope (art. 59)', GERMAN, customer('consumer', 'JP'), ['jp 0 outside_scope']],
    [
      'to a British business is accounted for there',
      GERMAN,
      customer('business', 'GB', vat('gb_vat', 'GB980780684')),
      ['gb 0 reverse_charge'],
    ],
    [
      'to a British consumer where the seller is registered',
      seller('DE', ['eu-de', 'gb']),
      customer('consumer', 'GB'),
      ['gb 0.2 taxed'],
    ],
    ['in Switzerland', seller('CH', ['ch']), customer('business', 'CH'), ['ch 0.081 taxed']],
    ['in Norway', seller('NO', ['no']), customer('consumer', 'NO'), ['no 0.25 taxed']],
    ['in Australia', seller('AU', ['au']), customer('consumer', 'AU'), ['au 0.1 taxed']],
    ['in New Zealand', seller('NZ', ['nz']), customer('consumer', 'NZ'), ['nz 0.15 taxed']],
    ['in Singapore', seller('SG', ['sg']), customer('consumer', 'SG'), ['sg 0.09 taxed']],
    [
      'within a state of India is two halves',
      seller('IN', ['in'], 'MH'),
      customer('business', 'IN', {}, 'MH'),
      ['in-cgst 0.09 taxed', 'in-sgst 0.09 taxed'],
    ],
    [
      'between states of India is one whole',
      seller('IN', ['in'], 'MH'),
      customer('business', 'IN', {}, 'KA'),
      ['in 0.18 taxed'],
    ],
    [
      'in Ontario is the harmonized tax',
      seller('CA', ['ca'], 'ON'),
      customer('consumer', 'CA', {}, 'ON'),
      ['ca-on 0.13 taxed'],
    ],
    [
      'in Québec is the country’s and the province’s',
      seller('CA', ['ca', 'ca-qc'], 'ON'),
      customer('consumer', 'CA', {}, 'QC'),
      ['ca 0.05 taxed', 'ca-qc 0.09975 taxed'],
    ],
    [
      'in Québec without a registration there is the country’s',
      seller('CA', ['ca'], 'ON'),
      customer('consumer', 'CA', {}, 'QC'),
      ['ca 0.05 taxed'],
    ],
    [
      'in Alberta is the country’s alone',
      seller('CA', ['ca'], 'ON'),
      customer('consumer', 'CA', {}, 'AB'),
      ['ca 0.05 taxed'],
    ],
    [
      'in New York with nexus',
      seller('US', ['us-ny'], 'CA'),
      customer('business', 'US', {}, 'NY'),
      ['us-ny 0.04 taxed'],
    ],
    [
      'in Texas without nexus is not collected',
      seller('US', ['us-ny'], 'CA'),
      customer('business', 'US', {}, 'TX'),
      ['us-tx 0 not_registered'],
    ],
    [
      'in Oregon there is none',
      seller('US', ['us-ny'], 'CA'),
      customer('business', 'US', {}, 'OR'),
      ['us-or 0 not_registered'],
    ],
  ];
  for (const [name, from, to, expected] of CASES) it(name, () => assert.deepEqual(said(from, to), expected));

  it('is that of its category, and standard where the place has no rate for it', () => {
    const rates = ask(GERMAN, customer('consumer', 'DE'), '2026-03-01', [
      'reduced',
      'standard',
      'saas',
      'zero',
      'exempt',
    ]).decision.rates;
    assert.deepEqual(
      rates.map(({ category, rate, treatment }) => `${category} ${rate} ${treatment}`),
      ['exempt 0 exempt', 'reduced 0.07 taxed', 'saas 0.19 taxed', 'standard 0.19 taxed', 'zero 0 zero_rated'],
    );
    const [saas] = ask(seller('US', ['us-ca'], 'CA'), customer('business', 'US', {}, 'CA'), '2026-03-01', ['saas'])
      .decision.rates;
    assert.deepEqual([saas?.rate, saas?.treatment], ['0', 'exempt']);
  });

  it('is not due while a certificate of exemption is in force, and due the day after', () => {
    const exemptions = [
      { jurisdiction: 'us-ny', certificate: 'ST-120', from: '2026-01-01T00:00:00Z', to: '2026-07-01T00:00:00Z' },
    ];
    const to = customer('business', 'US', { exemptions }, 'NY');
    const from = seller('US', ['us-ny'], 'CA');
    assert.deepEqual(said(from, to, '2025-12-31'), ['us-ny 0.04 taxed']);
    assert.deepEqual(said(from, to, '2026-06-30'), ['us-ny 0 exempt']);
    assert.deepEqual(said(from, to, '2026-07-01'), ['us-ny 0.04 taxed']);
  });

  it('follows the rate at the time of supply, whenever it is asked', () => {
    assert.deepEqual(said(GERMAN, customer('consumer', 'DE'), '2020-12-31'), ['eu-de 0.16 taxed']);
    assert.deepEqual(said(GERMAN, customer('consumer', 'DE'), '2021-01-01'), ['eu-de 0.19 taxed']);
  });

  it('says by which law', () => {
    assert.deepEqual(
      ask(GERMAN, FRENCH_COMPANY).reasons.map(({ rule }) => rule),
      ['Directive 2006/112/EC, art. 44 and 196'],
    );
    assert.match(ask(GERMAN, customer('consumer', 'DE')).reasons[0]!.rule, /UStG, § 12/);
  });

  it('for whomever, wherever: the same question has the same answer, and it is one that an invoice can carry', () => {
    const countries = fc.constantFrom(...UNION, 'GB', 'CH', 'NO', 'AU', 'NZ', 'SG', 'JP', 'BR');
    const registrations = fc.subarray(['eu-de', 'eu-oss', 'eu-fr', 'gb', 'ch', 'no', 'au', 'nz', 'sg']);
    fc.assert(
      fc.property(
        countries,
        countries,
        registrations,
        fc.constantFrom('business', 'consumer'),
        fc.constantFrom('exclusive', 'inclusive'),
        (from, to, where, type, tax_behavior) => {
          const question = [
            seller(from, where),
            customer(type, to, { tax_behavior }),
            '2026-03-01',
            TAX_CATEGORIES,
          ] as const;
          const { decision } = ask(...question);
          assert.deepEqual(ask(...question).decision, decision);
          assert.equal(parseTaxDecision(decision).behavior, tax_behavior);
          assert.equal(decision.rates.length, TAX_CATEGORIES.length);
          // A tax is collected only where the seller is registered, itself or by the One-Stop-Shop.
          for (const { jurisdiction, rate } of decision.rates) {
            if (rate === '0') continue;
            assert.ok(
              where.includes(jurisdiction) || (where.includes('eu-oss') && jurisdiction.startsWith('eu-')),
              jurisdiction,
            );
          }
        },
      ),
    );
  });
});

describe('a tax report', () => {
  const row = (jurisdiction: string, rate: string, base: string, amount: string) => ({
    jurisdiction,
    rate,
    treatment: 'taxed',
    base,
    amount,
  });

  it('sums up March: 100.00 and 50.00 at 19 %, less a credit note of 20.00, is 130.00 and 24.70', () => {
    const rows = taxReport(
      [
        {
          at: '2026-02-28T23:59:59.999999Z',
          kind: 'invoice',
          currency: 'EUR',
          taxes: [row('eu-de', '0.19', '70000', '13300')],
        },
        {
          at: '2026-03-01T00:00:00.000000Z',
          kind: 'invoice',
          currency: 'EUR',
          taxes: [row('eu-de', '0.19', '10000', '1900')],
        },
        {
          at: '2026-03-15T00:00:00.000000Z',
          kind: 'invoice',
          currency: 'EUR',
          taxes: [row('eu-de', '0.19', '5000', '950'), row('eu-de', '0.07', '1000', '70')],
        },
        {
          at: '2026-03-20T00:00:00.000000Z',
          kind: 'credit_note',
          currency: 'EUR',
          taxes: [row('eu-de', '0.19', '2000', '380')],
        },
        {
          at: '2026-04-01T00:00:00.000000Z',
          kind: 'void',
          currency: 'EUR',
          taxes: [row('eu-de', '0.19', '10000', '1900')],
        },
      ],
      '2026-03-01T00:00:00.000000Z',
      '2026-04-01T00:00:00.000000Z',
    );
    assert.deepEqual(
      rows.map(({ rate, base, amount, documents }) => [rate, base, amount, documents]),
      [
        ['0.07', 1000n, 70n, 1],
        ['0.19', 13000n, 2470n, 3],
      ],
    );
  });
});
