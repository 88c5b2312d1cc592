import { PDFDocument } from '@cantoo/pdf-lib';
import { describe, expect, it } from 'vitest';
import { renderInvoice } from '../../../lambdas/orders/invoice/pdf.ts';
import type { OrderData } from '../../../lib/systems/orders/contract.ts';
import { decide } from '../../../lib/systems/orders/request.ts';
import { readSamples } from '../../../lib/systems/orders/tools/samples.ts';
import { line, request } from './sample-requests.ts';

const order = (more: Parameters<typeof request>[0] = {}): OrderData => decide(request(more)).data;
const largest = readSamples().toSorted((a, b) => b.lines.length - a.lines.length)[0];

describe('renderInvoice', () => {
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
