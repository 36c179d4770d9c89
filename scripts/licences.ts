import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { licenceComplaints, licencesPage } from './supply-chain/licences.ts';
import { ROOT } from './supply-chain/lockfile.ts';

new Command('licences').description('Writes docs/licences.md: the licence of every package, delivered or not.').parse();
const complaints = licenceComplaints();
for (const complaint of complaints) console.error(complaint);
await writeFile(join(ROOT, 'docs/licences.md'), licencesPage());
process.exitCode = complaints.length === 0 ? 0 : 1;
