import { createHash } from 'node:crypto';
import { numberAt, textAt } from '../../json.ts';
import { LambdaApiError } from '../../lambda/errors.ts';
import { functionArn, functionNameOf } from '../../lambda/function-names.ts';
import { functionUrl, functionUrlPath } from '../../lambda/function-url.ts';
import { physicalName } from '../resources/names.ts';
import type { ResourceRequest, ResourceType } from '../resources/resource.ts';
import { provisionError } from '../resources/resource.ts';
import { destinationArn, lambdaFunction } from './lambda-function.ts';
import { permission } from './lambda-permission.ts';

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
  durable: true,
  replacedBy: ['EventSourceArn', 'StartingPosition', 'StartingPositionTimestamp'],
  async create(request) {
    const { config } = await explained(request, () => request.context.mappings.create(request.properties));
    const { region, accountId } = request.context;
    const arn = `arn:aws:lambda:${region}:${accountId}:event-source-mapping:${config.uuid}`;
    return { physicalId: config.uuid, attributes: { Id: config.uuid, EventSourceMappingArn: arn } };
  },
  async update(request, before) {
    const { mappings } = request.context;
    await explained(request, () => mappings.configure(before.physicalId, request.properties));
    await mappings.settled(before.physicalId);
    return before;
  },
  async remove({ physicalId }, { mappings }) {
    await mappings.settled(physicalId);
    await mappings.remove(physicalId);
    await mappings.settled(physicalId);
  },
};

async function explained<T>(request: ResourceRequest, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof LambdaApiError ? provisionError(request, `${error.code}: ${error.message}`) : error;
  }
}

const eventInvokeConfig: ResourceType = {
  handled: ['DestinationConfig', 'FunctionName', 'MaximumEventAgeInSeconds', 'MaximumRetryAttempts', 'Qualifier'],
  replacedBy: ['FunctionName', 'Qualifier'],
  create(request) {
    const { stackName, logicalId, properties, context } = request;
    const maximumRetries = numberWithin(request, 'MaximumRetryAttempts', 0, 2);
    const maximumAgeSeconds = numberWithin(request, 'MaximumEventAgeInSeconds', 60, 21_600);
    const onSuccessArn = destinationArn(properties, 'OnSuccess');
    const onFailureArn = destinationArn(properties, 'OnFailure');
    context.asyncInvocations.configure(
      functionNameOf(textAt(properties, 'FunctionName') ?? ''),
      'event-invoke-config',
      {
        ...(maximumRetries === undefined ? {} : { maximumRetries }),
        ...(maximumAgeSeconds === undefined ? {} : { maximumAgeSeconds }),
        ...(onSuccessArn === undefined ? {} : { onSuccessArn }),
        ...(onFailureArn === undefined ? {} : { onFailureArn }),
      },
    );
    return { physicalId: physicalName(stackName, logicalId, { max: 128 }), attributes: {} };
  },
  remove({ properties }, { asyncInvocations }) {
    asyncInvocations.configure(functionNameOf(textAt(properties, 'FunctionName') ?? ''), 'event-invoke-config', {});
  },
};

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html */
function numberWithin(request: ResourceRequest, name: string, min: number, max: number): number | undefined {
  const value = numberAt(request.properties, name);
  if (value === undefined || (value >= min && value <= max)) return value;
  throw provisionError(request, `its ${name} is ${value}; it must be from ${min} to ${max}.`);
}

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
  handled: ['AuthType', 'TargetFunctionArn'],
  harmless: ['Cors', 'InvokeMode', 'Qualifier'],
  create({ properties, context }) {
    const name = functionNameOf(textAt(properties, 'TargetFunctionArn') ?? '');
    const arn = functionArn(context, name);
    const id = urlId(arn);
    functionUrl({ ...context, id, functionName: name, authType: textAt(properties, 'AuthType') ?? 'NONE' });
    return {
      physicalId: arn,
      attributes: { FunctionArn: arn, FunctionUrl: `${context.services.url}${functionUrlPath(id)}/` },
    };
  },
  replacedBy: ['Qualifier', 'TargetFunctionArn'],
  remove: ({ physicalId }, { services }) => services.unroute(functionUrlPath(urlId(physicalId))),
};

const urlId = (arn: string): string => createHash('sha256').update(arn).digest('hex').slice(0, 16);

export const lambdaTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::EventSourceMapping': eventSourceMapping,
  'AWS::Lambda::EventInvokeConfig': eventInvokeConfig,
  'AWS::Lambda::Version': version,
  'AWS::Lambda::Alias': alias,
  'AWS::Lambda::Permission': permission,
  'AWS::Lambda::Url': url,
};
