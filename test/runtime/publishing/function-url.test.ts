import { expect, it } from 'vitest';
import { answered } from '../../../lib/runtime/publishing/function-url.ts';

const echo = answered(
  'echo',
  async (request) => ({ request }),
  ({ request }) => (typeof request === 'string' ? 422 : 202),
);

const byUrl = (body: string | undefined, isBase64Encoded = false) =>
  echo({ requestContext: {}, rawPath: '/', body, isBase64Encoded });

it('answers a payload as it is', async () => {
  expect(await echo({ some: 'request' })).toEqual({ request: { some: 'request' } });
  expect(await echo(null)).toEqual({ request: null });
});

it('answers a body with a status, plain or in base64', async () => {
  const reply = {
    statusCode: 202,
    headers: { 'content-type': 'application/json' },
    body: '{"request":{"some":"request"}}',
  };
  expect(await byUrl('{"some":"request"}')).toEqual(reply);
  expect(await byUrl(Buffer.from('{"some":"request"}').toString('base64'), true)).toEqual(reply);
});

it('hands on the text of a body that is no JSON, and none as an empty one', async () => {
  expect(await byUrl('{"some"')).toMatchObject({ statusCode: 422, body: '{"request":"{\\"some\\""}' });
  expect(await byUrl(undefined)).toMatchObject({ statusCode: 422, body: '{"request":""}' });
});
