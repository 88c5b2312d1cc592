import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import type { PlannedStack } from '../../lib/lint/plan/changes.ts';
import { recordOf } from '../../lib/lint/reading/json.ts';
import { parseTemplate } from './template-file.ts';

/**
 * Templates of stacks as they are deployed, wherever the SDK's environment points: the engine, a compatible endpoint or AWS. A stack that is not there
 * is left out.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
 * @throws Error that names the stack when CloudFormation does not tell it
 */
export async function deployedTemplates(names: readonly string[]): Promise<readonly PlannedStack[]> {
  const client = new CloudFormationClient();
  try {
    const found: PlannedStack[] = [];
    for (const name of names) {
      const text = await templateOf(client, name);
      if (text !== undefined) found.push({ name, body: recordOf(parseTemplate(text, `template of stack '${name}'`)) });
    }
    return found;
  } finally {
    client.destroy();
  }
}

async function templateOf(client: CloudFormationClient, name: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetTemplateCommand({ StackName: name, TemplateStage: 'Original' }))).TemplateBody;
  } catch (error) {
    const { message } = error as Error;
    if (message.includes('does not exist')) return undefined;
    throw new Error(`the template of stack '${name}' cannot be read: ${message}`, { cause: error });
  }
}
