import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HclFile, parseHcl, readHcl } from '../../scripts/check-terraform/hcl.ts';
import { merged, type Problem, shown } from '../../scripts/check-terraform/problems.ts';
import { type Asked, checkTerraform, checkWritten } from '../../scripts/check-terraform/run.ts';
import { readSchema } from '../../scripts/check-terraform/schema.ts';
import { LONG } from '../support/bundle-workshop.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { IN_PLANS } from './plan-defects.ts';
import { IN_FILES, IN_VALIDATION, type Planted } from './planted.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const TERRAFORM = join(PROJECT, 'terraform');
const schema = readSchema();

/** The text with a defect in it. */
function planted(text: string, { says, file, find, plant, after }: Planted): string {
  const from = after === undefined ? 0 : text.indexOf(after);
  const tail = text.slice(from);
  const changed = typeof find === 'string' ? tail.replace(find, () => plant) : tail.replace(find, plant);
  assert.ok(from >= 0 && changed !== tail, `terraform/${file} has nothing to plant "${says}" on`);
  return text.slice(0, from) + changed;
}

/** What the whole check says of a copy with these defects in it. */
async function saidOf(defects: readonly Planted[], asked: Partial<Asked> = {}): Promise<Problem[]> {
  const folder = await tempFolder();
  try {
    cpSync(TERRAFORM, folder.path, { recursive: true });
    for (const defect of defects) {
      const file = join(folder.path, defect.file);
      writeFileSync(file, planted(readFileSync(file, 'utf8'), defect));
    }
    const checked = await checkTerraform({ project: PROJECT, terraform: folder.path, ...asked });
    return merged(checked.flatMap(({ problems }) => problems));
  } finally {
    await folder.remove();
  }
}

const list = (problems: readonly Problem[]): string => problems.map((problem) => shown(problem)).join('\n');

function assertNamed({ says, file, named }: Planted, problems: readonly Problem[]): void {
  const near = problems.filter((problem) => file.startsWith(problem.file));
  assert.ok(
    problems.some(({ message }) => named.test(message)),
    `nobody named ${says} among ${problems.length} problems; of terraform/${file}:\n${list(near)}`,
  );
}

describe('defects that are seen in the files of terraform/', () => {
  let files: HclFile[];

  before(async () => {
    const read = await readHcl(TERRAFORM);
    assert.deepEqual(read.unreadable, []);
    ({ files } = read);
  });

  it('nothing is wrong with the files as they are', () => {
    assert.equal(list(checkWritten(files, schema).problems), '');
  });

  for (const defect of IN_FILES) {
    it(defect.says, async () => {
      const own = files.find(({ path }) => path === defect.file);
      assert.ok(own !== undefined, `there is no terraform/${defect.file}`);
      const changed = await parseHcl(own.path, planted(own.text, defect));
      const { problems } = checkWritten([...files.filter((file) => file !== own), changed], schema);
      assertNamed(defect, problems);
      assert.ok(
        problems.some(({ file, line }) => own.path.startsWith(file) && line >= 1),
        `not in terraform/${defect.file}:\n${list(problems)}`,
      );
    });
  }
});

const hasTerraform = spawnSync('terraform', ['version'], { stdio: 'ignore' }).error === undefined;
const isRequired = process.env['TALLYSTICK_EMULATORS'] === 'required';

