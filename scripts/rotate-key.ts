import { Command } from 'commander';
import { keepRegistry } from '../functions/reconcile-chain/registry.ts';
import type { KeyPurpose } from '../shared/ports/signer.ts';
import { runErrand, withPlatform } from './support/errand.ts';

const [wanted] = new Command('rotate-key')
  .description(
    'Makes a new signing key and puts it in force from the next seal on. The old public key stays in the JWKS.',
  )
  .argument('<purpose>', 'checkpoint or evidence')
  .parse().args;

await runErrand(async () => {
  const purpose = (['checkpoint', 'evidence'] as const satisfies KeyPurpose[]).find((name) => name === wanted);
  if (purpose === undefined) {
    console.error('the purpose is checkpoint or evidence');
    process.exitCode = 2;
    return;
  }
  await withPlatform(async (platform) => {
    const { signer, keys } = platform;
    const key = await signer.createKey(purpose);
    await keys.adopt(key);
    await keepRegistry(false, platform);
    const entry = (await keys.keyset()).keys.find(({ kid }) => kid === key.kid);
    console.log(`${purpose} key ${key.kid} is in force from seal ${entry?.first_seal} on`);
  });
});
