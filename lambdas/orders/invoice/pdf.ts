import { PageSizes, PDFDocument, type PDFFont, type PDFPage, StandardFonts } from '@cantoo/pdf-lib';
import type { OrderData } from '../../../lib/systems/orders/contract.ts';
import { amount } from '../money/format.ts';

/** Layout, in points. */
const MARGIN = 50;
const LINE_HEIGHT = 14;
const FONT_SIZE = 9;
const TITLE_SIZE = 16;
const COLUMNS = { sku: MARGIN, description: 120, quantity: 400, unit: 450, total: 510 } as const;
const MAX_DESCRIPTION = 48;

/** The standard fonts know Windows-1252 only; anything else would make the whole document fail. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, '?');

/**
 * An invoice or credit note as PDF. The same order gives the same bytes: dates come from the order, never from the clock.
 */
export async function renderInvoice(order: OrderData, title: 'Invoice' | 'Credit note'): Promise<Uint8Array> {
  const document = await PDFDocument.create({ updateMetadata: false });
  document.setTitle(`${title} ${order.documentId}`);
  document.setCreationDate(new Date(order.placedAt));
  document.setModificationDate(new Date(order.placedAt));
  const font = await document.embedFont(StandardFonts.Helvetica);
  const bold = await document.embedFont(StandardFonts.HelveticaBold);
  const pen = newPen(document);

  pen.line([[MARGIN, `${title} ${order.documentId}`, bold]], TITLE_SIZE);
  pen.line([[MARGIN, `Order ${order.orderId} of ${order.placedAt.slice(0, 10)}, ${order.country}`, font]]);
  pen.line([[MARGIN, order.customerId === null ? 'Guest' : `Customer ${order.customerId}`, font]]);
  pen.line([]);
  pen.line(row('Article', 'Description', 'Quantity', 'Each', 'Total', bold));
  const price = (minor: number): string => amount(minor, order.currency);
  for (const { sku, description, quantity, unitPence } of order.lines) {
    const text = description.slice(0, MAX_DESCRIPTION);
    pen.line(row(sku, text, String(quantity), price(unitPence), price(quantity * unitPence), font));
  }
  pen.line([]);
  pen.line(row('', '', '', order.currency, price(order.totalPence), bold));
  return document.save();
}

type Cell = readonly [x: number, text: string, font: PDFFont];

const row = (
  sku: string,
  description: string,
  quantity: string,
  unit: string,
  total: string,
  font: PDFFont,
): Cell[] => [
  [COLUMNS.sku, sku, font],
  [COLUMNS.description, description, font],
  [COLUMNS.quantity, quantity, font],
  [COLUMNS.unit, unit, font],
  [COLUMNS.total, total, font],
];

/** Writes line under line and turns the page when it is full. */
function newPen(document: PDFDocument) {
  let page: PDFPage | undefined;
  let y = 0;
  return {
    line(cells: readonly Cell[], size = FONT_SIZE): void {
      if (page === undefined || y < MARGIN) {
        page = document.addPage(PageSizes.A4);
        y = page.getHeight() - MARGIN;
      }
      for (const [x, text, font] of cells) page.drawText(printable(text), { x, y, size, font });
      y -= Math.max(LINE_HEIGHT, size * 1.5);
    },
  };
}
