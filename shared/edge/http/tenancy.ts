import type { Principal } from '../../domain/access.ts';
import { BadInput } from '../../domain/errors.ts';
import { parseTenantId, type TenantId } from '../../domain/ids.ts';
import type { AccountStore } from '../../stores/account-store.ts';

/**
 * Which organization a call is about. Another tenant's and an absent one answer alike.
 * @param named the query parameter `organization_id`
 * @param about whether the operation needs an organization
 * @returns undefined where a platform role asks a platform operation about none
 * @throws BadInput `not_found`; `invalid_parameter` where a platform role has to name one and does not
 */
export async function organizationOf(
  principal: Principal,
  named: string | undefined,
  about: 'organization' | 'platform',
  accounts: AccountStore,
): Promise<TenantId | undefined> {
  if (principal.tenant !== null) {
    if (named === undefined || named === principal.tenant) return principal.tenant;
    throw noSuchOrganization();
  }
  if (named === undefined) {
    if (about === 'platform') return undefined;
    throw new BadInput('invalid_parameter', 'a key of the platform names the organization', 'organization_id');
  }
  const tenant = idOf(named);
  if ((await accounts.get(tenant)) === undefined) throw noSuchOrganization();
  return tenant;
}

const noSuchOrganization = (): BadInput => new BadInput('not_found', 'no such organization', 'organization_id');

function idOf(named: string): TenantId {
  try {
    return parseTenantId(named);
  } catch {
    throw noSuchOrganization();
  }
}
