import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { comesAgainSeconds, patiently } from '../../../lib/runtime/invocation/patience.ts';
import { isTransientAnswer } from '../../../lib/runtime/invocation/transient.ts';

const cancelled = (...codes: string[]) =>
  new AwsError('TransactionCanceledException', 'cancelled', 400, {
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
const ofSdk = (...codes: string[]) =>
  new TransactionCanceledException({
    message: 'cancelled',
    CancellationReasons: codes.map((Code) => ({ Code })),
    $metadata: { httpStatusCode: 400 },
  });

describe('a store says: not now', () => {
  it.each<[string, unknown]>([
    ['a transaction that met another', cancelled('None', 'TransactionConflict')],
    ['a table that grows', cancelled('ThrottlingError', 'None')],
    ['a table with provisioned capacity', cancelled('ProvisionedThroughputExceeded')],
    ['several of them', cancelled('TransactionConflict', 'ThrottlingError')],
    ['the same by the SDK', ofSdk('None', 'TransactionConflict')],
    ['a single write that met a transaction', new AwsError('TransactionConflictException', '', 400)],
    ['the same token under way', new AwsError('TransactionInProgressException', '', 400)],
    ['a throttle', new AwsError('ThrottlingException', '', 400)],
    ['a throttle by its status', new AwsError('Whatever', '', 429)],
    ['something broken', new AwsError('InternalServerError', '', 500)],
    ['two writes of one object', new AwsError('ConditionalRequestConflict', '', 409)],
  ])('%s', (_, error) => expect(isTransientAnswer(error)).toBe(true));
});

describe('an answer by its name and status alone', () => {
  const says = (name: string, status = 400, message = '') => isTransientAnswer(new AwsError(name, message, status));
  it.each([
    ...['TransactionConflictException', 'ConditionalRequestConflict', 'OperationAborted'],
    ...['BandwidthLimitExceeded', 'EC2ThrottledException', 'LimitExceededException', 'PriorRequestNotComplete'],
    ...['ProvisionedThroughputExceededException', 'RequestLimitExceeded', 'RequestThrottled'],
    ...['RequestThrottledException', 'SlowDown', 'ThrottledException', 'Throttling', 'ThrottlingException'],
    ...['TooManyRequestsException', 'TransactionInProgressException', 'Throttled', 'KMSThrottled', 'KmsThrottled'],
    ...['KMSThrottling', 'KMSThrottlingException', 'TimeoutError', 'RequestTimeout', 'RequestTimeoutException'],
    'ReplicatedWriteConflictException',
  ])('%s says: not now', (name) => {
    expect([says(name), says(`${name}s`), says(name.toLowerCase())]).toEqual([true, false, false]);
  });

  it.each([
    [400, false],
    [403, false],
    [404, false],
    [409, false],
    [429, true],
    [499, false],
    [500, true],
    [501, false],
    [502, true],
    [503, true],
    [504, true],
    [505, false],
  ])('%i says: not now: %s', (status, is) => {
    expect(says('Whatever', status)).toBe(is);
  });

  it('a signature that has expired is made anew, one that is wrong is not', () => {
    expect(says('InvalidSignatureException', 400, 'Signature expired: 20261129T')).toBe(true);
    expect(says('InvalidSignatureException', 400, 'The request signature does not match')).toBe(false);
  });
});

describe('a store says: no', () => {
  it.each<[string, unknown]>([
    ['a condition', cancelled('ConditionalCheckFailed', 'None')],
    ['a condition, whatever else', cancelled('ConditionalCheckFailed', 'TransactionConflict')],
    ['what cannot be', cancelled('ValidationError', 'TransactionConflict')],
    ['nothing in particular', cancelled()],
    ['no reason at all', cancelled('None', 'None')],
    ['a condition by the SDK', ofSdk('ConditionalCheckFailed', 'TransactionConflict')],
    [
      'a single condition by the SDK',
      new ConditionalCheckFailedException({ message: '', $metadata: { httpStatusCode: 400 } }),
    ],
    ['a right that is missing', new AwsError('AccessDeniedException', '', 400)],
    ['an object that is there', new AwsError('PreconditionFailed', '', 412)],
    ['what is no answer of AWS', new Error('Rate exceeded')],
    ['the same under the name of one', Object.assign(new Error(''), { name: 'TransactionConflictException' })],
    ['nothing', undefined],
  ])('%s', (_, error) => expect(isTransientAnswer(error)).toBe(false));
});

describe('patience', () => {
  const conflict = cancelled('TransactionConflict');
  const trying = (failures: number, { error = conflict as Error, left = 100_000 } = {}) => {
    const waits: number[] = [];
    let tries = 0;
    let millis = left;
    const work = async () => {
      tries += 1;
      if (tries <= failures) throw error;
      return 'done';
    };
    const sleep = async (wait: number) => {
      waits.push(wait);
      millis -= wait;
    };
    const result = patiently(work, { runtime: { sleep, random: () => 0.5 }, millisLeft: () => millis });
    return result.then(
      (value) => ({ value, tries, waits }),
      (thrown: unknown) => ({ thrown, tries, waits }),
    );
  };

  it('costs nothing where it is not needed', async () => {
    expect(await trying(0)).toEqual({ value: 'done', tries: 1, waits: [] });
  });
  it('waits longer each time, up to a second', async () => {
    expect(await trying(7)).toEqual({ value: 'done', tries: 8, waits: [25, 50, 100, 200, 400, 500, 500] });
  });
  it('ends after ten tries', async () => {
    const { thrown, tries } = (await trying(10)) as { thrown: unknown; tries: number };
    expect([thrown, tries]).toEqual([conflict, 10]);
    expect(await trying(9)).toMatchObject({ value: 'done', tries: 10 });
  });
  it('ends where a wait would be longer than the time that is left', async () => {
    expect(await trying(3, { left: 76 })).toMatchObject({ thrown: conflict, tries: 3, waits: [25, 50] });
    expect(await trying(1, { left: 25 })).toMatchObject({ thrown: conflict, tries: 1, waits: [] });
    expect(await trying(1, { left: 26 })).toMatchObject({ value: 'done', tries: 2 });
  });
  it('has none for what is another failure', async () => {
    const error = new Error('no');
    expect(await trying(1, { error })).toEqual({ thrown: error, tries: 1, waits: [] });
  });
  it('hands back for longer, the more often a message has come', () => {
    const seconds = (receives: number | undefined) => comesAgainSeconds(receives, { random: () => 0.75 });
    expect([undefined, 1, 2, 3, 6, 7, 100].map(seconds)).toEqual([1.5, 1.5, 3, 6, 45, 45, 45]);
    expect(comesAgainSeconds(1, { random: () => 0 })).toBe(1);
  });
});
