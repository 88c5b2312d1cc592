import { decodePDFRawStream, PDFArray, PDFDocument, PDFRawStream } from '@cantoo/pdf-lib';
import { describe, expect, it } from 'vitest';
import { renderInvoice } from '../../../lambdas/orders/invoice/pdf.ts';
import { readSamples } from '../../../lib/operations/systems/samples.ts';
import type { OrderData } from '../../../lib/systems/orders/contract.ts';
import { decide } from '../../../lib/systems/orders/request.ts';
import { orders } from '../../../lib/systems/orders/tools/tools.ts';
import { line, request } from './sample-requests.ts';

const order = (more: Parameters<typeof request>[0] = {}): OrderData => decide(request(more)).data;
const largest = readSamples(orders).toSorted((a, b) => b.lines.length - a.lines.length)[0];

/** What is printed, cell by cell. */
async function textOf(rendered: Uint8Array): Promise<string[]> {
  const document = await PDFDocument.load(rendered);
  return document.getPages().flatMap(({ node }) => {
    const contents = node.Contents();
    const streams =
      contents instanceof PDFArray ? contents.asArray().map((ref) => document.context.lookup(ref)) : [contents];
    const code = streams.flatMap((stream) =>
      stream instanceof PDFRawStream ? Buffer.from(decodePDFRawStream(stream).decode()).toString('latin1') : [],
    );
    return [...code.join('\n').matchAll(/<([0-9A-F]*)> Tj/g)].map(([, hex = '']) =>
      Buffer.from(hex, 'hex').toString('latin1'),
    );
  });
}

describe('renderInvoice', () => {
  it.each([
    ['EUR', 2.55, ['2.55', '5.10', 'EUR', '5.10']],
    ['JPY', 500, ['500', '1000', 'JPY', '1000']],
    ['BHD', 1.234, ['1.234', '2.468', 'BHD', '2.468']],
  ])('prints the amounts of an order in %s with its decimals', async (currency, unitPrice, cells) => {
    const ordered = order({ currency, lines: [line({ unitPrice, quantity: 2 })] });
    expect((await textOf(await renderInvoice(ordered, 'Invoice'))).filter((cell) => cell !== '').slice(-4)).toEqual(
      cells,
    );
  });

  it('gives the same bytes for the same order, whenever it is rendered', async () => {
    const first = await renderInvoice(order(), 'Invoice');
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // PDF dates count seconds.
    expect(Buffer.from(await renderInvoice(order(), 'Invoice')).equals(first)).toBe(true);
  });

  it.each([
    ['another title', order(), 'Credit note'],
    ['another price', order({ lines: [line({ unitPrice: 3 })] }), 'Invoice'],
    ['another customer', order({ customerId: null }), 'Invoice'],
  ] as const)('gives other bytes for %s', async (_, other, title) => {
    expect(Buffer.from(await renderInvoice(other, title)).equals(await renderInvoice(order(), 'Invoice'))).toBe(false);
  });

  it('is dated and titled by the order', async () => {
    const document = await PDFDocument.load(await renderInvoice(order(), 'Credit note'), { updateMetadata: false });
    expect(document.getTitle()).toBe('Credit note A1');
    expect(document.getCreationDate()).toEqual(new Date('2010-12-01T08:26:00Z'));
    expect(document.getPageCount()).toBe(1);
  });

  it('turns the page: the order of 593 lines', async () => {
    expect(largest?.lines).toHaveLength(593);
    const document = await PDFDocument.load(await renderInvoice(decide(largest).data, 'Invoice'));
    // 53 lines fit a page of A4 at 14 points each, within margins of 50.
    expect(document.getPageCount()).toBe(12);
  });

  it('prints question marks for what its fonts do not have', async () => {
    const rendered = async (description: string) =>
      Buffer.from(await renderInvoice(order({ lines: [line({ description })] }), 'Invoice'));
    expect((await rendered('漢☂é\n\t')).equals(await rendered('??é??'))).toBe(true);
  });
});
