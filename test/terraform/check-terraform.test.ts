import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

function assertNamed({ says, named }: Planted, problems: readonly Problem[]): void {
  assert.ok(
    problems.some(({ message }) => named.test(message)),
    `nobody named ${says}:\n${list(problems)}`,
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
      problems = await saidOf(IN_VALIDATION, { leaveOut: ['test'] });
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
