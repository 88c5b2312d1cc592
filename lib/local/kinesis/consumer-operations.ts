import { textAt } from '../json.ts';
import { type Operations, STATE_CHANGE_MS } from './context.ts';
import { inUse, invalidArgument, limitExceeded } from './errors.ts';
import { numberIn, required, requiredText, textsByName } from './input.ts';
import { nameIn, pageOf, tokenOf } from './paging.ts';
import type { Consumer } from './stream.ts';
import { consumerIn, streamIn } from './streams.ts';
import { checkTags } from './tag-operations.ts';

/** Consumers of one stream. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html */
const MOST_CONSUMERS = 20;
const NAME = { min: 1, max: 128 };
const NAME_PATTERN = /^[a-zA-Z0-9_.-]+$/;
const MAX_RESULTS = { min: 1, max: 10_000 };
const DEFAULT_RESULTS = 100;

export const consumerOperations: Operations = {
  RegisterStreamConsumer(input, context) {
    const name = requiredText(input, 'ConsumerName', NAME);
    if (!NAME_PATTERN.test(name)) throw invalidArgument(`ConsumerName '${name}' contains invalid characters`);
    required(input, 'StreamARN');
    const stream = streamIn(input, context);
    const under = `of stream ${stream.name} under account ${context.account}`;
    if (stream.consumers.some((consumer) => consumer.name === name))
      throw inUse(`Consumer ${name} ${under} already exists.`);
    if (stream.consumers.length >= MOST_CONSUMERS)
      throw limitExceeded(`There are ${MOST_CONSUMERS} consumers ${under} already, the most there can be.`);
    const createdAt = context.now();
    const arn = `${stream.arn}/consumer/${name}:${Math.floor(createdAt / 1_000)}`;
    const consumer = { name, arn, createdAt, tags: checkTags(textsByName(input, 'Tags')) };
    context.streams.save({ ...stream, consumers: [...stream.consumers, consumer] });
    return { Consumer: consumerView(consumer, createdAt) };
  },
  DeregisterStreamConsumer(input, context) {
    const { stream, consumer } = consumerIn(input, context);
    const { [consumer.arn]: _gone, ...policies } = stream.policies;
    context.streams.save({ ...stream, policies, consumers: stream.consumers.filter((other) => other !== consumer) });
    return undefined;
  },
  DescribeStreamConsumer(input, context) {
    const { stream, consumer } = consumerIn(input, context);
    return { ConsumerDescription: { ...consumerView(consumer, context.now()), StreamARN: stream.arn } };
  },
  ListStreamConsumers(input, context) {
    required(input, 'StreamARN');
    const stream = streamIn(input, context);
    const limit = numberIn(input, 'MaxResults', MAX_RESULTS) ?? DEFAULT_RESULTS;
    const now = context.now();
    const after = nameIn(textAt(input, 'NextToken'), now);
    const { page, next } = pageOf(stream.consumers, ({ name }) => name, { limit, after });
    return {
      Consumers: page.map((consumer) => consumerView(consumer, now)),
      ...(next === undefined ? {} : { NextToken: tokenOf(next, now) }),
    };
  },
};

const consumerView = ({ name, arn, createdAt }: Consumer, now: number) => ({
  ConsumerName: name,
  ConsumerARN: arn,
  ConsumerStatus: now < createdAt + STATE_CHANGE_MS ? 'CREATING' : 'ACTIVE',
  ConsumerCreationTimestamp: new Date(createdAt),
});
