import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { FileKeyWrapper } from '../../shared/adapters/local/key-wrapper.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { newApiKey } from '../../shared/edge/auth.ts';
import { readConfig } from '../../shared/edge/config.ts';
import { createLog } from '../../shared/edge/log.ts';
import { CANARIES, LeakWatch, watchLogs } from '../support/leak-watch.ts';
import { tempFolder } from '../support/temp-folder.ts';

const entropy = new SeededEntropy('planted');
const KEY = newApiKey(entropy, readConfig({})).text;
const PLANTED: Readonly<Record<string, string>> = {
  'an API key': KEY,
  'a token': 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhY21lIn0.c2lnbmF0dXJl',
  'a credential': 'Authorization: Bearer 0123456789abcdef0123',
  'a private key': '-----BEGIN PRIVATE KEY-----',
  'a signed address': 'https://storage.googleapis.com/b/o?X-Goog-Signature=00ff00ff',
  'personal data': CANARIES[0]!,
};

describe('what looks for secrets in logs', () => {
  it('finds each kind that is planted, and says where without repeating it', () => {
    for (const [what, text] of Object.entries(PLANTED)) {
      const watch = new LeakWatch();
      watch.look('log', `{"message":"said","detail":"${text}"}`);
      assert.equal(watch.findings.length, 1, what);
      assert.ok(watch.findings[0]!.startsWith(`log: ${what}: `), watch.findings[0]);
      assert.ok(what === 'personal data' || !watch.findings[0]!.includes(text), what);
    }
  });

  it('finds a data key that was unwrapped, in whichever letters, and takes no hash for one', async () => {
    const folder = await tempFolder();
    const watch = new LeakWatch();
    const unwatch = watchLogs(watch);
    try {
      const wrapper = await FileKeyWrapper.open({ folder: folder.path, entropy });
      const key = Buffer.from(entropy.bytes(32));
      const text = (encoding: BufferEncoding) => `a batch of ${key.toString(encoding)}, read`;
      watch.look('log', text('base64'));
      assert.deepEqual(watch.findings, []);
      await wrapper.unwrap(await wrapper.wrap(key, 'test'), 'test');
      for (const encoding of ['base64', 'base64url', 'hex'] as const) watch.look('log', text(encoding));
      assert.equal(watch.findings.length, 3);
    } finally {
      unwatch();
      await folder.remove();
    }
  });

  it('hears what this process writes and what its children do; the log itself strikes secrets out', async () => {
    const watch = new LeakWatch();
    const unwatch = watchLogs(watch);
    try {
      createLog('info', new ManualClock('2026-03-01T00:00:00.000000Z' as Instant)).info('planted', { detail: KEY });
      assert.deepEqual([watch.looked.get('log'), watch.findings.length], [1, 0]);
      await promisify(execFile)(
        process.execPath,
        ['-e', `process.stderr.write('one\\n' + process.env.PLANTED + '\\n')`],
        {
          env: { PLANTED: KEY },
        },
      );
      assert.deepEqual([watch.looked.get('log of a process'), watch.findings.length], [2, 1]);
      fs.writeSync(2, '');
      assert.equal(watch.looked.get('log'), 2);
    } finally {
      unwatch();
    }
  });
});
