import './support/pool.ts';
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { SystemClock } from '../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../shared/adapters/local/entropy.ts';
import { base64url } from '../shared/domain/canonical.ts';
import { newApiKey } from '../shared/edge/auth.ts';
import { readConfig, VARIABLES } from '../shared/edge/config.ts';
import { drainProcess } from '../shared/edge/drain.ts';
import { createLog } from '../shared/edge/log.ts';
import type { Role } from '../shared/stores/account-store.ts';
import { Suite } from '../shared/wiring/suite.ts';
import { runErrand } from './support/errand.ts';

const variables = Object.values(VARIABLES).map(
  ({ name, meaning, fallback }) => `  ${name}  ${meaning} (default: ${fallback === '' ? 'none' : fallback})`,
);

new Command('start')
  .description('Runs the whole suite in one process on one port, with its data in one folder.')
  .addHelpText('after', `\nEnvironment:\n${variables.join('\n')}`)
  .parse();

await runErrand(async () => {
  const config = readConfig(process.env);
  const clock = new SystemClock();
  const entropy = new SystemEntropy();
  const log = createLog(config.logLevel, clock, { secrets: [config.callerToken] });
  const newRequestId = (): string => `req_${base64url(entropy.bytes(12))}`;
  const drain = drainProcess({ clock, log, drainSeconds: config.drainSeconds, newRequestId });
  const suite = await Suite.start({ config, clock, entropy, log });
  // The suite ends its jobs and its bus first; the requests under way are waited for by the drain.
  let closing: Promise<void> | undefined;
  let welcomed: Promise<void> = Promise.resolve();
  const close = (): Promise<void> => {
    // Somebody may stop the suite while it still makes its first organization.
    closing ??= welcomed.then(
      () => suite.close(),
      () => suite.close(),
    );
    return closing;
  };
  drain.stopping.addEventListener('abort', () => void close().catch(() => undefined));
  drain.onClose('suite', close);
  welcomed = welcome(suite);
  await welcomed;
  if (!drain.stopping.aborted) suite.schedule();
});

/** On an empty store: a first organization to play with, and its key, printed once. */
async function welcome(suite: Suite): Promise<void> {
  const { accounts, clock, entropy, config } = suite.platform;
  console.log(`tallystick listens on ${suite.url}, data in ${config.dataFolder}`);
  if ((await accounts.list(undefined, 1)).length > 0) return;
  const starter = JSON.parse(await readFile(new URL('./starter-account.json', import.meta.url), 'utf8')) as {
    readonly subscriptions: readonly object[];
  };
  // It begins this month: nobody wants to be greeted by the invoices of a year without usage.
  const started_at = `${clock.now().slice(0, 7)}-01T00:00:00Z`;
  const document = { ...starter, subscriptions: starter.subscriptions.map((one) => ({ ...one, started_at })) };
  const { tenant } = await accounts.put(document, clock.now());
  const key = async (role: Role): Promise<string> => {
    const { keyId, secret, text } = newApiKey(entropy, config);
    await accounts.addKey({ keyId, secret, tenant, role, createdAt: clock.now() });
    return text;
  };
  console.log(
    `organization ${tenant} was made from scripts/starter-account.json; its API key, shown only now:\n${await key('tenant_admin')}`,
  );
  console.log('and keys of two people of the platform: who writes plans, and who publishes them:');
  console.log(`${await key('billing_operator')}\n${await key('approver')}`);
}
