import { readFacts } from './facts.ts';
import { FolderRun } from './folder-run.ts';
import { type HclFile, readHcl, type Unreadable } from './hcl.ts';
import { lint } from './lint.ts';
import { resourcePolicies } from './policies/resource.ts';
import type { Checked, Problem, Slow } from './problems.ts';
import { writtenResources } from './resources.ts';
import { onlyTypes, type ProviderSchema, readSchema } from './schema.ts';
import { startStandIn } from './stand-in-provider.ts';
import { Terraform } from './terraform.ts';
import { copyOf, type Workspace } from './workspace.ts';

export interface Asked {
  /** folder of the project, whose code the configuration has to agree with */
  readonly project: string;
  /** folder with the configuration */
  readonly terraform: string;
  /** told each check as it ends */
  readonly tell?: ((checked: Checked) => void) | undefined;
  /** What takes longest and is not asked for; all is checked unless said. */
  readonly leaveOut?: readonly Slow[] | undefined;
  readonly binary?: string | undefined;
}

/**
 * Checks everything: what is written down, then with the genuine `terraform` what is valid, what its tests say and what
 * would be planned, then the plans.
 *
 * @throws NoTerraform
 */
export async function checkTerraform({
  project,
  terraform: source,
  tell,
  leaveOut,
  binary,
}: Asked): Promise<Checked[]> {
  const schema = readSchema();
  const checked: Checked[] = [];
  const report = (one: Checked) => {
    checked.push(one);
    tell?.(one);
  };
  const workspace = copyOf(project, source);
  const { files, unreadable } = await readHcl(workspace.terraform);
  const used = new Set(files.flatMap((file) => writtenResources(file, schema)).map(({ type }) => type));
  const provider = await startStandIn(onlyTypes(schema, used));
  try {
    const terraform = new Terraform(workspace.folder, provider.reattach, binary);
    await terraform.version(workspace.folder);
    report(await fmt(terraform, workspace, files));
    report(checkWritten(files, schema, unreadable.map(syntaxProblem)));
    const room = {
      terraform,
      workspace,
      files,
      schema,
      facts: readFacts(project),
      leaveOut: new Set(leaveOut),
      report,
    };
    await new FolderRun(room).all();
    return checked;
  } finally {
    await provider.stop();
    workspace.remove();
  }
}

const syntaxProblem = ({ path, line, message }: Unreadable): Problem => ({
  check: 'syntax',
  file: path,
  line,
  message,
});

/** What can be said without `terraform`: schema, values and policies of what is written down. */
export function checkWritten(
  files: readonly HclFile[],
  schema: ProviderSchema,
  problems: readonly Problem[] = [],
): Checked {
  const resources = files.flatMap((file) => writtenResources(file, schema));
  return {
    check: 'written',
    what: 'lint and policies',
    detail: `${files.length} files, ${resources.length} resources`,
    problems: [
      ...problems,
      ...lint(files, schema),
      ...resources.flatMap((resource) => [...resourcePolicies(resource)]),
    ],
  };
}

async function fmt(terraform: Terraform, workspace: Workspace, files: readonly HclFile[]): Promise<Checked> {
  const { out } = await terraform.run(workspace.terraform, 'fmt', '-check', '-recursive', '-diff', '-no-color');
  const problems: Problem[] = [];
  let file = '';
  let line = 0;
  for (const text of out.split('\n')) {
    const hunk = /^@@ -(\d+)/.exec(text);
    if (text.startsWith('--- old/')) file = text.slice('--- old/'.length);
    else if (hunk !== null) line = Number(hunk[1]);
    else if (text.startsWith('-') && !text.startsWith('---') && problems.at(-1)?.file !== file)
      problems.push({ check: 'fmt', file, line, message: 'is not as terraform fmt writes it' });
    else if (text.startsWith(' ')) line++;
  }
  return { check: 'fmt', what: 'all files', detail: `${files.length} files`, problems };
}
