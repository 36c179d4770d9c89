import type { Account, AccountJson } from '../../shared/domain/account/account.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { parseTenantId } from '../../shared/domain/ids.ts';
import { taxDecisionSchema } from '../../shared/domain/invoice/taxation.ts';
import type { BillingProfile } from '../../shared/domain/organization/party.ts';
import { billingProfileSchema, parseBillingProfile } from '../../shared/domain/organization/party-schema.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Operation } from '../../shared/edge/http/operation.ts';
import {
  countSchema,
  currencySchema,
  instantSchema,
  nullable,
  pageOf,
  pageQuery,
  tenantSchema,
} from '../../shared/edge/http/schemas.ts';
import type { KeptProfile } from '../../shared/stores/profile-store.ts';
import { type ApiRoom, absent, accountOf, listing } from './room.ts';

const API = '/api/v1/billing';
const zone = { type: 'string', minLength: 1, maxLength: 64, description: 'IANA zone' } as const;
const minor = {
  type: 'string',
  pattern: '^(?:0|[1-9][0-9]{0,14})$',
  maxLength: 15,
  description: 'minor units',
} as const;

/** What may be changed at any time. */
const settings = {
  grace_minutes: { type: 'integer', minimum: 0, maximum: 44640, description: 'between a period’s end and its close' },
  lateness_days: { type: 'integer', minimum: 1, maximum: 365, description: 'how late usage is taken' },
  approval_limit: { ...minor, description: 'minor units above which money is given away by two' },
  tax: { ...taxDecisionSchema, description: 'rates in place of those that follow from seller and customer' },
} as const;

const organizationSchema = {
  $id: 'urn:tallystick:schema:organization',
  type: 'object',
  required: [
    ...['organization_id', 'region', 'zone', 'currency', 'grace_minutes', 'lateness_days', 'approval_limit'],
    ...['tax', 'subscriptions', 'billing_profile_version'],
  ],
  additionalProperties: false,
  properties: {
    organization_id: tenantSchema,
    region: { type: 'string', maxLength: 8 },
    zone,
    currency: currencySchema,
    grace_minutes: settings.grace_minutes,
    lateness_days: settings.lateness_days,
    approval_limit: nullable(minor),
    tax: nullable(taxDecisionSchema),
    subscriptions: { ...countSchema, description: 'how many it has' },
    billing_profile_version: nullable(countSchema),
  },
} as const;

const newSchema = {
  $id: 'urn:tallystick:schema:organization-request',
  type: 'object',
  required: ['organization_id', 'zone', 'currency'],
  additionalProperties: false,
  properties: { organization_id: tenantSchema, zone, currency: currencySchema, ...settings },
} as const;

const changeSchema = {
  $id: 'urn:tallystick:schema:organization-change',
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  properties: settings,
} as const;

const keptProfileSchema = {
  $id: 'urn:tallystick:schema:kept-billing-profile',
  type: 'object',
  required: ['version', 'since', 'profile'],
  additionalProperties: false,
  properties: { version: countSchema, since: instantSchema, profile: billingProfileSchema },
} as const;

