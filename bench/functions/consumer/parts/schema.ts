import * as z from 'zod';

/** The event of `contract.ts` for the peers: the envelope and the data, with the same rules. */
export const OrderPlacedSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.literal('bench.order-placed'),
  subject: z.string().min(1),
  time: z.iso.datetime(),
  dataschema: z.literal('urn:sluice:bench.order-placed:v1'),
  traceparent: z.string().optional(),
  correlationid: z.string().optional(),
  data: z.object({
    orderId: z.string().min(1).max(80),
    customerId: z.string().min(1).max(40),
    currency: z.string().regex(/^[A-Z]{3}$/),
    lines: z
      .array(
        z.object({
          sku: z.string().min(1).max(20),
          description: z.string().max(200),
          quantity: z.int().min(1),
          unitPence: z.int().min(0),
        }),
      )
      .min(1)
      .max(1_000),
    totalPence: z.int().min(0),
  }),
});

export type OrderPlacedEvent = z.infer<typeof OrderPlacedSchema>;
