import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { keepRegistry } from '../functions/reconcile-chain/registry.ts';
import { BadInput } from '../shared/domain/errors.ts';
import { newApiKey } from '../shared/edge/auth.ts';
import { ROLES, type Role } from '../shared/stores/account-store.ts';
import { runErrand, withPlatform } from './support/errand.ts';

const { account, role } = new Command('setup')
  .description('Creates or changes an organization from its account document and prints a new API key for it, once.')
  .requiredOption('--account <file>', 'account document (JSON), e.g. scripts/starter-account.json')
  .option('--role <role>', `what the key may do: ${ROLES.join(', ')}`, 'tenant_admin')
  .parse()
  .opts<{ account: string; role: string }>();

await runErrand(async () => {
  const known = ROLES.find((name) => name === role);
  if (known === undefined) throw new BadInput('invalid_parameter', `a role is one of ${ROLES.join(', ')}`, 'role');
  const document: unknown = JSON.parse(await readFile(account, 'utf8'));
  await withPlatform(async (platform) => {
    const { accounts, clock, entropy, config } = platform;
    const { tenant } = await accounts.put(document, clock.now());
    const { keyId, secret, text } = newApiKey(entropy, config);
    await accounts.addKey({ keyId, secret, tenant, role: known satisfies Role, createdAt: clock.now() });
    // The vault's registry is what a rebuild starts from: it need not wait for the hourly pass.
    await keepRegistry(false, platform);
    console.log(`organization ${tenant} is set up; its new API key (${known}), shown only now:\n${text}`);
  });
});
