import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { TestSuite } from '../support/suite.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Copies rest 25 ms between two commits and a sweep waits for each: 60 of them are a second and a half. */
const PAGES = 60;

interface Stopped {
  readonly code: number | null;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

describe('a suite that is stopped while its jobs are under way', function () {
  this.timeout(60_000);

  let suite: TestSuite;
  let folder: TempFolder;

  before(async () => {
    const now = new SystemClock().now();
    suite = await TestSuite.start({ at: now });
    const start = `${now.slice(0, 7)}-01T00:00:00Z`;
    const acme = await suite.organization(accountOf('acme', { start, meters: { calls: { model: perUnit('1') } } }));
    await suite.silenceBus();
    for (let page = 0; page < PAGES; page++) {
      await acme.send(usage(`call ${page}`, 'calls', '1', now));
      await suite.platform.ledger.appendWaiting(acme.tenant, suite.clock.now());
    }
    await suite.stop();
  });

  beforeEach(async () => {
    folder = await tempFolder();
    await cp(suite.folder.path, folder.path, { recursive: true });
    // What the sweep has to copy now: every page.
    await rm(join(folder.path, 'mirror'), { recursive: true });
  });

  afterEach(() => folder.remove());
  after(() => suite.close());

  /** Runs the suite on the folder and tells it to end when the sweep has copied its first page. */
  async function stoppedMidway(drainSeconds: number): Promise<Stopped> {
    const child = spawn(process.execPath, [join(ROOT, 'scripts/start.ts')], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        DATA_DIR: folder.path,
        PORT: '0',
        RSA_BITS: '2048',
        DRAIN_SECONDS: String(drainSeconds),
      },
    });
    let output = '';
    const hear = (text: string): void => {
      const isFirst = !output.includes('mirror_healed');
      output += text;
      if (isFirst && output.includes('mirror_healed')) child.kill('SIGTERM');
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    const [code] = (await once(child, 'close')) as [number | null];
    const lines = output.split('\n').filter((line) => line.startsWith('{'));
    return { code, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  }

  const complaints = ({ lines }: Stopped): unknown[] =>
    lines.filter(({ severity }) => severity === 'ERROR' || severity === 'CRITICAL');
  const copied = ({ lines }: Stopped): number => lines.filter(({ message }) => message === 'mirror_healed').length;

  it('lets the sweep rest at its next page, ends with status 0 and complains of nothing', async () => {
    const stopped = await stoppedMidway(1);
    assert.deepEqual([stopped.code, complaints(stopped)], [0, []]);
    assert.ok(copied(stopped) < PAGES, `${copied(stopped)} pages were copied before it ended`);
    const rested = stopped.lines.filter(({ message }) => message === 'job_rests').map(({ job }) => job);
    assert.ok(rested.includes('reconcile-chain/sweep'), String(rested));

    const next = await TestSuite.start({ at: suite.clock.now(), from: folder.path });
    try {
      const { ledger, mirror } = next.platform;
      const missing = PAGES - (await mirror.list('acme')).length;
      assert.ok(missing > 0);
      assert.equal((await next.sweep()).pagesMirrored, missing, 'the next one copies the others');
      const [head] = await next.platform.reconciliation.heads();
      const pages = await ledger.pages(head!.tenant as TenantId, 0, head!.size);
      assert.deepEqual(
        await mirror.list('acme'),
        pages.map(({ firstSeq }) => firstSeq),
      );
    } finally {
      await next.close();
    }
  });

  it('without any time for its requests it answers them, and closes no store that a job still works with', async () => {
    const stopped = await stoppedMidway(0);
    assert.deepEqual(complaints(stopped), []);
    assert.equal(stopped.lines.at(-1)?.['message'], 'stopped');
    assert.equal(stopped.lines.at(-1)?.['overdue'], undefined, 'it closed its stores');
  });
});
