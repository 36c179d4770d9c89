import { readFile } from 'node:fs/promises';
// Named here, so that a function that is deployed brings the fonts along.
import fonts from 'dejavu-fonts-ttf/package.json' with { type: 'json' };
import type PDFDocument from 'pdfkit';
import { encode } from 'uqr';
import type { DocumentView, PartyView } from './view.ts';

type Doc = InstanceType<typeof PDFDocument>;

const MARGIN = 50;
const BOTTOM = 780;
const WIDTH = 595.28 - 2 * MARGIN;
const MONEY_WIDTH = 110;
const GREY = '#51606f';
const INK = '#16202c';

const fontFile = (name: string): Promise<Buffer> =>
  readFile(new URL(import.meta.resolve(`${fonts.name}/ttf/${name}.ttf`)));
let loaded: Promise<readonly [Buffer, Buffer]> | undefined;
/** Read once per process, and only where somebody wants a PDF. */
const loadFonts = (): Promise<readonly [Buffer, Buffer]> =>
  (loaded ??= Promise.all([fontFile('DejaVuSans'), fontFile('DejaVuSans-Bold')] as const));

/**
 * A document as PDF, A4, in as many pages as it takes; fonts embedded (Latin, Greek, Cyrillic), text that can be selected. The same
 * view gives the same bytes: its only time is the day of issue.
 */
export async function documentPdf(view: DocumentView): Promise<Buffer> {
  const [{ default: PdfDocument }, [regular, bold]] = await Promise.all([import('pdfkit'), loadFonts()]);
  const created = new Date(view.issuedAt);
  const doc = new PdfDocument({
    size: 'A4',
    margins: { top: MARGIN, bottom: 30, left: MARGIN, right: MARGIN },
    bufferPages: true,
    lang: view.locale,
    displayTitle: true,
    font: regular as unknown as string,
    info: {
      Title: `${view.title} ${view.number}`,
      Author: view.seller.name,
      Creator: 'Tallystick',
      Producer: 'Tallystick',
      CreationDate: created,
      ModDate: created,
    },
  });
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => doc.on('end', resolve).on('error', reject));
  doc.registerFont('regular', regular).registerFont('bold', bold);
  new Sheet(doc, view).draw();
  doc.end();
  await ended;
  return Buffer.concat(chunks);
}

/** Draws from top to bottom and begins a page where the last one is full. */
class Sheet {
  readonly #doc: Doc;
  readonly #view: DocumentView;
  #y = MARGIN;
  #font: 'regular' | 'bold' | undefined;

  constructor(doc: Doc, view: DocumentView) {
    this.#doc = doc;
    this.#view = view;
  }

  draw(): void {
    this.#head();
    this.#lines();
    this.#sums();
    this.#taxes();
    for (const note of this.#view.notes) this.#paragraph(note);
    this.#payTo();
    this.#proof();
    this.#pageNumbers();
  }

  #head(): void {
    const { title, number, facts, seller, buyer, texts } = this.#view;
    this.#text(title, MARGIN, { font: 'bold', size: 17, width: WIDTH / 2 });
    this.#text(number, MARGIN, { size: 10, color: GREY, width: WIDTH / 2, dy: 24 });
    let y = MARGIN;
    for (const [label, text] of facts) {
      this.#at(label, MARGIN + WIDTH / 2, y, { size: 8.5, color: GREY, width: 110 });
      const height = this.#at(text, MARGIN + WIDTH / 2 + 115, y, { size: 8.5, width: WIDTH / 2 - 115, align: 'right' });
      y += Math.max(13, height + 2);
    }
    this.#y = Math.max(y, MARGIN + 50) + 12;
    const [left, right] = [
      this.#party(texts.labels.seller, seller, MARGIN),
      this.#party(texts.labels.buyer, buyer, MARGIN + WIDTH / 2),
    ];
    this.#y += Math.max(left, right) + 18;
  }

