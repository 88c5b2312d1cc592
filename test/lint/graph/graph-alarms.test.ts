import { describe, expect, it } from 'vitest';
import { alarmsOn } from '../../../lib/lint/graph/graph-alarms.ts';
import { graphOfWritten, type Written } from '../template-of.ts';

const metric = (name: string, Value: unknown) => ({ MetricName: 'Late', Dimensions: [{ Name: name, Value }] });
/** Logical ids of what alarms watch, each thing alone. */
const watched = (written: Written) => {
  const { alarms, resources } = graphOfWritten(written);
  return resources.all.filter((one) => alarmsOn(alarms, one, 'Late').length > 0).map(({ logicalId }) => logicalId);
};

describe('an alarm', () => {
  it.each([
    ['QueueName', 'AWS::SQS::Queue', 'QueueName'],
    ['StreamName', 'AWS::Kinesis::Stream', 'Name'],
    ['FunctionName', 'AWS::Lambda::Function', 'FunctionName'],
    ['TopicName', 'AWS::SNS::Topic', 'TopicName'],
    ['PipeName', 'AWS::Pipes::Pipe', 'Name'],
  ])('by %s is on the %s of that name, and on one that is referred to', (dimension, type, property) => {
    const stores: Written = { One: [type, { [property]: 'one' }], Other: [type, { [property]: 'other' }] };
    const on = (value: unknown) => watched({ ...stores, Alarm: ['AWS::CloudWatch::Alarm', metric(dimension, value)] });
    expect([on('one'), on({ Ref: 'Other' }), on('neither')]).toEqual([['One'], ['Other'], []]);
    const within = { Metrics: [{ MetricStat: { Metric: metric(dimension, 'one') } }, { Expression: 'm1 * 2' }] };
    expect(watched({ ...stores, Alarm: ['AWS::CloudWatch::Alarm', within] })).toEqual(['One']);
  });

  it.each<[string, unknown, boolean]>([
    ['refers to it', { 'Fn::Sub': `ALARM("\${Part}")` }, true],
    ['names it', 'ALARM("late-part") OR ALARM("another")', true],
    ['names it in a text that is put together', { 'Fn::Join': ['', ['ALARM("', 'late-part', '")']] }, true],
    ['names another', 'ALARM("another")', false],
  ])('is part of a composite that %s', (_, AlarmRule, is) => {
    const { alarms } = graphOfWritten({
      Part: ['AWS::CloudWatch::Alarm', { ...metric('QueueName', 'x'), AlarmName: 'late-part' }],
      Whole: ['AWS::CloudWatch::CompositeAlarm', { AlarmRule, AlarmActions: ['somebody'] }],
    });
    expect(alarms.map(({ inComposite }) => inComposite)).toEqual([is, false]);
  });
});
