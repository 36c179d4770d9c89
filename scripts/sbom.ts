import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { lockedPackages, ROOT } from './supply-chain/lockfile.ts';
import { billComplaints, billText, partOf, wholeBill } from './supply-chain/sbom.ts';

const { out } = new Command('sbom')
  .description(
    'Writes bills of materials (CycloneDX): sbom.cdx.json of what is delivered, sbom-full.cdx.json with what development needs.',
  )
  .option('--out <folder>', 'where to', join(ROOT, 'dist'))
  .parse()
  .opts<{ out: string }>();

await mkdir(out, { recursive: true });
const packages = lockedPackages();
const delivered = packages.filter(({ isDev }) => !isDev);
const whole = await wholeBill();
for (const [file, bill, listed] of [
  ['sbom.cdx.json', partOf(whole, delivered), delivered],
  ['sbom-full.cdx.json', whole, packages],
] as const) {
  const complaints = billComplaints(bill, listed);
  for (const complaint of complaints) console.error(`${file}: ${complaint}`);
  if (complaints.length > 0) process.exitCode = 1;
  await writeFile(join(out, file), billText(bill));
  console.log(`${file}: ${bill.components.length} packages, ${bill.serialNumber}`);
}
