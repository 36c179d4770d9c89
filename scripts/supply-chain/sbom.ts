import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { type Locked, ROOT } from './lockfile.ts';

/** What is read of a CycloneDX 1.5 bill of materials (ECMA-424, JSON). */
export interface Bill {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

const run = promisify(execFile);

/**
 * The bill of all packages of the lockfile, by npm itself, without what differs from one writing to the next: no time, the project's name
 * instead of its folder's, a serial number that follows from the content.
 */
export async function wholeBill(root = ROOT): Promise<Bill> {
  const { stdout } = await run('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  const bill = JSON.parse(stdout) as Bill;
  const { timestamp: _time, ...metadata } = bill.metadata;
  const component = { ...metadata.component, name: metadata.component['bom-ref'].replace(/@[^@]*$/, '') };
  return numbered({ ...bill, metadata: { ...metadata, component } });
}

/**
 * What is delivered of it. npm can leave out what only development needs (`--omit=dev`), but then leaves out what both need as well.
 * @param packages that are delivered
 */
export function partOf(bill: Bill, packages: readonly Pick<Locked, 'name' | 'version'>[]): Bill {
  const wanted = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const components = bill.components.filter((component) => wanted.has(idOf(component)));
  const refs = new Set([bill.metadata.component['bom-ref'], ...components.map((component) => component['bom-ref'])]);
  const dependencies = bill.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
  return numbered({ ...bill, components, dependencies });
}

/** An UUID whose bits are of our own choosing (RFC 9562, version 8): those of the content's hash. */
function numbered(bill: Bill): Bill {
  const hex = createHash('sha256')
    .update(JSON.stringify({ ...bill, serialNumber: '' }))
    .digest('hex');
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)];
  return { ...bill, serialNumber: `urn:uuid:${uuid.join('-')}` };
}

const nameOf = ({ group, name }: Component): string => (group === undefined ? name : `${group}/${name}`);
const idOf = (component: Component): string => `${nameOf(component)}@${component.version}`;

export const billText = (bill: Bill): string => `${JSON.stringify(bill, null, 2)}\n`;

/** What is wrong with a bill beside the packages it has to list; empty where nothing is. */
export function billComplaints(bill: Bill, packages: readonly Locked[]): string[] {
  const complaints: string[] = [];
  if (bill.bomFormat !== 'CycloneDX' || bill.specVersion !== '1.5' || bill.version !== 1)
    complaints.push(`it is ${bill.bomFormat} ${bill.specVersion}, version ${bill.version}`);
  if (!/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(bill.serialNumber))
    complaints.push(`its serial number is ${bill.serialNumber}`);
  const refs = new Set([bill.metadata.component['bom-ref']]);
  const hashes = new Map<string, string | undefined>();
  for (const component of bill.components) {
    const { 'bom-ref': ref, type, version, purl } = component;
    if (refs.has(ref)) complaints.push(`${ref} is listed twice`);
    refs.add(ref);
    const name = nameOf(component);
    hashes.set(idOf(component), component.hashes?.find(({ alg }) => alg === 'SHA-512')?.content);
    if (type !== 'library' || purl !== `pkg:npm/${name.replace('@', '%40')}@${version}`)
      complaints.push(`${ref} is a ${type} called ${purl}`);
  }
  for (const { ref, dependsOn = [] } of bill.dependencies) {
    for (const one of [ref, ...dependsOn])
      if (!refs.has(one)) complaints.push(`${ref} names ${one}, which is not listed`);
  }
  const wanted = new Set<string>();
  for (const { name, version, integrity } of packages) {
    const id = `${name}@${version}`;
    wanted.add(id);
    const hash = Buffer.from(integrity?.replace('sha512-', '') ?? '', 'base64').toString('hex');
    if (!hashes.has(id)) complaints.push(`${id} is missing`);
    else if (hashes.get(id) !== hash) complaints.push(`${id} has another hash than the lockfile says`);
  }
  for (const id of hashes.keys()) if (!wanted.has(id)) complaints.push(`${id} is in no lockfile`);
  return complaints;
}
