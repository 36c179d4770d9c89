import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix, relative, resolve } from 'node:path';
import { type Facts, readFacts } from './facts.ts';
import { type HclFile, readHcl, type Unreadable } from './hcl.ts';
import { type Folder, foldersOf, residenciesOf } from './layout.ts';
import { lint } from './lint.ts';
import { inParallel } from './parallel.ts';
import { type ModulesJson, type PlanJson, plannedResources, Written } from './planned.ts';
import { betweenStacks } from './policies/between-stacks.ts';
import { resourcePolicies } from './policies/resource.ts';
import { Stack, stackPolicies } from './policies/stack.ts';
import type { Problem } from './problems.ts';
import { type Resource, writtenResources } from './resources.ts';
import { onlyTypes, type ProviderSchema, readSchema } from './schema.ts';
import { startStandIn } from './stand-in-provider.ts';
import { type Diagnostic, diagnosticsOf, jsonLines, Terraform } from './terraform.ts';
import { copyOf, type Workspace } from './workspace.ts';

/** One thing that was checked. */
export interface Checked {
  readonly check: string;
  /** the folder, or what else it was about */
  readonly what: string;
  /** how much of it there was */
  readonly detail: string;
  readonly problems: readonly Problem[];
}

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

export const SLOW = ['test', 'plan'] as const;
export type Slow = (typeof SLOW)[number];

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
    await new Run(room).all();
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

interface Room {
  readonly terraform: Terraform;
  readonly workspace: Workspace;
  readonly files: readonly HclFile[];
  readonly schema: ProviderSchema;
  readonly facts: Facts;
  readonly leaveOut: ReadonlySet<Slow>;
  readonly report: (checked: Checked) => void;
}

/** Two at once: each `terraform` is busy for a tenth of a second, mostly with itself. */
const AT_ONCE = 2;

class Run {
  readonly #room: Room;
  readonly #written: Written;
  /** What was planned, by environment and residency; undefined where a root could not be. */
  readonly #planned = new Map<string, (Resource[] | undefined)[]>();

  constructor(room: Room) {
    this.#room = room;
    this.#written = new Written(room.files, room.schema);
  }