  #party(label: string, { name, address, taxIds }: PartyView, x: number): number {
    const width = WIDTH / 2 - 10;
    let y = this.#y;
    y += this.#at(label, x, y, { size: 7.5, color: GREY, width }) + 2;
    y += this.#at(name, x, y, { font: 'bold', size: 9.5, width }) + 1;
    for (const line of [...address, ...taxIds]) y += this.#at(line, x, y, { size: 9, width }) + 1;
    return y - this.#y;
  }

  #tableHead(): void {
    const { labels } = this.#view.texts;
    this.#at(labels.description, MARGIN, this.#y, { font: 'bold', size: 8.5, width: WIDTH - MONEY_WIDTH });
    this.#money(labels.amount, this.#y, 'bold', 8.5);
    this.#y += 14;
    this.#rule(1);
    this.#y += 5;
  }

  #lines(): void {
    this.#tableHead();
    const width = WIDTH - MONEY_WIDTH - 10;
    for (const { title, arithmetic, amount } of this.#view.lines) {
      const small = arithmetic.join(' · ');
      const height = this.#height(title, 9, width) + (small === '' ? 0 : this.#height(small, 7, width) + 1);
      if (this.#y + height + 8 > BOTTOM) {
        this.#newPage();
        this.#tableHead();
      }
      this.#money(amount, this.#y, 'regular', 9);
      const used = this.#at(title, MARGIN, this.#y, { size: 9, width });
      if (small !== '') this.#at(small, MARGIN, this.#y + used + 1, { size: 7, color: GREY, width });
      this.#y += height + 4;
      this.#rule(0.3);
      this.#y += 4;
    }
  }

  #sums(): void {
    this.#room(this.#view.sums.length * 18);
    for (const { label, amount, isTotal } of this.#view.sums) {
      const font = isTotal ? 'bold' : 'regular';
      this.#at(label, MARGIN, this.#y, { font, size: 9.5, width: WIDTH - MONEY_WIDTH - 10, align: 'right' });
      this.#money(amount, this.#y, font, 9.5);
      this.#y += 16;
    }
    this.#y += 8;
  }

  #taxes(): void {
    const { taxes, texts } = this.#view;
    if (taxes.length === 0) return;
    this.#room(30 + taxes.length * 14);
    const { labels } = texts;
    const row = (cells: readonly string[], font: 'regular' | 'bold'): void => {
      const [place = '', rate = '', base = '', amount = ''] = cells;
      this.#at(place, MARGIN, this.#y, { font, size: 8.5, width: 120 });
      this.#at(rate, MARGIN + 130, this.#y, { font, size: 8.5, width: 80 });
      this.#at(base, MARGIN + 220, this.#y, { font, size: 8.5, width: 120, align: 'right' });
      this.#money(amount, this.#y, font, 8.5);
      this.#y += 14;
    };
    row([labels.place, labels.rate, labels.net, labels.tax], 'bold');
    this.#rule(0.5);
    this.#y += 4;
    for (const { place, rate, base, amount } of taxes) row([place, rate, base, amount], 'regular');
    this.#y += 6;
  }

  #paragraph(text: string): void {
    this.#room(this.#height(text, 8.5, WIDTH) + 6);
    this.#y += this.#at(text, MARGIN, this.#y, { size: 8.5, width: WIDTH }) + 6;
  }

  #payTo(): void {
    const { payTo, texts } = this.#view;
    if (payTo.length === 0) return;
    this.#room(20 + payTo.length * 13);
    this.#y += this.#at(texts.labels.pay_to, MARGIN, this.#y, { size: 7.5, color: GREY, width: WIDTH }) + 2;
    for (const line of payTo) this.#y += this.#at(line, MARGIN, this.#y, { size: 9, width: WIDTH }) + 1;
    this.#y += 8;
  }

  /** The way to the proof, as a code to be photographed and as text. */
  #proof(): void {
    const { verifyUrl, texts } = this.#view;
    const size = 80;
    this.#room(size + 10);
    const { data } = encode(verifyUrl, { ecc: 'M', border: 0 });
    const cell = size / data.length;
    for (const [row, cells] of data.entries()) {
      for (const [column, isDark] of cells.entries()) {
        if (isDark) this.#doc.rect(MARGIN + column * cell, this.#y + row * cell, cell, cell);
      }
    }
    this.#doc.fill(INK);
    const x = MARGIN + size + 14;
    const used = this.#at(texts.labels.verify, x, this.#y, { size: 8, color: GREY, width: WIDTH - size - 14 });
    this.#use('regular').fontSize(8).fillColor(INK);
    this.#doc.text(verifyUrl, x, this.#y + used + 3, { width: WIDTH - size - 14, link: verifyUrl });
    this.#y += size;
  }

  #pageNumbers(): void {
    const { labels } = this.#view.texts;
    const { start, count } = this.#doc.bufferedPageRange();
    for (let page = 0; page < count; page++) {
      this.#doc.switchToPage(start + page);
      const text = `${this.#view.number} · ${labels.page} ${page + 1} ${labels.of} ${count}`;
      this.#at(text, MARGIN, 797, { size: 7.5, color: GREY, width: WIDTH, align: 'center' });
    }
  }

  #room(height: number): void {
    if (this.#y + height > BOTTOM) this.#newPage();
  }

  #newPage(): void {
    this.#doc.addPage();
    this.#y = MARGIN;
  }

  #rule(weight: number): void {
    this.#doc
      .moveTo(MARGIN, this.#y)
      .lineTo(MARGIN + WIDTH, this.#y)
      .lineWidth(weight)
      .strokeColor(weight < 0.5 ? '#c8d0d7' : INK)
      .stroke();
  }

  #money(text: string, y: number, font: 'regular' | 'bold', size: number): void {
    this.#at(text, MARGIN + WIDTH - MONEY_WIDTH, y, { font, size, width: MONEY_WIDTH, align: 'right' });
  }

  #text(text: string, x: number, style: Style & { readonly dy?: number }): void {
    this.#at(text, x, this.#y + (style.dy ?? 0), style);
  }

  /** @returns how high it has become */
  #at(text: string, x: number, y: number, style: Style): number {
    const { font = 'regular', size, color = INK, width, align = 'left' } = style;
    this.#use(font).fontSize(size).fillColor(color);
    this.#doc.text(text, x, y, { width, align, lineGap: 1 });
    return this.#doc.y - y;
  }

  /** Only a change of font is said: each time it is named, the library reads the whole font again. */
  #use(font: 'regular' | 'bold'): Doc {
    if (font === this.#font) return this.#doc;
    this.#font = font;
    return this.#doc.font(font);
  }

  #height(text: string, size: number, width: number): number {
    return this.#use('regular').fontSize(size).heightOfString(text, { width, lineGap: 1 });
  }
}

interface Style {
  readonly font?: 'regular' | 'bold';
  readonly size: number;
  readonly color?: string;
  readonly width: number;
  readonly align?: 'left' | 'right' | 'center';
}
