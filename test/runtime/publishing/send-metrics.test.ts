import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { publisher } from '../../../lib/runtime/publishing/publish.ts';
import { opened, ticketLog } from '../../contracts/sample-declarations.ts';

/** A log that refuses so many requests, then takes everything. */
function sending(refusals: number, variables: Readonly<Record<string, string>>) {
  const lines: Record<string, unknown>[] = [];
  let left = refusals;
  const runtime: Runtime = {
    ...lambda,
    sleep: async () => undefined,
    env: (name) => variables[name],
    write: (line) => void lines.push(JSON.parse(line)),
    async aws(_service, _operation, input) {
      if (left-- > 0) throw new AwsError('ProvisionedThroughputExceededException', 'slow down', 400);
      return {
        FailedRecordCount: 0,
        Records: (input as { Records: object[] }).Records.map(() => ({ SequenceNumber: '1' })),
      };
    },
  };
  return { lines, publish: publisher(ticketLog, { address: 'tickets' }, runtime) };
}

const IN_LAMBDA = { AWS_LAMBDA_FUNCTION_NAME: 'test-relay', SLUICE_STACK: 'test' };
const two = [opened('T-1'), opened('T-2')];

describe('a publisher in a function', () => {
  it.each([
    ['that sends', 0, 2, 0],
    ['that is refused once', 1, 2, 2],
  ])('%s reports events, every try of them, in one line', async (_, refusals, sent, failures) => {
    const { lines, publish } = sending(refusals, IN_LAMBDA);
    await publish(two);
    expect(lines).toMatchObject([{ stack: 'test', channel: 'ticket-log', Sent: [sent], SendFailures: [failures] }]);
  });

  it('reports what could not be sent at all', async () => {
    const { lines, publish } = sending(100, IN_LAMBDA);
    await expect(publish(two)).rejects.toThrow('2 event(s) could not be sent');
    expect(lines).toMatchObject([{ Sent: [0], SendFailures: [10] }]);
  });

  it('reports nothing when there was nothing to send', async () => {
    const { lines, publish } = sending(0, IN_LAMBDA);
    await publish([]);
    expect(lines).toEqual([]);
  });
});

it('a publisher elsewhere writes no lines of metrics into the output', async () => {
  const { lines, publish } = sending(1, {});
  await publish(two);
  expect(lines).toEqual([]);
});
