import type { Role } from '../stores/account-store.ts';

/** What may be asked for, by subject and verb. */
export const SCOPES = [
  'usage:write',
  'billing:read',
  'catalogue:read',
  'catalogue:write',
  'catalogue:approve',
  'subscriptions:write',
  'invoices:write',
  'credits:write',
  'approvals:decide',
  'organizations:read',
  'organizations:write',
  'keys:write',
  'audit:read',
] as const;
export type Scope = (typeof SCOPES)[number];

const READING = ['billing:read', 'catalogue:read'] as const;

/**
 * The one table of roles. Whoever proposes a price or a write-off has a role that cannot approve it, and the other way
 * round: duties are kept apart by roles, and once more by who it was (a proposer is never the approver).
 */
export const ROLE_SCOPES: Readonly<Record<Role, readonly Scope[]>> = {
  tenant_viewer: READING,
  tenant_admin: [...READING, 'usage:write', 'subscriptions:write', 'keys:write'],
  billing_operator: [
    ...READING,
    'catalogue:write',
    'subscriptions:write',
    'invoices:write',
    'credits:write',
    'organizations:read',
  ],
  approver: [...READING, 'catalogue:approve', 'approvals:decide', 'organizations:read'],
  compliance: [...READING, 'audit:read', 'organizations:read'],
  platform_admin: [...READING, 'organizations:read', 'organizations:write', 'keys:write', 'audit:read'],
};

/** Roles of the platform: their holders act on whichever organization they name. */
const PLATFORM_ROLES: ReadonlySet<Role> = new Set<Role>([
  'billing_operator',
  'approver',
  'compliance',
  'platform_admin',
]);

export const isPlatformRole = (role: Role): boolean => PLATFORM_ROLES.has(role);
export const mayDo = (role: Role, scope: Scope): boolean => ROLE_SCOPES[role].includes(scope);
