import type { FunctionDefinition } from './definition.ts';

/** Everything the environment of one function instance is made of. Nothing of the host's environment is among it. */
export interface InstanceEnvironment {
  readonly definition: FunctionDefinition;
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
  readonly logStream: string;
}

/** Variables that would lead a function's calls past the engine, or to credentials that are not its role's. */
const LEADS_AWAY =
  /^AWS_(ENDPOINT_URL(_.*)?|IGNORE_CONFIGURED_ENDPOINT_URLS|(DEFAULT_)?PROFILE|USE_(FIPS|DUALSTACK)_ENDPOINT|ROLE_ARN|WEB_IDENTITY_TOKEN_FILE|CONTAINER_.*|EC2_METADATA_.*|SDK_LOAD_CONFIG|S3_USE_ARN_REGION|ACCOUNT_ID_ENDPOINT_MODE)$/;

/** The names among a function's own variables that the engine leaves out, so that its calls come here. */
export const variablesLeftOut = (environment: Readonly<Record<string, string>>): string[] =>
  Object.keys(environment).filter((name) => LEADS_AWAY.test(name));

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** A path that never exists, so that no SDK reads the host's AWS profile. */
const NO_FILE = '/var/task/none';

/**
 * The process.env of a function instance: Lambda's own variables, then the function's.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
export function instanceEnvironment({
  definition,
  region,
  endpoint,
  credentials,
  logStream,
}: InstanceEnvironment): Record<string, string> {
  const own = { ...definition.environment };
  for (const name of variablesLeftOut(own)) delete own[name];
  // A proxy is for calls to elsewhere.
  const proxied = [own.NO_PROXY ?? own.no_proxy ?? [], LOOPBACK].flat().join(',');
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: 'UTC',
    ...own,
    NO_PROXY: proxied,
    no_proxy: proxied,
    _HANDLER: definition.handler,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    LAMBDA_TASK_ROOT: definition.taskRoot,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_CONFIG_FILE: NO_FILE,
    AWS_SHARED_CREDENTIALS_FILE: NO_FILE,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
