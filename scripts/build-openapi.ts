import { readFile, writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { described } from '../functions/api/operations.ts';
import { documentText } from '../shared/edge/openapi/document.ts';
import { tablesOf, withTables } from './build-openapi/tables.ts';

const { out, guide } = new Command('build:openapi')
  .description(
    'Writes the OpenAPI 3.1 document of the API and the tables of its guide, from the schemas that validate.',
  )
  .option('--out <file>', 'the document', 'docs/openapi.json')
  .option('--guide <file>', 'the page whose tables are brought up to date', 'docs/api.md')
  .parse()
  .opts<{ out: string; guide: string }>();

const operations = described();
const text = documentText(operations);
await writeFile(out, text);
await writeFile(guide, withTables(await readFile(guide, 'utf8'), tablesOf(operations)));
console.log(`${out}: ${Buffer.byteLength(text)} bytes, ${operations.length} operations`);
