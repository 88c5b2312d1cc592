import { Aspects, Aws, CfnResource, RemovalPolicy, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IConstruct } from 'constructs';
import { resolveStage } from './resolve-stage.ts';
import type { Stage } from './stage-settings.ts';

/** Stages by the construct, the app as a rule, that they were chosen for. */
const chosen = new WeakMap<IConstruct, Stage>();

/**
 * Deploys everything in a scope as a stage: constructs ask for it with `stageOf()`, every resource that can have them gets the tags `sluice:stage`, `owner`
 * and `cost-centre`, every role the permissions boundary.
 * @param scope the app, or each CDK Stage of a pipeline
 */
export function useStage(scope: IConstruct, stage: Stage): Stage {
  chosen.set(scope, stage);
  Tags.of(scope).add('sluice:stage', stage.name);
  for (const [key, value] of Object.entries(stage.tags)) Tags.of(scope).add(key, value);
  const { permissionsBoundary } = stage;
  if (permissionsBoundary !== undefined) bound(scope, arnOf(permissionsBoundary));
  return stage;
}

/** Account and region of the stage, for a stack's props. */
export const stackProps = ({ env }: Stage): Pick<StackProps, 'env'> => (Object.keys(env).length === 0 ? {} : { env });

/**
 * The stage of the scope: what `useStage()` chose for it or for something around it; without that the defaults of the stage that context `stage` names
 * (`dev` when it names none).
 * @throws Error naming the value when the context is not valid, or gives what belongs into the settings
 */
export function stageOf(scope: IConstruct): Stage {
  const around = scope.node.scopes.toReversed().find((one) => chosen.has(one));
  const stage = around && chosen.get(around);
  if (stage !== undefined) return stage;
  const name = contextText(scope, 'stage') ?? 'dev';
  refuseSettingsInContext(scope, `useStage(app, resolveStage('${name}', { ... }))`);
  return resolveStage(name);
}

/** A value of the context as text; undefined when there is none. */
export function contextText(scope: IConstruct, key: string): string | undefined {
  const value: unknown = scope.node.tryGetContext(key);
  return value === undefined ? undefined : String(value);
}

/** Settings that were context once, and what they are called where they belong. */
const MOVED: Readonly<Record<string, string>> = { alarmEmail: 'alarmEmails', mailFrom: 'mail', runbooks: 'runbooks' };

/**
 * Settings are no context: the first deployment that forgets one of them would take away who is told, or who sends, without a word.
 * @param place where they are written down
 * @throws Error naming what is given as context, and where it belongs
 */
export function refuseSettingsInContext(scope: IConstruct, place: string): void {
  for (const [key, setting] of Object.entries(MOVED)) {
    const given = contextText(scope, key);
    if (given !== undefined) {
      throw new Error(
        `context '${key}' is not read (given '${given}'): a deployment that forgets it would take it away. Write ${setting} in ${place}`,
      );
    }
  }
}

/**
 * Of what holds data or messages: kept when the stack is deleted or the resource replaced, where the stage keeps its data. Not when its first deployment
 * fails: then nothing is in it yet, and what stays keeps its name from the next try.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
 */
export const removalPolicyOf = (scope: IConstruct): RemovalPolicy =>
  stageOf(scope).keepsData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;

/** How long the logs of functions are kept. */
export const logRetentionOf = (scope: IConstruct): RetentionDays => stageOf(scope).logRetention;

/**
 * Physical name of what people type or read in an alarm: functions, queues, topics, streams. Data stores are named by
 * CloudFormation, so that they can be replaced.
 */
export const physicalName = (scope: IConstruct, name: string): string => `${Stack.of(scope).stackName}-${name}`;

/** Tags what belongs to one part of a system, so that its cost can be told: `sluice:component`. Activate the tag in the billing console. */
export const tagComponent = (scope: IConstruct, name: string): void => Tags.of(scope).add('sluice:component', name);

const arnOf = (policy: string): string =>
  policy.startsWith('arn:') ? policy : `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:policy/${policy}`;

/** As CDK's own PermissionsBoundary does, which cannot name a policy of the account for a whole app. */
function bound(scope: IConstruct, boundary: string): void {
  Aspects.of(scope).add({
    visit: (node) => {
      if (CfnResource.isCfnResource(node) && node.cfnResourceType === 'AWS::IAM::Role')
        node.addPropertyOverride('PermissionsBoundary', boundary);
    },
  });
}
