import { renderSVG } from 'uqr';
import type { DocumentView, PartyView } from './view.ts';

/** A piece of HTML that needs no escaping any more. */
class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
type Piece = string | Markup | readonly Markup[];

/** HTML in which everything that is put in is escaped, unless it is HTML itself. */
function html(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(parts.map((part, i) => part + (i < pieces.length ? written(pieces[i]!) : '')).join(''));
}

const written = (piece: Piece): string => {
  if (typeof piece === 'string') return piece.replace(/[&<>"']/g, (letter) => ESCAPES[letter]!);
  return piece instanceof Markup ? piece.text : piece.map(({ text }) => text).join('');
};

const CSS = new Markup(`
:root { color-scheme: light; font: 14px/1.45 system-ui, sans-serif; color: #16202c; }
body { max-width: 52rem; margin: 2rem auto; padding: 0 1.5rem; }
header, .parties { display: grid; grid-template-columns: 1fr 1fr; gap: 2rem; }
h1 { font-size: 1.7rem; margin: 0 0 1rem; }
h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: #51606f; margin: 1.6rem 0 .3rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; margin: 0; }
dt { color: #51606f; } dd { margin: 0; text-align: right; }
address { font-style: normal; }
table { width: 100%; border-collapse: collapse; margin-top: 1.4rem; }
th { text-align: left; font-weight: 600; border-bottom: 2px solid #16202c; padding: .3rem 0; }
td { vertical-align: top; border-bottom: 1px solid #dde3e8; padding: .45rem 0; }
.money { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
small { display: block; color: #51606f; }
.total td { font-weight: 700; border-bottom: 2px solid #16202c; }
footer { display: flex; gap: 1.2rem; align-items: center; margin-top: 2rem; font-size: .85rem; color: #51606f; }
footer svg { width: 6.5rem; height: 6.5rem; flex: none; }
a { color: inherit; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; } }
@page { size: A4; margin: 18mm; }
`);

const party = (label: string, { name, address, taxIds }: PartyView): Markup =>
  html`<section><h2>${label}</h2><address><strong>${name}</strong>${[...address, ...taxIds].map((line) => html`<br>${line}`)}</address></section>`;

/** One page of HTML without scripts and outside resources, to read and to print; the same view gives the same bytes. */
export function documentHtml(view: DocumentView): string {
  const { labels } = view.texts;
  const qr = new Markup(renderSVG(view.verifyUrl, { ecc: 'M', border: 1 }));
  const facts = view.facts.map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>`);
  const lines = view.lines.map(
    ({ title, arithmetic, amount }) =>
      html`<tr><td>${title}<small>${arithmetic.join(' · ')}</small></td><td class="money">${amount}</td></tr>\n`,
  );
  const sums = view.sums.map(
    ({ label, amount, isTotal }) =>
      html`<tr${new Markup(isTotal ? ' class="total"' : '')}><td>${label}</td><td class="money">${amount}</td></tr>\n`,
  );
  const taxes = view.taxes.map(
    ({ place, rate, base, amount }) =>
      html`<tr><td>${place}</td><td>${rate}</td><td class="money">${base}</td><td class="money">${amount}</td></tr>\n`,
  );
  const page = html`<!doctype html>
<html lang="${view.locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${view.title} ${view.number}</title>
<style>${CSS}</style>
</head>
<body>
<header><h1>${view.title}</h1><dl>${facts}</dl></header>
<div class="parties">${party(labels.seller, view.seller)}${party(labels.buyer, view.buyer)}</div>
<table>
<thead><tr><th scope="col">${labels.description}</th><th scope="col" class="money">${labels.amount}</th></tr></thead>
<tbody>
${lines}${sums}</tbody>
</table>
${
  view.taxes.length === 0
    ? html``
    : html`<table>
<thead><tr><th scope="col">${labels.place}</th><th scope="col">${labels.rate}</th><th scope="col" class="money">${labels.net}</th><th scope="col" class="money">${labels.tax}</th></tr></thead>
<tbody>
${taxes}</tbody>
</table>
`
}${view.notes.map((note) => html`<p>${note}</p>\n`)}${
  view.payTo.length === 0
    ? html``
    : html`<h2>${labels.pay_to}</h2><address>${view.payTo.map((line) => html`${line}<br>`)}</address>\n`
}<footer>${qr}<p>${labels.verify}<br><a href="${view.verifyUrl}">${view.verifyUrl}</a></p></footer>
</body>
</html>
`;
  return page.text;
}
