import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { described } from '../functions/api/operations.ts';
import { documentText } from '../shared/edge/openapi/document.ts';

const { out } = new Command('build:openapi')
  .description('Writes the OpenAPI 3.1 document of the API, from the same schemas that validate its requests.')
  .option('--out <file>', 'the file to write', 'docs/openapi.json')
  .parse()
  .opts<{ out: string }>();

const text = documentText(described());
await writeFile(out, text);
console.log(`${out}: ${Buffer.byteLength(text)} bytes`);
