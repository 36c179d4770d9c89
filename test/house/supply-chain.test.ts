import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { licenceComplaints, licencesPage } from '../../scripts/supply-chain/licences.ts';
import { installedManifest, type Locked, lockedPackages, ROOT } from '../../scripts/supply-chain/lockfile.ts';
import { billComplaints, billText, partOf, wholeBill } from '../../scripts/supply-chain/sbom.ts';

/** Packages that bring a script which npm would run when they are installed, and what becomes of it. */
const INSTALL_SCRIPTS: Readonly<Record<string, { readonly runs: boolean; readonly reason: string }>> = {
  esbuild: { runs: true, reason: 'puts its compiled program in the place of a slow JavaScript one; development only' },
  node: {
    runs: true,
    reason: 'links the pinned Node of this machine, which came as a package like any other; development only',
  },
  protobufjs: { runs: false, reason: 'only warns of the version scheme of those who depend on it' },
  '@firebase/util': { runs: false, reason: 'only writes defaults of Firebase Hosting, which is not used' },
};
const REGISTRY = 'https://registry.npmjs.org/';

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

describe('what is installed', () => {
  const packages = lockedPackages();
  const project = JSON.parse(read('package.json')) as Package;

  it('is what the lockfile has the SHA-512 of, from the npm registry over https', () => {
    const strange = packages.filter(
      ({ integrity, resolved }) =>
        !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '') || resolved?.startsWith(REGISTRY) === false,
    );
    assert.deepEqual(strange, []);
    assert.ok(packages.length > 100, 'the lockfile was not read');
    // Where the lockfile names no address npm asks the registry it is told of; the project tells of no other.
    assert.ok(!/registry/.test(read('.npmrc')));
  });

  it('has the versions that package.json names, to the digit', () => {
    for (const [name, version] of Object.entries({ ...project.dependencies, ...project.devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
      assert.equal(packages.find(({ path }) => path === `node_modules/${name}`)?.version, version, name);
    }
  });

  it('runs no script of a package at installation but those named here', () => {
    const found = [...new Set(packages.filter((one) => one.hasInstallScript).map(({ name }) => name))];
    assert.deepEqual(found.sort(), Object.keys(INSTALL_SCRIPTS).sort());
    const runs = Object.entries(INSTALL_SCRIPTS).map(([name, one]) => [name, one.runs]);
    assert.deepEqual(project.allowScripts, Object.fromEntries(runs));
    // The lockfile repeats what the registry said of a package; the package itself is asked as well.
    for (const locked of packages) {
      const scripts = Object.keys(installedManifest(locked)?.scripts ?? {});
      const installs = scripts.some((name) => ['preinstall', 'install', 'postinstall'].includes(name));
      assert.ok(!installs || locked.hasInstallScript, `${locked.path} has a script that the lockfile is silent about`);
    }
  });

  it('is licensed in ways that were thought about, and docs/licences.md says how', () => {
    assert.deepEqual(licenceComplaints(packages), []);
    assert.equal(read('docs/licences.md'), licencesPage(), 'npm run licences writes it anew');
  });

  it('whatever is licensed otherwise, or not at all, is found', () => {
    const one = (facts: Partial<Locked>): Locked[] => [...packages, { ...packages[0]!, isOptional: true, ...facts }];
    const found = (facts: Partial<Locked>) =>
      licenceComplaints(one({ path: 'node_modules/none', name: 'x', version: '1.0.0', ...facts }));
    assert.deepEqual(found({ licence: 'AGPL-3.0' }), ['x@1.0.0 is licensed AGPL-3.0']);
    assert.deepEqual(found({ licence: undefined }), ['x@1.0.0 is licensed not at all']);
    assert.deepEqual(found({ licence: 'toString' }), ['x@1.0.0 is licensed toString']);
    assert.deepEqual(found({ licence: 'MIT', isOptional: false }), ['x@1.0.0 is not installed']);
    assert.deepEqual(
      licenceComplaints(one({ licence: 'GPL-2.0' })).length,
      2,
      'an installed package that says another licence',
    );
  });

  it('is written about in docs/supply-chain.md, each direct dependency with its version and licence', () => {
    const rows = read('docs/supply-chain.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const named = new Map(
      rows
        .map((row) =>
          row
            .split('|')
            .map((cell) => cell.trim())
            .slice(1),
        )
        .map(([name = '', ...rest]) => [name.replaceAll('`', ''), rest]),
    );
    const direct = { ...project.dependencies, ...project.devDependencies };
    assert.deepEqual([...named.keys()].sort(), Object.keys(direct).sort());
    for (const [name, version] of Object.entries(direct)) {
      const [saidVersion, saidLicence] = named.get(name)!;
      const locked = packages.find(({ path }) => path === `node_modules/${name}`);
      assert.equal(saidVersion, version, name);
      assert.ok(saidLicence === locked?.licence || name === 'dejavu-fonts-ttf', `${name}: ${saidLicence}`);
    }
  });

  it('is listed in a bill of materials: each package of the lockfile with its hash, the same bytes each time', async function () {
    this.timeout(120_000);
    const [bill, again] = await Promise.all([wholeBill(), wholeBill()]);
    assert.equal(billText(bill), billText(again));
    assert.deepEqual(billComplaints(bill, packages), []);
    const delivered = packages.filter(({ isDev }) => !isDev);
    const part = partOf(bill, delivered);
    assert.deepEqual(billComplaints(part, delivered), []);
    assert.ok(part.components.length < bill.components.length);
    assert.notEqual(part.serialNumber, bill.serialNumber);

    const [first, second] = part.components;
    const broken = (components: readonly unknown[]) =>
      billComplaints({ ...part, components } as typeof part, delivered);
    assert.ok(broken(part.components.slice(1)).includes(`${first!['bom-ref']} is missing`));
    assert.ok(broken([first, ...part.components]).includes(`${first!['bom-ref']} is listed twice`));
    const forged = { ...first, hashes: second!.hashes };
    assert.deepEqual(broken([forged, ...part.components.slice(1)]), [
      `${first!['bom-ref']} has another hash than the lockfile says`,
    ]);
  });
});
