import type { AttributeText } from './filter-policy.ts';
import type { Publication } from './function-subscriptions.ts';

type Parameters = Readonly<Record<string, string>>;

const BATCH = 'PublishBatchRequestEntries.member.';

/** The messages of a Publish or PublishBatch that were accepted, with the ids that the answer gives them. */
export function publicationsOf(parameters: Parameters, answer: string): Publication[] {
  if (parameters.Message !== undefined) {
    const messageId = /<MessageId>([^<]+)</.exec(answer)?.[1];
    return messageId === undefined ? [] : [publication(parameters, '', messageId)];
  }
  const ids = new Map(
    [...answer.matchAll(/<member><Id>([^<]+)<\/Id><MessageId>([^<]+)<\/MessageId>/g)].map(([, id, messageId]) => [
      id,
      messageId,
    ]),
  );
  const numbers = new Set(
    Object.keys(parameters)
      .filter((name) => name.startsWith(BATCH))
      .map((name) => name.slice(BATCH.length, name.indexOf('.', BATCH.length))),
  );
  return [...numbers].flatMap((number) => {
    const prefix = `${BATCH}${number}.`;
    const messageId = ids.get(parameters[`${prefix}Id`]);
    return messageId === undefined ? [] : [publication(parameters, prefix, messageId)];
  });
}

function publication(parameters: Parameters, prefix: string, messageId: string): Publication {
  return {
    messageId,
    message: parameters[`${prefix}Message`] ?? '',
    subject: parameters[`${prefix}Subject`],
    attributes: attributesAt(parameters, `${prefix}MessageAttributes.entry.`),
  };
}

function attributesAt(parameters: Parameters, prefix: string): Record<string, AttributeText> {
  const attributes: Record<string, AttributeText> = {};
  for (let number = 1; parameters[`${prefix}${number}.Name`] !== undefined; number++) {
    const value = (name: string) => parameters[`${prefix}${number}.Value.${name}`];
    const [StringValue, BinaryValue] = [value('StringValue'), value('BinaryValue')];
    attributes[parameters[`${prefix}${number}.Name`] ?? ''] = {
      DataType: value('DataType') ?? 'String',
      ...(StringValue === undefined ? {} : { StringValue }),
      ...(BinaryValue === undefined ? {} : { BinaryValue }),
    };
  }
  return attributes;
}
