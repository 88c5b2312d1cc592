import type { Graph } from '../../graph/graph.ts';
import { offence, type Rule } from '../../graph/rule.ts';
import { recordOf } from '../../reading/json.ts';
import { nameOf, type Resource } from '../../reading/resources.ts';

const attributeOf = ({ template, logicalId }: Resource, name: string): unknown =>
  recordOf(recordOf(template.body.Resources)[logicalId])[name];

/** What holds messages or is known by its name, and has one of its own. */
const named = ({ resources }: Graph): readonly Resource[] =>
  resources.all.filter((resource) => nameOf(resource) !== undefined);

/** What goes wrong while a stack is deployed, although every resource of it is right. */
export const DEPLOYMENT_RULES: readonly Rule[] = [
  {
    id: 'Messaging-KeptAfterFailedCreation',
    severity: 'warning',
    mistake: 'a resource with a name of its own is kept also when its creation is rolled back',
    why: 'When the first deployment fails for whatever reason, the resource stays behind with its name, and every further try ends in "already exists" until somebody deletes it by hand.',
    source: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html',
    check: (graph) =>
      named(graph)
        .filter((resource) => attributeOf(resource, 'DeletionPolicy') === 'Retain')
        .map((resource) =>
          offence(
            { resource },
            'DeletionPolicy',
            'Retain',
            'Write removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE (DeletionPolicy: RetainExceptOnCreate), which keeps what was in use; or leave the name to CloudFormation.',
          ),
        ),
  },
];
