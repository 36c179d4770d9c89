import { installedManifest, type Locked, lockedPackages } from './lockfile.ts';

/** Licences (SPDX expressions) that a package may have, and why the project can live with each. */
export const ALLOWED: Readonly<Record<string, string>> = {
  MIT: 'asks for its notice to be kept',
  'Apache-2.0': 'the licence of the project; asks for notices, grants patents',
  ISC: 'as MIT, in fewer words',
  'BSD-2-Clause': 'asks for its notice to be kept',
  'BSD-3-Clause': 'asks for its notice to be kept, lends no name',
  'BlueOak-1.0.0': 'asks for its text or a link to be kept',
  '0BSD': 'asks for nothing',
  'CC0-1.0': 'asks for nothing',
  'Python-2.0': 'asks for its notice and a summary of changes; nothing was changed',
  'MIT OR Apache-2.0': 'either may be chosen',
  '(MIT OR CC0-1.0)': 'either may be chosen',
  '(BSD-3-Clause OR GPL-2.0)': 'the first is chosen',
};

/** Packages whose licence is no licence of code, or stands elsewhere than in the lockfile: what it is, and why it is taken. */
export const EXCEPTIONS: Readonly<Record<string, { readonly licence: string; readonly reason: string }>> = {
  '@cdktn/hcl2json': {
    licence: 'MPL-2.0',
    reason: 'copyleft by file; unchanged, and only in checks of Terraform: nothing of it is delivered',
  },
  'caniuse-lite': { licence: 'CC-BY-4.0', reason: 'data, unchanged, with its notice' },
  'spdx-exceptions': { licence: 'CC-BY-3.0', reason: 'data, unchanged, with its notice' },
  'dejavu-fonts-ttf': {
    licence: 'Bitstream-Vera AND LicenseRef-public-domain',
    reason: 'fonts; may be embedded in documents and given away with software, not sold alone',
  },
  limiter: { licence: 'MIT', reason: 'its manifest names its licence in an old form; the text is in its folder' },
  'png-js': { licence: 'MIT', reason: 'its manifest names no licence; the text is in its folder' },
};

export interface Licensed extends Pick<Locked, 'name' | 'version' | 'isDev'> {
  readonly licence: string;
}

/** One line per package and version, by name. */
export function licensed(packages: readonly Locked[] = lockedPackages()): Licensed[] {
  const found = new Map<string, Licensed>();
  for (const locked of packages) {
    const { name, version, isDev } = locked;
    const licence = EXCEPTIONS[name]?.licence ?? locked.licence ?? 'none named';
    const before = found.get(`${name}@${version}`);
    found.set(`${name}@${version}`, { name, version, licence, isDev: isDev && (before?.isDev ?? true) });
  }
  return [...found.values()].sort((a, b) => order(a.name, b.name) || order(a.version, b.version));
}

/** What is wrong with the licences; empty where nothing is. */
export function licenceComplaints(packages: readonly Locked[] = lockedPackages(), root?: string): string[] {
  const complaints: string[] = [];
  const unused = new Set(Object.keys(EXCEPTIONS));
  for (const locked of packages) {
    const name = `${locked.name}@${locked.version}`;
    const exception = EXCEPTIONS[locked.name];
    unused.delete(locked.name);
    if (exception === undefined && (locked.licence === undefined || !Object.hasOwn(ALLOWED, locked.licence)))
      complaints.push(`${name} is licensed ${locked.licence ?? 'not at all'}`);
    // The lockfile repeats what the package said when it was added; what is installed has to say so too.
    const manifest = installedManifest(locked, root);
    if (manifest !== undefined && typeof manifest.license === 'string' && manifest.license !== locked.licence)
      complaints.push(`${name} says ${manifest.license}, the lockfile ${locked.licence}`);
    if (manifest === undefined && !locked.isOptional) complaints.push(`${name} is not installed`);
  }
  for (const name of unused) complaints.push(`${name} is an exception that nothing needs`);
  return complaints;
}

/** The list as a page: what is delivered first, then what only development needs. */
export function licencesPage(): string {
  const all = licensed();
  const table = (some: readonly Licensed[]): string =>
    ['| package | version | licence |', '|---|---|---|']
      .concat(some.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`))
      .join('\n');
  const counts = new Map<string, number>();
  for (const { licence } of all) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const summary = [...counts]
    .sort((a, b) => b[1] - a[1] || order(a[0], b[0]))
    .map(([licence, count]) => `| ${licence} | ${count} | ${reasonOf(licence)} |`);
  const exceptions = Object.entries(EXCEPTIONS).map(
    ([name, { licence, reason }]) => `| ${name} | ${licence} | ${reason} |`,
  );
  return `# Licences

Written by \`npm run licences\` from the lockfile, which a test holds against what is installed; a licence that is not in the first table fails that test
([scripts/supply-chain/licences.ts](../scripts/supply-chain/licences.ts)).

| licence | packages | why it may be |
|---|---|---|
${summary.join('\n')}

| package | licence | why it is an exception |
|---|---|---|
${exceptions.join('\n')}

## Delivered

${table(all.filter(({ isDev }) => !isDev))}

## For development only

${table(all.filter(({ isDev }) => isDev))}
`;
}

const reasonOf = (licence: string): string =>
  ALLOWED[licence] ?? Object.values(EXCEPTIONS).find((one) => one.licence === licence)?.reason ?? 'not decided';

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