// Without terraform these do not run and say so; where everything is required, they fail.
describe('terraform/ as the genuine terraform sees it', function () {
  this.timeout(240_000);

  if (!hasTerraform) {
    const reason = 'there is no terraform (1.11 or later) on this machine';
    if (isRequired)
      it(`needs what is not here: ${reason}`, () => {
        throw new Error(reason);
      });
    else it(`did not run: ${reason}`);
    return;
  }

  it('is sound, and leaves no trace of having been checked', async () => {
    const before = readdirSync(TERRAFORM, { recursive: true, encoding: 'utf8' }).sort();
    // The tests beside the modules take longest; npm run check:terraform runs them.
    assert.equal(list(await saidOf([], LONG ? {} : { leaveOut: ['test'] })), '');
    assert.deepEqual(readdirSync(TERRAFORM, { recursive: true, encoding: 'utf8' }).sort(), before);
  });

  describe('planted one per module, each is named by terraform', () => {
    let problems: Problem[];
    before(async () => {
      problems = await saidOf(IN_VALIDATION, { leaveOut: ['test', 'plan'] });
    });
    for (const defect of IN_VALIDATION) it(defect.says, () => assertNamed(defect, problems));
  });

  describe('planted together in valid configuration, each is named by what is asked of the plans', () => {
    let problems: Problem[];
    before(async () => {
      problems = await saidOf(IN_PLANS, { leaveOut: ['test'] });
    });
    for (const defect of IN_PLANS) it(defect.says, () => assertNamed(defect, problems));
  });

  describe('in a small folder', () => {
    const VERSIONS = 'terraform {\n  required_version = ">= 1.11"\n}\n';

    /** What is said of a folder with these files. */
    async function saidOfFiles(files: Readonly<Record<string, string>>): Promise<string> {
      const folder = await tempFolder();
      try {
        for (const [name, text] of Object.entries(files)) {
          mkdirSync(dirname(join(folder.path, name)), { recursive: true });
          writeFileSync(join(folder.path, name), text);
        }
        const checked = await checkTerraform({ project: PROJECT, terraform: folder.path });
        return list(merged(checked.flatMap(({ problems }) => problems)));
      } finally {
        await folder.remove();
      }
    }

    it('a promise that a module makes in its own tests and breaks is named', async () => {
      const said = await saidOfFiles({
        'modules/sum/versions.tf': VERSIONS,
        'modules/sum/main.tf': 'output "sum" {\n  value = 2 + 3\n}\n',
        'modules/sum/sum.tftest.hcl':
          'run "adds" {\n  command = plan\n\n  assert {\n    condition     = output.sum == 4\n    error_message = "Two and two are four."\n  }\n}\n',
      });
      assert.equal(said, 'terraform/modules/sum/sum.tftest.hcl:5: test: Test assertion failed: Two and two are four.');
    });

    it('what cannot be read is named with its line', async () => {
      const said = await saidOfFiles({ 'modules/torn/main.tf': `${VERSIONS}output "sum" {\n  value = (2 +\n` });
      assert.match(said, /^terraform\/modules\/torn\/main\.tf:[56]: /m);
    });

    it('a value that a variable refuses is named when it is known: in the plan', async () => {
      const said = await saidOfFiles({
        'environments/trial/stacks/main.tf': `${VERSIONS}locals {\n  stacks = { eu = {}, mars = {} }\n}\noutput "all" {\n  value = local.stacks\n}\n`,
        'environments/trial/data/main.tf': `${VERSIONS}module "stacks" {\n  source = "../stacks"\n}\nvariable "residency" {\n  type = string\n  validation {\n    condition     = var.residency == "eu"\n    error_message = "Nothing lies there."\n  }\n}\n`,
      });
      assert.match(
        said,
        /^terraform\/environments\/trial\/data\/main\.tf:7: plan: Invalid value for variable: Nothing lies there\./m,
      );
    });

    it('a root that wants to be told more than its residency is not planned in silence', async () => {
      const said = await saidOfFiles({
        'environments/trial/stacks/main.tf': `${VERSIONS}locals {\n  stacks = { eu = {} }\n}\noutput "all" {\n  value = local.stacks\n}\n`,
        'environments/trial/data/main.tf': `${VERSIONS}module "stacks" {\n  source = "../stacks"\n}\nvariable "color" {\n  type = string\n}\n`,
      });
      assert.match(said, /color has no default: a root is told its residency and nothing else/);
    });
  });

  if (LONG)
    for (const defect of [...IN_FILES, ...IN_VALIDATION, ...IN_PLANS])
      it(`by itself: ${defect.says}`, async () => assertNamed(defect, await saidOf([defect], { leaveOut: ['test'] })));
});

describe('check-terraform on the command line', () => {
  const command = (...args: string[]) => [join(PROJECT, 'scripts/check-terraform.ts'), ...args];

  it('says what it does', () => {
    const help = execFileSync(process.execPath, command('--help'), { encoding: 'utf8' });
    assert.match(help, /Checks the Terraform configuration without network/);
    assert.match(help, /--regenerate-schema/);
  });

  it('says so and exits 3 where there is no terraform', async () => {
    const folder = await tempFolder();
    const ran = spawnSync(process.execPath, command(), { env: { PATH: folder.path }, encoding: 'utf8' });
    await folder.remove();
    assert.equal(ran.status, 3);
    assert.match(ran.stderr, /terraform is not installed/);
  });
});
