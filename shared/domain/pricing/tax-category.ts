import type { PriceDocument } from './document.ts';

/** Which rates of a tax decision a price falls under; `standard` unless its document says another. */
export const taxCategoryOf = (document: PriceDocument): string => document.taxCategory ?? 'standard';
