import { expect, test } from 'vitest';
import { queue, REGION, start, writeStacks } from './support.ts';

test('parameters may stand in the body or in the address: the answers are the same', async () => {
  const Outputs = { Url: { Value: { Ref: 'Work' }, Export: { Name: 'work' } } };
  const { engine } = await start(
    writeStacks({ one: { Resources: queue('Work'), Outputs }, two: { Resources: queue('Other') } }),
  );
  const authorization = `AWS4-HMAC-SHA256 Credential=x/20260101/${REGION}/cloudformation/aws4_request, SignedHeaders=host, Signature=x`;
  const ask = async (parameters: Record<string, string>, method: string) => {
    const text = String(new URLSearchParams({ Version: '2010-05-15', ...parameters }));
    const response = await fetch(method === 'GET' ? `${engine.url}/?${text}` : engine.url, {
      method,
      headers: { authorization, ...(method === 'GET' ? {} : { 'content-type': 'application/x-www-form-urlencoded' }) },
      ...(method === 'GET' ? {} : { body: text }),
    });
    const body = (await response.text()).replace(/<RequestId>.*?<\/RequestId>/g, '');
    return { status: response.status, body };
  };
  const asked: [Record<string, string>, string, string?][] = [
    [{ Action: 'DescribeStacks' }, '<StackName>two</StackName>'],
    [{ Action: 'DescribeStacks', StackName: 'one' }, '<StackName>one</StackName>', '<StackName>two</StackName>'],
    [{ Action: 'DescribeStacks', StackName: 'three' }, 'Stack with id three does not exist'],
    [{ Action: 'ListStacks' }, '<StackName>two</StackName>'],
    [{ Action: 'ListStackResources', StackName: 'two' }, '>Other<', '>Work<'],
    [{ Action: 'DescribeStackResources', StackName: 'one' }, '>Work<', '>Other<'],
    [{ Action: 'GetTemplate', StackName: 'two' }, 'Other', 'Work'],
    [{ Action: 'ListExports' }, '<Name>work</Name>'],
    [{ Action: 'CreateStack', StackName: 'three' }, 'CreateStack is not available in the engine'],
  ];
  for (const [parameters, has, hasNot] of asked) {
    const posted = await ask(parameters, 'POST');
    expect([parameters, posted.body]).toEqual([parameters, expect.stringContaining(has)]);
    if (hasNot !== undefined) expect(posted.body).not.toContain(hasNot);
    expect(await ask(parameters, 'GET')).toEqual(posted);
  }
});
