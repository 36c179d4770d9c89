import { join } from 'node:path';
import { Command } from 'commander';
import { FileKeyWrapper } from '../shared/adapters/local/key-wrapper.ts';
import { BadInput } from '../shared/domain/errors.ts';
import { parseTenantId, type TenantId } from '../shared/domain/ids.ts';
import { type ErrandPlatform, runErrand, withPlatform } from './support/errand.ts';

interface Wish {
  readonly list?: true;
  readonly rotate?: true;
  readonly rewrap?: true;
  readonly newWrappingKey?: true;
  readonly organization?: string;
}

const command = new Command('data-keys')
  .description('Keys under which personal data is. Say one of --list, --rotate, --rewrap and --new-wrapping-key.')
  .option('--list', 'shows every organization’s data keys and what they are wrapped by')
  .option('--rotate', 'makes the next data key: what is sealed from now on is under it')
  .option('--rewrap', 'wraps the data keys again, under the wrapping key now in force: after it, an older one may go')
  .option('--new-wrapping-key', 'makes another wrapping key of the embedded store; in the cloud the key service does')
  .option('--organization <id>', 'of one organization alone')
  .parse();
const wish = command.opts<Wish>();
if ([wish.list, wish.rotate, wish.rewrap, wish.newWrappingKey].filter((one) => one === true).length !== 1) {
  command.error('say one of --list, --rotate, --rewrap and --new-wrapping-key', { exitCode: 2 });
}

await runErrand(() =>
  withPlatform(async (platform) => {
    if (wish.newWrappingKey === true) return newWrappingKey(platform);
    let organizations = 0;
    let keys = 0;
    for await (const tenant of tenantsOf(platform)) {
      organizations++;
      keys += await doOne(tenant, platform);
    }
    const what = wish.rewrap === true ? 'wrapped again' : wish.rotate === true ? 'made' : 'there';
    console.log(`${keys} data keys of ${organizations} organizations ${what}`);
  }),
);

async function doOne(tenant: TenantId, { personal }: ErrandPlatform): Promise<number> {
  if (wish.rewrap === true) return personal.rewrap(tenant);
  if (wish.rotate === true) {
    console.log(`${tenant}  version ${await personal.rotate(tenant)} is in force`);
    return 1;
  }
  const keys = await personal.list(tenant);
  for (const { version, wrappedBy, createdAt } of keys) {
    console.log(`${tenant}  version ${version}  made ${createdAt}  ${wrappedBy === '' ? 'destroyed' : wrappedBy}`);
  }
  return keys.length;
}

async function* tenantsOf({ accounts }: ErrandPlatform): AsyncGenerator<TenantId> {
  if (wish.organization !== undefined) {
    yield parseTenantId(wish.organization);
    return;
  }
  for (let after: string | undefined; ; ) {
    const tenants = await accounts.list(after, 500);
    yield* tenants;
    after = tenants.at(-1);
    if (after === undefined) return;
  }
}

async function newWrappingKey({ config, entropy }: ErrandPlatform): Promise<void> {
  if (config.platform === 'cloud') {
    throw new BadInput(
      'invalid_parameter',
      'Cloud KMS makes versions of its key: gcloud kms keys versions create --primary',
    );
  }
  const wrapper = await FileKeyWrapper.open({ folder: join(config.dataFolder, 'wrapping-keys'), entropy });
  console.log(`${await wrapper.rotate()} is in force; wrap the data keys again with --rewrap`);
}
