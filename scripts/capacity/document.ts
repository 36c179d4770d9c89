import { readFileSync, writeFileSync } from 'node:fs';
import { InputWrong } from './inputs.ts';

const BEGIN = '<!-- capacity:begin -->';
const END = '<!-- capacity:end -->';

/** A document with what the command prints between its marks. @throws InputWrong where the marks are not there */
export function withPrinted(document: string, printed: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new InputWrong(`the document has no ${BEGIN} before an ${END}`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n\`\`\`text\n${printed}\n\`\`\`\n\n${document.slice(end)}`;
}

/** Whether a document says what the command prints. */
export function isAsPrinted(file: string, printed: string): boolean {
  const document = readFileSync(file, 'utf8');
  return withPrinted(document, printed) === document;
}

export function writePrinted(file: string, printed: string): void {
  writeFileSync(file, withPrinted(readFileSync(file, 'utf8'), printed));
}
