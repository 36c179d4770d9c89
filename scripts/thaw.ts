import { Command } from 'commander';
import { reconcileChain } from '../functions/reconcile-chain/reconcile-chain.ts';
import { parseTenantId } from '../shared/domain/ids.ts';
import { runErrand, withPlatform } from './support/errand.ts';

const [name] = new Command('thaw')
  .description('Lets billing of a frozen organization go on, if a full pass over its ledger now finds nothing wrong.')
  .argument('<organization>', 'organization id')
  .parse().args;

await runErrand(async () => {
  const tenant = parseTenantId(name, 'organization');
  await withPlatform(async (platform) => {
    const frozen = await platform.reconciliation.frozen(tenant);
    if (frozen === undefined) {
      console.log(`${tenant} is not frozen`);
      return;
    }
    console.log(`frozen at ${frozen.frozen_at}: ${frozen.kind} at entry ${frozen.seq}: ${frozen.detail}`);
    const { faults } = await reconcileChain(true, platform);
    const own = faults.filter((fault) => fault.tenant === tenant);
    for (const fault of own) console.log(`still wrong: ${fault.kind} at entry ${fault.seq}: ${fault.detail}`);
    if (own.length > 0) {
      process.exitCode = 1;
      return;
    }
    await platform.reconciliation.thaw(tenant);
    console.log(`${tenant} is billed again`);
  });
});
