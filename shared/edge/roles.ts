import type { Role } from '../domain/access.ts';

/** What may be asked for, by subject and verb. Every operation names one; a key may be given some of its role's. */
export const SCOPES = [
  'usage:write',
  'usage:read',
  'billing:read',
  'evidence:read',
  'catalogue:read',
  'catalogue:write',
  'catalogue:approve',
  'subscriptions:write',
  'profile:write',
  'payment_methods:write',
  'invoices:write',
  'credits:write',
  'writeoffs:propose',
  'approvals:read',
  'approvals:decide',
  'privacy:write',
  'organizations:read',
  'organizations:write',
  'keys:write',
  'audit:read',
] as const;
export type Scope = (typeof SCOPES)[number];

const READING = ['usage:read', 'billing:read', 'evidence:read', 'catalogue:read'] as const;
const OF_THE_PLATFORM = [...READING, 'organizations:read', 'approvals:read'] as const;

/**
 * The one table of roles. Whoever proposes a price, a credit, a write-off or an erasure has a role that cannot approve it, and
 * the other way round: duties are kept apart by roles, and once more by who it was (a proposer is never the approver).
 * Who gives out keys can neither propose nor approve. The authorization matrix of the tests is made from this table.
 */
export const ROLE_SCOPES: Readonly<Record<Role, readonly Scope[]>> = {
  tenant_viewer: READING,
  tenant_admin: [
    ...READING,
    'usage:write',
    'subscriptions:write',
    'profile:write',
    'payment_methods:write',
    'privacy:write',
    'keys:write',
    'audit:read',
  ],
  billing_operator: [
    ...OF_THE_PLATFORM,
    'catalogue:write',
    'subscriptions:write',
    'profile:write',
    'payment_methods:write',
    'invoices:write',
    'credits:write',
    'writeoffs:propose',
  ],
  approver: [...OF_THE_PLATFORM, 'catalogue:approve', 'approvals:decide'],
  compliance: [...OF_THE_PLATFORM, 'privacy:write', 'audit:read'],
  platform_admin: [...OF_THE_PLATFORM, 'organizations:write', 'keys:write', 'audit:read'],
};

export const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text);

/**
 * What somebody with a role may do.
 * @param given to a key: of these, those that its role has
 */
export function scopesOf(role: Role, given?: readonly string[]): ReadonlySet<Scope> {
  return new Set(ROLE_SCOPES[role].filter((scope) => given === undefined || given.includes(scope)));
}