/** Organizations and who they are. */
export const organizationOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'listOrganizations',
    method: 'GET',
    path: `${API}/organizations`,
    tag: 'Organizations',
    summary: 'Organizations of this stack, by id',
    scope: 'organizations:read',
    about: 'platform',
    query: pageQuery,
    answers: { 200: pageOf('organization-list', organizationSchema) },
    handle: async ({ organization, query }) => {
      const whose = organization ?? '*';
      const { limit, after, answer } = listing(room, whose, 'organizations', query);
      const ids = organization === undefined ? await room.accounts.list(after, limit + 1) : [organization];
      const found = await Promise.all(ids.map((id) => room.accounts.get(id)));
      const rows = await Promise.all(found.flatMap((account) => (account === undefined ? [] : [shown(account, room)])));
      return answer(rows, (last) => last.organization_id);
    },
  },
  {
    operationId: 'createOrganization',
    method: 'POST',
    path: `${API}/organizations`,
    tag: 'Organizations',
    summary: 'Take an organization in',
    description: 'Zone and currency stay for ever; what it is called is said in its billing profile.',
    scope: 'organizations:write',
    about: 'platform',
    body: newSchema,
    answers: { 201: organizationSchema },
    idempotencyKey: 'optional',
    mutation: 'organization.created',
    handle: async (call) => {
      const body = call.body as { organization_id: string };
      const id = parseTenantId(body.organization_id);
      if (call.organization !== undefined && call.organization !== id) {
        throw new BadInput('organization_mismatch', 'the request is about another organization', 'organization_id');
      }
      let answer: ApiAnswer | undefined;
      await room.accounts.create({ ...body, subscriptions: [] }, call.now, async (tx, account) => {
        call.note({ organization: id });
        answer = { status: 201, json: organizationJson(account, room.config.region, undefined) };
        await call.settle(tx, answer);
      });
      return answer!;
    },
  },
  {
    operationId: 'getOrganization',
    method: 'GET',
    path: `${API}/organization`,
    tag: 'Organizations',
    summary: 'An organization and its settings',
    scope: 'billing:read',
    answers: { 200: organizationSchema },
    handle: async (call) => ({ status: 200, json: await shown(await accountOf(call, room), room) }),
  },
  {
    operationId: 'changeOrganization',
    method: 'PATCH',
    path: `${API}/organization`,
    tag: 'Organizations',
    summary: 'Change an organization’s settings',
    scope: 'organizations:write',
    body: changeSchema,
    answers: { 200: organizationSchema },
    mutation: 'organization.changed',
    handle: async (call) => {
      const version = (await room.profiles.at(call.tenant, call.now))?.version;
      let answer: ApiAnswer | undefined;
      const done = await room.accounts.change(
        call.tenant,
        call.now,
        async (document) => ({ document: { ...document, ...(call.body as Partial<AccountJson>) }, result: undefined }),
        async (tx, _result, account) => {
          call.note({
            changed: Object.keys(call.body as object)
              .sort()
              .join(' '),
          });
          answer = { status: 200, json: organizationJson(account, room.config.region, version) };
          await call.settle(tx, answer);
        },
      );
      if (done === undefined) throw absent('organization');
      return answer!;
    },
  },
  {
    operationId: 'getBillingProfile',
    method: 'GET',
    path: `${API}/billing-profile`,
    tag: 'Organizations',
    summary: 'Who the organization is, as its documents show it',
    scope: 'billing:read',
    answers: { 200: keptProfileSchema },
    handle: async (call) => {
      const kept = await room.profiles.at(call.tenant, call.now);
      if (kept === undefined) throw absent('billing profile');
      return { status: 200, json: profileJson(kept) };
    },
  },
  {
    operationId: 'putBillingProfile',
    method: 'PUT',
    path: `${API}/billing-profile`,
    tag: 'Organizations',
    summary: 'Say who the organization is',
    description:
      'Name, address and tax ids are kept encrypted under the organization’s own key. Documents issued before keep what was in force.',
    scope: 'profile:write',
    body: billingProfileSchema,
    answers: { 200: keptProfileSchema },
    mutation: 'billing_profile.changed',
    handle: async (call) => {
      const profile = parseBillingProfile(call.body);
      await requireInForce(profile, room);
      const keys = await room.personal.keysOf(call.tenant);
      return room.database.transact(async (tx) => {
        const kept = await room.profiles.put(tx, call.tenant, profile, keys, call.now);
        call.note({ version: String(kept.version) });
        const answer: ApiAnswer = { status: 200, json: profileJson(kept) };
        await call.settle(tx, answer);
        return answer;
      });
    },
  },
];

/** @throws BadInput `invalid_tax_id` where the authority says that a VAT id is not in force; one that cannot be asked now stops nobody */
async function requireInForce({ tax_ids }: BillingProfile, { vatRegistry }: ApiRoom): Promise<void> {
  for (const [i, { type, value }] of tax_ids.entries()) {
    if (type !== 'eu_vat' || (await vatRegistry?.check(value)) !== 'invalid') continue;
    throw new BadInput('invalid_tax_id', 'the authority does not know the VAT id', `tax_ids.${i}`);
  }
}

const shown = async (account: Account, room: ApiRoom) =>
  organizationJson(account, room.config.region, (await room.profiles.at(account.tenant, room.clock.now()))?.version);

const organizationJson = (account: Account, region: string, profileVersion: number | undefined) => ({
  organization_id: account.tenant,
  region: account.region ?? region,
  zone: account.zone,
  currency: account.currency,
  grace_minutes: account.graceMinutes,
  lateness_days: account.latenessDays,
  approval_limit: account.approvalLimit === undefined ? null : String(account.approvalLimit),
  tax: account.tax === undefined ? null : taxJson(account.tax.bytes),
  subscriptions: account.subscriptions.length,
  billing_profile_version: profileVersion ?? null,
});

/** The decision as it was written, without what its digest is made with. */
function taxJson(bytes: Uint8Array): object {
  const { behavior, rates } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { behavior: string; rates: object[] };
  return { behavior, rates };
}

const profileJson = ({ version, since, profile }: KeptProfile) => ({ version, since, profile });
