import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { numberAt, objectAt, textAt } from '../../json.ts';
import type { FunctionDefinition } from '../../lambda/definition.ts';
import { variablesLeftOut } from '../../lambda/environment.ts';
import { functionArn } from '../../lambda/function-names.ts';
import { physicalName } from '../resources/names.ts';
import type { ResourceRequest, ResourceType } from '../resources/resource.ts';
import { provisionError } from '../resources/resource.ts';

/** Defaults and ranges: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const DEFAULT_TIMEOUT_SECONDS = 3;
const DEFAULT_MEMORY_MB = 128;
const ENVIRONMENT_BYTES = 4_096;

export const lambdaFunction: ResourceType = {
  handled: [
    'Code',
    'DeadLetterConfig',
    'Description',
    'Environment',
    'FunctionName',
    'Handler',
    'LoggingConfig',
    'MemorySize',
    'PackageType',
    'ReservedConcurrentExecutions',
    'Role',
    'Runtime',
    'Timeout',
  ],
  harmless: [
    'Architectures',
    'CodeSigningConfigArn',
    'EphemeralStorage',
    'KmsKeyArn',
    'RecursiveLoop',
    'RuntimeManagementConfig',
    'SnapStart',
    'Tags',
    'TracingConfig',
    'VpcConfig',
  ],
  refused: {
    Layers: 'layers are not loaded; bundle what the function needs into its code',
    FileSystemConfigs: 'file systems are not mounted',
    ImageConfig: 'container images are not run',
  },
  replacedBy: ['FunctionName', 'PackageType'],
  nameProperty: 'FunctionName',
  isTaken: (name, { functions }) => functions.find(name) !== undefined,
  create(request) {
    const { stackName, logicalId, properties, context } = request;
    const name = textAt(properties, 'FunctionName') ?? physicalName(stackName, logicalId, { max: 64 });
    const runtime = textAt(properties, 'Runtime') ?? '';
    if (textAt(properties, 'PackageType') === 'Image' || !/^nodejs\d+\.x$/.test(runtime)) {
      throw provisionError(
        request,
        `the engine runs Node.js functions from directories (Runtime nodejs24.x), not ${runtime || 'container images'}.`,
      );
    }
    const { taskRoot, codeKey } = codeOf(request, name);
    const environment: Record<string, string> = {};
    for (const [key, value] of Object.entries(objectAt(objectAt(properties, 'Environment'), 'Variables')))
      environment[key] = String(value);
    const text = JSON.stringify(environment);
    if (Buffer.byteLength(text) > ENVIRONMENT_BYTES) {
      throw provisionError(
        request,
        `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. They have ${Buffer.byteLength(text)} bytes, with their names: put what is long into a parameter, a table or the code.`,
      );
    }
    const leftOut = variablesLeftOut(environment);
    if (leftOut.length > 0)
      context.notice(`${name}: ${leftOut.join(', ')} left out of its environment; its calls go to the engine`);
    const definition: FunctionDefinition = {
      name,
      arn: functionArn(context, name),
      handler: textAt(properties, 'Handler') ?? 'index.handler',
      runtime,
      taskRoot,
      environment,
      timeoutMs: (numberAt(properties, 'Timeout') ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
      memoryMb: numberAt(properties, 'MemorySize') ?? DEFAULT_MEMORY_MB,
      reservedConcurrency: numberAt(properties, 'ReservedConcurrentExecutions'),
      roleArn: roleOf(request, name),
      description: textAt(properties, 'Description') ?? '',
      logGroup: textAt(objectAt(properties, 'LoggingConfig'), 'LogGroup') ?? `/aws/lambda/${name}`,
      codeSha256: createHash('sha256').update(codeKey).digest('base64'),
      codeSize: 0,
      lastModified: new Date().toISOString().replace('Z', '+0000'),
    };
    context.functions.define(definition);
    const deadLetterArn = textAt(objectAt(properties, 'DeadLetterConfig'), 'TargetArn');
    context.asyncInvocations.configure(name, 'function', deadLetterArn === undefined ? {} : { deadLetterArn });
    return { physicalId: name, attributes: { Arn: definition.arn } };
  },
  remove({ physicalId }, { functions, asyncInvocations }) {
    functions.remove(physicalId);
    asyncInvocations.configure(physicalId, 'function', {});
  },
};

function codeOf(request: ResourceRequest, name: string): { taskRoot: string; codeKey: string } {
  const { properties, assets, context } = request;
  const code = objectAt(properties, 'Code');
  const inline = textAt(code, 'ZipFile');
  if (inline !== undefined) {
    // Other code, other folder: what runs goes on with its own.
    const taskRoot = join(context.scratch, name, createHash('sha256').update(inline).digest('hex').slice(0, 16));
    mkdirSync(taskRoot, { recursive: true });
    const file = /^\s*(import\s|export\s)/m.test(inline) ? 'index.mjs' : 'index.js';
    writeFileSync(join(taskRoot, file), inline);
    return { taskRoot, codeKey: inline };
  }
  const key = textAt(code, 'S3Key');
  const taskRoot = key === undefined ? undefined : assets.get(key);
  if (key === undefined || taskRoot === undefined) {
    throw provisionError(
      request,
      `its code ${JSON.stringify(code)} is not an asset of the assembly. Use Code.fromAsset or Code.fromInline.`,
    );
  }
  if (!existsSync(taskRoot))
    throw provisionError(request, `its code ${taskRoot} is missing. Make the assembly again: npx cdk synth`);
  if (!statSync(taskRoot).isDirectory())
    throw provisionError(
      request,
      `its code ${taskRoot} is an archive; the engine runs directories. Give Code.fromAsset the directory.`,
    );
  return { taskRoot, codeKey: key };
}

function roleOf(request: ResourceRequest, name: string): string {
  const { context, properties } = request;
  const { iam } = context.services;
  const arn = textAt(properties, 'Role') ?? '';
  if (!iam.knows(arn)) {
    context.notice(`Function ${name}: its role ${arn} is not part of the assembly, so its calls are not checked.`);
  }
  const refused = iam.wouldRefuseRole(arn, 'lambda.amazonaws.com', functionArn(context, name));
  if (refused !== undefined) {
    throw provisionError(
      request,
      `The role defined for the function cannot be assumed by Lambda. ${refused.message}. Let lambda.amazonaws.com assume it (AssumeRolePolicyDocument).`,
    );
  }
  return arn;
}

/** Destinations in an EventInvokeConfig or mapping, by name. */
export function destinationArn(
  properties: ResourceRequest['properties'],
  name: 'OnSuccess' | 'OnFailure',
): string | undefined {
  return textAt(objectAt(objectAt(properties, 'DestinationConfig'), name), 'Destination');
}
