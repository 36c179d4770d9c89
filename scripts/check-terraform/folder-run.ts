import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix, relative, resolve } from 'node:path';
import type { Facts } from './facts.ts';
import type { HclFile } from './hcl.ts';
import { type Folder, foldersOf, residenciesOf } from './layout.ts';
import { inParallel } from './parallel.ts';
import { type ModulesJson, type PlanJson, plannedResources, Written } from './planned.ts';
import { stackPolicies } from './policies/all.ts';
import { betweenStacks } from './policies/between-stacks.ts';
import { resourcePolicies } from './policies/resource.ts';
import { Stack } from './policies/stack.ts';
import type { Checked, Problem, Slow } from './problems.ts';
import type { Resource } from './resources.ts';
import type { ProviderSchema } from './schema.ts';
import { type Diagnostic, diagnosticsOf, jsonLines, type Terraform } from './terraform.ts';
import type { Workspace } from './workspace.ts';

/** What every folder is checked with. */
export interface Room {
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

/** Checks folder by folder, and then what was planned. */
export class FolderRun {
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
    const own = diagnostics.filter(({ summary }, _at, all) => all.length === 1 || !PREAMBLE.test(summary));
    const problems = own.map(({ summary, detail, range, address }): Problem => {
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

// What init says before it says what is wrong.
const PREAMBLE = /^Terraform encountered problems during initiali[sz]ation/;

const oneLine = (text: string): string => text.trim().replace(/\s+/g, ' ');
