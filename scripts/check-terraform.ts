import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { readHcl } from './check-terraform/hcl.ts';
import { type Checked, merged, SLOW, type Slow, shown } from './check-terraform/problems.ts';
import { BINDINGS, regenerateSchema } from './check-terraform/regenerate-schema.ts';
import { writtenResources } from './check-terraform/resources.ts';
import { checkTerraform } from './check-terraform/run.ts';
import { PROVIDER_VERSION, readSchema, SCHEMA_FILE } from './check-terraform/schema.ts';
import { NoTerraform } from './check-terraform/terraform.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

const options = new Command('check-terraform')
  .description(
    `Checks the Terraform configuration without network: the genuine terraform formats, validates, tests and plans it against a stand-in that knows the schema of google ${PROVIDER_VERSION}; then policies are asked of files and plans. Exit 0 sound, 1 problems, 3 no terraform here.`,
  )
  .option('--folder <folder>', 'folder with the configuration', resolve(PROJECT, 'terraform'))
  .addOption(new Option('--leave-out <checks...>', 'what takes longest, while writing').choices(SLOW))
  .option('--regenerate-schema', `read the schema out of ${BINDINGS.package} again (needs npm's registry)`)
  .parse()
  .opts<{ folder: string; leaveOut?: Slow[]; regenerateSchema?: true }>();

const tell = ({ check, what, detail, problems }: Checked): void => {
  const verdict = problems.length === 0 ? 'ok  ' : 'FAIL';
  console.log(`${verdict} ${check.padEnd(8)} ${what}${detail === '' ? '' : ` (${detail})`}`);
};

async function regenerate(): Promise<void> {
  const { files } = await readHcl(options.folder);
  const used = files
    .flatMap((file) => writtenResources(file, readSchema()))
    .filter(({ type }) => type.startsWith('google_'));
  const count = regenerateSchema(used.map(({ kind, type }) => ({ kind, type })));
  console.log(`${SCHEMA_FILE}: ${count} types`);
}

async function check(): Promise<void> {
  const start = performance.now();
  const checked = await checkTerraform({
    project: PROJECT,
    terraform: resolve(options.folder),
    tell,
    leaveOut: options.leaveOut,
  });
  const problems = merged(checked.flatMap((one) => one.problems));
  if (problems.length > 0) console.log();
  for (const problem of problems) console.log(shown(problem));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `\n${checked.length} checks, ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}, ${seconds} s`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}

try {
  await (options.regenerateSchema ? regenerate() : check());
} catch (error) {
  if (!(error instanceof NoTerraform)) throw error;
  console.error(error.message);
  process.exitCode = 3;
}
