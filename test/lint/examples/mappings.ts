import { CfnEventInvokeConfig, CfnEventSourceMapping, CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import type { Construct } from 'constructs';
import type { Examples } from '../example.ts';
import { fifoWork, fn, read, work } from '../plain.ts';

const ROLE = 'arn:aws:iam::111122223333:role/pipe';

const pipe = (scope: Construct, invocationType: string): void => {
  const { queue } = work(scope);
  new CfnPipe(scope, 'pipe', {
    roleArn: ROLE,
    source: queue.attrArn,
    target: fn(scope, 'piped').attrArn,
    targetParameters: { lambdaFunctionParameters: { invocationType } },
  });
};

const secondConsumer = (scope: Construct, functionName: string | undefined): void => {
  const { queue, worker } = work(scope);
  new CfnEventSourceMapping(scope, 'second-mapping', {
    eventSourceArn: queue.attrArn,
    functionName: functionName === undefined ? worker.ref : fn(scope, functionName).ref,
    functionResponseTypes: ['ReportBatchItemFailures'],
    scalingConfig: { maximumConcurrency: 5 },
  });
};

const ownDeadLetters = { deadLetterConfig: { targetArn: 'arn:aws:sqs:eu-west-1:111122223333:own' } };

export const MAPPING_EXAMPLES: Examples = {
  'Messaging-VisibilityBelowTimeout': [
    {
      bad: (s) => work(s, { queue: { visibilityTimeout: 9 } }),
      good: (s) => work(s, { queue: { visibilityTimeout: 10 } }),
      path: 'work',
      property: 'VisibilityTimeout',
      value: "9 s; the timeout of 'worker' is 10 s",
      fix: 'visibilityTimeout: Duration.seconds(60)',
    },
    {
      bad: (s) => work(s, { queue: { visibilityTimeout: undefined }, fn: { timeout: 31 } }),
      good: (s) => work(s, { queue: { visibilityTimeout: undefined }, fn: { timeout: undefined } }),
      path: 'work',
      property: 'VisibilityTimeout',
      value: "30 s; the timeout of 'worker' is 31 s",
      fix: 'visibilityTimeout: Duration.seconds(186)',
    },
  ],
  'Messaging-VisibilityTooShort': [
    {
      bad: (s) => work(s, { mapping: { maximumBatchingWindowInSeconds: 5 }, queue: { visibilityTimeout: 64 } }),
      good: (s) => work(s, { mapping: { maximumBatchingWindowInSeconds: 5 }, queue: { visibilityTimeout: 65 } }),
      path: 'work',
      property: 'VisibilityTimeout',
      value: "64 s; 6 x 10 s timeout of 'worker' + 5 s window = 65 s",
      fix: 'visibilityTimeout: Duration.seconds(65)',
    },
  ],
  'Messaging-BatchWithoutWindow': [
    {
      bad: (s) => work(s, { mapping: { batchSize: 11 } }),
      good: (s) => work(s, { mapping: { batchSize: 11, maximumBatchingWindowInSeconds: 1 } }),
      path: 'work-mapping',
      property: 'MaximumBatchingWindowInSeconds',
      value: '0 s with a batch size of 11',
      fix: 'maxBatchingWindow: Duration.seconds(1)',
    },
  ],
  'Messaging-BatchTooLargeForFifo': [
    {
      bad: (s) => fifoWork(s, { mapping: { batchSize: 11 } }),
      good: (s) => fifoWork(s, { mapping: { batchSize: 10 } }),
      path: 'work-mapping',
      property: 'BatchSize',
      value: 'batch size 11, window 0 s',
      fix: 'batchSize: 10 or less',
    },
    {
      bad: (s) => fifoWork(s, { mapping: { maximumBatchingWindowInSeconds: 1 } }),
      good: (s) => work(s, { mapping: { maximumBatchingWindowInSeconds: 1 } }),
      path: 'work-mapping',
      property: 'MaximumBatchingWindowInSeconds',
      value: 'batch size 10, window 1 s',
      fix: 'leave maxBatchingWindow out',
    },
  ],
  'Messaging-QueueBatchFailsAsWhole': [
    {
      bad: (s) => work(s, { mapping: { functionResponseTypes: undefined } }),
      good: (s) => work(s, { mapping: { functionResponseTypes: undefined, batchSize: 1 } }),
      path: 'work-mapping',
      property: 'FunctionResponseTypes',
      value: 'none, with a batch size of 10',
      fix: 'reportBatchItemFailures: true',
    },
  ],
  'Messaging-ThrottledIntoDeadLetters': [
    {
      bad: (s) => {
        const { queue, dead } = work(s, { mapping: { scalingConfig: undefined } });
        queue.redrivePolicy = { deadLetterTargetArn: dead.attrArn, maxReceiveCount: 3 };
      },
      good: (s) => work(s, { mapping: { scalingConfig: undefined } }),
      path: 'work-mapping',
      property: 'ScalingConfig.MaximumConcurrency',
      value: "none, and maxReceiveCount of 'work' is 3",
      fix: 'maxConcurrency: 20',
    },
  ],
  'Messaging-ConcurrencyAboveReserved': [
    {
      bad: (s) => work(s, { fn: { reservedConcurrentExecutions: 4 } }),
      good: (s) => work(s, { fn: { reservedConcurrentExecutions: 5 } }),
      path: 'worker',
      property: 'ReservedConcurrentExecutions',
      value: '4; MaximumConcurrency of its mappings is 5',
      fix: 'Reserve at least 5',
    },
  ],
  'Messaging-ProvisionedAndMaximumConcurrency': [
    {
      bad: (s) => work(s, { mapping: { provisionedPollerConfig: { minimumPollers: 2 } } }),
      good: (s) => work(s, { mapping: { provisionedPollerConfig: { minimumPollers: 2 }, scalingConfig: undefined } }),
      path: 'work-mapping',
      property: 'ScalingConfig.MaximumConcurrency',
      value: '5, beside ProvisionedPollerConfig {"MinimumPollers":2}',
      fix: 'Take one of the two away',
    },
  ],
  'Messaging-StreamSettingsOnQueue': [
    {
      bad: (s) => work(s, { mapping: { maximumRetryAttempts: 3, bisectBatchOnFunctionError: true } }),
      good: (s) => work(s),
      path: 'work-mapping',
      property: 'BisectBatchOnFunctionError',
      value: "BisectBatchOnFunctionError, MaximumRetryAttempts on queue 'work'",
      fix: 'deadLetterQueue: { queue, maxReceiveCount: 5 }',
    },
  ],
  'Messaging-FilterDeletesMessages': [
    {
      bad: (s) => work(s, { mapping: { filterCriteria: { filters: [{ pattern: '{"body":{"kind":["new"]}}' }] } } }),
      good: (s) => work(s),
      path: 'work-mapping',
      property: 'FilterCriteria',
      value: '"{\\"body\\":{\\"kind\\":[\\"new\\"]}}"',
      fix: 'Filter before the queue',
    },
  ],
  'Messaging-SeveralFunctionsOnOneQueue': [
    {
      bad: (s) => secondConsumer(s, 'second'),
      good: (s) => secondConsumer(s, undefined),
      path: 'work',
      property: 'EventSourceArn',
      value: "consumed by 'worker', 'second'",
      fix: 'Publish to a topic',
    },
  ],
  'Messaging-FunctionDeadLettersUnused': [
    {
      bad: (s) => work(s, { fn: ownDeadLetters }),
      good: (s) => {
        const { worker } = work(s, { fn: ownDeadLetters });
        new CfnPermission(s, 'also-from-s3', {
          action: 'lambda:InvokeFunction',
          functionName: worker.attrArn,
          principal: 's3.amazonaws.com',
        });
      },
      path: 'worker',
      property: 'DeadLetterConfig',
      value: '{"TargetArn":"arn:aws:sqs:eu-west-1:111122223333:own"}',
      fix: 'give the queue deadLetterQueue',
    },
    {
      bad: (s) => {
        const { reader } = read(s);
        const onFailure = { destination: 'arn:aws:sqs:eu-west-1:111122223333:own' };
        new CfnEventInvokeConfig(s, 'invoke', {
          functionName: reader.ref,
          qualifier: '$LATEST',
          destinationConfig: { onFailure },
        });
      },
      good: (s) => read(s),
      path: 'reader',
      property: 'DestinationConfig',
      value: '{"OnFailure":{"Destination":"arn:aws:sqs:eu-west-1:111122223333:own"}}',
      fix: 'onFailure: new SqsDlq(queue)',
    },
  ],
  'Messaging-AcknowledgedBeforeProcessing': [
    {
      bad: (s) => pipe(s, 'FIRE_AND_FORGET'),
      good: (s) => pipe(s, 'REQUEST_RESPONSE'),
      path: 'pipe',
      property: 'TargetParameters.LambdaFunctionParameters.InvocationType',
      value: 'FIRE_AND_FORGET',
      fix: 'REQUEST_RESPONSE',
    },
  ],
};
