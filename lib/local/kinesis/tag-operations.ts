import { textAt } from '../json.ts';
import type { Context, Operations } from './context.ts';
import { invalidArgument } from './errors.ts';
import { type Input, numberIn, required, requiredText, textsByName } from './input.ts';
import { pageOf } from './paging.ts';
import type { Stream } from './stream.ts';
import { consumerIn, streamIn } from './streams.ts';

/** https://docs.aws.amazon.com/streams/latest/dev/tagging.html */
const MOST_TAGS = 50;
const KEY_LENGTH = 128;
const VALUE_LENGTH = 256;
const POLICY = { min: 1, max: 20_480 };

type Tags = Readonly<Record<string, string>>;

/** @throws KinesisError when there are too many, or one is too long */
export function checkTags(tags: Tags): Tags {
  const names = Object.keys(tags);
  if (names.length > MOST_TAGS) throw invalidArgument(`${names.length} tags are more than ${MOST_TAGS}.`);
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > KEY_LENGTH)
      throw invalidArgument(`The tag key '${key}' has to have 1 to ${KEY_LENGTH} characters.`);
    if (value.length > VALUE_LENGTH)
      throw invalidArgument(`The value of the tag ${key} has to have at most ${VALUE_LENGTH} characters.`);
  }
  return tags;
}

export const tagOperations: Operations = {
  AddTagsToStream: (input, context) => changeStream(input, context, added(textsByName(input, 'Tags'))),
  RemoveTagsFromStream: (input, context) => changeStream(input, context, removed(keysIn(input))),
  ListTagsForStream(input, context) {
    const { tags } = streamIn(input, context);
    const limit = numberIn(input, 'Limit', { min: 1, max: MOST_TAGS }) ?? MOST_TAGS;
    const after = textAt(input, 'ExclusiveStartTagKey');
    const { page, next } = pageOf(Object.entries(tags), ([key]) => key, { limit, after });
    return { Tags: page.map(tagView), HasMoreTags: next !== undefined };
  },
  TagResource: (input, context) => changeResource(input, context, added(textsByName(input, 'Tags'))),
  UntagResource: (input, context) => changeResource(input, context, removed(keysIn(input))),
  ListTagsForResource(input, context) {
    const { tags } = resourceIn(input, context);
    return { Tags: Object.entries(tags).toSorted().map(tagView) };
  },
  GetResourcePolicy(input, context) {
    const { stream, arn } = resourceIn(input, context);
    return { Policy: stream.policies[arn] ?? '{}' };
  },
  PutResourcePolicy(input, context) {
    const policy = requiredText(input, 'Policy', POLICY);
    const { stream, arn } = resourceIn(input, context);
    context.streams.save({ ...stream, policies: { ...stream.policies, [arn]: policy } });
    return undefined;
  },
  DeleteResourcePolicy(input, context) {
    const { stream, arn } = resourceIn(input, context);
    const { [arn]: _gone, ...policies } = stream.policies;
    context.streams.save({ ...stream, policies });
    return undefined;
  },
};

const tagView = ([Key, Value]: readonly [string, string]) => ({ Key, Value });

type Change = (tags: Tags) => Tags;

const added =
  (more: Tags): Change =>
  (tags) =>
    checkTags({ ...tags, ...more });

const removed =
  (keys: readonly string[]): Change =>
  (tags) =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));

function keysIn(input: Input): readonly string[] {
  const keys = input.TagKeys;
  if (!Array.isArray(keys) || keys.length === 0) throw invalidArgument('TagKeys must name at least one tag.');
  return keys.map(String);
}

function changeStream(input: Input, context: Context, change: Change): undefined {
  const stream = streamIn(input, context);
  context.streams.save({ ...stream, tags: change(stream.tags) });
}

/** The stream or consumer that ResourceARN names. */
function resourceIn(input: Input, context: Context): { stream: Stream; arn: string; tags: Tags } {
  const arn = required(input, 'ResourceARN');
  if (!arn.includes('/consumer/')) {
    const stream = streamIn({ StreamARN: arn }, context);
    return { stream, arn, tags: stream.tags };
  }
  const { stream, consumer } = consumerIn({ ConsumerARN: arn }, context);
  return { stream, arn, tags: consumer.tags };
}

function changeResource(input: Input, context: Context, change: Change): undefined {
  const { stream, arn, tags } = resourceIn(input, context);
  const changed = change(tags);
  const consumers = stream.consumers.map((known) => (known.arn === arn ? { ...known, tags: changed } : known));
  context.streams.save(stream.arn === arn ? { ...stream, tags: changed } : { ...stream, consumers });
}
