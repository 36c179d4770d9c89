import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Storage } from '@google-cloud/storage';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { StorageVault } from '../../shared/adapters/storage/vault.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { RetentionRefused } from '../../shared/ports/vault.ts';
import { StorageDouble, startStorageDouble } from '../support/doubles/storage.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { vaultContract } from './contracts/vault.ts';

const DAY_SECONDS = 86_400;
const MIB = 1024 * 1024;
/** The smallest object that goes in pieces. */
const PIECES = 8 * MIB + 1;
const at = (text: string) => parseInstant(text, 'test');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const isFinal = (error: unknown): error is Error => error instanceof Error && !(error instanceof TryAgain);

vaultContract('Cloud Storage, on a double', async () => {
  const double = await startStorageDouble({ retentionSeconds: 30 * DAY_SECONDS });
  const { project, bucket, endpoint, clock, credentials } = double;
  return {
    open: async () => new StorageVault({ project, bucket, endpoint, clock, credentials }),
    passRetention: async () => clock.advance(30 * DAY_SECONDS * 1000),
    dispose: () => double.close(),
  };
});

describe('a vault in Cloud Storage', () => {
  let double: StorageDouble;
  let vault: StorageVault;
  const opened: StorageDouble[] = [];

  const start = async (): Promise<StorageDouble> => {
    const clock = new ManualClock(at('2026-03-01T12:00:00Z'));
    const started = await startStorageDouble({ clock, retentionSeconds: 30 * DAY_SECONDS });
    opened.push(started);
    return started;
  };
  const vaultOf = ({ project, bucket, endpoint, clock, credentials }: StorageDouble): StorageVault =>
    new StorageVault({ project, bucket, endpoint, clock, credentials });
  /** Bytes that nowhere repeat themselves, so that a lost or doubled piece shows. */
  const large = (bytes: number, seed = 1): Uint8Array =>
    new Uint8Array(createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(bytes)));

  beforeEach(async () => {
    double = await start();
    vault = vaultOf(double);
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  describe('checks every byte', () => {
    it('an object carries the SHA-256 of its bytes and is stored under its checksum', async () => {
      await vault.create('evidence/acme/INV-1.tar', text('123456789'));
      const { metadata, crc32c, contentType } = double.object('evidence/acme/INV-1.tar');
      assert.deepEqual(metadata, { sha256: sha256(text('123456789')) });
      // The check value that every description of CRC-32C gives: 0xe3069283.
      assert.equal(Buffer.from(crc32c, 'base64').toString('hex'), 'e3069283');
      assert.equal(contentType, 'application/x-tar');
    });

    for (const [kind, bytes] of [
      ['a small object', text('12.34')],
      ['a large one', large(PIECES)],
    ] as const) {
      it(`a byte of ${kind} that turns over on its way there is noticed before there is an object`, async () => {
        double.fault('upload', 'flip', kind === 'a small object' ? 1 : 2);
        await assert.rejects(vault.create('a', bytes), (error: unknown) => {
          assert.ok(error instanceof TryAgain);
          assert.match(error.message, /Provided CRC32C "\S+" doesn't match/);
          return true;
        });
        assert.deepEqual(await vault.list(''), []);
        assert.equal(await vault.create('a', text('12.34')), 'created');
      });
    }

    it('a service that compares nothing and stores other bytes is an error, now and when they are read', async () => {
      double.fault('upload', 'careless', 1);
      await assert.rejects(vault.create('a', text('12.34')), (error: unknown) => {
        assert.ok(isFinal(error));
        assert.match(error.message, /stored other bytes as a than it was sent/);
        return true;
      });
      await assert.rejects(vault.read('a'), /a in bucket tallystick-vault is damaged: its SHA-256 does not fit/);
    });

    it('a byte that turns over on its way back is asked for again; twice is an error that names the object', async () => {
      await vault.create('acme/1', text('12.34'));
      double.fault('download', 'flip', 1);
      assert.deepEqual(await vault.read('acme/1'), text('12.34'));
      assert.equal(double.count('download'), 2);
      double.fault('download', 'flip');
      await assert.rejects(vault.read('acme/1'), (error: unknown) => {
        assert.ok(isFinal(error));
        assert.equal(error.message, 'acme/1 in bucket tallystick-vault is damaged: its CRC32C does not fit');
        return true;
      });
    });

    it('an object that rots in the bucket is an error, never other bytes', async () => {
      double.fault('upload', 'rot', 1);
      assert.equal(await vault.create('a', text('12.34')), 'created');
      await assert.rejects(vault.read('a'), /a in bucket tallystick-vault is damaged: its CRC32C does not fit/);
      await assert.rejects(vault.create('a', text('12.34')), /is damaged/, 'neither present nor different');
    });

    it('an object whose SHA-256 is another’s, or missing, is not ours', async () => {
      double.put('other', Buffer.from('12.34'), { metadata: { sha256: sha256(text('56.78')) } });
      double.put('none', Buffer.from('12.34'));
      for (const name of ['other', 'none']) {
        await assert.rejects(vault.read(name), /is damaged: its SHA-256 does not fit/);
        await assert.rejects(vault.create(name, text('12.34')), /is damaged: its SHA-256 does not fit/);
      }
    });
  });

  describe('keeps long text compressed', () => {
    const long = text('{"typ":"charge"}\n'.repeat(10_000));
    const create = () => vault.create('evidence/acme/INV-1.tar', long, 'compressed');

    it('it lies there as gzip, a fraction of its size, and reads back byte for byte', async () => {
      assert.equal(await create(), 'created');
      const { bytes, contentEncoding, metadata } = double.object('evidence/acme/INV-1.tar');
      assert.equal(contentEncoding, 'gzip');
      assert.ok(bytes.length * 20 < long.length, `${bytes.length} bytes`);
      assert.deepEqual(metadata, { sha256: sha256(long) });
      assert.deepEqual(await vault.read('evidence/acme/INV-1.tar'), long);
    });

    it('the same bytes again are present, however they were kept before; others are different', async () => {
      assert.equal(await create(), 'created');
      assert.equal(await create(), 'present');
      assert.equal(await vault.create('evidence/acme/INV-1.tar', long), 'present');
      assert.equal(await vault.create('evidence/acme/INV-1.tar', long.subarray(1), 'compressed'), 'different');
    });

    for (const accepts of ['identity', 'gzip']) {
      it(`a link gives the bytes to whoever takes ${accepts}`, async () => {
        await create();
        const address = await vault.link('evidence/acme/INV-1.tar', 300, 'INV-1.tar');
        const response = await fetch(address, { headers: { 'Accept-Encoding': accepts } });
        assert.equal(response.headers.get('content-encoding'), accepts === 'gzip' ? 'gzip' : null);
        assert.deepEqual(new Uint8Array(await response.arrayBuffer()), long);
      });
    }

    it('an object that rots in the bucket is an error, never other bytes', async () => {
      double.fault('upload', 'rot', 1);
      await create();
      await assert.rejects(vault.read('evidence/acme/INV-1.tar'), isFinal);
    });
  });

  describe('sends what is large in pieces of 8 MiB', () => {
    it('8 MiB go in one request, one byte more in a session with two pieces', async () => {
      assert.equal(await vault.create('whole', large(8 * MIB)), 'created');
      assert.deepEqual([double.count('begin'), double.count('upload')], [0, 1]);
      const more = large(PIECES);
      assert.equal(await vault.create('pieces', more), 'created');
      assert.deepEqual([double.count('begin'), double.count('upload')], [1, 1 + 2]);
      assert.equal(sha256(double.object('pieces').bytes), sha256(more));
      assert.equal(double.object('pieces').metadata['sha256'], sha256(more));
    });

    it('a name that is taken costs no piece at all', async () => {
      await vault.create('a', text('small'));
      assert.equal(await vault.create('a', large(PIECES)), 'different');
      assert.deepEqual([double.count('begin'), double.count('upload')], [1, 1]);
      assert.deepEqual(await vault.read('a'), text('small'));
    });

    it('of two who began at once, one creates and the other is told so at the end', async () => {
      const offers = [large(PIECES, 1), large(PIECES, 3)];
      const answers = await Promise.all(offers.map((offer) => vaultOf(double).create('race', offer)));
      assert.deepEqual(answers.toSorted(), ['created', 'different']);
      assert.equal(double.count('begin'), 2);
      assert.equal(double.count('upload'), 4);
      assert.equal(sha256(double.object('race').bytes), sha256(offers[answers.indexOf('created')]!));
    });
  });

  // Every one of these waits a second or two for the client to ask again, so they wait together.
  describe('takes a hiccup and no more', () => {
    type Scene = (double: StorageDouble, vault: StorageVault) => Promise<void>;
    const SCENES: Readonly<Record<string, Scene>> = {
      'out for two requests of every kind: each is answered at the third': async (double, vault) => {
        await vault.create('old', text('x'));
        await vault.create('over', text('x'));
        double.clock.advance(30 * DAY_SECONDS * 1000);
        const KINDS = ['upload', 'describe', 'list', 'delete'] as const;
        for (const kind of KINDS) double.fault(kind, 'unavailable', 2);
        const answers = [vault.create('new', text('y')), vault.read('old'), vault.list('ol'), vault.delete('over')];
        assert.deepEqual(await Promise.all(answers), ['created', text('x'), ['old'], undefined]);
        assert.deepEqual(
          KINDS.map((kind) => double.count(kind)),
          [2 + 3, 3, 3, 3],
        );
      },
      'out for good: try again later, whatever is asked': async (double, vault) => {
        await vault.create('old', text('x'));
        for (const kind of ['upload', 'begin', 'describe', 'list', 'delete'] as const)
          double.fault(kind, 'unavailable');
        await Promise.all(
          [
            () => vault.create('new', text('y')),
            () => vault.create('large', large(PIECES)),
            () => vault.read('old'),
            () => vault.list(''),
            () => vault.delete('old'),
          ].map((ask) => assert.rejects(ask(), isTryAgain)),
        );
        assert.deepEqual(
          (['begin', 'describe', 'list', 'delete'] as const).map((kind) => double.count(kind)),
          [3, 3, 3, 3],
        );
      },
      'connections that break before an answer are made again': async (double, vault) => {
        await vault.create('old', text('x'));
        for (const kind of ['upload', 'describe', 'list'] as const) double.fault(kind, 'reset', 1);
        const answers = [vault.create('new', text('y')), vault.read('old'), vault.list('o')];
        assert.deepEqual(await Promise.all(answers), ['created', text('x'), ['old']]);
      },
      'connections that always break: try again later': async (double, vault) => {
        for (const kind of ['upload', 'begin', 'describe', 'list'] as const) double.fault(kind, 'reset');
        await Promise.all(
          [
            () => vault.create('new', text('y')),
            () => vault.create('large', large(PIECES)),
            () => vault.read('old'),
            () => vault.list(''),
          ].map((ask) => assert.rejects(ask(), isTryAgain)),
        );
      },
      'nobody listening any more: try again later': async (double, vault) => {
        await double.close();
        await assert.rejects(vault.create('new', text('y')), isTryAgain);
      },
      'downloads are repeated after a second of our own clock, whatever broke': async (double, vault) => {
        const bytes = large(MIB);
        await vault.create('old', bytes);
        for (const fault of ['unavailable', 'reset', 'cut'] as const) {
          const before = double.count('download');
          double.fault('download', fault, 2);
          const reading = vault.read('old');
          while (double.count('download') - before < 1) await new Promise(setImmediate);
          double.clock.advance(999);
          for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
          assert.equal(double.count('download') - before, 1, 'not sooner');
          assert.equal(sha256((await meanwhile(double, reading))!), sha256(bytes));
          assert.equal(double.count('download') - before, 3);
        }
      },
      'a download cut again and again: try again later, never half an object': async (double, vault) => {
        await vault.create('old', large(MIB));
        double.fault('download', 'cut');
        await meanwhile(double, assert.rejects(vault.read('old'), isTryAgain));
        double.behave();
        assert.equal((await vault.read('old'))!.length, MIB);
      },
      'the answer to an upload lost: the object is there, once, and found present': async (double, vault) => {
        double.fault('upload', 'lost', 1);
        assert.equal(await vault.create('a', text('x')), 'present');
        assert.deepEqual(await vault.read('a'), text('x'));
      },
      'a large upload cut midway goes on where it stopped': async (double, vault) => {
        const bytes = large(17 * MIB);
        double.fault('upload', 'cut', 1);
        assert.equal(await vault.create('a', bytes), 'created');
        // Cut; how far? 4 MiB; the rest of that piece and 4 MiB of the next; then 5 MiB more.
        assert.deepEqual([double.count('begin'), double.count('upload')], [1, 1 + 1 + 2]);
        assert.equal(sha256(double.object('a').bytes), sha256(bytes));
      },
      'a large upload cut again and again leaves nothing behind': async (double, vault) => {
        double.fault('upload', 'cut');
        await assert.rejects(vault.create('a', large(PIECES)), isTryAgain);
        double.behave();
        assert.deepEqual(await vault.list(''), []);
        assert.equal(await vault.create('a', text('x')), 'created');
      },
      'the last answer to a large upload lost: it is there, once': async (double, vault) => {
        const bytes = large(PIECES);
        double.fault('upload', 'lost', 2);
        assert.equal(await vault.create('a', bytes), 'present');
        assert.equal(double.count('begin'), 1);
        assert.equal(sha256(double.object('a').bytes), sha256(bytes));
      },
      'an upload session that the service forgot: try again, with a new one': async (double, vault) => {
        double.fault('upload', 'cut', 1);
        const creating = assert.rejects(vault.create('a', large(PIECES)), isTryAgain);
        while (double.count('upload') < 1) await new Promise(setImmediate);
        double.forgetUploads();
        await creating;
        assert.equal(await vault.create('a', text('x')), 'created');
      },
      'the answer to a deletion lost: it is gone, and that is what was asked': async (double, vault) => {
        await vault.create('a', text('x'));
        double.clock.advance(30 * DAY_SECONDS * 1000);
        double.fault('delete', 'lost', 1);
        await vault.delete('a');
        assert.deepEqual(await vault.list(''), []);
      },
    };
    const isTryAgain = (error: unknown): boolean => {
      assert.ok(error instanceof TryAgain, inspect(error));
      assert.equal(error.retryAfterSeconds, 5);
      // Whoever knows the address of an upload session may upload.
      assert.doesNotMatch(error.message, /upload_id/);
      return true;
    };
    /** Lets time pass until something is done. */
    const meanwhile = async <T>(double: StorageDouble, work: Promise<T>): Promise<T> => {
      let isDone = false;
      const done = work.finally(() => {
        isDone = true;
      });
      done.catch(() => undefined);
      while (!isDone) {
        double.clock.advance(100);
        await new Promise(setImmediate);
      }
      return done;
    };
    const played = new Map<string, Promise<void>>();
    const stages: StorageDouble[] = [];

    before(async () => {
      for (const [title, scene] of Object.entries(SCENES)) {
        const stage = await StorageDouble.start({
          clock: new ManualClock(at('2026-03-01T12:00:00Z')),
          retentionSeconds: 30 * DAY_SECONDS,
        });
        stages.push(stage);
        const play = scene(stage, vaultOf(stage));
        play.catch(() => undefined);
        played.set(title, play);
      }
    });
    after(async () => {
      await Promise.allSettled(played.values());
      for (const stage of stages) await stage.close();
    });

    for (const title of Object.keys(SCENES)) it(title, () => played.get(title));
  });

  describe('keeps what is under retention', () => {
    it('1 March noon and 30 days make 31 March noon: refused the second before, allowed then', async () => {
      await vault.create('a', text('x'));
      double.clock.set(at('2026-03-31T11:59:59Z'));
      await assert.rejects(vault.delete('a'), (error: unknown) => {
        assert.ok(error instanceof RetentionRefused);
        assert.equal(error.retainedUntil, '2026-03-31T12:00:00.000000Z');
        return true;
      });
      double.clock.set(at('2026-03-31T12:00:00Z'));
      await vault.delete('a');
      assert.equal(await vault.read('a'), undefined);
    });

    it('a writer that may not replace anything learns what stands there all the same', async () => {
      await vault.create('taken', text('first'));
      double.fault('upload', 'forbidden', 2);
      assert.equal(await vault.create('taken', text('first')), 'present');
      assert.equal(await vault.create('taken', text('second')), 'different');
    });

    it('what is forbidden for another reason is an error of another kind, without the request in it', async () => {
      await vault.create('a', text('x'));
      double.fault('delete', 'forbidden');
      double.fault('upload', 'forbidden');
      double.fault('list', 'forbidden');
      for (const ask of [() => vault.delete('a'), () => vault.create('b', text('x')), () => vault.list('')]) {
        await assert.rejects(ask(), (error: unknown) => {
          assert.ok(isFinal(error) && !(error instanceof RetentionRefused));
          assert.match(error.message, /^Cloud Storage does not (delete|store|list) .*: 403 forbidden /);
          assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /headers|authorization|user-agent/i);
          return true;
        });
      }
      assert.equal(double.count('delete'), 1, 'not asked again');
    });

    it('a bucket that is missing is an error, not a vault without objects', async () => {
      const { project, endpoint, clock } = double;
      const lost = new StorageVault({ project, endpoint, clock, bucket: 'no-such-bucket' });
      for (const ask of [
        () => lost.read('a'),
        () => lost.delete('a'),
        () => lost.list(''),
        () => lost.create('a', text('x')),
      ]) {
        await assert.rejects(
          ask(),
          /^Error: Cloud Storage does not .*: 404 notFound The specified bucket does not exist\./,
        );
      }
    });

    it('a lock for ever: the period can be made longer, for older objects too, and never shorter', async () => {
      await vault.create('a', text('x'));
      const { project, endpoint, bucket } = double;
      const admin = new Storage({ projectId: project, apiEndpoint: endpoint }).bucket(bucket);
      await assert.rejects(admin.lock(9), /pre-conditions/);
      await admin.lock(1);
      assert.equal((await admin.getMetadata())[0].retentionPolicy?.isLocked, true);
      await assert.rejects(admin.setRetentionPeriod(29 * DAY_SECONDS), /Cannot reduce retention duration/);
      await assert.rejects(admin.removeRetentionPeriod(), /Cannot reduce retention duration/);
      await admin.setRetentionPeriod(31 * DAY_SECONDS);
      double.clock.set(at('2026-03-31T12:00:00Z'));
      await assert.rejects(vault.delete('a'), /a is retained until 2026-04-01T12:00:00.000000Z/);
    });
  });

  it('a listing of ten in pages of three takes four requests', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `acme/${index}`);
    for (const name of names) await vault.create(name, text(name));
    double.pageSize = 3;
    assert.deepEqual(await vault.list('acme/'), names);
    assert.equal(double.count('list'), 4);
  });

  it('an object that goes while its name is found taken: the name is tried again, three times at most', async () => {
    await vault.create('a', text('x'));
    double.fault('describe', 'absent', 1);
    assert.equal(await vault.create('a', text('x')), 'present');
    assert.equal(double.count('upload'), 3);
    double.fault('describe', 'absent');
    await assert.rejects(vault.create('a', text('x')), TryAgain);
    assert.equal(double.count('upload'), 3 + 3);
  });

  describe('hands out links', () => {
    const LIFETIME = 300;
    beforeEach(() => vault.create('evidence/acme/INV-1.tar', text('bundle')));
    const link = (): Promise<string> => vault.link('evidence/acme/INV-1.tar', LIFETIME, 'INV-1.tar');
    const codeOf = async (address: string): Promise<string> => {
      const response = await fetch(address);
      return `${response.status} ${/<Code>(.*)<\/Code>/.exec(await response.text())?.[1] ?? ''}`;
    };

    it('anybody who has one downloads the object under the name of a file', async () => {
      const response = await fetch(await link());
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-disposition'), 'attachment; filename="INV-1.tar"');
      assert.equal(response.headers.get('content-type'), 'application/x-tar');
      assert.equal(await response.text(), 'bundle');
      assert.equal(await codeOf(await vault.link('evidence/acme/INV-2.tar', LIFETIME, 'x')), '404 NoSuchKey');
    });

    it('for five minutes and not a moment longer', async () => {
      const address = await link();
      double.clock.advance(299_999);
      assert.equal((await fetch(address)).status, 200);
      double.clock.advance(1);
      assert.equal(await codeOf(address), '400 ExpiredToken');
    });

    it('for that object, that file name and that time: whoever changes anything is refused', async () => {
      await vault.create('evidence/umbrella/INV-1.tar', text('secret'));
      const address = await link();
      const last = address.at(-1) === '0' ? '1' : '0';
      for (const changed of [
        address.replace('/acme/', '/umbrella/'),
        address.replace('INV-1.tar%22', 'INV-1.exe%22'),
        address.replace('X-Goog-Expires=300', 'X-Goog-Expires=3000'),
        `${address}&response-content-type=text%2Fhtml`,
        `${address.slice(0, -1)}${last}`,
        address.replace(/&X-Goog-Signature=.*/, ''),
      ]) {
        assert.notEqual(changed, address);
        assert.equal(await codeOf(changed), '403 SignatureDoesNotMatch', changed);
      }
      for (const method of ['PUT', 'DELETE']) {
        assert.equal((await fetch(address, { method })).status, 403, method);
      }
      const { pathname } = new URL(address);
      assert.equal(await codeOf(`${double.endpoint}${pathname}`), '400 AuthenticationQueryParametersError');
    });

    /** While it works, the process runs as the account whose key signs the links. */
    const asTheAccount = async (work: () => Promise<void>): Promise<void> => {
      const { project, credentials } = double;
      const folder = await tempFolder();
      const before = process.env['GOOGLE_APPLICATION_CREDENTIALS'];
      try {
        const file = join(folder.path, 'key.json');
        await writeFile(file, JSON.stringify({ type: 'service_account', project_id: project, ...credentials }));
        process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
        await work();
      } finally {
        if (before === undefined) delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
        else process.env['GOOGLE_APPLICATION_CREDENTIALS'] = before;
        await folder.remove();
      }
    };
    /** As the client itself signs. Later than the machine's own time: of any other, it signs nothing. */
    const signedBy = async (client: Storage): Promise<string> => {
      double.clock.set(at('2150-01-31T23:59:59.999999Z'));
      const [address] = await client.bucket(double.bucket).file('evidence/acme/INV-1.tar').getSignedUrl({
        version: 'v4',
        action: 'read',
        accessibleAt: '2150-01-31T23:59:59Z',
        expires: '2150-02-01T00:04:59Z',
        responseDisposition: 'attachment; filename="INV-1.tar"',
      });
      return address;
    };

    it('byte for byte as the client itself would sign them', () =>
      asTheAccount(async () => {
        const { project, bucket, endpoint, clock } = double;
        const theirs = await signedBy(new Storage({ projectId: project, apiEndpoint: endpoint }));
        assert.equal(await link(), theirs);
        // The account that the process runs as signs the same way, without being handed a key.
        const ambient = new StorageVault({ project, bucket, endpoint, clock });
        assert.equal(await ambient.link('evidence/acme/INV-1.tar', LIFETIME, 'INV-1.tar'), theirs);
        assert.equal((await fetch(theirs)).status, 200);
        // An address that is not Google's never sees a token of that account.
        await ambient.create('large', large(PIECES));
        await ambient.create('small', text('x'));
        await ambient.read('small');
        await ambient.list('');
        assert.equal(double.tokens, 0);
      }));

    it('to where everybody reaches Cloud Storage, even if the vault itself reaches it at a private endpoint', () =>
      asTheAccount(async () => {
        const { project, bucket, credentials, clock } = double;
        const theirs = await signedBy(new Storage({ projectId: project }));
        assert.ok(theirs.startsWith(`https://storage.googleapis.com/${bucket}/evidence/acme/INV-1.tar?`), theirs);
        const linkFrom = (place: { readonly endpoint?: string }): Promise<string> => {
          const vault = new StorageVault({ project, bucket, clock, credentials, ...place });
          return vault.link('evidence/acme/INV-1.tar', LIFETIME, 'INV-1.tar');
        };
        assert.equal(await linkFrom({}), theirs);
        for (const endpoint of [
          'https://storage.googleapis.com',
          'https://storage-tallystick.p.googleapis.com',
          'https://storage.europe-west3.rep.googleapis.com',
        ]) {
          assert.equal(await linkFrom({ endpoint }), theirs, endpoint);
        }
        // No address of Google's, however much it looks like one: a double, and its links lead to it.
        for (const endpoint of ['http://storage.googleapis.com', 'https://storage.googleapis.com.example']) {
          assert.ok((await linkFrom({ endpoint })).startsWith(`${endpoint}/${bucket}/`), endpoint);
        }
      }));

    it('from a second to a week, under a name that needs no quotes', async () => {
      for (const seconds of [0, -1, 1.5, Number.NaN, 604_801]) {
        await assert.rejects(vault.link('a', seconds, 'a.tar'), RangeError, String(seconds));
      }
      for (const fileName of ['', 'a"b', 'a b', 'ä', 'a\nb', 'a/b']) {
        await assert.rejects(vault.link('a', LIFETIME, fileName), RangeError, fileName);
      }
      await assert.rejects(vault.link('../a', LIFETIME, 'a.tar'), RangeError);
      assert.equal(await codeOf(await vault.link('evidence/acme/INV-1.tar', 604_800, 'a.tar')), '200 ');
    });
  });
});
