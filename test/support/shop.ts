import assert from 'node:assert/strict';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { InvoiceDocument } from '../../shared/domain/invoice/invoice.ts';
import type { Client, TestSuite } from './suite.ts';

const API = '/api/v1/billing';
let keys = 0;

/** A suite with people in it: who writes plans, who approves them, and an organization that subscribes. */
export class Shop {
  readonly suite: TestSuite;
  readonly tenant: string;
  readonly operator: Client;
  readonly approver: Client;
  readonly customer: Client;

  private constructor(suite: TestSuite, tenant: string, operator: Client, approver: Client, customer: Client) {
    this.suite = suite;
    this.tenant = tenant;
    this.operator = operator;
    this.approver = approver;
    this.customer = customer;
  }

  static async open(
    suite: TestSuite,
    organization: { readonly organization_id: string; readonly [member: string]: unknown },
  ): Promise<Shop> {
    const document = { zone: 'UTC', currency: 'EUR', subscriptions: [], ...organization };
    const customer = await suite.organization(document);
    const tenant = organization.organization_id;
    const [operator, approver] = [
      await suite.client(tenant, 'billing_operator'),
      await suite.client(tenant, 'approver'),
    ];
    return new Shop(suite, tenant, operator, approver, customer);
  }

  /** A call that must succeed; a fresh idempotency key unless one is given. */
  async do<T>(
    client: Client,
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: unknown,
    key = `key-${++keys}`,
  ): Promise<T> {
    const response = await client.call(
      method,
      `${API}${path}`,
      body,
      method === 'POST' ? { 'Idempotency-Key': key } : {},
    );
    const text = await response.text();
    assert.ok(response.status < 300, `${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** A call that must be refused. @returns status and code */
  async refused(client: Client, method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<string> {
    const response = await client.call(
      method,
      `${API}${path}`,
      body,
      method === 'POST' ? { 'Idempotency-Key': `key-${++keys}` } : {},
    );
    assert.ok(response.status >= 400, `${method} ${path} succeeded`);
    return `${response.status} ${((await response.json()) as { code: string }).code}`;
  }

  metric(metric: object): Promise<unknown> {
    return this.do(this.operator, 'POST', '/metrics', metric);
  }

  /** Writes a plan and has it published. */
  async plan(plan: { readonly plan_id: string; readonly [member: string]: unknown }): Promise<void> {
    const { version } = await this.do<{ version: number }>(this.operator, 'POST', '/plans', {
      name: plan.plan_id,
      currency: 'EUR',
      interval: { unit: 'month', count: 1 },
      ...plan,
    });
    await this.do(this.approver, 'POST', `/plans/${plan.plan_id}/versions/${version}/publish`);
  }

  subscribe(body: object): Promise<{ readonly subscription_id: string }> {
    return this.do(this.customer, 'POST', '/subscriptions', body);
  }

  act(id: string, verb: string, body?: object): Promise<unknown> {
    return this.do(this.customer, 'POST', `/subscriptions/${id}/${verb}`, body);
  }

  async invoices(): Promise<InvoiceDocument[]> {
    const { data } = await this.do<{ data: { number: string }[] }>(this.customer, 'GET', '/invoices');
    return Promise.all(
      data.map(
        async ({ number }) =>
          (await this.do<{ document: InvoiceDocument }>(this.customer, 'GET', `/invoices/${number}`)).document,
      ),
    );
  }

  /** Archives what is due and verifies each invoice's evidence with the keys that the ledger publishes. @returns the totals by number */
  async prove(): Promise<void> {
    await this.suite.settle();
    await this.suite.settle();
    const { data } = await this.do<{ data: { number: string; state: string }[] }>(this.customer, 'GET', '/evidence');
    const jwks = await (await fetch(`${this.suite.url}/.well-known/jwks.json`)).json();
    const { ledgerOrigin } = this.suite.platform;
    const pinned = await readPinned({ ledger: ledgerOrigin, tenant: this.tenant, jwks });
    for (const { number, state } of data) {
      assert.equal(state, 'archived', number);
      const response = await this.customer.get(`${API}/evidence/${number}`);
      const verdict = await verifyBundle(Buffer.from(await response.arrayBuffer()), pinned);
      assert.equal(verdict.verdict, 'verified', `${number}: ${JSON.stringify(verdict, null, 1)}`);
    }
    const { faults } = await this.suite.deep(true);
    assert.deepEqual(faults, []);
  }
}

/** An invoice's lines for people: kind, name, exact sum; discounts, taxes and credits after them. */
export const linesOf = (invoice: InvoiceDocument): string[] => [
  ...invoice.lines.map(({ kind, meter, exact }) => `${kind} ${meter} ${exact}`),
  ...invoice.discounts.map(({ discount_id, amount }) => `discount ${discount_id} -${amount}`),
  ...invoice.taxes.map(({ jurisdiction, rate, amount }) => `tax ${jurisdiction} ${rate} ${amount}`),
  ...invoice.credits.map(({ grant_id, amount }) => `credit ${grant_id} -${amount}`),
];
