import { convert } from 'xmlbuilder2';
import { RULES } from './en16931-rules.ts';
import { Xml } from './xml.ts';

/** A rule of EN 16931 that a document breaks. */
export interface BrokenRule {
  /** as the standard numbers it: BR-CO-15 */
  readonly rule: string;
  readonly says: string;
}

/**
 * Holds an invoice or credit note (UBL 2.1) against the business rules of EN 16931-1:2017, section 6.4, that concern what we write. The
 * document is read from its text: nothing is taken from whoever wrote it.
 */
export function checkEn16931(xml: string): BrokenRule[] {
  const tree = convert(xml, { format: 'object', group: true }) as Readonly<Record<string, unknown>>;
  const [root] = Object.entries(tree);
  if (root === undefined) return [{ rule: 'BR-02', says: 'the document is empty' }];
  const document = new Xml(root[1], root[0] === 'CreditNote');
  return RULES.filter(({ holds }) => !holds(document)).map(({ rule, says }) => ({ rule, says }));
}
