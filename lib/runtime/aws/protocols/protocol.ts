import { childOf, membersOf, parseXml } from '../../../formats/xml.ts';
import type { AwsService } from '../calls/call.ts';
import { dynamodb } from './dynamodb-protocol.ts';
import { json } from './json-protocol.ts';
import { lambdaApi } from './lambda-protocol.ts';
import { s3 } from './s3-protocol.ts';
import { scheduler } from './scheduler-protocol.ts';
import type { Protocol } from './wire.ts';
import { xmlError } from './xml-error.ts';

/** https://smithy.io/2.0/aws/protocols/aws-query-protocol.html: form fields in, XML out. Only what PublishBatch needs. */
const snsQuery: Protocol = {
  encode(operation, input) {
    const form = new URLSearchParams({ Action: operation, Version: '2010-03-31' });
    flatten(form, '', input);
    return { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() };
  },
  decode(answer, operation) {
    const root = parseXml(answer.body.toString('utf8'));
    const result = root.name === `${operation}Response` ? childOf(root, `${operation}Result`) : undefined;
    // An error under a status that says success.
    if (root.name === 'ErrorResponse') throw xmlError({ ...answer, status: 500 });
    if (result === undefined) throw new SyntaxError(`the answer <${root.name}> is none of ${operation}`);
    const failed = membersOf(result, 'Failed');
    return {
      Successful: membersOf(result, 'Successful'),
      Failed: failed.map((entry) => ({ ...entry, SenderFault: entry.SenderFault === 'true' })),
    };
  },
  decodeError: xmlError,
};

/** Lists of SNS are `Name.member.N`; its attribute maps are `Name.entry.N.Name` and `.Value`. */
function flatten(form: URLSearchParams, prefix: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null) {
    form.append(prefix, String(value));
    return;
  }
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) flatten(form, `${prefix}.member.${i + 1}`, item);
    return;
  }
  for (const [name, field] of Object.entries(value)) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (name !== 'MessageAttributes') {
      flatten(form, path, field);
      continue;
    }
    for (const [i, [attribute, content]] of Object.entries(field as object).entries()) {
      form.append(`${path}.entry.${i + 1}.Name`, attribute);
      flatten(form, `${path}.entry.${i + 1}.Value`, content);
    }
  }
}

export const PROTOCOLS: Readonly<Record<AwsService, Protocol>> = {
  dynamodb,
  sqs: json('AmazonSQS', '1.0', 'may-be-empty'),
  kinesis: json('Kinesis_20131202', '1.1', 'may-be-empty'),
  sns: snsQuery,
  s3,
  scheduler,
  lambda: lambdaApi,
};
