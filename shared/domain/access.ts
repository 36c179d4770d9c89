import type { TenantId } from './ids.ts';

/** Who may ask, and as what. What each role may do is in `shared/edge/roles.ts`. */

export const ROLES = [
  'tenant_viewer',
  'tenant_admin',
  'billing_operator',
  'approver',
  'compliance',
  'platform_admin',
] as const;
export type Role = (typeof ROLES)[number];

/** Roles of the platform: their holders act on whichever organization they name. The others are bound to one. */
const PLATFORM_ROLES: ReadonlySet<Role> = new Set<Role>([
  'billing_operator',
  'approver',
  'compliance',
  'platform_admin',
]);

export const isPlatformRole = (role: Role): boolean => PLATFORM_ROLES.has(role);

/** Who asks: established by an API key or a token. */
export interface Principal {
  readonly kind: 'key' | 'jwt';
  /** the key's id, or a token's subject under a pseudonym: nothing that tells who a person is */
  readonly id: string;
  readonly role: Role;
  /** the organization that a tenant's role is bound to; null for roles of the platform */
  readonly tenant: TenantId | null;
  /** what the role may do, or the part of it that the key was given */
  readonly scopes: ReadonlySet<string>;
  /**
   * Who answers for it: the person, where that is known, else the credential itself. Two that name the same person are one
   * pair of hands: neither approves what the other has proposed.
   */
  readonly person: string;
}
