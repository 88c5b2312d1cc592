import { describe, expect, it, test } from 'vitest';
import { checkFaultSpec } from '../../../lib/local/faults/check-spec.ts';
import { createRandomFaults, type FaultPoint } from '../../../lib/local/faults/random-faults.ts';
import { FAULT_KIND_NAMES, type FaultSpec, ratesForAll, readFaultRates } from '../../../lib/local/faults.ts';

const worker = (functionName: string) => ({ accessKeyId: 'x', functionName, instance: 1, roleArn: 'r' });
const point = (functionName: string, operation = 'PutItem', when: FaultPoint['when'] = 'before'): FaultPoint => ({
  service: 'dynamodb',
  operation,
  when,
  caller: worker(functionName),
});
const HALF = ratesForAll(0.5);

/** What strikes at each of these points, in order. */
function strikes(seed: number, points: readonly FaultPoint[]): (string | undefined)[] {
  const source = createRandomFaults({ seed, rates: HALF });
  return points.map((one) => {
    const strike = source.strike(one);
    return strike && `${strike.kind} ${strike.ms} ${strike.size}`;
  });
}

describe('the same seed', () => {
  const points = Array.from({ length: 300 }, (_, i) =>
    point(`f${i % 3}`, ['PutItem', 'GetItem'][i % 2], i % 5 === 0 ? 'after' : 'before'),
  );

  it('gives the same faults, and another gives others', () => {
    expect(strikes(7, points)).toEqual(strikes(7, points));
    expect(strikes(7, points)).not.toEqual(strikes(8, points));
    expect(new Set(strikes(7, points)).size).toBeGreaterThan(50);
  });

  it('decides for a caller whatever others do meanwhile', () => {
    const mine = points.filter(({ caller }) => caller.functionName === 'f1');
    const struck = strikes(7, points).filter((_, i) => points[i]?.caller.functionName === 'f1');
    expect(strikes(7, mine)).toEqual(struck);
    const backwards = [...points.filter((one) => !mine.includes(one)).reverse(), ...mine];
    expect(strikes(7, backwards).slice(-mine.length)).toEqual(struck);
  });

  it('decides for a kind whatever the rates of the others are', () => {
    const only = createRandomFaults({ seed: 7, rates: { latency: 0.2 } });
    const all = createRandomFaults({ seed: 7, rates: { latency: 0.2, throttle: 0.000_001 } });
    for (const one of points) expect(only.strike(one)).toEqual(all.strike(one));
  });
});

it('strikes as often as its rate says, and counts', () => {
  const source = createRandomFaults({ seed: 1, rates: { throttle: 0.1, 'lose-response': 0.05 } });
  const count = 20_000;
  for (let i = 0; i < count; i++) source.strike(point('f'));
  // Of the calls that are throttled none is lost: a call suffers one fault.
  expect(source.counts.throttle / count).toBeCloseTo(0.1, 1);
  expect(source.counts['lose-response'] / count).toBeCloseTo(0.05, 1);
  expect(source.counts.kill).toBe(0);
  expect(source.made[0]).toEqual({
    kind: expect.stringMatching(/throttle|lose-response/),
    service: 'dynamodb',
    operation: 'PutItem',
    when: 'before',
    functionName: 'f',
  });
});

test.each<[string, FaultPoint, readonly string[]]>([
  ['a call of a function', point('f'), ['kill', 'throttle', 'lose-response', 'latency']],
  ['the answer to a function', point('f', 'PutItem', 'after'), ['kill', 'lose-response']],
  [
    'a poller',
    { ...point(''), service: 'kinesis', operation: 'GetRecords', caller: { accessKeyId: 'x', roleArn: 'r' } },
    ['throttle', 'lose-response', 'latency', 'stop-stream'],
  ],
  ['a delivery', { ...point('f'), service: 'lambda', operation: 'Deliver', when: 'after' }, ['duplicate']],
  ['a new worker', { ...point('f'), service: 'lambda', operation: 'Start' }, ['skew-clock']],
  ['a message', { ...point('queue'), service: 'sqs', operation: 'Enqueue' }, ['reorder']],
  ['somebody from outside', { ...point(''), caller: { accessKeyId: 'me' } }, []],
])('what can strike %s', (_who, at, kinds) => {
  const struck = FAULT_KIND_NAMES.filter(
    (kind) => createRandomFaults({ seed: 1, rates: { [kind]: 1 } }).strike(at) !== undefined,
  );
  expect(struck.toSorted()).toEqual([...kinds].sort());
});

describe('rates', () => {
  it('are read from one number, of which rare kinds take a part, or kind by kind', () => {
    expect(readFaultRates('0.01')).toMatchObject({ throttle: 0.01, kill: 0.0005, 'skew-clock': 0.1 });
    expect(readFaultRates('0.5')).toMatchObject({ 'skew-clock': 1 });
    expect(readFaultRates('throttle=0.02, kill=0.001')).toEqual({ throttle: 0.02, kill: 0.001 });
  });

  it.each([
    ['throttle=2', "the rate of throttle is '2'; it must be a probability from 0 to 1"],
    ['1.5', "the rate of all kinds is '1.5'"],
    ['thunder=0.1', "there is no kind of fault 'thunder'; there are throttle, latency, lose-response"],
    ['throttle', "faults 'throttle' must be a rate for all kinds, or kind=rate"],
    ['throttle=', "the rate of throttle is ''"],
    ['kill=0.1=2', "faults 'kill=0.1=2' must be"],
  ])('%s is refused', (text, message) => {
    expect(() => readFaultRates(text)).toThrow(message);
  });

  it('and seeds that are none are refused through the API, too', () => {
    expect(() => createRandomFaults({ seed: 1.5, rates: {} })).toThrow('the seed is 1.5; it must be a whole number');
    expect(() => createRandomFaults({ seed: 1, rates: { kill: -1 } })).toThrow("the rate of kill is '-1'");
  });
});

describe('a fault that makes no sense is refused by name', () => {
  const spec: FaultSpec = { service: 'sqs', operation: 'SendMessage', when: 'before', action: 'throttle' };
  it.each<[Partial<FaultSpec>, string]>([
    [{ service: '' }, 'fault: service is ""'],
    [{ action: 'explode' as 'kill' }, 'fault: action is "explode"; must be one of error, throttle'],
    [{ when: 'now' as 'before' }, 'fault: when is "now"'],
    [{ nth: 0 }, 'fault: nth is 0'],
    [{ ms: Number.NaN }, 'fault: ms is NaN'],
    [{ when: 'after' }, "action 'throttle' happens before a call"],
    [
      { action: 'duplicate' },
      "action 'duplicate' is only possible with service 'lambda', operation 'Deliver' and when 'after'",
    ],
    [{ service: 'lambda', operation: 'Start', action: 'kill' }, 'at lambda Start only skew-clock can happen'],
  ])('%j', (change, message) => {
    expect(() => checkFaultSpec({ ...spec, ...change })).toThrow(message);
  });
});
