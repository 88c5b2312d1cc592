import { App, Stack, Validations } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { expect, it } from 'vitest';
import { allow } from '../../../lib/constructs/functions/messaging-function.ts';

function parts() {
  const stack = new Stack(new App(), 'test-tickets');
  const fn = new LambdaFunction(stack, 'Fn', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => undefined;'),
  });
  return { stack, fn, bucket: new Bucket(stack, 'Files') };
}

const acknowledged = (fn: LambdaFunction): unknown[] =>
  (fn.role?.node.metadata ?? [])
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .map(({ data }) => data);

it('a wildcard needs a reason, which is noted on the role', () => {
  const { stack, fn, bucket } = parts();
  const files = bucket.arnForObjects('files/*');
  expect(() => allow(fn, ['s3:GetObject'], [files])).toThrow(
    /^function 'test-tickets\/Fn' would be allowed s3:GetObject on a wildcard \(.*\/files\/\*\); name the resource, or say why it has to be one: allow\(\.\.\., why\)$/,
  );
  allow(fn, ['s3:GetObject'], [files], 'files are named by their contents');
  const id = `AwsSolutions-IAM5[Resource::<${stack.getLogicalId(bucket.node.defaultChild as never)}.Arn>/files/*]`;
  expect(acknowledged(fn)).toEqual([{ [`Annotation::${id}`]: 'files are named by their contents' }]);
});

it('what is named needs none', () => {
  const { fn, bucket } = parts();
  allow(fn, ['s3:GetObject'], [bucket.arnForObjects('files/one')]);
  expect(acknowledged(fn)).toEqual([]);
});