  async all(): Promise<void> {
    const folders = foldersOf(this.#room.files, this.#room.schema);
    await inParallel(folders, AT_ONCE, (folder) => this.#folder(folder));
    const stacks = [...this.#planned].sort(([a], [b]) => (a < b ? -1 : 1));
    const whole = stacks.flatMap(([name, parts]) => this.#stack(name, parts) ?? []);
    if (stacks.length > 1)
      this.#room.report({
        check: 'policy',
        what: 'between stacks',
        detail: `${whole.length} stacks`,
        problems: [...betweenStacks(whole)],
      });
  }

  async #folder(folder: Folder): Promise<void> {
    const isValid = await this.#validate(folder);
    const { leaveOut } = this.#room;
    if (isValid && folder.hasTests && !leaveOut.has('test')) await this.#test(folder);
    if (folder.environment !== undefined && !leaveOut.has('plan'))
      await this.#plan(folder, folder.environment, isValid);
  }

  async #validate(folder: Folder): Promise<boolean> {
    const { terraform, report } = this.#room;
    const cwd = this.#cwd(folder);
    const init = await terraform.run(cwd, 'init', '-backend=false', '-input=false', '-json');
    const problems = this.#problems('init', folder, diagnosticsOf(init.out), init);
    if (problems.length === 0) {
      const { out, ...rest } = await terraform.run(cwd, 'validate', '-json');
      const diagnostics = out.startsWith('{')
        ? (JSON.parse(out) as { readonly diagnostics: Diagnostic[] }).diagnostics
        : [];
      problems.push(...this.#problems('validate', folder, diagnostics, { out, ...rest }));
    }
    report({ check: 'validate', what: folder.path, detail: '', problems });
    return problems.length === 0;
  }

  async #test(folder: Folder): Promise<void> {
    const { terraform, report } = this.#room;
    const ran = await terraform.run(this.#cwd(folder), 'test', '-json');
    const problems = this.#problems('test', folder, diagnosticsOf(ran.out), ran);
    const [summary] = [...jsonLines(ran.out)].flatMap((line) =>
      line['type'] === 'test_summary' ? [line['test_summary']] : [],
    );
    const {
      passed = 0,
      failed = 0,
      errored = 0,
    } = (summary ?? {}) as { passed?: number; failed?: number; errored?: number };
    report({
      check: 'test',
      what: folder.path,
      detail: `${passed} of ${passed + failed + errored} runs passed`,
      problems,
    });
  }

  async #plan(folder: Folder, environment: string, isValid: boolean): Promise<void> {
    const { terraform, files, report } = this.#room;
    const residencies = residenciesOf(files, environment);
    const problems: Problem[] = [];
    const complain = (message: string) => problems.push({ check: 'plan', file: folder.path, line: 1, message });
    if (residencies.length === 0) complain(`environments/${environment}/stacks names no stacks (local.stacks)`);
    const others = folder.needed.filter((name) => name !== 'residency');
    if (others.length > 0)
      complain(`${others.join(', ')} has no default: a root is told its residency and nothing else`);
    const cwd = this.#cwd(folder);
    if (isValid && problems.length === 0) {
      // State is kept in the cloud; here there is none, and an override file puts it beside the configuration.
      const override = join(cwd, 'check_override.tf');
      writeFileSync(override, 'terraform {\n  backend "local" {}\n}\n');
      const init = await terraform.run(cwd, 'init', '-reconfigure', '-input=false', '-json');
      problems.push(...this.#problems('init', folder, diagnosticsOf(init.out), init));
    }
    const canPlan = isValid && problems.length === 0;
    let count = 0;
    for (const residency of residencies) {
      const planned = canPlan ? await this.#planOne(folder, residency, problems) : undefined;
      const stack = `${environment} ${residency}`;
      this.#planned.set(stack, [...(this.#planned.get(stack) ?? []), planned]);
      for (const resource of planned ?? []) problems.push(...resourcePolicies(resource));
      count += planned?.length ?? 0;
    }
    rmSync(join(cwd, 'check_override.tf'), { force: true });
    const detail = isValid ? `${residencies.join(', ')}: ${count} resources` : 'left out: it is not valid';
    report({ check: 'plan', what: folder.path, detail, problems });
  }

  async #planOne(folder: Folder, residency: string, problems: Problem[]): Promise<Resource[] | undefined> {
    const { terraform } = this.#room;
    const cwd = this.#cwd(folder);
    const variables = folder.needed.includes('residency') ? [`-var=residency=${residency}`] : [];
    const plan = await terraform.run(
      cwd,
      'plan',
      '-input=false',
      '-lock=false',
      '-json',
      `-out=${residency}.plan`,
      ...variables,
    );
    const found = this.#problems('plan', folder, diagnosticsOf(plan.out), plan);
    if (found.length > 0) {
      problems.push(...found);
      return undefined;
    }
    const { out } = await terraform.run(cwd, 'show', '-json', `${residency}.plan`);
    const modules = JSON.parse(readFileSync(join(cwd, '.terraform/modules/modules.json'), 'utf8')) as ModulesJson;
    return plannedResources(JSON.parse(out) as PlanJson, modules, folder.path, this.#written);
  }

  /** Asks the policies of one stack; undefined where not all of it could be planned. */
  #stack(name: string, parts: readonly (Resource[] | undefined)[]): Stack | undefined {
    const [environment, residency] = name.split(' ') as [string, string];
    const planned = parts.flatMap((part) => part ?? []);
    const stack = parts.includes(undefined) ? undefined : new Stack(environment, residency, planned);
    this.#room.report({
      check: 'policy',
      what: name,
      detail: stack === undefined ? 'left out: not all of it could be planned' : `${planned.length} resources`,
      problems: stack === undefined ? [] : [...stackPolicies(stack, this.#room.facts)],
    });
    return stack;
  }

  #cwd(folder: Folder): string {
    return join(this.#room.workspace.terraform, folder.path);
  }

  /** Errors and warnings of Terraform as problems; a failure that it says nothing about is one as well. */
  #problems(
    check: string,
    folder: Folder,
    diagnostics: readonly Diagnostic[],
    ran: { code: number; out: string; err: string },
  ): Problem[] {
    const cwd = this.#cwd(folder);
    const problems = diagnostics.map(({ summary, detail, range, address }): Problem => {
      const file =
        range === undefined || range.filename === ''
          ? folder.path
          : posix.normalize(relative(this.#room.workspace.terraform, resolve(cwd, range.filename)));
      const message = oneLine(detail === undefined || detail === '' ? summary : `${summary}: ${detail}`);
      return {
        check,
        file,
        line: range?.start.line ?? 1,
        message,
        ...(address === undefined || address === '' ? {} : { addresses: [address] }),
      };
    });
    if (ran.code !== 0 && problems.length === 0)
      problems.push({
        check,
        file: folder.path,
        line: 1,
        message: oneLine(`exit ${ran.code}: ${ran.err}${ran.out}`).slice(0, 600),
      });
    return problems;
  }
}

const oneLine = (text: string): string => text.trim().replace(/\s+/g, ' ');
