import { createHash } from 'node:crypto';
import { numberAt, textAt } from '../json.ts';
import { LambdaApiError } from '../lambda/errors.ts';
import { functionUrl } from '../lambda/function-url.ts';
import { functionArn, functionNameOf } from '../lambda/functions.ts';
import { destinationArn, lambdaFunction } from './lambda-function.ts';
import { permission } from './lambda-permission.ts';
import { physicalName } from './names.ts';
import type { ResourceType } from './resource.ts';
import { provisionError } from './resource.ts';

const eventSourceMapping: ResourceType = {
  handled: [
    'BatchSize',
    'BisectBatchOnFunctionError',
    'DestinationConfig',
    'Enabled',
    'EventSourceArn',
    'FilterCriteria',
    'FunctionName',
    'FunctionResponseTypes',
    'MaximumBatchingWindowInSeconds',
    'MaximumRecordAgeInSeconds',
    'MaximumRetryAttempts',
    'ParallelizationFactor',
    'ScalingConfig',
    'StartingPosition',
    'StartingPositionTimestamp',
    'TumblingWindowInSeconds',
  ],
  harmless: ['KmsKeyArn', 'LoggingConfig', 'MetricsConfig', 'ProvisionedPollerConfig', 'Tags'],
  async create(request) {
    try {
      const { config } = await request.context.mappings.create(request.properties);
      const { region, accountId } = request.context;
      const arn = `arn:aws:lambda:${region}:${accountId}:event-source-mapping:${config.uuid}`;
      return { physicalId: config.uuid, attributes: { Id: config.uuid, EventSourceMappingArn: arn } };
    } catch (error) {
      throw error instanceof LambdaApiError ? provisionError(request, `${error.code}: ${error.message}`) : error;
    }
  },
};

const eventInvokeConfig: ResourceType = {
  handled: ['DestinationConfig', 'FunctionName', 'MaximumEventAgeInSeconds', 'MaximumRetryAttempts', 'Qualifier'],
  create({ stackName, logicalId, properties, context }) {
    const maximumRetries = numberAt(properties, 'MaximumRetryAttempts');
    const maximumAgeSeconds = numberAt(properties, 'MaximumEventAgeInSeconds');
    const onSuccessArn = destinationArn(properties, 'OnSuccess');
    const onFailureArn = destinationArn(properties, 'OnFailure');
    context.asyncInvocations.configure(functionNameOf(textAt(properties, 'FunctionName') ?? ''), {
      ...(maximumRetries === undefined ? {} : { maximumRetries }),
      ...(maximumAgeSeconds === undefined ? {} : { maximumAgeSeconds }),
      ...(onSuccessArn === undefined ? {} : { onSuccessArn }),
      ...(onFailureArn === undefined ? {} : { onFailureArn }),
    });
    return { physicalId: physicalName(stackName, logicalId, { max: 128 }), attributes: {} };
  },
};

/** There is one version of the code here, so versions and aliases are names for it. */
const version: ResourceType = {
  handled: ['FunctionName'],
  harmless: ['CodeSha256', 'Description', 'FunctionScalingConfig', 'RuntimePolicy'],
  noted: { ProvisionedConcurrencyConfig: 'no instances are kept warm ahead of events' },
  create({ properties, context }) {
    const arn = `${functionArn(context, functionNameOf(textAt(properties, 'FunctionName') ?? ''))}:1`;
    return { physicalId: arn, attributes: { FunctionArn: arn, Version: '1' } };
  },
};

const alias: ResourceType = {
  handled: ['FunctionName', 'FunctionVersion', 'Name'],
  harmless: ['Description'],
  noted: { ProvisionedConcurrencyConfig: 'no instances are kept warm ahead of events' },
  refused: { RoutingConfig: 'traffic is not split between versions' },
  create({ properties, context }) {
    const arn = `${functionArn(context, functionNameOf(textAt(properties, 'FunctionName') ?? ''))}:${textAt(properties, 'Name')}`;
    return { physicalId: arn, attributes: { AliasArn: arn } };
  },
};

const url: ResourceType = {
  handled: ['TargetFunctionArn'],
  harmless: ['AuthType', 'Cors', 'InvokeMode', 'Qualifier'],
  create({ properties, context }) {
    const name = functionNameOf(textAt(properties, 'TargetFunctionArn') ?? '');
    const arn = functionArn(context, name);
    const id = createHash('sha256').update(arn).digest('hex').slice(0, 16);
    functionUrl({ ...context, id, functionName: name });
    context.notice('AWS::Lambda::Url: function URLs answer on this machine without checking who calls.');
    return {
      physicalId: arn,
      attributes: { FunctionArn: arn, FunctionUrl: `${context.services.url}/_sluice/url/${id}/` },
    };
  },
};

export const lambdaTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::EventSourceMapping': eventSourceMapping,
  'AWS::Lambda::EventInvokeConfig': eventInvokeConfig,
  'AWS::Lambda::Version': version,
  'AWS::Lambda::Alias': alias,
  'AWS::Lambda::Permission': permission,
  'AWS::Lambda::Url': url,
};
